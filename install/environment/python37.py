"""Finds a Python 3.7, the last one that TensorFlow 1.15 was built for."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

HOW_TO_GET_ONE = (
    "Get one with `pyenv install 3.7` or `conda create -n python37 python=3.7`, then run this again."
)

_CONDA_HOMES = ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba")
_TIMEOUT_SECONDS = 20
# TensorFlow 1.15 exists for 64-bit x86 alone; without venv and pip nothing can be installed
_DESCRIBE = (
    "import ensurepip, platform, sys, venv; "
    "print('%d.%d' % sys.version_info[:2], platform.machine().lower(), sys.maxsize > 2**32, sys.executable)"
)


def find() -> Path | None:
    """A Python 3.7 that works: on the PATH, of pyenv, or of conda. None if there is none."""
    candidates = dict.fromkeys(_candidates())
    return next((python for candidate in candidates if (python := _suitable(candidate))), None)


def _candidates() -> Iterator[Path]:
    for name in ("python3.7", "python3", "python"):
        if path := shutil.which(name):
            yield Path(path)
    user = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or user / ".pyenv")
    for version in sorted(pyenv.glob("versions/3.7.*"), reverse=True):
        yield _python_of(version)
    homes = [Path(os.environ[name]) for name in ("CONDA_PREFIX", "CONDA_ROOT") if os.environ.get(name)]
    homes += [user / name for name in _CONDA_HOMES] + [Path("/opt/conda")]
    for home in homes:
        yield _python_of(home)
        yield from (_python_of(environment) for environment in sorted(home.glob("envs/*")))


def _python_of(folder: Path) -> Path:
    return folder / "python.exe" if os.name == "nt" else folder / "bin" / "python"


def _suitable(candidate: Path) -> Path | None:
    """The interpreter that ``candidate`` starts, if it is a 64-bit Python 3.7 for x86."""
    if not candidate.is_file():
        return None
    command = [str(candidate), "-I", "-c", _DESCRIBE]
    # a stand-in of pyenv's starts the version that the working folder asks for; a home folder may be missing
    folder = candidate.absolute().parent
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=True, cwd=folder
        ).stdout
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    version, machine, is_64_bit, path, *_ = answer.strip().split(" ", 3) + [""] * 4
    suits = version == "3.7" and machine in ("x86_64", "amd64") and is_64_bit == "True" and path
    return Path(path) if suits else None
