"""The generator's picture of a mouth, made like the photograph: in its colours, and as sharp.

What its picture of the photograph differs by tells what that of the result will differ by.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask
from pipeline.tone import lab

_MATCH = 20.0 / 1024.0  # of the side; blur of the colours that are matched
_MATCH_SIDE = 256  # pixels; side of the reduced crop on which they are
_ALIKE = 8.0  # difference in CIE Lab at which two colours are of the same kind
_RARE = 0.1  # share of its surroundings below which a kind of colour is matched by the skin's light
_GAIN = (0.8, 1.25)  # of the skin's light
_COLD = 8.0  # of b*; nothing in a mouth is so much colder than skin and lips are, or than grey
_BANDS = (1.0 / 1024.0, 2.5 / 1024.0)  # of the side; blurs between which detail is compared
_GREY = 2.0  # distance from grey in CIE Lab below which a photograph has no colours
_SHARPER = (0.6, 1.25)  # how far detail may be weakened and strengthened

_Picture = NDArray[np.float32]  # [h, w, 3] in [0, 1], of the window of a mouth
_Lab = NDArray[np.float32]  # [..., 3]


def color_match(
    photo: _Picture,  # displaced
    before: _Picture,  # the generator's picture of it, displaced
    after: NDArray[np.float32],  # [h', w', 3] a part of the generator's picture of the result
    part: tuple[slice, slice],  # its rows and columns, which begin at multiples of 8
    skin: Mask,  # [h, w]
    mouth: Mask,  # [h, w]
    size: int,  # side of the whole crop
) -> NDArray[np.float32]:
    """What to add to a part of the generator's picture so that its colours are the photograph's.

    Each kind of colour (skin, lips, dark, pale) is matched with its like around it: what red lips differ by
    must not tint teeth, nor lift the dark of a mouth's corners. What the photograph does not show there takes
    the light of the skin. Cold specks between teeth are the generator's. A grey photograph gets no colours.
    """
    factor = next(each for each in (4, 2, 1) if each == 1 or size >= each * _MATCH_SIDE)
    within = tuple(slice(each.start // factor, -(-each.stop // factor)) for each in part)
    known, made = reduced(photo, factor), reduced(before, factor)
    bare, inside = reduced(skin, factor) > 0.5, reduced(mouth, factor)
    lips = inside > max(0.9 * float(inside.max()), 0.1)  # of thin lips the mask is low everywhere
    if not bare.any() or not lips.any():
        plain = cv2.GaussianBlur(known - made, (0, 0), _MATCH * size / factor)
        return _sized(np.asarray(plain[within], np.float32), after)
    colors, own = lab(made), lab(known)
    kinds = _kinds(np.median(colors[bare], axis=0), np.median(colors[lips], axis=0))
    gain = np.clip(known[bare].mean(0) / np.maximum(made[bare].mean(0), 1e-3), *_GAIN)
    usual = (gain - 1.0) * cv2.cvtColor(kinds[None], cv2.COLOR_Lab2RGB)[0]
    shares = _shares(colors, kinds)
    total = cv2.GaussianBlur(shares, (0, 0), _MATCH * size / factor) + _RARE
    # To tell kinds at an edge, half the pixels in each direction will do.
    result = reduced(after, max(1, factor // 2))
    wanted = _shares(lab(result), kinds)
    match = np.zeros_like(result)
    for kind, share in enumerate(np.moveaxis(shares, -1, 0)):
        difference = cv2.GaussianBlur((known - made) * share[..., None], (0, 0), _MATCH * size / factor)
        near = ((difference + _RARE * usual[kind]) / total[..., kind, None])[within]
        match += wanted[..., kind, None] * _sized(np.asarray(near, np.float32), result)
    coldest = min(0.0, *(float(np.median(own[each][:, 2])) for each in (bare, lips))) - _COLD
    added = _sized(match + _warmed(result + match, coldest), after)
    if np.quantile(np.hypot(own[..., 1], own[..., 2]), 0.99) < _GREY:
        lightness = cv2.cvtColor(after + added, cv2.COLOR_RGB2GRAY)
        return np.asarray(lightness[..., None] - after, np.float32)
    return added


def sharp_as(
    photo: _Picture, before: _Picture, after: NDArray[np.float32], mouth: Mask, size: int
) -> NDArray[np.float32]:
    """A part [h', w', 3] of the picture of the result, as sharp as the photograph is beside that of it."""
    part = mouth > 0.5
    if np.count_nonzero(part) < 50:
        return after
    widths = [max(0.5, width * size) for width in _BANDS]
    gains, finer = [], [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (photo, before)]
    for width in widths:
        broader = [cv2.GaussianBlur(each, (0, 0), width) for each in finer]
        bands = [one - other for one, other in zip(finer, broader, strict=True)]
        # medians: the few glints of a gloss are no sharpness
        wanted, own = (float(np.median(np.abs(band[part]))) for band in bands)
        gains.append(float(np.clip(wanted / max(own, 1e-4), *_SHARPER)))
        finer = broader
    fine, broad = gains
    first = cv2.GaussianBlur(after, (0, 0), widths[0])
    second = cv2.GaussianBlur(first, (0, 0), widths[1])
    sharp = cv2.addWeighted(after, fine, first, broad - fine, 0.0)
    return np.asarray(cv2.addWeighted(sharp, 1.0, second, 1.0 - broad, 0.0), np.float32)


def _kinds(skin: _Lab, lips: _Lab) -> _Lab:
    """The colours [4, 3] of skin, lips, the dark of a mouth, and teeth in this light."""
    dark = 0.25 * np.minimum(skin, lips)
    pale = np.array([max(float(skin[0]) + 6.0, 60.0), 0.3 * skin[1], 0.6 * skin[2]])
    return np.asarray(np.stack([skin, lips, dark, pale]), np.float32)


def _shares(colors: _Lab, kinds: _Lab) -> NDArray[np.float32]:
    """How far [h, w, K] colours [h, w, 3] are of each kind [K, 3]; their sum is 1."""
    flat = colors.reshape(-1, 3)
    squared = np.square(kinds).sum(1) - np.float32(2.0) * (flat @ kinds.T)  # and what all kinds have
    squared -= squared.min(1, keepdims=True)
    weights = np.exp(squared * np.float32(-0.5 / _ALIKE**2))
    weights /= weights.sum(1, keepdims=True)
    return np.asarray(weights.reshape(*colors.shape[:2], len(kinds)), np.float32)


def _warmed(picture: _Picture, coldest: float) -> _Picture:
    """What to add to a picture so that no b* lies below the coldest."""
    colors = lab(picture)
    cold = colors[..., 2] < coldest
    if not cold.any():
        return np.zeros_like(picture)
    warm = colors.copy()
    warm[..., 2] = np.maximum(warm[..., 2], coldest)
    color = cv2.cvtColor(warm, cv2.COLOR_Lab2RGB) - cv2.cvtColor(colors, cv2.COLOR_Lab2RGB)
    return np.asarray(np.where(cold[..., None], color, 0.0), np.float32)


def reduced(field: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """A field [h, w(, C)] with sides divided by ``factor``, without the rest; a pixel at least."""
    shape = max(1, field.shape[1] // factor), max(1, field.shape[0] // factor)
    return np.asarray(cv2.resize(field, shape, interpolation=cv2.INTER_AREA), np.float32)


def _sized(field: NDArray[np.float32], like: NDArray[np.float32]) -> NDArray[np.float32]:
    """A field [h, w, 3] as large as another."""
    shape = like.shape[1], like.shape[0]
    return np.asarray(cv2.resize(field, shape, interpolation=cv2.INTER_LINEAR), np.float32)
