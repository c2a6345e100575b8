"""``retouchml doctor``, in a Python of its own where something is to be missing."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stylegan2 import zoo
from stylegan2.zoo.storage import write_record
from tests.retouchml.running import Run, environment, python

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


def test_without_a_model_that_can_be_missing_it_ends_with_0_and_says_what_is_lost(
    run: Run, default_models: Path
) -> None:
    shutil.rmtree(default_models / "mediapipe-face")
    ran = run("doctor", "--json")
    assert ran.code == 0
    (finding,) = (f for f in json.loads(ran.out)["findings"] if f["name"] == "mediapipe-face")
    assert (finding["ok"], finding["needed"]) == (False, False)
    assert "dlib alone places the landmarks" in finding["state"]
    assert "`retouchml models fetch mediapipe-face`" in finding["advice"]


def test_a_damaged_model_ends_with_1(run: Run, default_models: Path) -> None:
    (default_models / "dlib-faces" / "mmod_human_face_detector.dat").write_text("wEights")
    ran = run("doctor", "--json")
    assert ran.code == 1
    said = json.loads(ran.out)
    assert said["ok"] is False
    (finding,) = (finding for finding in said["findings"] if finding["name"] == "dlib-faces")
    assert "mmod_human_face_detector.dat" in finding["state"]


def test_a_bad_setting_is_shown_but_stops_nothing(run: Run, home: Path, default_models: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text("strength = 3\n")
    ran = run("doctor")
    assert ran.code == 0
    assert "strength is 3, but must be a number from 0 to 1" in ran.out
