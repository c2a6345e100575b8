"""A bundle with a Python, for a machine that has none that fits: from uv's folder into the data folder."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.install.packaging.small_light import SmallLight

_VERSION = ".".join(map(str, sys.version_info[:3]))
_BASE = Path(sys.base_prefix)
_LIBRARY = Path("lib", "python{}.{}".format(*sys.version_info))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.name == "nt" or Path("/usr") == _BASE or not (_BASE / _LIBRARY / "ensurepip").is_dir(),
        reason="the stand-in is a copy of the whole Python that runs this",
    ),
]

# the same command line, on a machine on which no other Python is found
_ALONE = """
import sys
from retouchml.setup import python
python._candidates = lambda: iter(())
from retouchml.cli.main import main
sys.exit(main())
"""


@pytest.fixture
def uv_folder(tmp_path: Path) -> Path:
    """uv's folder with the Python that runs this, laid out as uv lays its own out."""
    folder = tmp_path / "uv"
    root = folder / f"cpython-{_VERSION}-stand-in"
    left_out = shutil.ignore_patterns(
        "__pycache__", "site-packages", "test", "idlelib", "config-3*", "tkinter"
    )
    shutil.copytree(_BASE / _LIBRARY, root / _LIBRARY, symlinks=True, ignore=left_out)
    (root / _LIBRARY / "site-packages").mkdir()
    (root / _LIBRARY / "LICENSE.txt").write_text("the licence of Python")
    (root / "bin").mkdir()
    name = "python{}.{}".format(*sys.version_info)
    shutil.copy2(_BASE / "bin" / name, root / "bin" / name)
    (root / "bin" / "python3").symlink_to(name)
    for library in (_BASE / "lib").glob("libpython*.so*"):
        shutil.copy2(library, root / "lib" / library.name, follow_symlinks=False)
    return folder


def test_a_machine_without_a_python_takes_the_bundles(
    ready: SmallLight, uv_folder: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "a bundle"
    written = ready.run("setup", "bundle", str(bundle), "--python", UV_PYTHON_INSTALL_DIR=str(uv_folder))
    assert written.returncode == 0, written.stderr
    record = json.loads((bundle / "python.json").read_text())
    assert (record["version"], record["system"]) == (_VERSION, sys.platform)
    assert (bundle / record["file"]).is_file()
    shutil.rmtree(uv_folder)
    assert ready.run("setup", "--remove", "--yes").returncode == 0

    changes = {**ready.changes, "PIP_FIND_LINKS": (tmp_path / "nothing").as_uri(), "PIP_NO_MODELS": "1"}
    outcome = ready.light.run("-c", _ALONE, "setup", "--from", str(bundle), **changes)
    assert (outcome.returncode, outcome.stderr) == (0, "")
    (unpacked,) = (ready.data / "python").glob("bundle-*")
    assert (unpacked / _LIBRARY / "LICENSE.txt").read_text() == "the licence of Python"
    assert unpacked.stat().st_mode & 0o077 == 0
    settings = (ready.engine / "pyvenv.cfg").read_text()
    assert f"home = {unpacked / 'bin'}" in settings
    assert sorted(path.name for path in unpacked.parent.iterdir()) == [unpacked.name]

    # without the option, a bundle that is written again has none
    assert ready.run("setup", "bundle", str(bundle)).returncode == 0
    assert not [*bundle.glob("python*")]


def test_a_bundle_takes_no_python_but_one_that_uv_brought(ready: SmallLight, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    outcome = ready.run("setup", "bundle", str(bundle), "--python", UV_PYTHON_INSTALL_DIR=str(tmp_path))
    assert outcome.returncode == 1
    assert "`uv python install {}.{}` brings one".format(*sys.version_info) in outcome.stderr
    assert not (bundle / "bundle.json").exists()
