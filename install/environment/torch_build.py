"""Chooses the build of torch for this machine.

``install/requirements/torch.txt`` has the ordinary builds with their hashes, ``torch-cpu.txt`` the build for
the CPU of Linux, wherever it comes from, ``torch-cuda-windows.txt`` the one with CUDA for Windows. No list
has PyTorch's own for AMD's and Intel's GPUs, nor those of an index that the user names: ``first_hashes``
holds each to the file that came first.
"""

import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from install.checkout import COMMAND_LINE, IS_PACKAGED
from install.environment import accelerators, requirements
from install.errors import InstallError

TORCH = "2.13.0"
# the ordinary build of that version carries CUDA 13.0
OLDEST_DRIVER = (580,)

_UNUSED = ("include", "test")  # folders of torch
_UNUSED_PROGRAMS = ("test_*", "*Test", "protoc*")  # in its folder bin
_GIGABYTE = 1_000_000_000
LARGE_SIZE = 2_700_000_000
"""Bytes that the build with CUDA and its libraries take on the way."""
_PYTORCH = "https://download.pytorch.org/whl"  # PyTorch's own indexes, one for each kind of build
CPU_INDEX = f"{_PYTORCH}/cpu"
_ROCM = "rocm7.2"  # of that version; its index has the libraries, too
CUDA_INDEX = f"{_PYTORCH}/cu130"  # Windows' build has the libraries in it


@dataclass(frozen=True)
class Build:
    """One way to install torch.

    title:     for the person who waits
    arguments: of ``pip install``; where no list has it, the last is the package
    room:      bytes that must be free, for all packages together
    then:      arguments of a second ``pip install``, if there is one
    optional:  whether the next is tried whatever keeps this one from being installed
    question:  what the user has to agree to first; "" for nothing
    kind:      if it is another than that of its choice
    listed:    whether a list has the hashes of its files
    """

    title: str
    arguments: tuple[str, ...]
    room: int
    then: tuple[str, ...] = ()
    optional: bool = False
    question: str = ""
    kind: str = ""
    listed: bool = True


@dataclass(frozen=True)
class Choice:
    """The builds that suit this machine.

    kind:   "cuda", "rocm", "xpu", "mps", "cpu" or "index"
    builds: to be tried in this order
    note:   what the user should know; "" for nothing
    """

    kind: str
    builds: tuple[Build, ...]
    note: str = ""

    @property
    def version(self) -> str:
        """Version and kind, as the stamp records them."""
        return f"{TORCH} {self.kind}"

    def version_of(self, build: Build) -> str:
        """Version and kind of one of its builds, and the kind that could not be had in its place."""
        kind = build.kind or self.kind
        return f"{TORCH} {kind}" if kind == self.kind else f"{TORCH} {kind} without {self.kind}"

    def is_met_by(self, version: str) -> bool:
        """Whether the installed version will do: every build runs on the CPU as well, and macOS has one.

        What could not be had is not tried again, unless it is all that was asked for.
        """
        others = {"cpu": ("cuda", "rocm", "xpu", "mps"), "mps": ("cpu",), "cuda": (), "index": ("cuda",)}
        kinds = (self.kind, "index", *others.get(self.kind, ()))
        installed, _, missed = version.partition(" without ")
        was_tried = missed == self.kind and len(self.builds) > 1
        return installed in {f"{TORCH} {kind}" for kind in kinds} or (
            was_tried and installed.startswith(f"{TORCH} ")
        )


# so that no package's code runs, as for the listed files
_WHEELS = ("--only-binary", ":all:")
# what torch itself needs is among the packages that are installed before, but for the CUDA libraries
_LISTED = ("--no-deps", *requirements.arguments(requirements.TORCH))
_LISTED_CPU = ("--no-deps", *requirements.arguments(requirements.TORCH_CPU))


def _from_index(address: str) -> tuple[str, ...]:
    """pip's arguments for an index of PyTorch's own, which is not waited for long."""
    return ("--index-url", address, "--retries", "1", "--timeout", "20")


CUDA = Build(f"torch {TORCH} with CUDA (2.7 GB)", _LISTED, 10 * _GIGABYTE)
CPU = Build(f"torch {TORCH} for the CPU", _LISTED_CPU, 3 * _GIGABYTE)
ORDINARY = Build(f"torch {TORCH}", _LISTED, 3 * _GIGABYTE)
LARGE = Build(f"torch {TORCH}, the build with CUDA (2.7 GB)", _LISTED, 10 * _GIGABYTE)
OFFICIAL_CPU = Build(
    f"torch {TORCH} for the CPU, of PyTorch's own index",
    (*_from_index(CPU_INDEX), *CPU.arguments),
    CPU.room,
    optional=True,
)
ASKED_LARGE = replace(
    LARGE,
    question="The build of torch for the CPU cannot be had here. The ordinary one has CUDA: 2.7 GB to "
    "download, 10 GB of disk. Fetch it?",
)


def _of_pytorch(title: str, kind: str, index: str, room: int) -> Build:
    """A build that PyTorch's own index alone has, with the libraries that it needs."""
    arguments = (*_from_index(f"{_PYTORCH}/{index}"), *_WHEELS, f"torch=={TORCH}+{index}")
    return Build(title, arguments, room, optional=True, kind=kind, listed=False)


