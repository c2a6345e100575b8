"""The slider ``gaze``: the irises moved sideways between the lids, in the photograph's own pixels.

The generator's faces look where their head looks, so its latent space has no direction for that. An iris
moves as a rigid disc, with its pupil and highlight; the white is drawn together on one side of it and drawn
out on the other. Lids, lashes and the corners of the eyes stay. Where a lid slopes, the motion follows it,
so that no lash is drawn into the eye.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, Points
from pipeline.mesh import Mesh
from pipeline.regions.contours import Eye, contours_of
from pipeline.regions.geometry import Box, curve, polygon, smoothstep
from pipeline.regions.iris import find_iris

_FARTHEST = 0.5  # of the iris's radius, which a value of 1 moves it: the eye turns by some 15 degrees
_DISC = 1.1  # of the radius; what moves as one piece, with the dark rim of the iris
_CORNER = 0.05  # of the eye's width; what stays at either corner
_LEAST_WHITE = 0.4  # of the white beside an iris stays at least
_DRAWN_OUT = 1.5  # of its own width, by which the white on the other side grows at most
# Of the eye's width, from the edge of a lid: where nothing moves, and where all does. The network draws lids
# a little too close, and what it leaves of an iris under them would stay behind.
_BEYOND, _WITHIN = -0.07, 0.0
_ALONG_LID = 0.3  # of the radius; from a lid to where the motion no longer follows its slope
_CLOSED, _OPEN = 0.14, 0.22  # height of an eye by its width, from where it stays, to where it moves
_MIRRORED, _CLEAR = 0.3, 0.08  # share of an eye that frames and reflections cover, likewise
_DIM, _BRIGHT = 3.0, 9.0  # L* of the white above the iris, from where it is not told, to where it is
_LEAST_RADIUS = 2.0  # pixels of the photograph; a smaller iris is no more than a dot
_ROUNDS = 3


@dataclass(frozen=True)
class SeenEye:
    """The lids of an open eye and its iris, in pixels of the crop."""

    upper: Points  # [N, 2] from left to right
    lower: Points  # [M, 2] likewise
    center: Points  # [2] of the iris
    radius: float  # of the iris
    openness: float  # 0 to 1
    certainty: float  # 0 to 1, how clearly its iris is seen

    def resized(self, factor: float) -> "SeenEye":
        """The same in a crop whose sides are multiplied by a factor."""
        upper, lower, center = ((p + 0.5) * factor - 0.5 for p in (self.upper, self.lower, self.center))
        return replace(self, upper=upper, lower=lower, center=center, radius=self.radius * factor)

    def moved(self, flow: NDArray[np.float32]) -> "SeenEye":
        """The same where a backward flow [H, W, 2] shows it."""
        points = np.concatenate([self.upper, self.lower, self.center[None]])
        found = points
        for _ in range(_ROUNDS):
            found = points - _sampled(flow, found)
        count = len(self.upper)
        return replace(self, upper=found[:count], lower=found[count:-1], center=found[-1])


def seen_eyes(
    crop: NDArray[np.float32],  # FFHQ crop [S, S, 3] in [0, 1]
    landmarks: Points,  # [68, 2] in its pixels
    mesh: Mesh | None,  # likewise
    glasses: Mask,  # [S, S] frames and reflections
    scale: float,  # photo pixels to a crop pixel
) -> tuple[SeenEye, ...]:
    """The open eyes of a face; one whose iris is not seen has a certainty of 0."""
    contours = contours_of(landmarks, None if mesh is None else mesh.points[:, :2])
    irises = (None, None) if mesh is None else mesh.irises
    found = []
    for eye, known in zip(contours.eyes, irises, strict=True):
        box = Box.around(eye.outline, 0.5 * eye.width, crop.shape)
        opened = float(smoothstep(np.array(eye.openness), _CLOSED, _OPEN))
        if box.empty or eye.width < 4.0 or opened == 0.0:
            continue
        local = Eye(box.local(eye.upper), box.local(eye.lower))
        lids = polygon(local.outline, box.shape)
        light = np.ascontiguousarray(cv2.cvtColor(box.of(crop), cv2.COLOR_RGB2Lab)[..., 0], np.float32)
        if known is not None:
            center, radius = np.array([known.x, known.y]), known.radius
        elif (edges := find_iris(light, local, lids)) is not None:
            center, radius = np.array([edges.x + box.left, edges.y + box.top]), edges.radius
        else:  # an open eye that cannot move holds the other one
            center, radius = eye.outline.mean(0), 0.0
        sure = float(smoothstep(np.array(_contrast(light, lids, box.local(center), radius)), _DIM, _BRIGHT))
        covered = float((box.of(glasses) * lids).sum() / max(float(lids.sum()), 1.0))
        sure *= float(smoothstep(np.array(covered), _MIRRORED, _CLEAR))
        sure *= float(radius * scale >= _LEAST_RADIUS)
        upper, lower = curve(eye.upper, closed=False), curve(eye.lower, closed=False)
        found.append(SeenEye(upper, lower, center, float(radius), opened, sure))
    return tuple(found)


def _contrast(light: Mask, lids: Mask, center: Points, radius: float) -> float:
    """How much lighter [H, W] the white is than the iris, in L*; 0 where one of them is hidden."""
    y, x = np.mgrid[0 : light.shape[0], 0 : light.shape[1]].astype(np.float32)
    distance = np.hypot(x - center[0], y - center[1]) / max(radius, 1e-6)
    iris, white = (lids > 0.5) & (distance < 0.8), (lids > 0.5) & (distance > 1.2)
    if iris.sum() < 4 or white.sum() < 4:
        return 0.0
    return float(np.quantile(light[white], 0.7) - np.median(light[iris]))


class Gaze:
    """Where the eyes of one face may look."""

    def __init__(self, eyes: Sequence[SeenEye]) -> None:
        self._eyes = eyes

    def resized(self, factor: float) -> "Gaze":
        """The same in a crop whose sides are multiplied by a factor."""
        return Gaze([eye.resized(factor) for eye in self._eyes])

    def flow(self, value: float, before: NDArray[np.float32], corner: Points) -> NDArray[np.float32]:
        """The backward flow [H, W, 2] of a window for a value of the slider.

        before: [H, W, 2] a flow that moves the eyes already; corner: [2] of the window in the crop

        Both eyes turn by the same angle; one that is shut stays.
        """
        flow = np.zeros_like(before)
        eyes = [
            replace(
                eye, upper=eye.upper - corner, lower=eye.lower - corner, center=eye.center - corner
            ).moved(before)
            for eye in self._eyes
        ]
        if not eyes:
            return flow
        mean = float(np.mean([eye.radius for eye in eyes]))
        axes = [_Axes.of(eye, mean) for eye in eyes]
        # Two eyes are alike, so their irises turn as far if they move as far; a squint would be seen at once.
        way = value * _FARTHEST * mean
        way *= min(eye.certainty for eye in eyes) * min(eye.openness for eye in eyes)
        for each in axes:
            way = float(np.clip(way, *each.room))
        for eye, each in zip(eyes, axes, strict=True):
            _add(flow, eye, each, way)
        return flow


@dataclass(frozen=True)
class _Axes:
    """The axes of an eye from its left corner, and what lies where along them."""

    origin: Points  # [2]
    across: Points  # [2] of length 1, towards the right corner
    width: float  # pixels from corner to corner
    middle: float  # of the iris, from the left corner
    reach: float  # half of what moves as one piece

    @classmethod
    def of(cls, eye: SeenEye, mean: float) -> "_Axes":
        """mean: of the radii of both irises, which are alike: the smaller was measured too small."""
        between = eye.upper[-1] - eye.upper[0]
        width = float(np.hypot(*between))
        across = between / max(width, 1e-6)
        middle = float((eye.center - eye.upper[0]) @ across)
        return cls(eye.upper[0], across, width, middle, _DISC * max(eye.radius, mean))

    @property
    def down(self) -> Points:
        """[2] of length 1, from the upper lid to the lower one."""
        return np.array([-self.across[1], self.across[0]])

    @property
    def room(self) -> tuple[float, float]:
        """How far the iris may move, to the left (negative) and to the right, in pixels."""
        ends = _CORNER * self.width, (1.0 - _CORNER) * self.width
        left = max(0.0, self.middle - self.reach - ends[0])
        right = max(0.0, ends[1] - self.middle - self.reach)
        most = 1.0 - _LEAST_WHITE
        return -min(most * left, _DRAWN_OUT * right), min(most * right, _DRAWN_OUT * left)

    def share(self, along: NDArray[np.float64], way: float) -> NDArray[np.float64]:
        """How much of the way, 0 to 1, a place along the eye has moved to get where it is."""
        middle = self.middle + way
        knots = (
            _CORNER * self.width,
            middle - self.reach,
            middle + self.reach,
            (1.0 - _CORNER) * self.width,
        )
        return np.interp(along, np.maximum.accumulate(knots), (0.0, 1.0, 1.0, 0.0))


def _add(flow: NDArray[np.float32], eye: SeenEye, axes: _Axes, way: float) -> None:
    """Add the motion of one eye to a flow [H, W, 2]."""
    box = Box.around(np.concatenate([eye.upper, eye.lower]), -_BEYOND * axes.width + 2.0, flow.shape)
    if box.empty or way == 0.0:
        return
    y, x = np.mgrid[box.top : box.bottom, box.left : box.right].astype(np.float64)
    x, y = x - axes.origin[0], y - axes.origin[1]
    along, deep = x * axes.across[0] + y * axes.across[1], x * axes.down[0] + y * axes.down[1]
    top, bottom = (_lid(lid, axes) for lid in (eye.upper, eye.lower))
    source = along - way * axes.share(along, way)
    below, above = deep - np.interp(along, *top), np.interp(along, *bottom) - deep
    slope = smoothstep(below, _ALONG_LID * eye.radius, 0.0) * (
        np.interp(source, *top) - np.interp(along, *top)
    )
    slope += smoothstep(above, _ALONG_LID * eye.radius, 0.0) * (
        np.interp(source, *bottom) - np.interp(along, *bottom)
    )
    within = smoothstep(np.minimum(below, above), _BEYOND * axes.width, _WITHIN * axes.width)
    within = within * ((along > 0.0) & (along < axes.width))
    moved = (source - along)[..., None] * axes.across + slope[..., None] * axes.down
    box.of(flow)[:] += np.asarray(moved * within[..., None], np.float32)


def _lid(lid: Points, axes: _Axes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A lid as a depth by the place along the eye, whose places rise."""
    offset = lid - axes.origin
    along, deep = offset @ axes.across, offset @ axes.down
    order = np.argsort(along)
    return along[order], deep[order]


def _sampled(flow: NDArray[np.float32], points: Points) -> NDArray[np.float64]:
    """A flow [H, W, 2] at points [N, 2]."""
    x, y = (np.ascontiguousarray(points[None, :, axis], np.float32) for axis in (0, 1))
    values = cv2.remap(flow, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(values[0], np.float64)
