"""The two wheels: what is in each, how large they are, and what the light one can do alone."""

import email
import hashlib
import json
import tomllib
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

import retouchml
from tests.install.packaging.light_environment import LightEnvironment

_TOP = Path(__file__).parents[3]
_SETUP_FILES = "retouchml/setup/files/"
_ENGINE = ("daemon", "pipeline", "stylegan2")


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def _metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def _project(place: str) -> dict[str, Any]:
    content: dict[str, Any] = tomllib.loads((_TOP / place / "pyproject.toml").read_text())["project"]
    return content


def _sources(folder: str, *suffixes: str) -> set[str]:
    paths = (path for path in (_TOP / folder).rglob("*") if path.suffix in suffixes)
    return {path.relative_to(_TOP).as_posix() for path in paths if "__pycache__" not in path.parts}


def test_the_light_wheel_owns_no_top_level_name_but_its_own(built: tuple[Path, Path]) -> None:
    assert {name.partition("/")[0] for name in _names(built[0])} == {
        "retouchml",
        f"retouchml-{retouchml.__version__}.dist-info",
    }


def test_the_light_wheel_has_all_of_retouchml_and_the_set_up(built: tuple[Path, Path]) -> None:
    names = _names(built[0])
    assert _sources("retouchml", ".py", ".toml") <= names
    set_up = {name.removeprefix(_SETUP_FILES) for name in names if name.startswith(_SETUP_FILES)}
    assert _sources("plugin_gimp", ".py", ".mo") <= set_up
    assert _sources("plugin_krita", ".py", ".html", ".action", ".desktop") <= set_up
    assert {
        "install/__main__.py",
        "install/requirements/packages.txt",
        "install/requirements/torch.txt",
    } <= set_up
    assert {"LICENSE", "engine.json", "stylegan2/zoo/zoo.toml"} <= set_up


_OWN_FILES = """
from install.actions.table import PARTS
from install.checkout import IS_PACKAGED, VENV
from install.editors.plugin import EditorPlugin
assert IS_PACKAGED
VENV.mkdir(parents=True)
for name, part in PARTS.items():
    if isinstance(part, EditorPlugin):
        missing = [str(path) for path in part.own_files().values() if not path.is_file()]
        print(name, *missing)
"""


def test_the_light_wheel_has_every_file_that_editors_get(light: LightEnvironment, tmp_path: Path) -> None:
    files = light.packages / _SETUP_FILES
    script = f"import sys; sys.path[:0] = {[str(files), str(light.packages)]!r}\n{_OWN_FILES}"
    outcome = light.run("-c", script, RETOUCHML_HOME=str(tmp_path))
    assert (outcome.stdout, outcome.stderr) == ("gimp\nkrita\ndarktable\n", "")


def test_the_engine_has_the_engine_and_its_weights(built: tuple[Path, Path]) -> None:
    names = _names(built[1])
    tops = {name.partition("/")[0] for name in names}
    assert tops == {*_ENGINE, f"retouchml_engine-{retouchml.__version__}.dist-info"}
    for folder in _ENGINE:
        assert _sources(folder, ".py", ".toml", ".safetensors", ".png") <= names


@pytest.mark.parametrize(("which", "megabytes"), [(0, 1.5), (1, 12.0)])
def test_a_wheel_stays_small(built: tuple[Path, Path], which: int, megabytes: float) -> None:
    assert built[which].stat().st_size < megabytes * 1e6


def test_no_wheel_carries_what_was_left_on_the_disk(built: tuple[Path, Path]) -> None:
    for wheel in built:
        assert not [name for name in _names(wheel) if "__pycache__" in name or name.endswith((".pyc", ".po"))]


def test_the_light_wheel_asks_for_three_small_packages(built: tuple[Path, Path]) -> None:
    needed = {line.partition(">")[0] for line in _metadata(built[0]).get_all("Requires-Dist") or ()}
    assert needed == {"msgpack", "platformdirs", "pyzmq", "tomli"}
    assert _metadata(built[0])["Requires-Python"] == ">=3.10"


def test_the_light_wheel_knows_the_engine_that_was_built_with_it(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[0]) as archive:
        record = json.loads(archive.read(f"{_SETUP_FILES}engine.json"))
    digest = hashlib.sha256(built[1].read_bytes()).hexdigest()
    assert record == {"wheel": built[1].name, "sha256": digest}