SIZES = {
    "cpu": 200_000_000,
    "mps": 100_000_000,
    "cuda": LARGE_SIZE,
    "rocm": 5 * _GIGABYTE,
    "xpu": 2 * _GIGABYTE,
}
"""Bytes that each kind takes on the way; those of ROCm and XPU are estimated."""
ROOMS = {
    "cpu": 1_600_000_000,
    "mps": 1_600_000_000,
    "cuda": 8 * _GIGABYTE,
    "rocm": 20 * _GIGABYTE,
    "xpu": 8 * _GIGABYTE,
}
"""Bytes that everything takes on the disk with each kind."""
NAMES = {
    "cpu": "for the CPU",
    "mps": "for Apple's GPU",
    "cuda": "with CUDA",
    "rocm": "with ROCm",
    "xpu": "with XPU",
    "index": "from the index given",
}
ROCM = _of_pytorch(f"torch {TORCH} with ROCm, for AMD's GPUs (5 GB)", "rocm", _ROCM, 25 * _GIGABYTE)
XPU = _of_pytorch(f"torch {TORCH} with XPU, for Intel's GPUs (2 GB)", "xpu", "xpu", 10 * _GIGABYTE)
# the ordinary index has no build with CUDA for Windows
CUDA_OF_WINDOWS = Build(
    f"torch {TORCH} with CUDA (1.9 GB)",
    (
        *_from_index(CUDA_INDEX),
        "--no-deps",
        *requirements.arguments(requirements.TORCH_CUDA_WINDOWS),
    ),
    10 * _GIGABYTE,
    optional=True,
    kind="cuda",
)


def choose(index: str | None, system: str = sys.platform, device: str = "auto") -> Choice:
    """The builds for this machine.

    index: address of the package index for torch that the user gave; device: auto, cpu, cuda, rocm or xpu.
    Raises InstallError if the system has no such build.
    """
    if index:
        arguments = ("--index-url", index, "--no-deps", "--force-reinstall", *_WHEELS, f"torch=={TORCH}")
        # the libraries that this build needs may be on the ordinary index alone
        then = (*_WHEELS, f"torch=={TORCH}")
        title = f"torch {TORCH} from the index given"
        return Choice("index", (Build(title, arguments, 3 * _GIGABYTE, then, listed=False),))
    if not system.startswith("linux"):
        return _of_windows_or_macos(system, device)
    if device == "cuda":
        return Choice("cuda", (CUDA,))
    small = (OFFICIAL_CPU, CPU, ASKED_LARGE) if IS_PACKAGED else (CPU, LARGE)
    if device == "cpu":
        return Choice("cpu", small)
    if device in ("rocm", "xpu"):
        return Choice(device, (ROCM if device == "rocm" else XPU,))
    serves, note = _nvidia()
    if serves:
        return Choice("cuda", (CUDA,))
    # a checkout's torch is what its pip finds, or ``--torch-index``
    if IS_PACKAGED and (found := _other_gpu()) is not None:
        build, note = found
        return Choice(build.kind, (build, *(replace(each, kind="cpu") for each in small)), note)
    return Choice("cpu", small, note)


def _of_windows_or_macos(system: str, device: str) -> Choice:
    """The builds for another system than Linux. Raises InstallError if it has none for the device."""
    is_windows = system == "win32"
    if device == "rocm" or (not is_windows and device in ("xpu", "cuda")):
        raise InstallError(
            f"There is no torch {NAMES[device]} for this system.",
            f"`{COMMAND_LINE} --device auto` takes the build that suits this machine.",
        )
    if device == "xpu":
        return Choice("xpu", (XPU,))
    if device == "cuda":
        return Choice("cuda", (CUDA_OF_WINDOWS,))
    if is_windows and device == "auto":
        serves, note = _nvidia()
        if serves:
            return Choice("cuda", (CUDA_OF_WINDOWS, replace(ORDINARY, kind="cpu")))
        return Choice("cpu", (ORDINARY,), note)
    # the one build for macOS on ARM computes on Apple's GPU, too
    is_apple = system == "darwin" and platform.machine() == "arm64"
    return Choice("mps" if is_apple and device != "cpu" else "cpu", (ORDINARY,))


def _nvidia() -> tuple[bool, str]:
    """Whether an NVIDIA card can be used; if its driver is too old for that, what to say of it."""
    driver = nvidia_driver()
    if driver is None or driver >= OLDEST_DRIVER:
        return driver is not None, ""
    installed, oldest = (".".join(map(str, version)) for version in (driver, OLDEST_DRIVER))
    return False, (
        f"The NVIDIA driver {installed} is too old for torch {TORCH}, which needs {oldest}: the CPU is used."
    )


def _other_gpu() -> "tuple[Build, str] | None":
    """The build for an AMD or Intel card of this machine, and what to say of it; None without a card."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return None
    for maker, found, build in (
        ("AMD", accelerators.amd_gpu(), ROCM),
        ("Intel", accelerators.intel_gpu(), XPU),
    ):
        if found:
            small = f"`{COMMAND_LINE} --device cpu` takes the small build instead."
            return build, f"There is a GPU of {maker} ({found}). {small}"
    return None


def drop_unused(environment: Path) -> None:
    """Delete what torch's wheel brings and no retouch uses: headers, a compiler, its own tests (176 MB).

    environment: a virtual environment of our own; an update of torch brings them again
    """
    for packages in (*environment.glob("lib/python3*/site-packages"), environment / "Lib" / "site-packages"):
        for name in _UNUSED:
            shutil.rmtree(packages / "torch" / name, ignore_errors=True)
        for pattern in _UNUSED_PROGRAMS:
            for program in (packages / "torch" / "bin").glob(pattern):
                program.unlink()


def nvidia_driver() -> tuple[int, ...] | None:
    """The version of the NVIDIA driver; None if there is none, or it does not work."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        return tuple(int(part) for part in answer.stdout.split()[0].split("."))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
