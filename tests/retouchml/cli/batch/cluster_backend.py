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
DEADLY, ENDLESS = 255, 254
_NUMBER, _TENTHS = 1, 2  # values of the first pixel beside the count of faces


def picture(number: int, tenths: int = 0) -> npt.NDArray[np.uint8]:
    """A picture of one face that takes so many tenths of a second, ``ENDLESS``, or kills its process if
    ``DEADLY``.
    """
    pixels = stand_in_backend.picture(1)
    pixels[0, 0, _NUMBER], pixels[0, 0, _TENTHS] = number, tenths
    return pixels.astype(np.uint8)


class ClusterBackend(stand_in_backend.Backend):
    """The stand-in, with the faults of ``picture``."""

    def open(self, pixels: npt.NDArray[Any], **more: Any) -> stand_in_backend.Photo:
        number, tenths = int(pixels[0, 0, _NUMBER]), int(pixels[0, 0, _TENTHS])
        with Path(os.environ[LOG]).open("a") as log:
            log.write(f"{number} {os.getpid()}\n")
        if tenths == DEADLY:
            psutil.Process().kill()
        while tenths == ENDLESS:
            time.sleep(1)
        time.sleep(tenths / 10)
        return super().open(pixels, **more)


def make(model: str, device: str) -> ClusterBackend:
    """As a command's ``make_backend``."""
    return ClusterBackend(model, device)
