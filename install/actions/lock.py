"""``lock``: makes the requirements files anew, with the newest versions and the hashes of all their files.

uv finds the versions. One solution serves all systems and Pythons, so that what is tested on one is what
the others get. Afterwards each file is asked whether every system has wheels for it. The lists of torch
for the CPU of Linux, and with CUDA for Windows, are made from PyTorch's own index. Where that cannot be
reached, or states fewer hashes than are listed, a list stays if its version is still the right one.
"""

import argparse
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from install import processes
from install.actions.base import Action, add_torch_index
from install.checkout import LOG, PYTHON, VENV
from install.console import Console, Tick
from install.environment import requirements, torch_build
from install.environment.picture_formats import READERS
from install.environment.virtual_environment import set_up
from install.errors import InstallError
from retouchml.system.files import write_atomically

_PROJECT = "pyproject.toml"
_CUDA = ("cuda-", "nvidia-", "triton")  # names of what torch needs for CUDA begin so

# what torch supports, too; the oldest macOS is dlib-bin's
_SYSTEMS = {
    "Linux on x86": "x86_64-manylinux_2_28",
    "Linux on ARM": "aarch64-manylinux_2_28",
    "macOS 14 on ARM": "aarch64-apple-darwin",
    "Windows on x86": "x86_64-pc-windows-msvc",
}
_OLDEST_MACOS = "14.0"
_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_EDITORS_PYTHONS = ("3.10", "3.11", "3.12", "3.13")

_HEADER = """\
# Made by `python3 install lock`. These versions were tested; pip refuses a file with another hash.
"""
_NAME = re.compile(r"^([a-z0-9][a-z0-9.-]*)===?", re.MULTILINE)
_HASH = "--hash=sha256:"
_LACKING = re.compile(r"Because (\S+) has no")
_NETWORK = re.compile(r"Failed to fetch|error sending request|error decoding response body|timed out")


class _NoBetterList(InstallError):
    """A package index could not be reached, or states too few hashes."""


@dataclass(frozen=True)
class File:
    """One requirements file.

    name:    without ``.txt``
    title:   its first line
    sources: what uv reads, relative to the checkout
    extras:  of pyproject.toml
    pythons: those that must have wheels; none where that is not asked
    oldest:  the oldest Python that the versions must suit
    index:   address of the one package index that has it; "" for uv's own
    systems: those that must have wheels
    """

    name: str
    title: str
    sources: tuple[str, ...]
    extras: tuple[str, ...] = ()
    pythons: tuple[str, ...] = ()
    oldest: str = _PYTHONS[0]
    index: str = ""
    systems: tuple[str, ...] = tuple(_SYSTEMS)


def _input(name: str) -> str:
    return f"install/requirements/{name}.in"


