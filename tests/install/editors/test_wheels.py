"""Wheels for editors are unpacked without what is of no use there, and never out of their folder."""

import os
import re
import zipfile
from pathlib import Path

import pytest

from install import processes
from install.checkout import TOP
from install.console import Console
from install.editors import wheels
from install.environment import requirements
from install.errors import InstallError
from tests.install import small_checkout


def write_wheel(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)
    return path


def test_a_wheel_is_unpacked_without_its_tests(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "a.whl", {"a/x.py": "1", "a/tests/t.py": "2", "a/x.pyi": "3"})
    wheels.unpack(wheel, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()] == ["x.py"]


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "a/../../evil.py"])
def test_a_wheel_that_reaches_out_of_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "a.whl", {name: "evil"})
    with pytest.raises(InstallError, match="strange file"):
        wheels.unpack(wheel, tmp_path / "in" / "out")
    assert not list(tmp_path.rglob("evil.py"))


@pytest.mark.parametrize(("python", "has_tomli"), [("3.10", True), ("3.11", False), ("3.12", False)])
def test_only_a_python_without_a_reader_of_toml_gets_one(
    python: str, has_tomli: bool, tmp_path: Path
) -> None:
    arguments = wheels._arguments(python, tmp_path)
    assert "--require-hashes" in arguments
    lists = [(TOP / each).read_text() for each in arguments if each.endswith(".txt")]
    assert any("\ntomli==" in each for each in lists) is has_tomli
    assert sum("\npyzmq==" in each for each in lists) == 1


@pytest.mark.processes
def test_an_exchanged_wheel_never_reaches_an_editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real pip and the real lists: a wheel of a listed version, with other contents."""
    index = tmp_path / "index"
    index.mkdir()
    for entry in (requirements.FOLDER / "editors.txt").read_text().splitlines():
        if match := re.match(r"([a-z]+)==(\S+) \\$", entry):
            small_checkout.write_wheel(index, match[1], match[2], {f"{match[1]}.py": "evil = True"})
    monkeypatch.setattr(wheels, "_FOLDER", tmp_path / "editor-wheels")
    # what pip says goes into no other log
    monkeypatch.setattr(processes, "LOG", tmp_path / "log")
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(index), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(InstallError, match="has the wrong checksum"):
        wheels.vendored(Console())
    assert not list(tmp_path.rglob("*/draft"))
    assert not list((tmp_path / "editor-wheels").rglob("*.py"))
