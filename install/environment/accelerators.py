"""Finds AMD's and Intel's graphics cards for which there is a build of torch, by what Linux shows in /sys.

Nothing of the vendors' programs is needed, so a card is found before any of them is installed. Whether its
driver works, torch alone can tell: where it does not, the same build of torch computes on the processor.
"""

import os
import re
from pathlib import Path

SYS = Path("/sys")

# what torch's builds for ROCm are made for: PYTORCH_ROCM_ARCH in .ci/docker/manywheel of its sources
_AMD = frozenset(
    ("gfx900", "gfx906", "gfx908", "gfx90a", "gfx942", "gfx950")
    + ("gfx1030", "gfx1100", "gfx1101", "gfx1102", "gfx1103", "gfx1150", "gfx1151", "gfx1200", "gfx1201")
)
_INTEL, _DISPLAY = "0x8086", "0x03"  # a vendor, and the beginning of a class (PCI ID database)
_XPU_DRIVERS = ("xe", "i915")
# Intel's table of hardware for PyTorch, by the chips that it names (PCI ids as Mesa has them)
_XPU = re.compile(
    "0x(56[9ab][0-9a-f]|56c[0-2]"  # Arc A: Alchemist, and the Data Center GPU Flex
    "|e2[0-2][0-9a-f]"  # Arc B: Battlemage
    "|0b[d][0-9a-b]"  # Data Center GPU Max: Ponte Vecchio
    "|7d55|7dd5|7d51|7dd1"  # Arc of Core Ultra: Meteor Lake H, Arrow Lake H
    "|6420|64a0|64b0"  # Lunar Lake
    "|b0[89ab][0-9a-f])"  # Panther Lake
)


def amd_gpu(sys: Path = SYS) -> str:
    """The target of an AMD card that torch's build for ROCm knows, such as "gfx1100"; "" without one."""
    for file in sorted((sys / "class/kfd/kfd/topology/nodes").glob("*/properties")):
        match = re.search(r"^gfx_target_version (\d+)$", _read(file), re.MULTILINE)
        target = _target(int(match[1])) if match else ""
        if target in _AMD:
            return target
    return ""


def intel_gpu(sys: Path = SYS) -> str:
    """The PCI id of an Intel card that torch's build for XPU knows, such as "0x56a0"; "" without one."""
    for device in sorted((sys / "bus/pci/devices").glob("*")):
        is_display = _read(device / "class").startswith(_DISPLAY)
        if not is_display or _read(device / "vendor") != _INTEL or _driver(device) not in _XPU_DRIVERS:
            continue
        if _XPU.fullmatch(number := _read(device / "device")):
            return number
    return ""


def _target(version: int) -> str:
    """The name of a target: 110001 is gfx1101, 90010 is gfx90a. "" for a processor, which has 0."""
    major, minor, step = version // 10000, version // 100 % 100, version % 100
    return f"gfx{major}{minor:x}{step:x}" if major else ""


def _driver(device: Path) -> str:
    try:
        return os.path.basename(os.readlink(device / "driver"))  # noqa: PTH119, PTH115 (its end, whatever it is)
    except OSError:
        return ""


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