def test_the_three_projects_agree() -> None:
    checkout, light, engine = map(_project, (".", "install/packaging/light", "install/packaging/engine"))
    assert checkout["version"] == light["version"] == engine["version"] == retouchml.__version__
    own = f"retouchml=={retouchml.__version__}"
    assert own in engine["dependencies"]
    together = {*light["dependencies"], *engine["dependencies"]} - {own, "tomli>=2; python_version < '3.11'"}
    assert together == set(checkout["dependencies"])
    extras = checkout["optional-dependencies"]
    assert {name: extras[name] for name in ("heif", "jpegxl")} == {
        name: engine["optional-dependencies"][name] for name in ("heif", "jpegxl")
    }
    assert light["scripts"] == checkout["scripts"]


_IMPORT = """
import sys
import retouchml
from retouchml import Look, Retoucher
assert Look(strength=0.5).strength == 0.5
assert Retoucher.__module__ == "retouchml.scripting.retoucher", Retoucher
print(sorted(name for name in sys.modules if name in ("pipeline", "stylegan2", "daemon", "torch")))
"""


def test_it_is_imported_beside_modules_called_like_the_engine(
    built: tuple[Path, Path], tmp_path: Path
) -> None:
    from tests.install.packaging import light_environment

    with_numpy = light_environment.make(tmp_path, built[0], numpy=True)
    (with_numpy.work / "script.py").write_text(_IMPORT)
    outcome = with_numpy.run("script.py")
    assert (outcome.stdout, outcome.stderr) == ("[]\n", "")


def test_import_retouchml_needs_no_numpy(light: LightEnvironment) -> None:
    outcome = light.run("-c", "import retouchml; from retouchml import Look; print(Look().strength)")
    assert (outcome.stdout, outcome.stderr) == ("0.5\n", "")


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["edits"], ["presets"], ["daemon", "--help"]])
def test_the_command_line_works_without_the_engine(light: LightEnvironment, command: list[str]) -> None:
    outcome = light.run("-m", "retouchml", *command)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    assert outcome.stdout


def test_doctor_says_that_the_engine_is_missing_and_what_to_do(light: LightEnvironment) -> None:
    outcome = light.run("-m", "retouchml", "doctor", "--json")
    findings = json.loads(outcome.stdout)["findings"]
    assert outcome.returncode == 1
    assert [each["name"] for each in findings if each["needed"] and not each["ok"]] == ["engine"]
    advice = next(each["advice"] for each in findings if each["name"] == "engine")
    assert advice == "Run `retouchml setup` first."
    assert {each["name"] for each in findings if each["topic"] == "packages"} == {
        "msgpack",
        "platformdirs",
        "pyzmq",
    }


def test_a_command_of_the_engine_says_what_to_do(light: LightEnvironment) -> None:
    outcome = light.run("-m", "retouchml", "beautify", "portrait.png", "-o", "after.png")
    assert outcome.returncode == 1
    assert "Run `retouchml setup` first." in outcome.stderr


def test_a_command_of_the_engine_runs_in_its_environment(light: LightEnvironment, tmp_path: Path) -> None:
    record = tmp_path / "r" / "data" / "install.json"
    record.parent.mkdir(parents=True)
    python = light.home / "engine-python"
    python.write_text('#!/bin/sh\necho "$@"\nexit 7\n')
    python.chmod(0o700)
    record.write_text(json.dumps({"python": str(python)}))
    for folder in (tmp_path, tmp_path / "r", record.parent):
        folder.chmod(0o700)
    outcome = light.run("-m", "retouchml", "faces", "a b.png", RETOUCHML_HOME=str(tmp_path / "r"))
    assert (outcome.returncode, outcome.stdout) == (7, "-m retouchml faces a b.png\n")


def test_reading_pictures_without_the_engine_says_what_to_do(light: LightEnvironment, tmp_path: Path) -> None:
    outcome = light.run("-c", "from retouchml import read_picture")
    assert outcome.stderr.endswith(
        "ImportError: read_picture needs the engine. RetouchML is not installed for this user. "
        "Run `retouchml setup` first.\n"
    )
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    tmp_path.chmod(0o700)
    python = light.home / "engine-python"
    python.touch(mode=0o700)
    (data / "install.json").write_text(json.dumps({"python": str(python)}))
    outcome = light.run("-c", "from retouchml import write_picture", RETOUCHML_HOME=str(tmp_path))
    assert f"run the script with {python}, or read and write pictures with another library" in outcome.stderr
