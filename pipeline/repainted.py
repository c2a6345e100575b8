"""A change that the generator's pixels show: what ``--render generated`` puts into a photograph.

Two pictures of a generator that was tuned to the face (``pipeline.tuning``), before and after a slider moved,
differ by motion and by what is new. Motion displaces the photograph, all over the head and as far as it goes.
What the pictures then still differ by is added to it: so the photograph's own grain and sharpness stay, and
without a difference there is no change. Where flow explains nothing, as in a mouth that opens or beside a
head that turns, the generator's pixels themselves are shown, in the photograph's colours and with its grain.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.flow import displaced, unbounded_motion
from pipeline.masks import Mask

_RIM = 0.10  # of the crop's side; width of the band around the head that moves along
_SOFT = 0.012  # of the crop's side; over which motion ends softly, so that nothing folds
_EDGE = 0.008  # of the crop's side; softness of the painted head's edge
_FRAME = 40.0 / 1024.0  # of the crop's side; before its border, and the photograph's, all fades out
_FINEST = 0.002  # of the crop's side; what is finer in the generator's pictures is a grid that stays in place
_FINE, _STRUCTURE = 0.003, 0.03  # of the crop's side; what lies between them is what flow should explain
_NEW = (0.030, 0.075)  # of such a residual, in [0, 1]: explained, and not explained at all
_SPREAD = 0.006  # of the crop's side; over which that is averaged
_MATCH = 0.02  # of the crop's side; colours are matched at that scale
_GRAIN = 1.0  # pixels; what is finer is grain
_AROUND = 0.03  # of the crop's side; over which the strength of grain is told


@dataclass(frozen=True)
class Repainted:
    """What a moved slider changes in a crop [S, S], whatever else a look changes there."""

    flow: NDArray[np.float32]  # [S, S, 2] crop pixels, backward
    color: NDArray[np.float32]  # [S, S, 3] to be added to the displaced photograph
    cover: Mask  # [S, S] how far ``pixels`` replace it
    after: NDArray[np.float32]  # [S, S, 3] in [0, 1], the generator's picture of the result
    was: NDArray[np.float32]  # [S, S, 3] and the one before, displaced

    def pixels(self, crop: NDArray[np.float32]) -> NDArray[np.float32]:
        """The generator's pixels [S, S, 3], with the colours and the grain of the crop around them.

        crop: [S, S, 3] in [0, 1], what the photograph shows before
        """
        size = crop.shape[0]
        shown = displaced(crop, self.flow)
        pixels = self.after + _lowpass(shown - self.was, _MATCH * size)
        return np.asarray(pixels + _grain(shown, pixels, size), np.float32)


def repainted(
    before: NDArray[np.float32],  # [S, S, 3] in [0, 1], the generator's picture of the photograph
    after: NDArray[np.float32],  # [S, S, 3] and of the result
    heads: tuple[Mask, Mask],  # where the photograph and ``after`` show the head
    allowed: Mask,  # [S, S] where the photograph may change
) -> Repainted:
    """What the step ``before`` → ``after`` changes in a crop."""
    size = before.shape[0]
    head = np.maximum(*heads)
    moving = _grown(head, _RIM * size) * allowed
    flow, trust = unbounded_motion(before, after, head, moving, size)
    flow = np.asarray(_lowpass(flow, _SOFT * size) * moving[..., None], np.float32)
    was = displaced(before, flow)
    painted = np.asarray(_grown(head, 2.0 * _EDGE * size) * allowed, np.float32)
    residual = after - was
    explained = np.asarray(trust * (1.0 - _novelty(residual, size)), np.float32)
    cover = np.asarray((1.0 - explained) * painted, np.float32)
    color = _lowpass(residual, _FINEST * size) * painted[..., None]
    return Repainted(flow, np.asarray(color, np.float32), cover, after, was)


def _novelty(residual: NDArray[np.float32], size: int) -> Mask:
    """How far [S, S], 0 to 1, the generator shows other structure than the displaced picture."""
    structure = _lowpass(residual, _FINE * size) - _lowpass(residual, _STRUCTURE * size)
    strength = _lowpass(np.abs(structure).mean(axis=2), _SPREAD * size)
    low, high = _NEW
    return _smoothstep((strength - low) / (high - low))


def _grain(photo: NDArray[np.float32], pixels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Grain [S, S, 1] that the generator's pixels lack beside the photograph's; the same at every call."""
    missing = np.sqrt(np.maximum(_grain_of(photo, size) ** 2 - _grain_of(pixels, size) ** 2, 0.0))
    noise = np.random.default_rng(0).standard_normal(missing.shape).astype(np.float32)
    noise -= cv2.GaussianBlur(noise, (0, 0), _GRAIN)
    return np.asarray(noise * (missing / noise.std()), np.float32)[..., None]


def _grain_of(picture: NDArray[np.float32], size: int) -> Mask:
    """The deviation [S, S] of the finest lightness where it is least around: hairs and edges are no grain."""
    grey = picture.mean(axis=2)
    fine = np.asarray((grey - cv2.GaussianBlur(grey, (0, 0), _GRAIN)) ** 2, np.float32)
    width = 2 * max(1, round(_AROUND * size)) + 1
    mean = cv2.blur(fine, (width // 2 + 1, width // 2 + 1))
    least = np.asarray(cv2.erode(mean, np.ones((width, width), np.uint8)), np.float32)
    return np.asarray(np.sqrt(_lowpass(least, 0.5 * _AROUND * size)), np.float32)


def _grown(mask: Mask, reach: float) -> Mask:
    """1 where the mask is, falling to 0 over ``reach`` pixels around it."""
    away = (mask < 0.5).astype(np.uint8)
    distance = np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, 5), np.float32)
    # a head that fades out, down the neck, fades here, too
    return np.asarray(
        _smoothstep(1.0 - distance / max(reach, 1.0)) * np.maximum(mask, distance > 0), np.float32
    )


def allowed_by_frame(inside: Mask) -> Mask:
    """Where [S, S] a crop may change; inside: the distance of each pixel to the photograph's frame.

    Hair may go on beyond the crop, where nothing changes: so all fades out before its own border, too.
    """
    size = inside.shape[0]
    line = np.minimum(np.arange(size), np.arange(size)[::-1])
    border = np.minimum(line[:, None], line)
    return _smoothstep(np.minimum(inside, border) / (_FRAME * size))


def _smoothstep(x: NDArray[np.floating]) -> Mask:
    x = np.clip(x, 0.0, 1.0)
    return np.asarray(x * x * (3.0 - 2.0 * x), np.float32)


def _lowpass(x: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(x, (0, 0), max(sigma, 0.3)), np.float32)