_TORCH = File(
    requirements.TORCH,
    "torch of the ordinary index: with CUDA on Linux, which needs the other packages.",
    (_input(requirements.TORCH),),
    pythons=_PYTHONS,
)
_PACKAGES = File(
    requirements.PACKAGES,
    "What RetouchML imports, and what builds it, without torch.",
    (_PROJECT, _input(requirements.PACKAGES), *_TORCH.sources),
    pythons=_PYTHONS,
)
_EXTRAS = (
    File(
        requirements.DEV,
        "The tools for tests, beside the packages.",
        _PACKAGES.sources,
        (requirements.DEV,),
        _PYTHONS,
    ),
    *(
        File(
            reader.extra,
            f"The reader of {reader.formats}, beside the packages.",
            _PACKAGES.sources,
            (reader.extra,),
            _PYTHONS,
        )
        for reader in READERS
    ),
    File(
        requirements.RAY,
        "Ray, for the tests of --ray, beside the packages and the tools.",
        _PACKAGES.sources,
        (requirements.RAY,),
        _PYTHONS,
    ),
)
# what is in one environment has one solution, of which each file takes a share
_ALL = File("solution.txt", "", _PACKAGES.sources, tuple(extra.name for extra in _EXTRAS), pythons=_PYTHONS)
_TORCH_CPU = File(
    requirements.TORCH_CPU,
    "torch for the CPU of Linux, of PyTorch's own index.",
    (_input(requirements.TORCH_CPU),),
    pythons=_PYTHONS,
    index=torch_build.CPU_INDEX,
    systems=("Linux on x86", "Linux on ARM"),
)
_TORCH_CUDA_WINDOWS = File(
    requirements.TORCH_CUDA_WINDOWS,
    "torch with CUDA for Windows, of PyTorch's own index.",
    (_input(requirements.TORCH_CUDA_WINDOWS),),
    pythons=_PYTHONS,
    index=torch_build.CUDA_INDEX,
    systems=("Windows on x86",),
)
_OF_PYTORCH = (_TORCH_CPU, _TORCH_CUDA_WINDOWS)
_APART = (
    File(
        requirements.EDITORS,
        "What lies beside the plug-ins, for the Pythons of editors.",
        (_input(requirements.EDITORS),),
        pythons=_EDITORS_PYTHONS,
        oldest=_EDITORS_PYTHONS[0],
    ),
    File(
        requirements.EDITORS_310,
        "What lies beside the plug-ins for Python 3.10 alone.",
        (_input(requirements.EDITORS_310),),
        pythons=_EDITORS_PYTHONS[:1],
        oldest=_EDITORS_PYTHONS[0],
    ),
    File(
        requirements.PIP,
        "pip, for the environment of a Python without ensurepip.",
        (_input(requirements.PIP),),
        pythons=_PYTHONS,
    ),
    File(
        requirements.UV,
        "uv, which brings a Python where there is none.",
        (_input(requirements.UV),),
        pythons=_PYTHONS,
    ),
    File(
        requirements.TENSORFLOW1,
        "TensorFlow 1.15 for the CPU, in an environment of its own.",
        (_input(requirements.TENSORFLOW1),),
        oldest="3.7",
    ),
    File(
        requirements.TENSORFLOW1_GPU,
        "TensorFlow 1.15 with CUDA 10, in an environment of its own.",
        (_input(requirements.TENSORFLOW1_GPU),),
        oldest="3.7",
    ),
)


class Lock(Action):
    """Makes the files in ``install/requirements`` anew."""

    summary = "make the list of packages and their hashes anew, with the newest versions"

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare where torch comes from."""
        add_torch_index(parser)

    def run(self, arguments: argparse.Namespace, console: Console) -> int:
        """Make all files, then write them one by one; then name what has no wheel. Raises InstallError."""
        set_up(console, dev=True, torch_index=arguments.torch_index)  # for uv
        work = VENV / "lock"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            texts, left = _make(console, work)
            with console.step("wheels for every system") as tick:
                lacking = [
                    sentence
                    for file in (_PACKAGES, _TORCH, *_OF_PYTORCH, *_EXTRAS, *_APART)
                    if file.name in texts
                    for sentence in _without_wheel(file, work / f"{file.name}.txt", tick)
                ]
            lacking += left
            for name, text in texts.items():
                write_atomically(requirements.FOLDER / f"{name}.txt", text.encode(), 0o644)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        for sentence in lacking:
            console.say(sentence)
        console.say("Run the tests, then commit install/requirements/ with the reason of the change.")
        return 0


def _make(console: Console, work: Path) -> tuple[dict[str, str], list[str]]:
    """The files' contents by name, and a sentence for each that stays as it was. Raises InstallError."""
    solution = work / "solution.txt"
    with console.step("one solution for all systems") as tick:
        everything = _compile(_ALL, solution, tick)
    cuda = {name for name in names(everything) if name == requirements.TORCH or name.startswith(_CUDA)}
    elsewhere = set(cuda)
    texts = {}
    for file in (_PACKAGES, _TORCH, *_EXTRAS):
        with console.step(f"{file.name}.txt") as tick:
            left_out = elsewhere - cuda if file is _TORCH else elsewhere
            texts[file.name] = _compile(file, work / f"{file.name}.txt", tick, solution, left_out)
        elsewhere |= names(texts[file.name])
    for file in _APART:
        with console.step(f"{file.name}.txt") as tick:
            texts[file.name] = _compile(file, work / f"{file.name}.txt", tick)
    left = []
    for file in _OF_PYTORCH:
        with console.step(f"{file.name}.txt") as tick:
            try:
                texts[file.name] = _compile_of_pytorch(file, work / f"{file.name}.txt", tick)
            except _NoBetterList as error:
                if not _is_listed(file):
                    raise
                still = f"{file.name}.txt stays as it was. Its version is still the right one."
                left.append(f"{error.message} {still}")
    return texts, left


