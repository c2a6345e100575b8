"""``retouchml doctor``, in a Python of its own where something is to be missing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from retouchml.cli import doctor_checks
from retouchml.cli.doctor_checks import Finding
from stylegan2 import zoo
from stylegan2.tensorflow1 import installation
from stylegan2.zoo.storage import write_record
from tests.retouchml.running import ROOT, Run, environment, needs_modes, python

WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

absent = set(sys.argv[1].split(","))
sys.meta_path.insert(0, Absent())
from retouchml.cli.main import main
sys.exit(main(["doctor", *sys.argv[2:]]))
"""


def doctor_without(*modules: str) -> tuple[int, dict[tuple[str, str], dict[str, Any]]]:
    child = subprocess.run(
        python(WITHOUT, ",".join(modules), "--json"), env=environment(), capture_output=True, text=True
    )
    assert child.stderr == ""
    found = json.loads(child.stdout)["findings"]
    return child.returncode, {(finding["topic"], finding["name"]): finding for finding in found}


@pytest.fixture
def default_models(home: Path) -> Path:
    """A folder of models that are here, as far as the zoo can tell."""
    for name in zoo.defaults():
        folder = home / "data" / "models" / name
        folder.mkdir(parents=True)
        for file in zoo.find(name).files:
            (folder / file.name).write_text("weights")
        write_record(folder, zoo.find(name))
    return home / "data" / "models"


def test_missing_packages_are_named_with_what_to_install_and_nothing_crashes(default_models: Path) -> None:
    code, found = doctor_without("platformdirs", "torch", "dlib")
    assert code == 1
    for distribution in ("platformdirs", "torch", "dlib-bin"):
        finding = found["packages", distribution]
        assert (finding["state"], finding["ok"], finding["needed"]) == ("missing", False, True)
        assert f"-m pip install {distribution}`" in finding["advice"]
    assert found["packages", "numpy"]["ok"]
    assert "platformdirs" in found["folders", "folders"]["state"]


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


def test_with_everything_here_it_ends_with_0(run: Run, default_models: Path) -> None:
    ran = run("doctor")
    assert (ran.code, ran.err) == (0, "")
    assert "MISSING" not in ran.out
    assert ran.out.endswith("Everything needed is here.\n")


def test_missing_default_models_end_with_1_and_the_command_that_fetches_them(run: Run) -> None:
    ran = run("doctor")
    assert ran.code == 1
    for name in zoo.defaults():
        assert f"`retouchml models fetch {name}`" in ran.out
    assert "`retouchml models fetch age-gender`" not in ran.out


def test_a_damaged_model_ends_with_1(run: Run, default_models: Path) -> None:
    (default_models / "dlib-faces" / "mmod_human_face_detector.dat").write_text("wEights")
    ran = run("doctor", "--json")
    assert ran.code == 1
    said = json.loads(ran.out)
    assert said["ok"] is False
    (finding,) = (finding for finding in said["findings"] if finding["name"] == "dlib-faces")
    assert "mmod_human_face_detector.dat" in finding["state"]


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


def test_a_bad_setting_is_shown_but_stops_nothing(run: Run, home: Path, default_models: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text("strength = 3\n")
    ran = run("doctor")
    assert ran.code == 0
    assert "strength is 3, but must be a number from 0 to 1" in ran.out


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
