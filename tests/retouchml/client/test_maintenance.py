"""What an editor's settings page does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from retouchml import paths
from retouchml.client import maintenance
from retouchml.errors import DaemonAbsent, Refused, RetouchError
from retouchml.setup import python
from retouchml.system.file_names import INSTALL_RECORD

_SAYS_HOW = """
import os, sys
print(*sys.argv[1:], sys.prefix == sys.base_prefix, sys.dont_write_bytecode, os.environ.get("PYTHONSAFEPATH"))
"""
_GONE = "/nowhere/python"


def _project(folder: Path) -> Path:
    """A checkout, or a light set-up, whose installer says what it was asked and in which Python it runs."""
    (folder / "install").mkdir(parents=True)
    (folder / "install" / "__main__.py").write_text(_SAYS_HOW)
    return folder


def _recorded(**fields: object) -> None:
    paths.data_dir().mkdir(parents=True)
    content = {name: str(value) for name, value in fields.items()}
    (paths.data_dir() / INSTALL_RECORD).write_text(json.dumps(content))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a virtual environment."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@pytest.mark.parametrize(("place", "action"), [("checkout", "demo"), ("setup", "engine")])
@pytest.mark.parametrize("is_gone", [False, True])
def test_it_is_set_up_again_outside_of_the_environment_even_if_that_is_gone(
    tmp_path: Path, environment: Path, place: str, action: str, is_gone: bool
) -> None:
    fields: dict[str, object] = {"checkout": tmp_path / "engine", place: _project(tmp_path / "project")}
    _recorded(python=_GONE if is_gone else environment, **fields)
    assert maintenance.set_up_again() == maintenance.Output(True, f"{action} --repair True True 1")


@pytest.mark.skipif(os.name == "nt", reason="a user's profile is this user's alone")
@pytest.mark.parametrize("is_gone", [False, True])
def test_an_installer_that_others_can_change_is_not_run(tmp_path: Path, is_gone: bool) -> None:
    project = _project(tmp_path / "shared" / "project")
    _recorded(python=_GONE if is_gone else sys.executable, checkout=project)
    project.parent.chmod(0o777)
    with pytest.raises(Refused, match="shared"):
        maintenance.set_up_again()
    with pytest.raises(RetouchError if is_gone else Refused):
        maintenance.update("krita")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")
def test_a_checkout_that_somebody_else_made_again_is_not_run(tmp_path: Path) -> None:
    project = _project(tmp_path / "project")
    for path in (project, *project.rglob("*")):
        os.chown(path, 65534, 65534)
    _recorded(python=_GONE, checkout=project)
    with pytest.raises(Refused):
        maintenance.set_up_again()


@pytest.mark.skipif(os.name == "nt", reason="a user's profile is this user's alone")
def test_a_python_that_others_can_change_sets_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _recorded(python=_GONE, checkout=_project(tmp_path / "project"))
    (tmp_path / "python3").touch(0o755)
    (tmp_path / "python3").chmod(0o777)
    monkeypatch.setattr(python, "find", lambda **_: str(tmp_path / "python3"))
    with pytest.raises(Refused, match="python3"):
        maintenance.set_up_again()


def test_without_a_suitable_python_it_says_which_one_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _recorded(python=_GONE, checkout=_project(tmp_path / "project"))
    monkeypatch.setattr(python, "_candidates", lambda: iter(()))
    with pytest.raises(RetouchError, match=r"needs Python 3\.11 to 3\.14"):
        maintenance.set_up_again()


@pytest.mark.parametrize("fields", [{"python": _GONE}, {"python": _GONE, "setup": ""}])
def test_what_no_record_names_cannot_be_set_up_again(fields: dict[str, str]) -> None:
    _recorded(**fields)
    with pytest.raises(DaemonAbsent, match="does not exist"):
        maintenance.set_up_again()


def test_without_a_record_the_advice_is_to_set_it_up_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/krita")
    with pytest.raises(DaemonAbsent) as raised:
        maintenance.set_up_again()
    assert raised.value.advice == "Run `python3 install demo` first."


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
