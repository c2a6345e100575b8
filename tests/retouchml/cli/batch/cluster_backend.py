"""A backend for the actors of a Ray cluster: it notes what it begins, takes its time, and may die of it."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from tests import stand_in_backend

LOG = "RETOUCHML_TEST_CLUSTER_LOG"
"""The variable that names the file in which every picture that is begun has a line: its number, the pid."""
DEADLY, ENDLESS, HELD, HUNGRY = 255, 254, 253, 252
_MEGABYTE = 1 << 20
_NUMBER, _TENTHS = 1, 2  # values of the first pixel beside the count of faces


def picture(number: int, tenths: int = 0) -> npt.NDArray[np.uint8]:
    """A picture of one face that takes so many tenths of a second, or ``ENDLESS``.

    ``HELD``: it takes until ``open_gate`` was called; ``DEADLY``: it kills its process; ``HUNGRY``: its
    process gets no memory for it
    """
    pixels = stand_in_backend.picture(1)
    pixels[0, 0, _NUMBER], pixels[0, 0, _TENTHS] = number, tenths
    return pixels.astype(np.uint8)


def open_gate(log: Path) -> None:
    """Let pictures that are held, or will be, go on. log: the file that LOG names"""
    _gate(log).touch()


def close_gate(log: Path) -> None:
    """Hold pictures again."""
    _gate(log).unlink(missing_ok=True)


def _gate(log: Path) -> Path:
    return log.with_name("gate")


class ClusterBackend(stand_in_backend.Backend):
    """The stand-in, with the faults of ``picture``."""

    def open(self, pixels: npt.NDArray[Any], **more: Any) -> stand_in_backend.Photo:
        number, tenths = int(pixels[0, 0, _NUMBER]), int(pixels[0, 0, _TENTHS])
        with Path(os.environ[LOG]).open("a") as log:
            log.write(f"{number} {os.getpid()}\n")
        if tenths == DEADLY:
            psutil.Process().kill()
        if tenths == HUNGRY:
            _run_out_of_memory()
        while tenths == ENDLESS:
            time.sleep(1)
        while tenths == HELD and not _gate(Path(os.environ[LOG])).exists():
            time.sleep(0.02)
        time.sleep(0.0 if tenths in (HELD, HUNGRY) else tenths / 10)
        return super().open(pixels, **more)


def _run_out_of_memory() -> None:
    """Raises MemoryError."""
    import resource  # which Windows does not have

    former = resource.getrlimit(resource.RLIMIT_AS)
    used = psutil.Process().memory_info().vms
    resource.setrlimit(resource.RLIMIT_AS, (used + 64 * _MEGABYTE, former[1]))
    try:
        np.ones((1 << 10, _MEGABYTE), np.uint8)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, former)


def make(model: str, device: str) -> ClusterBackend:
    """As a command's ``make_backend``."""
    return ClusterBackend(model, device)