def _compile_of_pytorch(file: File, target: Path, tick: Tick) -> str:
    """``_compile``, of an index that states no hash of some files. Raises as that, and _NoBetterList."""
    text = _compile(file, target, tick)
    present = requirements.FOLDER / target.name
    stated, listed = text.count(_HASH), present.read_text("utf-8").count(_HASH) if present.is_file() else 0
    if stated < (listed if _is_listed(file) else 1):
        raise _NoBetterList(f"PyTorch's own index states {stated} hashes for {target.name}.")
    return text


def _is_listed(file: File) -> bool:
    """Whether the present file has the version that its source names."""
    wanted = (requirements.FOLDER / f"{file.name}.in").read_text(encoding="utf-8").split()[-1]
    path = requirements.FOLDER / f"{file.name}.txt"
    listed = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return any(line.startswith(f"{wanted.replace('==', '===')} ") for line in listed)


def names(text: str) -> set[str]:
    """Names of the packages in a requirements file."""
    return set(_NAME.findall(text))


def _compile(
    file: File, target: Path, tick: Tick, solution: Path | None = None, left_out: Iterable[str] = ()
) -> str:
    """Let uv write a requirements file; its content.

    solution: a requirements file of which this is a share
    left_out: names of packages that another file has

    Raises InstallError.
    """
    options = ["--universal", "--fork-strategy", "fewest", "--python-version", file.oldest]
    options += ["--generate-hashes", "--no-header", "--no-annotate", "--output-file", str(target)]
    options += ["--no-build"] if file.pythons else []
    options += ["--no-deps", "--default-index", file.index] if file.index else []
    options += [option for extra in file.extras for option in ("--extra", extra)]
    options += ["--constraint", str(solution)] if solution else []
    options += [option for name in sorted(left_out) for option in ("--no-emit-package", name)]
    outcome = _uv([*options, *file.sources], tick)
    if outcome.code != 0:
        if _NETWORK.search(outcome.output):
            index = "PyTorch's own index" if file.index else "The package index"
            reason = outcome.last_line.removeprefix("cause: ")
            raise _NoBetterList(f"{index} could not be reached: {reason}.", f"What uv said: {LOG}")
        raise InstallError(f"No versions for {file.name}.txt fit each other.", f"uv's reasons are in {LOG}.")
    # "===" compares letter by letter: a build that is marked as "+cpu" is another file
    text = re.sub("^torch==", "torch===", target.read_text(encoding="utf-8"), flags=re.MULTILINE)
    target.write_text(f"# {file.title}\n{_HEADER}{text}", encoding="utf-8")
    return target.read_text(encoding="utf-8")


def _without_wheel(file: File, text: Path, tick: Tick) -> list[str]:
    """A sentence for each system that lacks wheels of something in a requirements file."""
    sentences = []
    for system in file.systems:
        platform = _SYSTEMS[system]
        lacking: dict[str, list[str]] = {}
        for python in file.pythons:
            options = ["--no-build", "--no-deps", "--python-platform", platform, "--python-version", python]
            options += ["--default-index", file.index] if file.index else []
            outcome = _uv([*options, str(text)], tick)
            if outcome.code != 0:
                found = _LACKING.search(outcome.output)
                package = found[1] if found else f"Something in {file.name}.txt"
                lacking.setdefault(package, []).append(python)
        for package, pythons in lacking.items():
            sentences.append(f"{package} has no wheel for {system} with Python {', '.join(pythons)}.")
    return sentences


def _uv(arguments: list[str], tick: Tick) -> processes.Outcome:
    changes = {"MACOSX_DEPLOYMENT_TARGET": _OLDEST_MACOS, "UV_PYTHON_DOWNLOADS": "never"}
    # uv does not know pip's settings
    for theirs, ours in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if os.environ.get(ours) and not os.environ.get(theirs):
            changes[theirs] = os.environ[ours]
    command: list[str | Path] = [
        PYTHON,
        "-m",
        "uv",
        "pip",
        "compile",
        "--quiet",
        "--python",
        PYTHON,
        *arguments,
    ]
    return processes.run(command, tick, processes.environment(**changes))
