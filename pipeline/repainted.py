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

_RIM, _CLOTHES = 0.10, 0.03  # of the crop's side; widths of the band around the head that moves along
_STEP, _FADE = 0.04, 0.03  # of the crop's side; further a head does not move, nor hair grow: it is wall
_CHEEK = 0.012  # of the crop's side; beside the outline of the face, what comes is still the face
_SOFT = 0.012  # of the crop's side; over which motion ends softly, so that nothing folds
_EDGE = 0.008  # of the crop's side; softness of the painted head's edge
_FRINGE = 0.012  # of the crop's side; single hairs, and the light around a head, reach so far beyond its mask
_FRAME = 40.0 / 1024.0  # of the crop's side; before its border, and the photograph's, all fades out
_FINEST = 0.002  # of the crop's side; what is finer in the generator's pictures is a grid that stays in place
_FINE, _STRUCTURE = 0.003, 0.03  # of the crop's side; what lies between them is what flow should explain
_NEW = (0.030, 0.075)  # of such a residual, in [0, 1]: explained, and not explained at all
_SPREAD = 0.006  # of the crop's side; over which that is averaged
_STRANDS = 0.012  # of the crop's side; what is finer in hair is strands, and any will do
_OTHER = (0.14, 0.30)  # of a coarser residual, in [0, 1]: hair of another colour, and no hair any more
_MATCH, _FAR = 0.02, 0.10  # of the crop's side; scale at which colours match, and where none is near
_LEVELS = 6  # of a mask that fades out
_MEAN_SIDE = 256  # pixels
_ENOUGH = 0.3  # share of what is near that has to count
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
    heads: tuple[Mask, Mask]  # [S, S] where ``was`` and ``after`` show the head

    def pixels(self, crop: NDArray[np.float32]) -> NDArray[np.float32]:
        """The generator's pixels [S, S, 3], with the colours and the grain of the crop around them.

        crop: [S, S, 3] in [0, 1], what the photograph shows before
        """
        size = crop.shape[0]
        shown = displaced(crop, self.flow)
        pixels = self.after + self._match(shown - self.was, size)
        return np.asarray(pixels + _grain(shown, pixels, size), np.float32)

    def _match(self, difference: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """The colours [S, S, 3] by which the photograph differs around each pixel.

        What surrounds a head says nothing of its colours, nor the other way round: where hair goes, the wall
        that comes has the colours of the wall.
        """
        was, head = self.heads
        of_head = _mean_around(difference, was, size)
        of_rest = _mean_around(difference, np.asarray(1.0 - was, np.float32), size)
        return np.asarray(of_rest + head[..., None] * (of_head - of_rest), np.float32)


def repainted(
    before: NDArray[np.float32],  # [S, S, 3] in [0, 1], the generator's picture of the photograph
    after: NDArray[np.float32],  # [S, S, 3] and of the result
    heads: tuple[Mask, Mask],  # where the photograph and ``after`` show the head
    allowed: Mask,  # [S, S] where the photograph may change
    loose: Mask,  # [S, S] where nothing but the head may be clothes, which stay
    faces: Mask,  # [S, S] 1 where the photograph or ``after`` shows the face itself, without ears and neck
    *,
    turns: bool,  # whether the head turns; if not, hair keeps its outline, and the wall stays
) -> Repainted:
    """What the step ``before`` → ``after`` changes in a crop."""
    size = before.shape[0]
    (near,) = _grown(heads[0], (_STEP * size, _FADE * size))
    heads = heads[0], np.asarray(heads[1] * near, np.float32)
    head = np.maximum(*heads)
    bands = (0.0, _RIM), (0.0, _CLOTHES), (_FRINGE, 2.0 * _EDGE)
    wide, narrow, painted = _grown(head, *((whole * size, reach * size) for whole, reach in bands))
    moving = np.asarray((narrow + loose * (wide - narrow)) * allowed, np.float32)
    rim = np.maximum(moving - painted * allowed, 0.0)
    # Below the face the generator dresses a neck as it likes: an older one gets a collar.
    beside_face, around_face = _grown(faces, (_CHEEK * size, _CLOTHES * size), (0.0, _RIM * size))
    if not turns:  # hair takes colours, and keeps its place; beyond the face nothing else comes
        moving *= around_face
        rim *= beside_face
    painted = np.asarray(painted * np.maximum(loose, beside_face) * allowed, np.float32)
    flow, trust = unbounded_motion(before, after, head, moving, size)
    flow = np.asarray(_lowpass(flow, _SOFT * size) * moving[..., None], np.float32)
    was = displaced(before, flow)
    residual = after - was
    explained = np.asarray(trust * (1.0 - _novelty(residual, size)), np.float32)
    moved = np.asarray(displaced(heads[0], flow), np.float32)
    # Hair that stays hair keeps the photograph's strands, which no flow explains, in the colours that come.
    coarse = _lowpass(residual, _STRANDS * size)
    low, high = _OTHER
    hair = np.minimum(moved, heads[1]) * (1.0 - beside_face)
    hair *= 1.0 - _smoothstep((np.abs(coarse).mean(axis=2) - low) / (high - low))
    strands = np.asarray(hair * (1.0 - explained), np.float32)[..., None]
    cover = np.asarray((1.0 - explained) * (1.0 - hair) * painted, np.float32)
    if not turns:
        cover *= beside_face
        painted = painted * np.maximum(beside_face, np.minimum(moved, heads[1]))
    # The wall beside a head is lighter or darker by its shadow: a rim of that fades out softly.
    beside = _mean_around(residual, np.asarray((1.0 - moved) * (1.0 - heads[1]), np.float32), size)
    shadow = beside.mean(axis=2, keepdims=True)
    fine = _lowpass(residual, _FINEST * size)
    color = (fine + strands * (coarse - fine)) * painted[..., None] + shadow * rim[..., None]
    return Repainted(flow, np.asarray(color, np.float32), cover, after, was, (moved, heads[1]))


def _mean_around(x: NDArray[np.float32], weight: Mask, size: int) -> NDArray[np.float32]:
    """The mean [S, S, 3] around each pixel by weight [S, S]; from further away where none is near."""
    side = min(size, _MEAN_SIDE)  # it is smooth, and wide filters take long
    fields = x * weight[..., None], weight
    weighted, small = (cv2.resize(each, (side, side), interpolation=cv2.INTER_AREA) for each in fields)
    near, far = (_lowpass(np.asarray(small, np.float32), scale * side) for scale in (_MATCH, _FAR))
    close, distant = (_lowpass(np.asarray(weighted, np.float32), scale * side) for scale in (_MATCH, _FAR))
    mean = distant / np.maximum(far, 1e-4)[..., None]
    mean += _smoothstep(near / _ENOUGH)[..., None] * (close / np.maximum(near, 1e-4)[..., None] - mean)
    return np.asarray(cv2.resize(mean, (size, size), interpolation=cv2.INTER_LINEAR), np.float32)


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
    return np.asarray(np.sqrt(np.maximum(_lowpass(least, 0.5 * _AROUND * size), 0.0)), np.float32)


def _grown(mask: Mask, *bands: tuple[float, float]) -> list[Mask]:
    """1 where the mask is and some pixels around it, falling to 0 over some more, for each of these pairs.

    A head that fades out, down the neck, fades here, too: each level of the mask grows by itself.
    """
    grown = [np.zeros_like(mask) for _ in bands]
    for level in (np.arange(_LEVELS) + 0.5) / _LEVELS:
        away = (mask < level).astype(np.uint8)
        distance = np.asarray(cv2.distanceTransform(away, cv2.DIST_L2, 5), np.float32)
        for sum_, (whole, reach) in zip(grown, bands, strict=True):
            sum_ += _smoothstep(1.0 - (distance - whole) / max(reach, 1.0)) / _LEVELS
    return grown


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
