"""The light that a change carries over: soft shadows and highlights, not the light of the scene, nor colour.

Between the generator's pictures before and after, the skin also gets another lighting and another colour,
because faces of a higher score have them. A retouch may bring what is left without them: the change of
lightness, less its constant, linear and quadratic course over the skin. It is carried over only where both
of the generator's pictures show the face, and where the first agrees with the photograph at that scale.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import FaceMasks, Mask
from pipeline.shrunk import coarse_factor

_BROAD = 10.0 / 1024.0  # of the side; blur of the change on skin
_FINE = 2.5 / 1024.0  # on eyes and brows
_BOUND = 4.0  # L*; the largest change
_FINEST = 2.0  # L*; the largest fine change on eyes and brows: lids and lashes may lie beside each other
_ALIKE = 9.0  # difference in CIE Lab at which little is carried over
# mean agreement over a face below which nothing is carried over, and above which all is
_TRUSTED = (0.5, 0.8)
_REACH = 2.0  # standard deviations of the skin around its middle, where the low order is followed
_COLORS = 0.012  # of the side; blur of the colours whose change is bounded along the outline
_COLOR_BOUND, _COLOR_ROOM = 1.0, 3.5  # of a* and b*: the bound at the outline, and how far it rises inside
_COLOR_DEPTH = 0.045  # of the side; how far inside the outline the bound begins to rise
_COLOR_SIDE = 256  # pixels; side of the reduced crop on which colours are compared
_FORM = (0.008, 0.06)  # of the side; blurs between which light and colour show the form of a face
_FLATTER, _PALER = 0.08, 0.2  # the shares of form that a retouch may take, in L*, and in a* and b*
_NO_FORM = 1e-3  # mean square of form, in L*, or in a* and b*, below which there is none to keep
_FORM_SIDE = 128  # pixels; side of the reduced crop on which it is measured
_RAISED = 1.6  # the most by which what is left of it is raised
_BURNT = (97.0, 86.0)  # L*; near white, where a change of light takes form and gives none
_STEP = 4  # pixels; the low order is fitted to every fourth row and column


@dataclass(frozen=True)
class Agreement:
    """Where [H, W], 0 to 1, an inversion shows the same as the photograph, by the scale of what is shown."""

    broad: Mask
    fine: Mask
    whole: float  # 0 to 1, how far the inversion as a whole can be trusted

    @classmethod
    def of(
        cls,
        crop: NDArray[np.float32],  # [H, W, 3] in [0, 1], or a part of one
        before: NDArray[np.float32],  # [H, W, 3] the generator's picture of it
        masks: FaceMasks,
        size: int,  # side of the whole crop
    ) -> "Agreement":
        """The agreement of a crop and its inversion, but for a tone that differs over the whole skin."""
        difference = lab(crop) - lab(before)
        skin = float(masks.skin.sum())
        if skin > 0.0:
            difference = difference - (difference * masks.skin[..., None]).sum((0, 1)) / skin
        broad, fine = (_alike(difference, sigma * size) for sigma in (_BROAD, _FINE))
        face = np.maximum(masks.skin, masks.features)
        mean = float((broad * face).sum()) / max(float(face.sum()), 1.0)
        low, high = _TRUSTED
        return cls(broad, fine, float(np.clip((mean - low) / (high - low), 0.0, 1.0)))


def light_change(
    before: NDArray[np.float32],  # [H, W, 3] the generator's picture, displaced as the photograph
    after: NDArray[np.float32],  # [H, W, 3]
    masks: FaceMasks,  # of the photograph, displaced
    shown: Mask,  # [H, W] where both of the generator's pictures and the photograph show bare face
    agreement: Agreement,  # displaced
    size: int,  # side of the whole crop
    lines: float = 0.0,  # 0 to 1, how far the skin follows fine changes too
) -> Mask:
    """The change of L* [H, W] to carry over; zero where ``shown`` is."""
    change = lab(after)[..., 0] - lab(before)[..., 0]
    weight = np.asarray(shown * agreement.broad, np.float32)
    broad, near = _weighted_blur(change, weight, _BROAD * size)
    held = broad - low_order(broad, np.asarray(weight * masks.skin, np.float32))
    sharp, _ = _weighted_blur(change, np.asarray(shown * agreement.fine, np.float32), _FINE * size)
    fine = sharp - broad
    fine = masks.features * _FINEST * np.tanh(fine / _FINEST) + fine * np.maximum(
        lines * masks.skin - masks.features, 0.0
    )
    tone = held * np.minimum(1.0, near * 1.5) * agreement.broad + fine * agreement.fine
    return np.asarray(_BOUND * np.tanh(tone / _BOUND) * shown, np.float32)


def room_for_light(picture: NDArray[np.float32], size: int) -> Mask:
    """How far [H, W], 0 to 1, the light of a picture [H, W, 3] may change: not where it is burnt out.

    Next to white there is hardly any form left; lighter or darker, it would be a flat patch.
    """
    factor = coarse_factor(size)
    light = np.ascontiguousarray(lab(_resized(picture, picture.shape, factor))[..., 0])
    broad = np.asarray(cv2.GaussianBlur(light, (0, 0), max(0.5, _FINE * size / factor)), np.float32)
    high, low = _BURNT
    share = np.clip((high - broad) / (high - low), 0.0, 1.0)
    return _resized(np.asarray(share * share * (3.0 - 2.0 * share), np.float32), picture.shape)


def low_order(values: Mask, weight: Mask) -> Mask:
    """The constant, linear and quadratic course [H, W] of values, by least squares with a weight."""
    height, width = values.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    coarse = np.s_[::_STEP, ::_STEP]
    known = weight[coarse] > 0.01
    if np.count_nonzero(known) < 50:
        return np.zeros_like(values)
    w = weight[coarse][known]
    across, down = x[coarse][known], y[coarse][known]
    left, top = float(np.average(across, weights=w)), float(np.average(down, weights=w))
    spread = math.sqrt(float(np.average((across - left) ** 2 + (down - top) ** 2, weights=w)))
    x, y = (x - left) / max(spread, 1.0), (y - top) / max(spread, 1.0)
    design = _terms(x[coarse][known], y[coarse][known]) * np.sqrt(w)[:, None]
    solution = np.linalg.lstsq(design, values[coarse][known] * np.sqrt(w), rcond=None)[0]
    # Far from the skin a quadratic grows without end; there it keeps the value that it has at a bound.
    reach = np.minimum(1.0, _REACH / np.maximum(np.hypot(x, y), 1e-6))
    return np.asarray(_terms(x * reach, y * reach) @ solution.astype(np.float32), np.float32)


def _terms(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """The terms [..., 6] of a quadratic in x and y."""
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1)


def as_color(picture: NDArray[np.float32], light: Mask, size: int) -> NDArray[np.float32]:
    """What to add to a picture [H, W, 3] to change its L* by ``light`` and leave its a* and b*.

    Computed on the blurred picture, so that it is as smooth as the change.
    """
    factor = coarse_factor(size)
    small = _resized(picture, picture.shape, factor)
    blurred = cv2.GaussianBlur(small, (0, 0), max(0.5, _FINE * size / factor))
    smooth = lab(np.asarray(blurred, np.float32))
    changed = smooth.copy()
    changed[..., 0] = np.clip(changed[..., 0] + _resized(light, light.shape, factor), 0.0, 100.0)
    color = cv2.cvtColor(changed, cv2.COLOR_Lab2RGB) - cv2.cvtColor(smooth, cv2.COLOR_Lab2RGB)
    whole = _resized(np.asarray(color, np.float32), light.shape)
    whole[light == 0.0] = 0.0
    return whole


def held_color(
    crop: NDArray[np.float32],  # [H, W, 3] in [0, 1], or a part of one
    changed: NDArray[np.float32],  # [H, W, 3] the same after a retouch
    skin: Mask,  # [H, W] where both are bare skin
    inner: Mask,  # [H, W] 1 deep inside the face, 0 at its outline and beyond
    size: int,  # side of the whole crop
) -> NDArray[np.float32]:
    """What to add to a retouched crop [H, W, 3] so that the skin's colour changes little along the outline.

    Motion and evened colour each change it there by a little, and together they would show against the neck.
    Only what is broad is bounded: a healed spot stays healed.
    """
    factor = min(1.0, _COLOR_SIDE / size)
    shape = max(1, round(crop.shape[1] * factor)), max(1, round(crop.shape[0] * factor))

    def small(field: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.resize(field, shape, interpolation=cv2.INTER_AREA), np.float32)

    before, after, weight = lab(small(crop)), lab(small(changed)), small(skin)
    sigma = max(0.3, _COLORS * size * factor)
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-2)
    moved = cv2.GaussianBlur((after - before)[..., 1:] * weight[..., None], (0, 0), sigma) / total[..., None]
    width = 2 * max(1, round(_COLOR_DEPTH * size * factor)) + 1
    deep = cv2.erode(small(inner), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    bound = _COLOR_BOUND + _COLOR_ROOM * np.square(deep)
    length = np.hypot(moved[..., 0], moved[..., 1])
    # Up to half the bound everything stays.
    free = 0.5 * bound
    kept = np.where(length > free, free + free * np.tanh((length - free) / free), length)
    share = np.asarray((kept / np.maximum(length, 1e-6) - 1.0) * weight, np.float32)
    held = after.copy()
    held[..., 1:] += moved * share[..., None]
    color = cv2.cvtColor(held, cv2.COLOR_Lab2RGB) - cv2.cvtColor(after, cv2.COLOR_Lab2RGB)
    color = np.asarray(np.where(share[..., None] != 0.0, color, 0.0), np.float32)
    whole = cv2.resize(color, (crop.shape[1], crop.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole * skin[..., None], np.float32)


def kept_form(
    before: NDArray[np.float32],  # [H, W, 3] in [0, 1]
    after: NDArray[np.float32],  # [H, W, 3] the same after a retouch
    skin: Mask,  # [H, W] where both are bare skin
    tone: Mask,  # [H, W] where the colour may change
    size: int,  # side of the whole crop
) -> NDArray[np.float32]:
    """What to add to a retouched picture [H, W, 3] so that its skin gets neither flat nor pale.

    A higher score, less shine and evener skin each take some of the light, shade and blush that show the form
    of a face. What is left of these is raised, not what was there: what was healed stays so.
    """
    factor = min(1.0, _FORM_SIDE / size)
    shape = max(1, round(before.shape[1] * factor)), max(1, round(before.shape[0] * factor))

    def small(field: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.resize(field, shape, interpolation=cv2.INTER_AREA), np.float32)

    weight, reduced = small(skin), lab(small(after))
    total = [np.maximum(cv2.GaussianBlur(weight, (0, 0), s * size * factor), 1e-3) for s in _FORM]

    def form(colors: NDArray[np.float32]) -> NDArray[np.float32]:
        fine, broad = (
            cv2.GaussianBlur(colors * weight[..., None], (0, 0), sigma * size * factor) / mean[..., None]
            for sigma, mean in zip(_FORM, total, strict=True)
        )
        return np.asarray((fine - broad) * weight[..., None], np.float32)

    own, left = form(lab(small(before))), form(reduced)
    raised = reduced.copy()
    for channels, allowed in ((slice(0, 1), _FLATTER), (slice(1, 3), _PALER)):
        was = float(np.square(own[..., channels]).sum())
        share = float((left * own)[..., channels].sum()) / was if was > _NO_FORM * weight.sum() else 1.0
        if share > 0.0:
            rise = min((1.0 - allowed) / share, _RAISED) - 1.0
            raised[..., channels] += max(rise, 0.0) * left[..., channels]
    color = cv2.cvtColor(raised, cv2.COLOR_Lab2RGB) - cv2.cvtColor(reduced, cv2.COLOR_Lab2RGB)
    whole = cv2.resize(color, (before.shape[1], before.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(whole * tone[..., None], np.float32)


def lab(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """CIE Lab [H, W, 3] of an sRGB picture in [0, 1]: L* 0 to 100."""
    return np.asarray(cv2.cvtColor(np.clip(picture, 0.0, 1.0), cv2.COLOR_RGB2Lab), np.float32)


def _resized(field: NDArray[np.float32], shape: tuple[int, ...], factor: int = 1) -> NDArray[np.float32]:
    """A field [h, w(, C)] at a shape (H, W, …) divided by ``factor``."""
    height, width = shape[0] // factor, shape[1] // factor
    if field.shape[:2] == (height, width):
        return field
    smaller = field.shape[0] > height
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(field, (width, height), interpolation=interpolation), np.float32)


def _alike(difference: NDArray[np.float32], sigma: float) -> Mask:
    distance = np.sqrt(np.square(cv2.GaussianBlur(difference, (0, 0), sigma)).sum(2))
    near = cv2.GaussianBlur(distance, (0, 0), sigma)
    return np.asarray(np.exp(-np.square(near / _ALIKE)), np.float32)


def _weighted_blur(values: Mask, weight: Mask, sigma: float) -> tuple[Mask, Mask]:
    """The mean [H, W] of values around each pixel by weight, and the mean weight."""
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    mean = cv2.GaussianBlur(values * weight, (0, 0), sigma) / np.maximum(total, 1e-3)
    return np.asarray(mean, np.float32), np.asarray(total, np.float32)
