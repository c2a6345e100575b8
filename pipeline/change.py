"""The retouch of one face as fields over its crop: motion, colour, and pixels that are replaced.

The photograph's own pixels stay: they are displaced by the flow between the generator's pictures before and
after, and shifted by the low frequencies of the residual; only an opening mouth takes the generator's pixels.
The face keeps its own overall colour, whatever tone of skin has the higher score.
"""

import math
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.flow import displaced, motion
from pipeline.masks import FaceMasks, Mask
from pipeline.skin import SkinLayers, finest_share
from pipeline.window import Window

_TONE = 10.0 / 1024.0  # of the side; blur of the colour change on skin
_FEATURE_TONE = 2.5 / 1024.0  # on eyes, brows and lips
_TONE_BOUND = 0.10
_NEW_CONTENT = (0.05, 0.11)  # residual in [0, 1] above which flow explains badly, and not at all
_MOST_SHARPENED = 0.4  # share of the fine detail that may be added to features
_MATCH = 20.0 / 1024.0


@dataclass(frozen=True)
class Change:
    """What a look changes in a crop, or in a part of one [H, W]: a field for each kind of change."""

    # [H, W, 2] crop pixels, backward: the result at x shows the photograph at x + flow(x)
    flow: NDArray[np.float32]
    color: NDArray[np.float32]  # [H, W, 3] to be added
    pixels: NDArray[np.float32]  # [H, W, 3] that replace the photograph
    cover: Mask  # [H, W] how far they do
    smoothing: Mask  # [H, W] share that is removed from detail too fine for the crop

    @classmethod
    def of_color(cls, color: NDArray[np.float32]) -> "Change":
        """The change that only adds a colour [H, W, 3]."""
        flow, none = np.zeros((*color.shape[:2], 2), np.float32), np.zeros(color.shape[:2], np.float32)
        return cls(flow, color, np.zeros_like(color), none, none.copy())

    def put(self, part: "Change", window: Window) -> None:
        """Replace the fields in a window by those of a part."""
        for each in fields(Change):
            window.put(getattr(part, each.name), getattr(self, each.name))

    def applied(self, crop: NDArray[np.float32]) -> NDArray[np.float32]:
        """The changed crop [H, W, 3]."""
        moved = displaced(crop, self.flow) + self.color
        return np.asarray(moved + (self.pixels - moved) * self.cover[..., None], np.float32)


def change_between(
    crop: NDArray[np.float32],  # [H, W, 3] in [0, 1], or a part of one
    before: NDArray[np.float32],  # [H, W, 3] the generator's picture of it
    after: NDArray[np.float32],  # [H, W, 3] the generator's picture of the result
    masks: FaceMasks,
    skin: SkinLayers,
    strength: float,
    texture: float,
    size: int,  # side of the whole crop
    *,
    lines: float = 0.0,  # 0 to 1, how far the skin follows fine changes too: age brings lines
    lips_part: bool = False,  # whether the mouth opens or closes, so that it may show the generator's pixels
    agreement: Mask | None = None,  # of ``crop`` and ``before``, if it was computed before
    local: NDArray[np.float32] | None = None,  # [H, W, 3] the local retouch of the crop, which moves along
) -> Change:
    """The change that carries the step ``before`` → ``after`` onto the crop."""
    flow = motion(before, after, masks.face, masks.motion, size)
    residual = after - displaced(before, flow)
    broad = _lowpass(residual, _TONE * size)
    weight = masks.skin.sum()
    if weight > 0:
        broad = broad - (broad * masks.skin[..., None]).sum((0, 1)) / weight
    sharp = _lowpass(residual, _FEATURE_TONE * size)
    alike = agreement_of(crop, before, size) if agreement is None else agreement
    fine = np.maximum(masks.features, lines * masks.skin) * alike
    tone = broad + (sharp - broad) * fine[..., None]
    tone = _TONE_BOUND * np.tanh(tone / _TONE_BOUND) * masks.tone[..., None]
    retouch = skin.change(strength, texture)
    if local is not None:
        retouch = retouch + local
    color = tone + displaced(retouch, flow)
    color = color + _resharpened(crop, displaced(crop, flow) + color, flow, masks.features)
    cover, pixels = np.zeros(crop.shape[:2], np.float32), np.zeros_like(crop)
    if lips_part:
        lips = Window.around(masks.mouth, size)
        lips.put(_new_content(lips.of(residual), lips.of(masks.mouth), size), cover)
        matched = _lowpass(displaced(lips.of(crop - before), lips.of(flow)), _MATCH * size)
        lips.put(lips.of(after) + matched, pixels)
    smoothing = masks.skin * np.float32(finest_share(strength, texture))
    return Change(flow, np.asarray(color, np.float32), np.asarray(pixels, np.float32), cover, smoothing)


