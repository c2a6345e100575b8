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
from install.console import Console
from install.data_folders import Folders, find
from install.environment import python37, torch_build
from install.environment.pip_install import PipProblem, install
from install.environment.virtual_environment import set_up
from install.problem import Problem
from retouchml.system.locks import exclusive

RECORD = "installed.json"
_GIGABYTE = 1_000_000_000
_VERSION = "1.15.5"
# the last of each that TensorFlow 1.15 works with, and the last msgpack for Python 3.7
_OTHERS = ("numpy==1.18.5", "protobuf==3.20.3", "msgpack==1.0.5")
_LOOK = "import msgpack, numpy, tensorflow; print(tensorflow.__version__)"
_CUDA_FOLDERS = ("/usr/local/cuda-10.0/lib64", "/usr/local/cuda/lib64", "/usr/lib/x86_64-linux-gnu")
_CUDA_LIBRARY = "libcudart.so.10.0"


@dataclass(frozen=True)
class Build:
    """One way to install TensorFlow: a title for the person who waits, the packages, and bytes of room."""

    title: str
    packages: tuple[str, ...]
    room: int


CPU = Build(f"TensorFlow {_VERSION} for the CPU", (f"tensorflow=={_VERSION}", *_OTHERS), _GIGABYTE)
GPU = Build(
    f"TensorFlow {_VERSION} with CUDA 10 (411 MB)", (f"tensorflow-gpu=={_VERSION}", *_OTHERS), 2 * _GIGABYTE
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be asked for beside torch's index."""
    parser.add_argument("--torch-index", metavar="URL", help="take torch from this package index")
    parser.add_argument(
        "--if-possible", action="store_true", help="do nothing, and succeed, where there is no Python 3.7"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Make the engine's environment; does nothing where it is up to date. Raises Problem."""
    python = python37.find()
    if python is None:
        problem = Problem("There is no Python 3.7 for 64-bit x86 on this machine.", python37.HOW_TO_GET_ONE)
        if not arguments.if_possible:
            raise problem
        console.say(f"TensorFlow 1.15 is left out. {problem.explain()}")
        return 0
    set_up(console, dev=False, torch_index=arguments.torch_index)
    folders = find()
    folders.data.mkdir(parents=True, exist_ok=True)
    waiting = "Another installation is at work in the data folder; waiting for it."
    with exclusive(lock_file(folders), lambda: console.say(waiting)):
        _bring_up_to_date(console, folders, python)
    return 0


def home(folders: Folders) -> Path:
    """Where the engine's environment lies."""
    return folders.data / "tensorflow1"


def unfinished(folders: Folders) -> Path:
    """Where it is made; there is nothing unless an installation is at work or was killed."""
    return folders.data / ".tensorflow1.part"


def lock_file(folders: Folders) -> Path:
    """What an installation holds locked."""
    return folders.data / ".tensorflow1.lock"


def _bring_up_to_date(console: Console, folders: Folders, base: Path) -> None:
    _discard(unfinished(folders))
    builds = (GPU, CPU) if _cuda10() else (CPU,)
    wanted = json.dumps([build.packages for build in builds])
    if _works(home(folders), wanted):
        console.say(f"TensorFlow {_VERSION} is there already: {home(folders)}")
        return
    try:
        _make(console, folders, base, builds, wanted)
    finally:
        _discard(unfinished(folders))
    console.say(f"TensorFlow {_VERSION} is in {home(folders)}")


def _make(console: Console, folders: Folders, base: Path, builds: tuple[Build, ...], wanted: str) -> None:
    part, target = unfinished(folders), home(folders)
    with console.step("virtual environment for Python 3.7") as tick:
        outcome = processes.run([base, "-I", "-m", "venv", part], tick)
    if outcome.code != 0:
        raise Problem(f"{base} makes no virtual environment: {outcome.last_line}", python37.HOW_TO_GET_ONE)
    for build in builds:
        _check_room(folders.data, build.room)
        try:
            with console.step(build.title) as tick:
                install(build.packages, tick, interpreter(part), part)
            break
        except PipProblem as problem:
            if not problem.missing or build is builds[-1]:
                raise
    with console.step("a first look at TensorFlow") as tick:
        outcome = processes.run([interpreter(part), "-I", "-W", "ignore", "-c", _LOOK], tick)
    if outcome.code != 0:
        raise Problem(f"The installed TensorFlow does not work here: {outcome.last_line}")
    record = {"python": str(interpreter(target)), "wanted": wanted}
    (part / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    _discard(target)
    part.rename(target)


def interpreter(environment: Path) -> Path:
    """The Python of a virtual environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _works(environment: Path, wanted: str) -> bool:
    try:
        record = json.loads((environment / RECORD).read_text(encoding="utf-8"))
        if record != {"python": str(interpreter(environment)), "wanted": wanted}:
            return False
        # the Python 3.7 that it was made from may have gone since
        return (
            processes.run([interpreter(environment), "-I", "-c", "import numpy, msgpack"], log=False).code
            == 0
        )
    except (OSError, ValueError):
        return False


def _cuda10() -> bool:
    """Whether an NVIDIA driver and the library of CUDA 10.0 are here, which TensorFlow 1.15 was built for."""
    if torch_build.nvidia_driver() is None:
        return False
    folders = (*_CUDA_FOLDERS, *os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))
    if any((Path(folder) / _CUDA_LIBRARY).is_file() for folder in folders if folder):
        return True
    return ctypes.util.find_library("cudart") == _CUDA_LIBRARY


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Problem(
            f"The disk of {folder} is too full: {needed / 1e9:.1f} GB are needed, {free / 1e9:.1f} are free.",
            "Free some space, then run this again.",
        )


def _discard(folder: Path) -> None:
    """Remove a folder, its record first: without it, what an interruption leaves passes for nothing."""
    if folder.is_dir():
        (folder / RECORD).unlink(missing_ok=True)
        shutil.rmtree(folder)
