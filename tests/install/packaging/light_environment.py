"""A Python environment with the light wheel alone: no pip, no network, and what it depends on."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

_DEPENDENCIES = ("msgpack", "platformdirs", "zmq", "pyzmq.libs")


@dataclass(frozen=True)
class LightEnvironment:
    """Its interpreter, a home of its own, and a working folder with modules called like the engine's."""

    python: Path
    home: Path
    work: Path

    @property
    def packages(self) -> Path:
        """Where its packages lie."""
        return next(self.python.parent.parent.glob("lib*/**/site-packages"))

    def run(self, *arguments: str, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Run its interpreter in the working folder."""
        kept = ("PATH", "LANG", "SYSTEMROOT", "TMPDIR")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        environment |= {"HOME": str(self.home), "RETOUCHML_HOME": str(self.home / "r"), **changes}
        return subprocess.run(
            [str(self.python), *arguments],
            env=environment,
            cwd=self.work,
            capture_output=True,
            text=True,
            timeout=300,  # two cores that others use, too
        )


def make(folder: Path, light: Path, *more: Path, numpy: bool = False) -> LightEnvironment:
    """Make it below ``folder`` from the light wheel and ``more``; numpy: with NumPy, for arrays."""
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    made = LightEnvironment(python, folder / "home", folder / "work")
    for wheel in (light, *more):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(made.packages)
    here = Path(sysconfig.get_path("purelib"))
    names = (*_DEPENDENCIES, "numpy", "numpy.libs") if numpy else _DEPENDENCIES
    for name in names:
        if (here / name).is_dir():
            (made.packages / name).symlink_to(here / name)
    made.home.mkdir()
    made.work.mkdir()
    for name in ("pipeline", "stylegan2"):
        (made.work / f"{name}.py").write_text("raise SystemExit('a module of somebody else was imported')\n")
    (made.work / "daemon").mkdir()
    shutil.copyfile(made.work / "pipeline.py", made.work / "daemon" / "__init__.py")
    return made