def _resharpened(
    crop: NDArray[np.float32], changed: NDArray[np.float32], flow: NDArray[np.float32], features: Mask
) -> NDArray[np.float32]:
    """Fine detail to add to eyes, brows and lips, which resampling blurs; zero where nothing moves.

    Its amount restores the variance of their Laplacian: a quadratic equation.
    """
    fine = crop - cv2.GaussianBlur(crop, (0, 0), 1.0)
    squared = np.square(flow[..., 0]) + np.square(flow[..., 1])
    moved = np.asarray(1.0 - np.exp(-squared / 0.25), np.float32)
    features_after = displaced(features, flow)
    detail = (features_after * moved)[..., None] * displaced(fine, flow)
    before, after = features > 0.5, features_after > 0.5
    if not (before.any() and after.any()):
        return np.zeros_like(crop)
    target = _edges(crop)[before].var()
    covariance = np.cov(_edges(changed)[after], _edges(detail)[after])
    discriminant = covariance[0, 1] ** 2 + covariance[1, 1] * (target - covariance[0, 0])
    share = (math.sqrt(max(discriminant, 0.0)) - covariance[0, 1]) / max(covariance[1, 1], 1e-12)
    return np.asarray(np.clip(share, 0.0, _MOST_SHARPENED) * detail, np.float32)


def _edges(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Laplacian [H, W] of the lightness of an image [H, W, 3]."""
    return np.asarray(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_32F), np.float32)


def agreement_of(crop: NDArray[np.float32], before: NDArray[np.float32], size: int) -> Mask:
    """Where [H, W] the inversion shows the same as the crop, so that its fine changes can be trusted.

    size: side of the whole crop, of which the pictures may be a part
    """
    difference = np.abs(_lowpass(crop, 0.003 * size) - _lowpass(before, 0.003 * size)).mean(axis=2)
    return np.asarray(np.exp(-((_lowpass(difference, 0.006 * size) / 0.08) ** 2)), np.float32)


def _new_content(residual: NDArray[np.float32], mouth: Mask, size: int) -> Mask:
    """Where the generator's pixels replace the photograph's: in whole regions, or not at all.

    A mixture would show teeth through a lip. A region that flow explains badly is replaced if some of it
    cannot be explained at all.
    """
    low, high = _NEW_CONTENT
    unexplained = _lowpass(np.abs(_lowpass(residual, 0.003 * size)).mean(axis=2), 0.004 * size)
    inside = mouth > 0.05
    count, labels = cv2.connectedComponents(((unexplained > low) & inside).astype(np.uint8))
    replaced = np.zeros(count, np.uint8)
    replaced[np.unique(labels[(unexplained > high) & inside])] = 1
    replaced[0] = 0
    width = 2 * max(1, round(0.006 * size)) + 1
    closed = cv2.morphologyEx(replaced[labels], cv2.MORPH_CLOSE, _ellipse(3 * width))
    cover = _lowpass(cv2.dilate(closed, _ellipse(width)).astype(np.float32), 0.004 * size)
    return np.asarray(cover * np.clip(2.0 * mouth, 0.0, 1.0), np.float32)


def _ellipse(width: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)), np.uint8)


def _lowpass(x: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Gaussian blur; a wide one is computed at reduced size, where it costs little."""
    if sigma < 6.0:
        return np.asarray(cv2.GaussianBlur(x, (0, 0), max(sigma, 0.3)), np.float32)
    height, width = x.shape[:2]
    factor = 2 ** int(np.log2(sigma / 3.0))
    small = cv2.resize(x, (max(1, width // factor), max(1, height // factor)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
