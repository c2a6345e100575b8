"""Previews: a face's patch computed at about the size at which it is shown, while a slider moves.

Masks, regions and the layers of the sliders are those of the full crop with fewer pixels; nothing is looked
for again. A moved strength needs no picture of the generator (``pipeline.prepared``).
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.align import Alignment
from pipeline.carried import Carried
from pipeline.change import Change, Moved
from pipeline.kept import Kept
from pipeline.local_face import LocalFace
from pipeline.moving_face import MovingFace
from pipeline.patch import Corners, Patch, box_of, changed_pixels
from pipeline.pixels import as_channels, full_scale
from pipeline.prepared import KeptFields
from pipeline.shape import reshapes
from pipeline.tuned_face import KeptTuned
from pipeline.window import Window
from pipeline.working_space import WorkingSpace
from retouchml.look import Look
from retouchml.results import Box
from retouchml.sliders import ROLL

FACTORS = (4, 2, 1)
_KEPT_FIELDS = 96 << 20  # bytes of what the generator's pictures bring, for all faces together
_KEPT_PREVIEWS = 80 << 20  # bytes of faces with fewer pixels
_FIELDS = 72  # of one channel, in all that a face keeps
_STILL = Look(0.0)
_LEAST = 0.65  # pixels of the crop for one of the preview


@dataclass(frozen=True)
class PreviewPatch:
    """The retouched pixels around one face, reduced; see ``Patch``."""

    face: int
    box: Box  # the rectangle of the photo that they show
    pixels: NDArray[np.generic]  # [h, w, 4] RGBA, straight alpha, the photo's depth


@dataclass(frozen=True)
class _Displaced:
    """A face as the generator's motion displaces it: sliders that work on its own pixels need it again."""

    carried: Carried
    moved: Moved
    photo: dict[Corners, NDArray[np.float32]]  # strips of the photo, which the first patch brings


@dataclass(frozen=True)
class PreviewFace:
    """A face with fewer pixels, and the part of the photo around it with as many as are shown."""

    local: LocalFace  # shrunk
    factor: int  # by which it is
    box: Box  # in the photo
    photo: NDArray[np.generic]  # [h, w, C] what the photo shows there
    alignment: Alignment  # of the shrunk crop's pixels in ``photo``
    inner: Window  # of the shrunk face's window, that the generator may change
    space: WorkingSpace  # of the photo
    newest: list[_Displaced] = field(default_factory=list)  # at most one

    @classmethod
    def of(
        cls, photo: NDArray[np.generic], local: LocalFace, side: int, space: WorkingSpace, look: Look = _STILL
    ) -> "PreviewFace | None":
        """A face of a photo [H, W, C] for patches of at most ``side`` pixels; None if it lies outside.

        look: one that moves as much of the photo as those that will be shown
        """
        corners = box_of(*local.reach(look), photo.shape)
        if corners is None:
            return None
        left, top, right, bottom = corners
        longest = max(right - left, bottom - top)
        size = longest * local.size / local.alignment.side
        factor = next((each for each in FACTORS if size / each >= _LEAST * min(side, longest)), 1)
        shrunk = local.shrunk(factor) if factor > 1 else local
        part = _reduced(photo[top:bottom, left:right], side)
        scale = np.array([part.shape[1] / (right - left), part.shape[0] / (bottom - top)])
        matrix = shrunk.alignment.matrix.copy()
        matrix[:, 2] += 0.5 - np.array([left, top])
        matrix = matrix * scale[:, None]
        matrix[:, 2] -= 0.5
        alignment = Alignment(matrix, shrunk.size)
        inner = Window.around(local.moving, local.size).shrunk(factor)
        return cls(shrunk, factor, (left, top, right - left, bottom - top), part, alignment, inner, space)

    @cached_property
    def moving(self) -> MovingFace:
        """The part of it that the generator may change."""
        return MovingFace.of(self.local, self.inner)

    @property
    def nbytes(self) -> int:
        """About the memory that it takes, with the layers of its sliders."""
        return self.photo.nbytes + _FIELDS * self.local.crop[..., 0].nbytes

    def generated_patch(self, carried: Carried, look: Look, face: int) -> PreviewPatch:
        """The patch of a look that needs the generator, which brings ``carried``."""
        if not self.newest or self.newest[0].carried is not carried:
            self.newest[:] = [_Displaced(carried, self.moving.moved(carried), {})]
        newest = self.newest[0]
        change = self.moving.change(carried, look, newest.moved)
        return self._patch(change, look, face, None if reshapes(look) else newest.photo)

    def local_patch(self, look: Look, face: int) -> PreviewPatch:
        """The patch of the sliders of a look that work on the photograph's own pixels."""
        return self._patch(self.local.change(look), look, face, None)

    def _patch(
        self, change: Change, look: Look, face: int, kept: dict[Corners, NDArray[np.float32]] | None
    ) -> PreviewPatch:
        """The patch of a change of the shrunk crop's window, and of what moves the photo's own pixels."""
        placed = self.local.placed(change, look)
        change = placed.change
        if self.factor > 1:
            # What is too fine for the crop is too fine for a preview, too.
            change = replace(change, smoothing=np.zeros_like(change.smoothing))
        height, width = self.photo.shape[:2]
        whole = (0, 0, width, height)
        alignment = self.alignment.from_corner(*placed.corner)
        pixels = changed_pixels(self.photo, alignment, change, placed.support, whole, self.space, kept)
        return PreviewPatch(face, self.box, pixels)


