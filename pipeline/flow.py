"""The motion between two pictures of the generator: optical flow that is safe to apply to a photograph.

DIS flow (Kroeger et al., "Fast optical flow using dense inverse search", arXiv 1603.03590), checked forward
against backward; where the two disagree the motion is taken from around, and no motion exceeds a bound.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import remap
from pipeline.masks import Mask

_SIDE = 512  # pixels; flow is estimated at this size at most
_SMOOTH = 9.0  # pixels at 1024
_FILL = 36.0  # pixels at 1024; blur that fills regions without trusted motion
_BOUND = 0.038  # of the crop's side; the largest motion
_RIM_BOUND = 0.010  # the same at the outline of the face and beyond, so that what is behind stays straight
_DISAGREEMENT = 1.5  # pixels at 512
_COLOR_SIDE = 256  # pixels; colours along the outline are compared at this size at most
_COLOR_BLUR = 0.006  # of the crop's side
_COLOR_REACH = 0.02  # of the crop's side
_COLOR_BOUND = 2.0  # in a* and b* of CIE Lab
_COLOR_ROUNDS = 3


def motion(
    before: NDArray[np.float32],  # [H, W, 3] in [0, 1], a picture or a part of one
    after: NDArray[np.float32],  # [H, W, 3]
    face: Mask,  # [H, W] where motion is trusted
    mask: Mask,  # [H, W] where there may be motion
    inner: Mask,  # [H, W] 1 deep inside the face, 0 at its outline and beyond, where little is allowed
    size: int,  # side of the whole picture
) -> NDArray[np.float32]:
    """Backward flow [H, W, 2] in pixels: smooth, bounded, and zero where ``mask`` is.

    Pixel x of ``after`` shows ``before`` at x + flow(x). Hair, collar and background follow the border of the
    face, since the generator repaints them arbitrarily.
    """
    smooth, _ = _smooth_motion(before, after, face, size)
    bound = size * (_RIM_BOUND + (_BOUND - _RIM_BOUND) * inner)
    return np.asarray(bounded(smooth, bound) * mask[..., None], np.float32)


def unbounded_motion(
    before: NDArray[np.float32],  # [S, S, 3] in [0, 1]
    after: NDArray[np.float32],  # [S, S, 3]
    trusted: Mask,  # [S, S] where motion is trusted
    mask: Mask,  # [S, S] where there may be motion
    size: int,  # S
) -> tuple[NDArray[np.float32], Mask]:
    """As ``motion``, as long as it is found, and how far [S, S], 0 to 1, both directions agree on it."""
    smooth, agreed = _smooth_motion(before, after, trusted, size)
    return np.asarray(smooth * mask[..., None], np.float32), agreed


def _smooth_motion(
    before: NDArray[np.float32], after: NDArray[np.float32], face: Mask, size: int
) -> tuple[NDArray[np.float32], Mask]:
    """Backward flow [H, W, 2] in pixels, and how far [H, W] it agrees with that forward."""
    height, width = before.shape[:2]
    side = min(size, _SIDE)
    shape = max(1, round(height * side / size)), max(1, round(width * side / size))
    a, b = _grey(before, shape), _grey(after, shape)
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # The estimator writes to its argument; OpenCV's stubs do not allow None.
    empty = np.zeros((*shape, 2), np.float32)
    backward = np.asarray(estimator.calc(b, a, empty.copy()), np.float32)
    forward = np.asarray(estimator.calc(a, b, empty), np.float32)
    x, y = _grid(*shape)
    returned = cv2.remap(forward, x + backward[..., 0], y + backward[..., 1], cv2.INTER_LINEAR)
    disagreement = np.hypot(*np.moveaxis(backward + returned, -1, 0)) * (_SIDE / side)
    agreed = np.exp(-((disagreement / _DISAGREEMENT) ** 2))
    trust = agreed * cv2.resize(face, shape[::-1], interpolation=cv2.INTER_AREA)
    weight = trust.astype(np.float32) + np.float32(1e-4)
    near, density = _weighted_blur(backward, weight, _SMOOTH * side / 1024.0)
    far, _ = _weighted_blur(backward, weight, _FILL * side / 1024.0)
    share = np.clip(2.0 * density, 0.0, 1.0)[..., None]
    smooth = far + (near - far) * share
    # Without this blur there would be a crease between the two.
    smooth = cv2.GaussianBlur(smooth, (0, 0), 0.5 * _SMOOTH * side / 1024.0)
    if side != size:
        smooth = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_CUBIC) * (size / side)
    agreed = np.asarray(agreed, np.float32)
    if side != size:
        agreed = cv2.resize(agreed, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(smooth, np.float32), np.asarray(agreed, np.float32)


def _weighted_blur(flow: NDArray[np.float32], weight: Mask, sigma: float) -> tuple[NDArray[np.float32], Mask]:
    """Mean of the flow around each pixel by weight, and the mean weight."""
    density = np.asarray(cv2.GaussianBlur(weight, (0, 0), sigma), np.float32)
    total = cv2.GaussianBlur(flow * weight[..., None], (0, 0), sigma)
    return np.asarray(total / density[..., None], np.float32), density


def held_at_silhouette(
    flow: NDArray[np.float32],  # [H, W, 2] in pixels
    photo: NDArray[np.float32],  # [H, W, 3] in [0, 1]
    inner: Mask,  # [H, W] 1 deep inside the face, 0 at its outline and beyond
    size: int,  # side of the whole crop
) -> NDArray[np.float32]:
    """The flow, shortened near the face's outline where it would pull other colours into the face.

    Hair, a collar or a wall that comes in along the jaw is what gives a retouch away.
    """
    height, width = flow.shape[:2]
    factor = min(1.0, _COLOR_SIDE / size)
    shape = max(1, round(height * factor)), max(1, round(width * factor))

    def small(field: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.resize(field, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)

    chroma = cv2.cvtColor(small(photo), cv2.COLOR_RGB2Lab)[..., 1:]
    colors = np.asarray(cv2.GaussianBlur(chroma, (0, 0), _COLOR_BLUR * size * factor), np.float32)
    moving, near = small(flow) * np.float32(factor), 1.0 - small(inner)
    share = np.ones(shape, np.float32)
    reach = 2 * max(1, round(_COLOR_REACH * size * factor)) + 1
    for _ in range(_COLOR_ROUNDS):
        change = displaced(colors, np.asarray(moving * share[..., None], np.float32)) - colors
        shown = np.hypot(change[..., 0], change[..., 1])
        allowed = 1.0 - near * (1.0 - np.minimum(1.0, _COLOR_BOUND / np.maximum(shown, 1e-3)))
        allowed = cv2.erode(allowed.astype(np.float32), np.ones((reach, reach), np.uint8))
        share *= cv2.GaussianBlur(allowed, (0, 0), reach / 2.0)
    whole = cv2.resize(share, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(flow * whole[..., None], np.float32)


def bounded(flow: NDArray[np.float32], bound: float | Mask) -> NDArray[np.float32]:
    """The flow with its lengths drawn smoothly below ``bound``; short vectors hardly change."""
    length = np.hypot(flow[..., 0], flow[..., 1])
    factor = np.tanh(length / bound) * bound / np.maximum(length, 1e-6)
    return np.asarray(flow * np.where(length > 1e-6, factor, 1.0)[..., None], np.float32)


class Displacement:
    """Samples images of one size at x + flow(x); for several images it is quicker than ``displaced``."""

    def __init__(self, flow: NDArray[np.float32]) -> None:
        """flow: [H, W, 2] in pixels."""
        x, y = _grid(*flow.shape[:2])
        self._columns, self._rows = x + flow[..., 0], y + flow[..., 1]
        self._sampler = remap.sampler(self._columns, self._rows)

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """An image [H, W] or [H, W, C], displaced; of four channels it costs less than twice one."""
        if self._sampler is not None:
            return self._sampler(image)
        return np.asarray(
            cv2.remap(image, self._columns, self._rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
            np.float32,
        )

    def each(self, *images: Mask) -> tuple[Mask, ...]:
        """Two to four images [H, W], displaced together."""
        together = self(np.dstack(images)).reshape(*images[0].shape, len(images))
        return tuple(np.ascontiguousarray(together[..., index]) for index in range(len(images)))


def displaced(image: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Image [H, W] or [H, W, C] sampled at x + flow(x)."""
    return Displacement(flow)(image)


@lru_cache(maxsize=2)
def _grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Coordinates x and y [H, W] of every pixel; cached, so do not write to them."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return x, y


def _grey(picture: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Lightness [h, w] of a picture [H, W, 3]."""
    small = (
        picture
        if picture.shape[:2] == shape
        else cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA)
    )
    grey = np.clip(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), 0.0, 1.0)
    return np.asarray(np.rint(grey * 255.0), np.uint8)
