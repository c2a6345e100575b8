"""``tensorflow1``: the TensorFlow 1.15 engine in an environment of its own, whole or not at all.

It is made under another name and renamed at the very end: what an interruption leaves is never taken for an
environment, and the next run clears it away.
"""

import argparse
import ctypes.util
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from install import processes
from install.actions.base import Action, Part, add_torch_index, existing
from install.console import Console
from install.data_folders import Folders, find_folders
from install.disk_space import check_free_space
from install.environment import python37, requirements, torch_build
from install.environment.pip_install import PipError, install
from install.environment.virtual_environment import set_up
from install.errors import InstallError

RECORD = "installed.json"
_GIGABYTE = 1_000_000_000
_VERSION = "1.15.5"
_BUILT = "gast"  # has no wheel; it is Python alone
_FIRST_IMPORT = "import msgpack, numpy, tensorflow; print(tensorflow.__version__)"
_CUDA_FOLDERS = ("/usr/local/cuda-10.0/lib64", "/usr/local/cuda/lib64", "/usr/lib/x86_64-linux-gnu")
_CUDA_LIBRARY = "libcudart.so.10.0"


@dataclass(frozen=True)
class Build:
    """One way to install TensorFlow.

    title: for the person who waits
    file:  name of its requirements file
    room:  bytes that must be free
    """

    title: str
    file: str
    room: int


CPU = Build(f"TensorFlow {_VERSION} for the CPU", requirements.TENSORFLOW1, _GIGABYTE)
GPU = Build(f"TensorFlow {_VERSION} with CUDA 10 (411 MB)", requirements.TENSORFLOW1_GPU, 2 * _GIGABYTE)


class TensorFlow1(Action, Part):
    """The engine's environment in the data folder, made with a Python 3.7."""

    summary = "add the TensorFlow 1.15 engine, in a Python 3.7 of its own"
    title = "the TensorFlow 1.15 engine"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare where torch comes from, and what happens without a Python 3.7."""
        add_torch_index(parser)
        parser.add_argument(
            "--if-possible", action="store_true", help="do nothing, and succeed, where there is no Python 3.7"
        )

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Make the environment; does nothing if it is up to date. Raises InstallError."""
        python = python37.find()
        if python is None:
            error = InstallError(
                "There is no Python 3.7 for 64-bit x86 on this machine.", python37.HOW_TO_GET_ONE
            )
            if not arguments.if_possible:
                raise error
            console.say(f"TensorFlow 1.15 is left out. {error.explain()}")
            return 0
        set_up(console, dev=False, torch_index=arguments.torch_index)
        folders = find_folders()
        folders.data.mkdir(parents=True, exist_ok=True)
        waiting = "Another installation is at work in the data folder; waiting for it."
        with processes.exclusive(_lock_file(folders), lambda: console.say(waiting)):
            _bring_up_to_date(console, folders, python)
        return 0

    def installed(self, folders: Folders) -> list[Path]:
        """The environment, one that is being made, and the lock file."""
        return existing([_environment(folders), _draft(folders), _lock_file(folders)])


def _environment(folders: Folders) -> Path:
    return folders.data / "tensorflow1"


def _draft(folders: Folders) -> Path:
    """Where it is made; there is nothing unless an installation is at work or was killed."""
    return folders.data / ".tensorflow1.part"


def _lock_file(folders: Folders) -> Path:
    return folders.data / ".tensorflow1.lock"


def _bring_up_to_date(console: Console, folders: Folders, python: Path) -> None:
    environment, draft = _environment(folders), _draft(folders)
    _discard(draft)
    builds = (GPU, CPU) if _has_cuda10() else (CPU,)
    requested = requirements.digest(*(build.file for build in builds))
    if _works(environment, requested):
        console.say(f"TensorFlow {_VERSION} is there already: {environment}")
        return
    try:
        _make(console, draft, python, builds)
        record = {"python": str(_interpreter(environment)), "wanted": requested}
        (draft / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        _discard(environment)
        draft.rename(environment)
    finally:
        _discard(draft)
    console.say(f"TensorFlow {_VERSION} is in {environment}")


def _make(console: Console, draft: Path, python: Path, builds: tuple[Build, ...]) -> None:
    with console.step("virtual environment for Python 3.7") as tick:
        outcome = processes.run([python, "-I", "-m", "venv", draft], tick)
    if outcome.code != 0:
        raise InstallError(
            f"{python} makes no virtual environment: {outcome.last_line}", python37.HOW_TO_GET_ONE
        )
    for build in builds:
        check_free_space(draft.parent, build.room)
        try:
            with console.step(build.title) as tick:
                install(requirements.arguments(build.file, built=_BUILT), tick, _interpreter(draft), draft)
            break
        except PipError as error:
            if not error.missing or build is builds[-1]:
                raise
    with console.step("a first look at TensorFlow") as tick:
        outcome = processes.run([_interpreter(draft), "-I", "-W", "ignore", "-c", _FIRST_IMPORT], tick)
    if outcome.code != 0:
        raise InstallError(f"The installed TensorFlow does not work here: {outcome.last_line}")


def _interpreter(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _works(environment: Path, requested: str) -> bool:
    python = _interpreter(environment)
    try:
        record = json.loads((environment / RECORD).read_text(encoding="utf-8"))
        if record != {"python": str(python), "wanted": requested}:
            return False
        # the Python 3.7 that it was made from may have gone since
        return processes.run([python, "-I", "-c", "import numpy, msgpack"], log=False).code == 0
    except (OSError, ValueError):
        return False


def _has_cuda10() -> bool:
    """Whether an NVIDIA driver and the library of CUDA 10.0 are here, which TensorFlow 1.15 was built for."""
    if torch_build.nvidia_driver() is None:
        return False
    folders = (*_CUDA_FOLDERS, *os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))
    if any((Path(folder) / _CUDA_LIBRARY).is_file() for folder in folders if folder):
        return True
    return ctypes.util.find_library("cudart") == _CUDA_LIBRARY


def _discard(environment: Path) -> None:
    """Remove an environment, its record first, so that what an interruption leaves does not count as one."""
    if environment.is_dir():
        (environment / RECORD).unlink(missing_ok=True)
        shutil.rmtree(environment)
