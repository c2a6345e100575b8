"""Rows of a table of times, and the bundled portrait as photographs of any size to measure on."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pictures import read_picture

PORTRAIT = Path(__file__).parents[1] / "pipeline" / "portrait" / "astronaut.png"


@dataclass(frozen=True)
class Row:
    """A quantity that was measured several times: a line of the table."""

    name: str
    values: tuple[float, ...]  # of every repeat
    unit: str = "s"

    def text(self) -> str:
        """Name, median, least and most in columns."""
        numbers = (statistics.median(self.values), min(self.values), max(self.values))
        return f"{self.name:58}" + "".join(f"{number:9.3f}" for number in numbers) + f" {self.unit}\n"


def portrait(megapixels: int) -> NDArray[np.uint8]:
    """The bundled portrait enlarged to the full height of a 3:2 photo [H, W, 3], its edges drawn out."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    pixels = cv2.resize(read_picture(PORTRAIT).pixels, (height, height), interpolation=cv2.INTER_CUBIC)
    left, right = height // 4, height // 2 - height // 4
    return np.asarray(cv2.copyMakeBorder(pixels, 0, 0, left, right, cv2.BORDER_REPLICATE), np.uint8)


def timed(name: str, work: Callable[[], object], repeat: int) -> Row:
    """The seconds of ``work``, which runs once beforehand."""
    work()
    values = []
    for _ in range(repeat):
        start = time.monotonic()
        work()
        values.append(time.monotonic() - start)
    return Row(name, tuple(values))


def group(megapixels: int, count: int) -> NDArray[np.uint8]:
    """The bundled portrait ``count`` times side by side, as a 3:2 photo [H, W, 3], its edges drawn out."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    side = round(1.5 * height / count)
    pixels = cv2.resize(read_picture(PORTRAIT).pixels, (side, side), interpolation=cv2.INTER_AREA)
    beside = np.hstack([pixels] * count)
    top = (height - side) // 2
    bottom = height - side - top
    return np.asarray(cv2.copyMakeBorder(beside, top, bottom, 0, 0, cv2.BORDER_REPLICATE), np.uint8)
