"""Which Python goes into a bundle."""

import os
import tarfile
from pathlib import Path

import pytest

from install.environment import bundled_python
from install.errors import InstallError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


def _python(folder: Path, version: str) -> Path:
    """One as uv lays its own out, which says where it is at home."""
    root = folder / f"cpython-{version}-stand-in"
    (root / "bin").mkdir(parents=True)
    interpreter = root / "bin" / "python3"
    interpreter.write_text(f"#!/bin/sh\necho {root}\n")
    interpreter.chmod(0o755)
    packages = root / "lib" / "python3.12" / "site-packages" / "pip"
    packages.mkdir(parents=True)
    (packages / "LICENSE.txt").write_text("pip's licence")
    return root


@pytest.fixture
def uv_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "uv"
    monkeypatch.setattr(bundled_python, "_roots", lambda: iter([folder]))
    (tmp_path / "bundle").mkdir()
    return folder


def test_a_python_without_its_own_licence_is_not_passed_on(uv_folder: Path, tmp_path: Path) -> None:
    _python(uv_folder, "3.12.1")
    with pytest.raises(InstallError, match="has no licence text"):
        bundled_python.write(tmp_path / "bundle", "3.12", lambda: None)
    assert not [*(tmp_path / "bundle").iterdir()]


def test_the_newest_goes_in_with_its_licence_and_without_bytecode_or_its_owners_name(
    uv_folder: Path, tmp_path: Path
) -> None:
    for version in ("3.12.1", "3.12.10", "3.12.9"):
        root = _python(uv_folder, version)
        (root / "lib" / "python3.12" / "LICENSE.txt").write_text("Python's licence")
        (root / "lib" / "python3.12" / "__pycache__").mkdir()
        (root / "lib" / "python3.12" / "__pycache__" / "os.pyc").touch()
    bundled_python.write(tmp_path / "bundle", "3.12", lambda: None)
    (archive,) = (tmp_path / "bundle").glob("python-3.12.10-*.tar.gz")
    with tarfile.open(archive) as file:
        members = file.getmembers()
    names = {member.name for member in members}
    assert {"python/bin/python3", "python/lib/python3.12/LICENSE.txt"} <= names
    assert not [name for name in names if "pycache" in name]
    assert {(member.uname, member.gname, member.uid, member.gid) for member in members} == {("", "", 0, 0)}
