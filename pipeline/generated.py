"""A picture that the generator made of a face, and where it shows that face.

Its outline, hair and hands are not the photograph's, so nothing but motion is taken from beyond its own face.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points, face_masks
from pipeline.window import Window

_SIDE = 256  # pixels; the face is looked for at this size
_UNBOUNDED = 1e4  # pixels; a generator's picture has no frame that cuts it


@dataclass(frozen=True)
class GeneratedFace:
    """A picture of the generator, and where it shows a bare face."""

    picture: NDArray[np.float32]  # [H, W, 3] in [0, 1], a whole one or a window of it
    shown: Mask  # [H, W] 0 to 1: the face without hair, glasses and background

    @classmethod
    def of(
        cls, picture: NDArray[np.float32], find: Callable[[NDArray[np.float32]], Points]
    ) -> "GeneratedFace":
        """A whole picture [S, S, 3]; find: its 68 landmarks, in its pixels."""
        size = picture.shape[0]
        side = min(size, _SIDE)
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
        shown = face_masks(small, find(small), np.full((side, side), _UNBOUNDED, np.float32)).tone
        if side != size:
            shown = np.asarray(cv2.resize(shown, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)
        return cls(picture, shown)

    def within(self, window: Window) -> "GeneratedFace":
        """The part in a window."""
        return GeneratedFace(window.of(self.picture), window.of(self.shown))
