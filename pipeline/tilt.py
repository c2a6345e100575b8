"""The slider ``roll``: the head turned in the picture's plane, in the photograph's own pixels.

FFHQ levels the eyes of every face, so the generator's latent space has no direction for that. The head turns
as one piece about a point below the chin, with hair and ears as far as ``head_mask`` knows them; the turn
fades down the neck and over a rim around the head.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.align import Alignment
from pipeline.head import head_mask
from pipeline.masks import Mask, Points, neighbour_weight, outline
from pipeline.patch import Corners
from pipeline.person import PersonNetwork
from pipeline.regions.geometry import smoothstep
from pipeline.shape_bound import MARGIN, RIM_BOUND, structure

FARTHEST = 4.0  # degrees, at a value of 1
_SIDE, _PAD = 256, 48  # pixels; side at which the crop is looked at, and what is added around it
_RIM = 0.14  # of the crop's side; from the head to where nothing moves
_NECK = 0.0, 0.45  # of the face's width below the chin; from where the turn fades, to where nothing moves
_PIVOT = 0.15  # likewise; the point about which the head turns
_WORST = 0.03  # share of the rim that may move farther than its structure allows
_FREE = 0.09  # of the crop's side; what an even wall may move
_FRAME = 0.06  # of the crop's side; nothing moves across the photograph's frame, ever less before it


@dataclass(frozen=True)
class HeadTilt:
    """The head of one face, and how it turns."""

    share: Mask  # [C, C] 0 to 1, how much each place turns with the head, where it is now
    pivot: Points  # [2] in its pixels
    inward: NDArray[np.float32]  # [C, C, 2] how much may move along the photograph's axes, before its frame
    axes: NDArray[np.float64]  # [2, 2] the photograph's axes in the crop's
    calm: float  # 0 to 1, how much of the turn lines behind the head allow
    size: int  # side of the crop

    @classmethod
    def of(
        cls,
        crop: NDArray[np.float32],  # FFHQ crop [S, S, 3] in [0, 1]
        landmarks: Points,  # [68, 2] in its pixels
        alignment: Alignment,  # of its pixels
        frame: tuple[int, int],  # height and width of the photograph
        others: Sequence[Points],  # landmarks of the other faces, in its pixels
        people: PersonNetwork | None,
    ) -> "HeadTilt":
        """The head of a face in its crop."""
        size = crop.shape[0]
        small = np.asarray(cv2.resize(crop, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32)
        points, *near = ((each + 0.5) * (_SIDE / size) - 0.5 for each in (landmarks, *others))
        head = (head_mask(small, points, people) > 0.5) | (outline(points, _SIDE) > 0)
        solid = np.pad(head.astype(np.uint8), _PAD)
        away = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5) / _SIDE
        up = points[27] - points[8]
        up = up / max(float(np.hypot(*up)), 1e-6)
        span = float(np.hypot(*(points[16] - points[0])))
        chin = points[8] + _PAD
        y, x = np.mgrid[0 : _SIDE + 2 * _PAD, 0 : _SIDE + 2 * _PAD].astype(np.float32)
        below = -((x - chin[0]) * up[0] + (y - chin[1]) * up[1]) / span
        share = smoothstep(away, _RIM, 0.01) * smoothstep(below, _NECK[1], _NECK[0])
        weight = neighbour_weight(points, near, _SIDE)
        if weight is not None:
            share = share * np.pad(weight, _PAD, mode="edge")
        coarse = alignment.resized(_SIDE).from_corner(-_PAD, -_PAD)
        linear = coarse.matrix[:, :2]
        px = linear[0, 0] * x + linear[0, 1] * y + coarse.matrix[0, 2]
        py = linear[1, 0] * x + linear[1, 1] * y + coarse.matrix[1, 2]
        scale = alignment.side
        inward = [
            smoothstep(np.minimum(place, length - 1 - place) / scale, 0.0, _FRAME)
            for place, length in ((px, frame[1]), (py, frame[0]))
        ]
        axes = linear / float(np.hypot(*linear[:, 0]))
        pivot = chin - up * _PIVOT * span
        share = np.asarray(share, np.float32)
        behind = (away > MARGIN) & (share > 0.0) & (below < 0.0) & (np.minimum(*inward) > 0.0)
        moved = np.hypot(x - pivot[0], y - pivot[1]) * share * math.radians(FARTHEST) / _SIDE
        calm = _calm(small, behind, moved)
        return cls(share, pivot, np.stack(inward, -1), axes, calm, size)

    def resized(self, size: int) -> "HeadTilt":
        """The same in a crop of another size."""
        return replace(self, size=size)

    @cached_property
    def area(self) -> Corners:
        """Left, top, right and bottom, in pixels of the crop, of all that may move; also past the crop."""
        rows, columns = (np.flatnonzero(self.share.any(axis)) for axis in (1, 0))
        reach = 0.08 * _SIDE  # what the farthest turn adds
        unit = self.size / _SIDE
        low = [math.floor((max(0.0, each[0] - reach) - _PAD) * unit) for each in (columns, rows)]
        last = _SIDE + 2 * _PAD
        high = [math.ceil((min(last, each[-1] + reach) - _PAD) * unit) for each in (columns, rows)]
        return low[0], low[1], high[0], high[1]

    def flow(self, value: float, area: Corners) -> NDArray[np.float32]:
        """The backward flow [h, w, 2], in crop pixels, of an area of the crop for a value of the slider."""
        angle = math.radians(value * FARTHEST * self.calm)
        cosine, sine = math.cos(angle), math.sin(angle)
        count = self.share.shape[0]
        y, x = np.mgrid[0:count, 0:count].astype(np.float32)
        x, y = x - np.float32(self.pivot[0]), y - np.float32(self.pivot[1])
        turned = np.stack([(cosine - 1.0) * x + sine * y, (cosine - 1.0) * y - sine * x], -1).astype(
            np.float32
        )
        sources = (
            x + turned[..., 0] + np.float32(self.pivot[0]),
            y + turned[..., 1] + np.float32(self.pivot[1]),
        )
        # What turns with the head lies where the head is then.
        share = cv2.remap(self.share, *sources, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        in_photo = (turned * share[..., None]) @ self.axes.T.astype(np.float32) * self.inward
        flow = in_photo @ self.axes.astype(np.float32)
        unit = self.size / _SIDE
        left, top, right, bottom = area
        place = [
            [1.0 / unit, 0.0, (left + 0.5) / unit - 0.5 + _PAD],
            [0.0, 1.0 / unit, (top + 0.5) / unit - 0.5 + _PAD],
        ]
        whole = cv2.warpAffine(
            flow,
            np.array(place),
            (right - left, bottom - top),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
        )
        return np.asarray(whole * np.float32(unit), np.float32)


def _calm(crop: NDArray[np.float32], behind: NDArray[np.bool_], moved: NDArray[np.float32]) -> float:
    """How much of the farthest turn, 0 to 1, what is seen behind a head allows.

    crop: [256, 256, 3]; behind: [C, C] where it is seen; moved: [C, C] by that turn, in sides of the crop
    """
    inner = slice(_PAD, -_PAD)
    rim = np.ascontiguousarray(behind[inner, inner])
    if not rim.any():
        return 1.0
    lines = structure(np.asarray(crop.mean(axis=2), np.float32), rim.astype(np.float32), _SIDE)[rim]
    allowed = _FREE * (RIM_BOUND / _FREE) ** lines
    return min(1.0, float(np.quantile(allowed / np.maximum(moved[inner, inner][rim], 1e-4), _WORST)))
