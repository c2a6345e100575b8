"""A picture that the generator made of a face, and where it shows that face.

Its outline, hair and hands are not the photograph's, so nothing but motion is taken from beyond its own face.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points, face_masks
from pipeline.regions.contours import contours_of
from pipeline.regions.geometry import disc
from pipeline.regions.mouth import mouth_box, mouth_regions
from pipeline.regions.skin import all_skin, skin_color
from pipeline.shrunk import shrunk
from pipeline.window import Window

_SIDE = 256  # pixels; the face is looked for at this size
_STRAND, _SOFT = 0.04, 0.01  # of the side; what is wider is no strand of hair, and the softness of an edge
_LIPS = slice(48, 68)  # of the 68 landmarks
_UNBOUNDED = 1e4  # pixels; a generator's picture has no frame that cuts it


@dataclass(frozen=True)
class GeneratedFace:
    """A picture of the generator, and where it shows a bare face."""

    picture: NDArray[np.float32]  # [H, W, 3] in [0, 1], a whole one or a window of it
    shown: Mask  # [H, W] 0 to 1: the face without hair, glasses and background
    teeth: Mask | None = None  # [H, W]; None if they were not looked for
    lips: Points | None = None  # [20, 2] their contours, as the last of the 68 landmarks; None if not known

    @classmethod
    def of(
        cls,
        picture: NDArray[np.float32],
        find: Callable[[NDArray[np.float32]], Points],
        with_teeth: bool = False,
    ) -> "GeneratedFace":
        """A whole picture [S, S, 3]; find: its 68 landmarks; with_teeth: whether to look for them."""
        size = picture.shape[0]
        side = min(size, _SIDE)
        small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
        points = find(small)
        masks = face_masks(small, points, np.full((side, side), _UNBOUNDED, np.float32))
        shown, teeth, landmarks = masks.tone, None, (points + 0.5) * (size / side) - 0.5
        if with_teeth:
            skin = skin_color(_lab(small), masks.skin)
            contours = [contours_of(landmarks, None)]
            box = mouth_box(contours, (size, size))
            lab = np.zeros_like(picture)  # to convert all of it takes longer than to find the teeth
            if not box.empty:
                box.of(lab)[:] = _lab(box.of(picture))
            teeth, _ = mouth_regions(lab, contours, skin)
        if side != size:
            shown = np.asarray(cv2.resize(shown, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)
        return cls(picture, shown, teeth, landmarks[_LIPS])

    def within(self, window: Window) -> "GeneratedFace":
        """The part in a window."""
        teeth = None if self.teeth is None else window.of(self.teeth)
        lips = None if self.lips is None else self.lips - (window.left, window.top)
        return GeneratedFace(window.of(self.picture), window.of(self.shown), teeth, lips)

    def shrunk(self, factor: int) -> "GeneratedFace":
        """The same with sides divided by ``factor``; teeth are left out."""
        lips = None if self.lips is None else (self.lips + 0.5) / factor - 0.5
        return GeneratedFace(shrunk(self.picture, factor), shrunk(self.shown, factor), lips=lips)


def bare_skin(picture: NDArray[np.float32], landmarks: Points) -> Mask:
    """Where [S, S] a whole picture shows face, ears and neck, with eyes, brows and mouth, but without hair.

    landmarks: [68, 2] in its pixels
    """
    size = picture.shape[0]
    side = min(size, _SIDE)
    small = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.float32)
    points = (landmarks + 0.5) * (side / size) - 0.5
    masks = face_masks(small, points, np.full((side, side), _UNBOUNDED, np.float32))
    # Specks of skin above the brows are strands of fair hair; below them they are ears.
    around = all_skin(small, points, masks)
    brows = max(0, int(points[17:27, 1].min()))
    around[:brows] = cv2.morphologyEx(around, cv2.MORPH_OPEN, disc(_STRAND * side))[:brows]
    bare = cv2.GaussianBlur(np.maximum(masks.tone, around), (0, 0), _SOFT * side)
    return np.asarray(cv2.resize(bare, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


def _lab(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(np.clip(picture, 0.0, 1.0), cv2.COLOR_RGB2Lab), np.float32)
