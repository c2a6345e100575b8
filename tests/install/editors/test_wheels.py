"""Wheels for editors are unpacked without what is of no use there, and never out of their folder."""

import zipfile
from pathlib import Path

import pytest

from install.checkout import TOP
from install.editors import wheels
from install.errors import InstallError


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
