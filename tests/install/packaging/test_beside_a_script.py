"""A script with a file ``pipeline.py`` and a package ``daemon`` beside it imports the light wheel."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from pipeline.pictures import read_picture
from tests.install.packaging import light_environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.processes,
    pytest.mark.skipif(sys.platform == "win32", reason="the engine's record needs a folder with modes"),
]

_PORTRAIT = Path(__file__).parents[3] / "pipeline" / "portrait" / "astronaut.png"
_SCRIPT = """
import sys
import numpy
import retouchml
from retouchml import Look, Retoucher

before = numpy.load(sys.argv[1])
with Retoucher(device="cpu") as retoucher:
    photo = retoucher.open(before)
    patches = photo.render({0: Look(strength=0.0, edits={"lips": 1.0, "evenness": 1.0})})
    numpy.save(sys.argv[2], photo.apply(patches))
ours = sorted(name for name in sys.modules if name in ("pipeline", "stylegan2", "daemon", "torch"))
print(len(photo.faces), ours)
"""


def test_a_script_beside_modules_called_like_the_engine_retouches(
    built: tuple[Path, Path], tmp_path: Path, real_home: Path
) -> None:
    light = light_environment.make(tmp_path, built[0], numpy=True)
    assert (light.work / "pipeline.py").is_file()
    assert (light.work / "daemon" / "__init__.py").is_file()
    (light.work / "script.py").write_text(_SCRIPT)
    before, after = tmp_path / "before.npy", tmp_path / "after.npy"
    np.save(before, read_picture(_PORTRAIT).pixels)
    # with a short name, as sockets need one, and nobody else may change what it says
    with TemporaryDirectory(prefix="rml") as folder:
        data = Path(folder, "data")
        data.mkdir(mode=0o700)
        (data / "models").symlink_to(real_home / "data" / "models")
        (data / "install.json").write_text(json.dumps({"python": sys.executable}))
        (data / "install.json").chmod(0o600)
        try:
            ran = light.run("script.py", str(before), str(after), RETOUCHML_HOME=folder)
            assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1 []\n", "")
        finally:
            stopped = light.run("-P", "-m", "retouchml", "daemon", "stop", RETOUCHML_HOME=folder)
    assert stopped.returncode == 0, stopped.stderr
    changed = (np.load(after) != np.load(before)).any(2)
    assert 1000 < changed.sum() < changed.size / 2, "a part of the face, and not the picture around it"
