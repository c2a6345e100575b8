"""What an editor's settings page does."""

from pathlib import Path

import pytest

from retouchml.client import maintenance


@pytest.mark.parametrize(
    ("arguments", "succeeded", "text"),
    [(["presets"], True, "natural"), (["presets", "show", "none"], False, "no preset called none")],
)
def test_a_command_runs_in_the_project_s_own_python(
    home: Path, arguments: list[str], succeeded: bool, text: str
) -> None:
    output = maintenance.run(arguments, 120.0)
    assert output.succeeded == succeeded
    assert text in output.text


def test_the_cache_of_faces_is_measured_and_cleared_and_nothing_else(home: Path) -> None:
    assert maintenance.cache_bytes() == 0
    for name in ("searches/a", "inversions/b", "paths/c", "run/daemon.log", "crash-1.log"):
        path = home / "cache" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1234")
    assert maintenance.cache_bytes() == 12
    maintenance.clear_cache()
    assert maintenance.cache_bytes() == 0
    assert (home / "cache" / "run" / "daemon.log").exists()
    assert (home / "cache" / "crash-1.log").exists()
