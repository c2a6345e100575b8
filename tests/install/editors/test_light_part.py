"""The part of RetouchML that editors get."""

from install.editors import light_part


def test_the_light_part_is_what_the_client_imports_and_no_more() -> None:
    files = light_part.files()
    assert "retouchml/client/client.py" in files
    assert "retouchml/presets/studio.toml" in files
    assert "retouchml/setup/python.py" in files, "finds the Python that sets RetouchML up again"
    assert not [
        name
        for name in files
        if name.startswith(
            ("retouchml/cli/", "retouchml/__main__", "retouchml/scripting/", "retouchml/setup/files/")
        )
    ]
    for path in files.values():
        assert path.is_file()
