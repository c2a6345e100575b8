"""The slider ``roll``: the head turned in the picture's plane, in the photograph's own pixels.

FFHQ levels the eyes of every face, so the generator's latent space has no direction for that. The head turns
as one piece about a point below the chin; the turn fades down the neck and over a rim around the head. At 4
degrees the top of a head moves by 5 % of the crop's side.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np

from pipeline.head_room import RIM, SIDE, Field, HeadRoom
from pipeline.masks import Mask
from pipeline.patch import Corners
from pipeline.regions.geometry import smoothstep

FARTHEST = 4.0  # degrees, at a value of 1
# Of the crop's side, from the head to where nothing moves before lines, on the sides where the head covers
# more of them, or slides along. What it uncovers is drawn out.
_NARROW = 0.05
_UNCOVERS, _COVERS = 0.5, 0.1  # cosine between the motion and the direction away from the head
_PIVOT = 0.15  # of the face's width below the chin; the point about which the head turns


@dataclass(frozen=True)
class HeadTilt:
    """How the head of one face turns in the picture's plane."""

    room: HeadRoom

    def resized(self, size: int) -> "HeadTilt":
        """The same in a crop of another size."""
        return replace(self, room=self.room.resized(size))

    @cached_property
    def area(self) -> Corners:
        """Left, top, right and bottom, in pixels of the crop, of all that may move; also past the crop."""
        return self.room.around((self.room.outside < RIM) & (self.room.held > 0.0))

    @cached_property
    def farthest(self) -> tuple[float, float]:
        """Degrees that the head turns at -1 and at 1, as far as lines behind it allow."""
        low, high = (angle * self.room.allowed(*self._turned(angle)) for angle in (-FARTHEST, FARTHEST))
        return low, high

    def flow(self, value: float, area: Corners) -> Field:
        """The backward flow [h, w, 2], in crop pixels, of an area of the crop for a value of the slider."""
        flow, _ = self._turned(abs(value) * self.farthest[int(value > 0.0)])
        return self.room.in_crop(flow, area)

    def _turned(self, degrees: float) -> tuple[Field, Mask]:
        """The backward flow [C, C, 2] of a turn, and the distance [C, C] from the head where it is then."""
        room = self.room
        pivot = (room.landmarks[8] - room.up * _PIVOT * room.span).astype(np.float32)
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        count = room.outside.shape[0]
        y, x = np.mgrid[0:count, 0:count].astype(np.float32)
        x, y = x - pivot[0], y - pivot[1]
        turn = np.stack([(cosine - 1.0) * x + sine * y, (cosine - 1.0) * y - sine * x], -1)
        turn = np.asarray(turn, np.float32)
        outside = room.carried(room.outside, turn)
        share = smoothstep(outside / self._rim(turn), 1.0, 0.0) * room.carried(room.held, turn)
        return room.within_frame(np.asarray(turn * share[..., None], np.float32)), outside

    def _rim(self, turn: Field) -> Mask:
        """The width [C, C] of what moves around the head, in sides of the crop."""
        smooth = cv2.GaussianBlur(self.room.outside, (0, 0), 0.02 * SIDE)
        away = np.stack(np.gradient(smooth)[::-1], -1)
        length = np.hypot(*np.moveaxis(turn, -1, 0)) * np.hypot(*np.moveaxis(away, -1, 0))
        cosine = (turn * away).sum(-1) / np.maximum(length, 1e-9)
        lines = self.room.lines * smoothstep(cosine, _UNCOVERS, _COVERS)
        return np.asarray(cv2.GaussianBlur(RIM * (_NARROW / RIM) ** lines, (0, 0), 0.012 * SIDE), np.float32)
