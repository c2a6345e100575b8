"""A plug-in is put into an editor's folder whole, renewed, and taken away without touching others' files."""

import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from retouchml.client import vendored
from tests.install.loading import installer

editor_copy = installer("install.editors.plugin_folder")
editor_profiles = installer("install.editors.profiles")
editor_wheels = installer("install.editors.wheels")
light_part = installer("install.editors.light_part")


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    """Files of a plug-in by their place in its folder; the first may be run."""
    files = {}
    for place in ("start.py", "package/__init__.py", "package/deep/data.bin"):
        path = tmp_path / "sources" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {place}")
        files[place] = path
    files["start.py"].chmod(0o755)
    return files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the plug-in is to go, in a folder of plug-ins that does not exist yet."""
    (tmp_path / "profile").mkdir()
    return tmp_path / "profile" / "plug-ins" / "ours"


def content(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != editor_copy.MANIFEST
    }


def whole(sources: dict[str, Path]) -> dict[str, str]:
    return {place: path.read_text() for place, path in sources.items()}


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.parent.parent.iterdir() if path.name != folder.parent.name]


def test_a_plug_in_is_placed_once_and_can_be_run(sources: dict[str, Path], folder: Path) -> None:
    assert editor_copy.place(folder, sources)
    assert content(folder) == whole(sources)
    assert os.access(folder / "start.py", os.X_OK)
    if sys.platform != "win32":  # where every file may be run
        assert not os.access(folder / "package" / "__init__.py", os.X_OK)
    before = folder.stat().st_ino
    assert not editor_copy.place(folder, sources)
    assert folder.stat().st_ino == before
    assert leftovers(folder) == []


def test_a_renewal_drops_what_is_no_longer_wanted_and_keeps_what_others_added(
    sources: dict[str, Path], folder: Path
) -> None:
    beside = {"ours.desktop": sources["start.py"], "ours.action": sources["start.py"]}
    editor_copy.place(folder, sources, beside)
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("mine")
    del sources["package/deep/data.bin"], beside["ours.action"]
    sources["start.py"].write_text("newer")
    assert editor_copy.place(folder, sources, beside)
    assert content(folder) == {**whole(sources), "notes/mine.txt": "mine"}
    assert (folder.parent / "ours.desktop").read_text() == "newer"
    assert not (folder.parent / "ours.action").exists()
    assert leftovers(folder) == []


@pytest.mark.parametrize("damage", ["changed", "deleted"])
def test_a_damaged_plug_in_is_mended(sources: dict[str, Path], folder: Path, damage: str) -> None:
    editor_copy.place(folder, sources)
    victim = folder / "package" / "__init__.py"
    victim.write_text("broken") if damage == "changed" else victim.unlink()
    assert editor_copy.place(folder, sources)
    assert content(folder) == whole(sources)


def test_removing_takes_just_what_was_placed(sources: dict[str, Path], folder: Path) -> None:
    editor_copy.place(folder, sources, {"ours.desktop": sources["start.py"]})
    (folder.parent / "other.desktop").write_text("other")
    (folder / "package" / "__pycache__").mkdir()
    (folder / "package" / "__pycache__" / "x.pyc").write_bytes(b"")
    assert editor_copy.paths_of(folder) == [folder, folder.parent / "ours.desktop"]
    assert editor_copy.remove(folder) == []
    assert sorted(path.name for path in folder.parent.iterdir()) == ["other.desktop"]


def test_removing_leaves_a_file_that_somebody_added_and_names_it(
    sources: dict[str, Path], folder: Path
) -> None:
    editor_copy.place(folder, sources)
    mine = folder / "package" / "mine.txt"
    mine.write_text("mine")
    assert editor_copy.remove(folder) == [mine]
    assert content(folder) == {"package/mine.txt": "mine"}


def test_a_folder_that_is_somebody_elses_is_neither_overwritten_nor_removed(
    sources: dict[str, Path], folder: Path
) -> None:
    folder.mkdir(parents=True)
    (folder / "start.py").write_text("theirs")
    for act, arguments in ((editor_copy.place, (folder, sources)), (editor_copy.remove, (folder,))):
        with pytest.raises(Exception, match="was not made by this installer") as caught:
            act(*arguments)
        assert type(caught.value).__name__ == "Problem"
    assert content(folder) == {"start.py": "theirs"}


def test_a_manifest_that_points_out_of_its_folder_is_not_believed(
    sources: dict[str, Path], folder: Path, tmp_path: Path
) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    editor_copy.place(folder, sources)
    for place in ("../../../precious", str(precious)):
        (folder / editor_copy.MANIFEST).write_text(f'{{"files": {{"{place}": ""}}, "beside": {{}}}}')
        with pytest.raises(Exception, match="was not made by this installer"):
            editor_copy.remove(folder)
    assert precious.exists()


def test_a_failure_half_way_leaves_the_former_plug_in(
    sources: dict[str, Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor_copy.place(folder, sources)
    before = content(folder)
    sources["start.py"].write_text("newer")
    rename = Path.rename

    def fail_on_the_new(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_on_the_new)
    with pytest.raises(OSError, match="No space"):
        editor_copy.place(folder, sources)
    assert content(folder) == before
    assert leftovers(folder) == []


@pytest.mark.parametrize(
    ("editor", "platform", "made", "expected"),
    [
        (
            "gimp",
            "linux",
            [".config/GIMP/3.0", ".config/GIMP/3.2", ".config/GIMP/2.10"],
            ["GIMP 3.0", "GIMP 3.2"],
        ),
        ("gimp", "linux", [".var/app/org.gimp.GIMP/config/GIMP/3.0"], ["GIMP 3.0 (Flatpak)"]),
        ("gimp", "win32", ["AppData/Roaming/GIMP/3.0"], ["GIMP 3.0"]),
        ("gimp", "darwin", ["Library/Application Support/GIMP/3.2"], ["GIMP 3.2"]),
        ("krita", "linux", [".local/share/krita"], ["Krita"]),
        ("krita", "linux", [".var/app/org.kde.krita/data/krita"], ["Krita (Flatpak)"]),
        ("krita", "win32", ["AppData/Roaming/krita"], ["Krita"]),
        ("krita", "darwin", ["Library/Application Support/krita"], ["Krita"]),
        ("krita", "linux", [".config/GIMP/3.0"], []),
    ],
)
def test_profiles_are_found_by_the_systems_customs(
    editor: str,
    platform: str,
    made: list[str],
    expected: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for each in made:
        (tmp_path / each).mkdir(parents=True)
    found = editor_profiles.find(editor, platform)
    assert [profile.title for profile in found] == expected
    for profile, folder in zip(found, made, strict=False):
        assert profile.plugins.parent == tmp_path / folder
        assert profile.settings.is_relative_to(tmp_path)


def write_wheel(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return path


def test_a_wheel_is_unpacked_without_its_tests(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "a.whl", {"a/x.py": "1", "a/tests/t.py": "2", "a/x.pyi": "3"})
    editor_wheels.unpack(wheel, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["x.py"]


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "a/../../evil.py"])
def test_a_wheel_that_reaches_out_of_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "a.whl", {name: "evil"})
    with pytest.raises(Exception, match="strange file"):
        editor_wheels.unpack(wheel, tmp_path / "in" / "out")
    assert not list(tmp_path.rglob("evil.py"))


@pytest.mark.parametrize(
    ("version", "name"),
    [((3, 10), "cp310"), ((3, 11), "cp311"), ((3, 12), "cp312"), ((3, 13), "cp312"), ((3, 9), "cp310")],
)
def test_each_python_is_given_the_wheels_that_it_can_load(
    version: tuple[int, int], name: str, tmp_path: Path
) -> None:
    assert vendored.folder_for(tmp_path, version) == tmp_path / name


def test_a_module_that_does_not_load_is_no_half_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = vendored.folder_for(tmp_path, sys.version_info[:2])
    for name, text in (("zmq", "import zmq.part\nraise ImportError('wrong ABI')"), ("msgpack", "")):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(text)
        (folder / name / "part.py").write_text("")
    kept: Any = {
        name: module for name, module in sys.modules.items() if name.partition(".")[0] in ("zmq", "msgpack")
    }
    for name in kept:
        monkeypatch.delitem(sys.modules, name)
    path = list(sys.path)
    try:
        assert not vendored.use(tmp_path)
        assert sys.path == path
        assert "zmq.part" not in sys.modules
        assert "msgpack" in sys.modules
    finally:
        sys.modules.pop("msgpack", None)


def test_the_light_part_is_what_the_client_imports_and_no_more() -> None:
    files = light_part.files()
    assert "retouchml/client/client.py" in files
    assert not [name for name in files if name.startswith(("retouchml/cli/", "retouchml/__main__"))]
    for path in files.values():
        assert path.is_file()
