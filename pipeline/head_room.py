"""Where a head may move in its photograph: as far as neck, frame, neighbours and lines behind it let it.

Lines behind a head must not bend, so before a background that has structure it moves less far.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.align import Alignment
from pipeline.head import head_mask
from pipeline.masks import Mask, Points, neighbour_weight, outline
from pipeline.patch import Corners
from pipeline.person import PersonNetwork
from pipeline.regions.geometry import smoothstep
from pipeline.shape_bound import RIM_BOUND, structure

Field = NDArray[np.float32]

# Pixels: the side at which the crop is looked at, and what is added around it, no more than the margin of
# ``reach.around_crop``, however the crop lies: of a photograph that comes in parts, no more is there.
SIDE, PAD = 256, 10
RIM = 0.14  # of the crop's side, from the head to where nothing moves
FRINGE = 0.02  # of the crop's side; hair that the mask leaves out is no line behind a head
_NECK = 0.0, 0.45  # of the face's width below the chin; from where motion fades, to where nothing moves
_REACH = 0.08  # of the crop's side; what the farthest motion adds to what moves
_WORST = 0.01  # share of what is behind that may move farther than its structure allows
_FREE = 0.09  # of the crop's side; what an even wall may move
_ENDS = 0.08  # of the crop's side; from the border of what is looked at, where nothing moves
_FRAME = 0.06  # of the crop's side; nothing moves across the photograph's frame, ever less before it


@dataclass(frozen=True)
class HeadRoom:
    """The head of one face, with hair and ears as far as ``head_mask`` knows them, and what is around it."""

    landmarks: Points  # [68, 2] in pixels of these fields
    outside: Mask  # [C, C] distance from the head, in sides of the crop
    held: Mask  # [C, C] 0 to 1, how much the neck, and faces beside this one, let move
    lines: Mask  # [C, C] 0 to 1, how structured what is seen behind the head is
    behind: NDArray[np.bool_]  # [C, C] where that is
    inward: Field  # [C, C, 2] how much may move along the photograph's axes, before its frame and the border
    axes: NDArray[np.float64]  # [2, 2] the photograph's axes in the crop's
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
    ) -> "HeadRoom":
        """The head of a face in its crop."""
        size = crop.shape[0]
        small = np.asarray(cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)
        points, *near = ((each + 0.5) * (SIDE / size) - 0.5 for each in (landmarks, *others))
        head = (head_mask(small, points, people) > 0.5) | (outline(points, SIDE) > 0)
        solid = np.pad(head.astype(np.uint8), PAD)
        away = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5) / SIDE
        (up, span), chin = _upright(points), points[8] + PAD
        y, x = np.mgrid[0 : SIDE + 2 * PAD, 0 : SIDE + 2 * PAD].astype(np.float32)
        below = -((x - chin[0]) * up[0] + (y - chin[1]) * up[1]) / span
        ends = np.minimum(np.minimum(x, x.shape[1] - 1 - x), np.minimum(y, y.shape[0] - 1 - y)) / SIDE
        held = smoothstep(below, _NECK[1], _NECK[0])
        weight = neighbour_weight(points, near, SIDE)
        if weight is not None:
            held = np.asarray(held * np.pad(weight, PAD, mode="edge"), np.float32)
        coarse = alignment.resized(SIDE).from_corner(-PAD, -PAD)
        linear = coarse.matrix[:, :2]
        px = linear[0, 0] * x + linear[0, 1] * y + coarse.matrix[0, 2]
        py = linear[1, 0] * x + linear[1, 1] * y + coarse.matrix[1, 2]
        scale = alignment.side
        inward = [
            smoothstep(np.minimum(place, length - 1 - place) / scale, 0.0, _FRAME)
            * smoothstep(ends, 0.0, _ENDS)
            for place, length in ((px, frame[1]), (py, frame[0]))
        ]
        within = np.pad(np.ones((SIDE, SIDE), bool), PAD) & (np.minimum(*inward) > 0.0)
        behind = within & (away > FRINGE) & (away < RIM) & (held > 0.0) & (below < 0.0)
        rim = np.asarray(behind[PAD:-PAD, PAD:-PAD], np.float32)
        # An enlarged crop shows lines less sharp than the photograph does.
        grey = small.mean(axis=2) * max(1.0, SIDE / scale)
        lines = structure(np.asarray(grey, np.float32), rim, SIDE)
        return cls(
            points + PAD,
            np.asarray(away, np.float32),
            held,
            np.pad(lines, PAD, mode="edge"),
            behind,
            np.stack(inward, -1),
            linear / float(np.hypot(*linear[:, 0])),
            size,
        )

    def resized(self, size: int) -> "HeadRoom":
        """The same in a crop of another size."""
        return replace(self, size=size)

    def to_fields(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Points [K, 2 or 3] of the crop in pixels of the fields; depth gets their scale."""
        scale = SIDE / self.size
        flat = (points[:, :2] + 0.5) * scale - 0.5 + PAD
        return np.column_stack([flat, points[:, 2:] * scale])

    def around(self, moving: NDArray[np.bool_]) -> Corners:
        """Left, top, right and bottom, in pixels of the crop, of what moves [C, C]; also past the crop."""
        if not moving.any():  # another face lies over it
            return (self.size // 2,) * 4
        rows, columns = (np.flatnonzero(moving.any(axis)) for axis in (1, 0))
        unit, last = self.size / SIDE, SIDE + 2 * PAD
        low = [math.floor((max(0.0, each[0] - _REACH * SIDE) - PAD) * unit) for each in (columns, rows)]
        high = [math.ceil((min(last, each[-1] + _REACH * SIDE) - PAD) * unit) for each in (columns, rows)]
        return low[0], low[1], high[0], high[1]

    @property
    def up(self) -> NDArray[np.float64]:
        """[2] of length 1, from the chin to the bridge of the nose."""
        return _upright(self.landmarks)[0]

    @property
    def span(self) -> float:
        """The width of the face at the ears, in pixels of the fields."""
        return _upright(self.landmarks)[1]

    def carried(self, field: Mask, flow: Field) -> Mask:
        """A field [C, C] that moves by a backward flow [C, C, 2]."""
        count = field.shape[0]
        y, x = np.mgrid[0:count, 0:count].astype(np.float32)
        return np.asarray(
            cv2.remap(
                field, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        )

    def within_frame(self, flow: Field) -> Field:
        """A flow [C, C, 2] that ends before the photograph's frame and the border of what is looked at."""
        axes = self.axes.astype(np.float32)
        return np.asarray((flow @ axes.T * self.inward) @ axes, np.float32)

    def allowed(self, flow: Field, outside: Mask) -> float:
        """The share, up to 1, of a flow [C, C, 2] that the lines behind the head allow.

        outside: [C, C] as the field of this name, once the head has moved
        """
        seen = self.behind & (outside > FRINGE)
        if not seen.any():
            return 1.0
        allowed = _FREE * (RIM_BOUND / _FREE) ** self.lines[seen]
        moved = np.hypot(flow[..., 0], flow[..., 1])[seen] / SIDE
        return min(1.0, float(np.quantile(allowed / np.maximum(moved, 1e-4), _WORST)))

    def in_crop(self, flow: Field, area: Corners) -> Field:
        """A flow [C, C, 2] in crop pixels [h, w, 2], in an area of the crop."""
        unit = self.size / SIDE
        left, top, right, bottom = area
        corner = [(each + 0.5) / unit - 0.5 + PAD for each in (left, top)]
        place = np.array([[1.0 / unit, 0.0, corner[0]], [0.0, 1.0 / unit, corner[1]]])
        size, how = (right - left, bottom - top), cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        whole = cv2.warpAffine(flow, place, size, flags=how, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(whole * np.float32(unit), np.float32)


def _upright(landmarks: Points) -> tuple[Points, float]:
    """[2] of length 1 from the chin to the bridge of the nose, and the width of the face at the ears."""
    up = landmarks[27] - landmarks[8]
    return np.asarray(up / max(float(np.hypot(*up)), 1e-6)), float(np.hypot(*(landmarks[16] - landmarks[0])))