KeptPreviews = Kept[tuple[int, int, bool, bool], PreviewFace]
"""By the number of the face, the side of the preview, and whether the head tilts, and turns."""


@dataclass(frozen=True)
class KeptFaces:
    """What is kept of the faces of all photos, so that a slider follows the hand."""

    fields: KeptFields = field(default_factory=lambda: KeptFields(_KEPT_FIELDS))
    previews: KeptPreviews = field(default_factory=lambda: KeptPreviews(_KEPT_PREVIEWS))
    tuned: KeptTuned = field(default_factory=KeptTuned)


class Previews:
    """The faces of one photo as its previews show them."""

    def __init__(self, photo: NDArray[np.generic], space: WorkingSpace, kept: KeptPreviews) -> None:
        """photo: [H, W, C]."""
        self._photo, self._space, self._kept = photo, space, kept

    def face(self, number: int, local: LocalFace, side: int, look: Look) -> PreviewFace | None:
        """The face of a number, for patches of at most ``side`` pixels; None if it lies outside the photo."""
        key = number, side, bool(look.value(ROLL)), any(look.turn)
        face = self._kept.get(self, key)
        if face is None:
            face = PreviewFace.of(self._photo, local, side, self._space, look)
            if face is not None:
                self._kept.put(self, key, face, face.nbytes)
        return face


def reduced_patch(patch: Patch, side: int) -> PreviewPatch:
    """A full patch, averaged to at most ``side`` pixels."""
    return PreviewPatch(patch.face, patch.box, _reduced(patch.pixels, side))


def _reduced(pixels: NDArray[np.generic], side: int) -> NDArray[np.generic]:
    """Pixels [H, W, C] averaged so that no side is longer than ``side``; what is transparent counts less."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1.0:
        return np.ascontiguousarray(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if pixels.shape[2] in (1, 3):
        small = cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)
        return as_channels(small)
    values = pixels.astype(np.float32)
    values[..., :-1] *= values[..., -1:]
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    np.divide(small[..., :-1], small[..., -1:], out=small[..., :-1], where=small[..., -1:] > 0.0)
    white = full_scale(pixels.dtype)
    whole = small if white == 1.0 else np.clip(np.rint(small), 0.0, white)
    return whole.astype(pixels.dtype)
