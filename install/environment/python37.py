"""Looks for a Python 3.7, the last one that TensorFlow 1.15 was built for."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

HOW_TO_GET_ONE = (
    "Get one with `pyenv install 3.7` or `conda create -n python37 python=3.7`, then run this again."
)

_CONDA_HOMES = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba")
_PATIENCE_SECONDS = 20
# TensorFlow 1.15 exists for 64-bit x86 alone; without venv and pip nothing can be installed
_ASK = (
    "import ensurepip, platform, sys, venv; "
    "print('%d.%d' % sys.version_info[:2], platform.machine().lower(), sys.maxsize > 2**32, sys.executable)"
)


def find() -> Path | None:
    """A Python 3.7 that works: on the PATH, of pyenv, or of conda. None where there is none."""
    seen = set()
    for candidate in _candidates():
        if candidate not in seen and (python := _checked(candidate)):
            return python
        seen.add(candidate)
    return None


def _candidates() -> Iterator[Path]:
    for name in ("python3.7", "python3", "python"):
        if found := shutil.which(name):
            yield Path(found)
    user = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or user / ".pyenv")
    for version in sorted(pyenv.glob("versions/3.7.*"), reverse=True):
        yield _inside(version)
    homes = [Path(os.environ[name]) for name in ("CONDA_PREFIX", "CONDA_ROOT") if os.environ.get(name)]
    homes += [user / name for name in _CONDA_HOMES] + [Path("/opt/conda")]
    for home in homes:
        yield _inside(home)
        yield from (_inside(environment) for environment in sorted(home.glob("envs/*")))


def _inside(folder: Path) -> Path:
    return folder / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def _checked(candidate: Path) -> Path | None:
    """The interpreter itself that ``candidate`` starts, if it is one that serves."""
    if not candidate.is_file():
        return None
    command = [str(candidate), "-I", "-c", _ASK]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=True, cwd=Path.home()
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    version, machine, wide, *path = answer.strip().split(" ", 3) + [""] * 3
    fits = version == "3.7" and machine in ("x86_64", "amd64") and wide == "True"
    return Path(path[0]) if fits and path else None
