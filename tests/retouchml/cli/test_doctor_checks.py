"""The checks of ``retouchml doctor``, one by one."""

import json
import sys
from pathlib import Path

import pytest

from retouchml import __version__
from retouchml.cli import doctor_checks
from retouchml.cli.doctor_checks import Finding
from stylegan2.tensorflow1 import installation
from tests.retouchml.running import ROOT, needs_modes


def test_a_package_that_is_there_but_broken_is_told_from_a_missing_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dlib.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "dlib", raising=False)
    (finding,) = (finding for finding in doctor_checks.packages() if finding.name == "dlib-bin")
    assert finding.state == "broken: libGL.so.1: cannot open shared object file"
    assert not finding.ok
    assert "-m pip install --force-reinstall dlib-bin`" in finding.advice


def test_every_dependency_of_the_project_is_looked_at() -> None:
    import tomllib

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {requirement.partition(">")[0] for requirement in wanted}
    assert names == {distributions[0] for distributions in doctor_checks.PACKAGES.values()}


@needs_modes
def test_every_folder_is_shown_with_its_mode_and_room(home: Path) -> None:
    (home / "cache").mkdir(parents=True)
    (home / "cache").chmod(0o700)
    found = {finding.name: finding for finding in doctor_checks.folders()}
    assert list(found) == ["config", "data", "models", "cache", "run"]
    assert f"{home / 'cache'}, mode 0700, " in found["cache"].state
    assert f"{home / 'config'}, made when needed, " in found["config"].state
    assert all(finding.state.endswith(" GB free") for finding in found.values())


def test_a_file_in_place_of_a_folder_is_found(home: Path) -> None:
    home.mkdir()
    (home / "cache").touch()
    (cache,) = (finding for finding in doctor_checks.folders() if finding.name == "cache")
    assert not cache.ok
    assert cache.advice


def test_an_older_python_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 4))
    finding = doctor_checks.python()
    assert (finding.ok, finding.needed) == (False, True)
    assert "3.11" in finding.advice


def test_the_processor_is_always_a_device() -> None:
    assert any(finding == Finding("devices", "cpu", finding.state) for finding in doctor_checks.devices())


def test_the_other_engine_is_not_missed_where_it_was_never_installed() -> None:
    (finding,) = doctor_checks.engines()
    assert finding == Finding("engines", "tensorflow1", "not here; retouching does not need it")


def test_an_engine_that_computes_is_named_with_its_version(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This Python has no TensorFlow, but can stand in for one that has.
    record_engine(home)
    monkeypatch.setattr(installation, "_TRIAL", "print('1.15.5')")
    (finding,) = doctor_checks.engines()
    assert finding == Finding("engines", "tensorflow1", "TensorFlow 1.15.5 works")


def test_an_engine_that_is_broken_is_told_from_one_that_is_absent(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_engine(home)
    monkeypatch.setattr(installation, "_TRIAL", "import gone_altogether")
    (finding,) = doctor_checks.engines()
    assert not finding.ok
    assert not finding.needed
    assert "No module named 'gone_altogether'" in finding.state
    assert "`python3 install tensorflow1`" in finding.advice


def record_engine(home: Path) -> None:
    """As the installer does, with this Python in place of its own."""
    folder = home / "data" / "tensorflow1"
    folder.mkdir(parents=True)
    (folder / "installed.json").write_text(json.dumps({"python": sys.executable}))


@pytest.fixture
def editors_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user on Linux whose editors are to be looked at."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def plug_in(folder: Path, version: str) -> None:
    (folder / "retouchml").mkdir(parents=True)
    (folder / "retouchml/__init__.py").write_text(f'__version__ = "{version}"\n')


def test_each_profile_is_shown_with_its_plug_in(editors_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retouchml.system.editors.python_of_gimp", lambda: "")
    for version in ("3.0", "3.2"):
        (editors_home / f".config/GIMP/{version}").mkdir(parents=True)
    plug_in(editors_home / ".config/GIMP/3.0/plug-ins/retouchml-beautify", "0.1.0")
    plug_in(editors_home / ".local/share/krita/pykrita/retouchml_krita", __version__)
    plug_in(editors_home / "snap/krita/current/.local/share/krita/pykrita/retouchml_krita", __version__)
    script = editors_home / ".config/darktable/lua/retouchml/retouchml.lua"
    script.parent.mkdir(parents=True)
    script.write_text('local VERSION = "0.1.5"\n')
    found = {finding.name: finding for finding in doctor_checks.editors()}
    assert list(found) == ["GIMP 3.0", "GIMP 3.2", "Krita", "Krita (Snap)", "darktable", "Python for GIMP"]
    assert "plug-in 0.1.5 in" in found["darktable"].state
    assert "`python3 install darktable`" in found["darktable"].advice
    assert not found["GIMP 3.0"].ok
    assert "plug-in 0.1.0 in" in found["GIMP 3.0"].state
    assert "`python3 install gimp`" in found["GIMP 3.0"].advice
    assert (found["GIMP 3.2"].state, found["GIMP 3.2"].ok) == ("no plug-in", True)
    assert found["Krita"].ok
    assert found["Krita (Snap)"].ok
    assert "`retouchml daemon restart`" in found["Krita (Snap)"].advice
    assert found["Python for GIMP"].ok


def test_without_an_editor_there_is_none_to_look_at(editors_home: Path) -> None:
    assert [(each.name, each.state) for each in doctor_checks.editors()] == [
        ("GIMP 3", "no profile was found"),
        ("Krita", "no profile was found"),
        ("darktable", "no profile was found"),
    ]


def test_a_gimp_whose_python_lacks_gi_is_named(editors_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (editors_home / ".config/GIMP/3.0").mkdir(parents=True)
    monkeypatch.setattr("retouchml.system.editors.python_of_gimp", lambda: None)
    *_others, finding = doctor_checks.editors()
    assert (finding.name, finding.ok, finding.needed) == ("Python for GIMP", False, False)
    assert "python3-gi" in finding.advice
