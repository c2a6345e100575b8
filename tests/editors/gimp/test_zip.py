"""GIMP finds the plug-in of the zip, unpacked into a profile."""

import importlib.util
import os
import stat
import sys
import zipfile
from pathlib import Path

import pytest

from install.packaging import zips
from tests.editors.gimp.conftest import ROOTS
from tests.editors.gimp.running import plug_ins


@pytest.fixture(autouse=True)
def no_images() -> None:
    """No GIMP runs here that would have images."""


def build_zip(folder: Path) -> Path:
    """GIMP's zip, built into a folder."""
    vendored = {}
    for name in ("msgpack", "platformdirs"):
        spec = importlib.util.find_spec(name)
        assert spec is not None
        modules = Path(str(spec.origin)).parent.glob("*.py")
        vendored |= {f"vendor/any/{name}/{path.name}": path for path in modules}
    _krita, archive = zips.build(folder, Path(sys.executable), vendored)
    return archive


def unpack(archive: Path, folder: Path) -> None:
    """Unpack as ``unzip`` does: with the files' permissions."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
        for info in opened.infolist():
            (folder / info.filename).chmod(stat.S_IMODE(info.external_attr >> 16))


@pytest.mark.parametrize("version", sorted(ROOTS))
def test_gimp_finds_every_procedure_of_the_unpacked_zip(version: str, tmp_path: Path) -> None:
    variable, option = ROOTS[version]
    root = os.environ.get(variable)
    if root is None:
        pytest.skip(f"GIMP {version} was not set up: `python3 install test {option}`")
    archive = build_zip(tmp_path / "zips")
    profile, first = tmp_path / "profile", tmp_path / "first"
    first.mkdir()
    unpack(archive, profile / ".config" / "GIMP" / version / "plug-ins")
    found = plug_ins(Path(root), profile, version, first)
    assert "plug-in-retouchml-beautify" in found
    assert "plug-in-retouchml-preset-studio" in found
