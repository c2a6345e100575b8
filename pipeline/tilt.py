"""The slider ``roll``: the head turned in the picture's plane, in the photograph's own pixels.

FFHQ levels the eyes of every face, so the generator's latent space has no direction for that. The head turns
as one piece about a point below the chin, with hair and ears as far as ``head_mask`` knows them; the turn
fades down the neck and over a rim around the head. Lines behind it must not bend, so before a background that
has structure it turns less far: at 4 degrees the top of a head moves by 5 % of the crop's side.
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
from pipeline.shape_bound import RIM_BOUND, structure

FARTHEST = 4.0  # degrees, at a value of 1
# Pixels: the side at which the crop is looked at, and what is added around it, no more than the margin of
# ``reach.around_crop``, however the crop lies: of a photograph that comes in parts, no more is there.
_SIDE, _PAD = 256, 10
# Of the crop's side, from the head to where nothing moves: before an even wall; and before lines, on the
# sides where the head covers more of them, or slides along. What it uncovers is drawn out.
_RIM, _NARROW = 0.14, 0.05
_UNCOVERS, _COVERS = 0.5, 0.1  # cosine between the motion and the direction away from the head
_NECK = 0.0, 0.45  # of the face's width below the chin; from where the turn fades, to where nothing moves
_PIVOT = 0.15  # likewise; the point about which the head turns
_FRINGE = 0.02  # of the crop's side; hair that the mask leaves out is no line behind a head
_WORST = 0.01  # share of what is behind that may move farther than its structure allows
_FREE = 0.09  # of the crop's side; what an even wall may move
_ENDS = 0.08  # of the crop's side; from the border of what is looked at, where nothing moves
_FRAME = 0.06  # of the crop's side; nothing moves across the photograph's frame, ever less before it

Field = NDArray[np.float32]


@dataclass(frozen=True)
class HeadTilt:
    """The head of one face, and how it turns."""

    outside: Mask  # [C, C] distance from the head, in sides of the crop
    held: Mask  # [C, C] 0 to 1, how much the neck, and faces beside this one, let move
    lines: Mask  # [C, C] 0 to 1, how structured what is seen behind the head is
    behind: NDArray[np.bool_]  # [C, C] where that is
    inward: Field  # [C, C, 2] how much may move along the photograph's axes, before its frame and the border
    axes: NDArray[np.float64]  # [2, 2] the photograph's axes in the crop's
    pivot: Points  # [2] in pixels of these fields
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
        ends = np.minimum(np.minimum(x, x.shape[1] - 1 - x), np.minimum(y, y.shape[0] - 1 - y)) / _SIDE
        held = smoothstep(below, _NECK[1], _NECK[0])
        weight = neighbour_weight(points, near, _SIDE)
        if weight is not None:
            held = np.asarray(held * np.pad(weight, _PAD, mode="edge"), np.float32)
        coarse = alignment.resized(_SIDE).from_corner(-_PAD, -_PAD)
        linear = coarse.matrix[:, :2]
        px = linear[0, 0] * x + linear[0, 1] * y + coarse.matrix[0, 2]
        py = linear[1, 0] * x + linear[1, 1] * y + coarse.matrix[1, 2]
        scale = alignment.side
        inward = [
            smoothstep(np.minimum(place, length - 1 - place) / scale, 0.0, _FRAME)
            * smoothstep(ends, 0.0, _ENDS)
            for place, length in ((px, frame[1]), (py, frame[0]))
        ]
        within = np.pad(np.ones((_SIDE, _SIDE), bool), _PAD) & (np.minimum(*inward) > 0.0)
        behind = within & (away > _FRINGE) & (away < _RIM) & (held > 0.0) & (below < 0.0)
        rim = np.asarray(behind[_PAD:-_PAD, _PAD:-_PAD], np.float32)
        # An enlarged crop shows lines less sharp than the photograph does.
        grey = small.mean(axis=2) * max(1.0, _SIDE / scale)
        lines = structure(np.asarray(grey, np.float32), rim, _SIDE)
        return cls(
            np.asarray(away, np.float32),
            held,
            np.pad(lines, _PAD, mode="edge"),
            behind,
            np.stack(inward, -1),
            linear / float(np.hypot(*linear[:, 0])),
            chin - up * _PIVOT * span,
            size,
        )

    def resized(self, size: int) -> "HeadTilt":
        """The same in a crop of another size."""
        return replace(self, size=size)

    @cached_property
    def area(self) -> Corners:
        """Left, top, right and bottom, in pixels of the crop, of all that may move; also past the crop."""
        moving = (self.outside < _RIM) & (self.held > 0.0)
        if not moving.any():  # another face lies over it
            return (self.size // 2,) * 4
        rows, columns = (np.flatnonzero(moving.any(axis)) for axis in (1, 0))
        reach = 0.08 * _SIDE  # what the farthest turn adds
        unit = self.size / _SIDE
        low = [math.floor((max(0.0, each[0] - reach) - _PAD) * unit) for each in (columns, rows)]
        last = _SIDE + 2 * _PAD
        high = [math.ceil((min(last, each[-1] + reach) - _PAD) * unit) for each in (columns, rows)]
        return low[0], low[1], high[0], high[1]

    @cached_property
    def farthest(self) -> tuple[float, float]:
        """Degrees that the head turns at -1 and at 1, as far as lines behind it allow."""
        ends = []
        for angle in (-FARTHEST, FARTHEST):
            flow, outside = self._turned(angle)
            seen = self.behind & (outside > _FRINGE)
            allowed = _FREE * (RIM_BOUND / _FREE) ** self.lines[seen]
            moved = np.hypot(flow[..., 0], flow[..., 1])[seen] / _SIDE
            room = np.quantile(allowed / np.maximum(moved, 1e-4), _WORST) if seen.any() else 1.0
            ends.append(angle * min(1.0, float(room)))
        return ends[0], ends[1]

    def flow(self, value: float, area: Corners) -> Field:
        """The backward flow [h, w, 2], in crop pixels, of an area of the crop for a value of the slider."""
        flow, _ = self._turned(abs(value) * self.farthest[int(value > 0.0)])
        unit = self.size / _SIDE
        left, top, right, bottom = area
        corner = [(each + 0.5) / unit - 0.5 + _PAD for each in (left, top)]
        place = np.array([[1.0 / unit, 0.0, corner[0]], [0.0, 1.0 / unit, corner[1]]])
        size, how = (right - left, bottom - top), cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        whole = cv2.warpAffine(flow, place, size, flags=how, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(whole * np.float32(unit), np.float32)

    def _turned(self, degrees: float) -> tuple[Field, Mask]:
        """The backward flow [C, C, 2] of a turn, and the distance [C, C] from the head where it is then."""
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        count = self.outside.shape[0]
        y, x = np.mgrid[0:count, 0:count].astype(np.float32)
        x, y = x - np.float32(self.pivot[0]), y - np.float32(self.pivot[1])
        turn = np.stack([(cosine - 1.0) * x + sine * y, (cosine - 1.0) * y - sine * x], -1)
        turn = np.asarray(turn, np.float32)
        sources = np.stack([x, y], -1) + turn + self.pivot.astype(np.float32)

        def carried(field: Mask) -> Mask:
            """A field that turns with the head."""
            columns, rows = (np.ascontiguousarray(sources[..., axis]) for axis in (0, 1))
            return np.asarray(
                cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            )

        outside = carried(self.outside)
        share = smoothstep(outside / self._rim(turn), 1.0, 0.0) * carried(self.held)
        axes = self.axes.astype(np.float32)
        in_photo = (turn * share[..., None]) @ axes.T * self.inward
        return np.asarray(in_photo @ axes, np.float32), outside

    def _rim(self, turn: Field) -> Mask:
        """The width [C, C] of what moves around the head, in sides of the crop."""
        smooth = cv2.GaussianBlur(self.outside, (0, 0), 0.02 * _SIDE)
        away = np.stack(np.gradient(smooth)[::-1], -1)
        length = np.hypot(*np.moveaxis(turn, -1, 0)) * np.hypot(*np.moveaxis(away, -1, 0))
        cosine = (turn * away).sum(-1) / np.maximum(length, 1e-9)
        lines = self.lines * smoothstep(cosine, _UNCOVERS, _COVERS)
        return np.asarray(
            cv2.GaussianBlur(_RIM * (_NARROW / _RIM) ** lines, (0, 0), 0.012 * _SIDE), np.float32
        )
