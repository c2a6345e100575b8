"""A backend with one large face that needs no time: what is measured is the plug-in's own share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retouchml.look import Look
from retouchml.results import Face

BACKEND = "tests.editors.large_face:make"


@dataclass(frozen=True)
class Patch:
    face: int
    x: int
    y: int
    pixels: NDArray[Any]


class Photo:
    """A photo whose face is half as high as the picture, and in its middle; a retouch inverts its colours."""

    def __init__(self, pixels: NDArray[Any]) -> None:
        self._pixels = pixels
        side = pixels.shape[0] // 2
        x, y = (pixels.shape[1] - side) // 2, (pixels.shape[0] - side) // 2
        self.faces = [Face((x, y, side, side), ((0.0, 0.0),) * 68, 3.0)]
        self.seconds: dict[str, float] = {}

    def prepare(self, faces: Sequence[int] | None = None, **_: Any) -> None:
        pass

    def render(self, looks: Mapping[int, Look], **_: Any) -> list[Patch]:
        x, y, width, height = self.faces[0].box
        part = self._pixels[y : y + height, x : x + width]
        white = np.iinfo(part.dtype).max if part.dtype.kind == "u" else 1.0
        alpha = np.full((height, width, 1), white, part.dtype)
        return [Patch(0, x, y, np.concatenate([white - part[..., :3], alpha], -1))]

    def report(self, patches: Sequence[Patch]) -> list[Any]:
        return []


class Backend:
    edits = ()
    device = "cpu"

    def open(self, pixels: NDArray[Any], **_: Any) -> Photo:
        return Photo(pixels)


def make(model: str, device: str) -> Backend:
    """The factory that ``--backend`` names."""
    return Backend()
