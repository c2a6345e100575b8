"""Chooses the build of torch for this machine.

The ordinary builds are in ``install/requirements/torch.txt`` with their hashes. The build for the CPU of
Linux is not on the ordinary index but on others, which the user's pip knows or not: it is taken by its
version alone, as is that of an index that the user names.
"""

import subprocess
import sys
from dataclasses import dataclass, replace

from install.checkout import IS_PACKAGED
from install.environment import requirements

TORCH = "2.13.0"
# the ordinary build of that version carries CUDA 13.0
OLDEST_DRIVER = (580,)

_GIGABYTE = 1_000_000_000
_PYTORCH = "https://download.pytorch.org/whl/cpu"  # PyTorch's own index of builds for the CPU


@dataclass(frozen=True)
class Build:
    """One way to install torch.

    title:     for the person who waits
    arguments: of ``pip install``
    room:      bytes that must be free, for all packages together
    then:      arguments of a second ``pip install``, if there is one
    optional:  whether the next is tried whatever keeps this one from being installed
    question:  what the user has to agree to first; "" for nothing
    """

    title: str
    arguments: tuple[str, ...]
    room: int
    then: tuple[str, ...] = ()
    optional: bool = False
    question: str = ""


@dataclass(frozen=True)
class Choice:
    """The builds that suit this machine.

    kind:   "cuda", "cpu" or "index"
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

    def is_met_by(self, version: str) -> bool:
        """Whether the installed version will do: a build with CUDA runs on the CPU as well."""
        return version in (self.version, f"{TORCH} cuda", f"{TORCH} index")


# so that no package's code runs, as for the listed files
_WHEELS = ("--only-binary", ":all:")
# what torch itself needs is among the packages that are installed before, but for the CUDA libraries
_LISTED = ("--no-deps", *requirements.arguments(requirements.TORCH))
CUDA = Build(f"torch {TORCH} with CUDA (2.7 GB)", _LISTED, 10 * _GIGABYTE)
CPU = Build(f"torch {TORCH} for the CPU", ("--no-deps", *_WHEELS, f"torch=={TORCH}+cpu"), 3 * _GIGABYTE)
ORDINARY = Build(f"torch {TORCH}", _LISTED, 3 * _GIGABYTE)
LARGE = Build(f"torch {TORCH}, the build with CUDA (2.7 GB)", _LISTED, 10 * _GIGABYTE)
OFFICIAL_CPU = Build(
    f"torch {TORCH} for the CPU, of PyTorch's own index",
    ("--index-url", _PYTORCH, "--retries", "1", "--timeout", "20", *CPU.arguments),
    CPU.room,
    optional=True,
)
ASKED_LARGE = replace(
    LARGE,
    question="The build of torch for the CPU cannot be had here. The ordinary one has CUDA: 2.7 GB to "
    "download, 10 GB of disk. Fetch it?",
)


def choose(index: str | None, system: str = sys.platform, device: str = "auto") -> Choice:
    """The builds for this machine.

    index: address of the package index for torch that the user gave; device: auto, cpu or cuda
    """
    if index:
        arguments = ("--index-url", index, "--no-deps", "--force-reinstall", *_WHEELS, f"torch=={TORCH}")
        # the libraries that this build needs may be on the ordinary index alone
        then = (*_WHEELS, f"torch=={TORCH}")
        return Choice(
            "index", (Build(f"torch {TORCH} from the index given", arguments, 3 * _GIGABYTE, then),)
        )
    if not system.startswith("linux"):
        return Choice("cpu", (ORDINARY,))
    if device == "cuda":
        return Choice("cuda", (CUDA,))
    small = (OFFICIAL_CPU, CPU, ASKED_LARGE) if IS_PACKAGED else (CPU, LARGE)
    if device == "cpu":
        return Choice("cpu", small)
    driver = nvidia_driver()
    if driver is not None and driver >= OLDEST_DRIVER:
        return Choice("cuda", (CUDA,))
    note = ""
    if driver is not None:
        installed, oldest = (".".join(map(str, version)) for version in (driver, OLDEST_DRIVER))
        note = (
            f"The NVIDIA driver {installed} is too old for torch {TORCH}, which needs {oldest}: "
            "the CPU is used."
        )
    return Choice("cpu", small, note)


def nvidia_driver() -> tuple[int, ...] | None:
    """The version of the NVIDIA driver; None if there is none, or it does not work."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        return tuple(int(part) for part in answer.stdout.split()[0].split("."))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
