"""Orientation, depth, alpha and grey of whole pictures, with little memory.

A step that needs wider numbers than the picture has works on bands of rows.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike
from PIL import Image

from pipeline.pictures.types import Pixels
from pipeline.pixels import full_scale

BAND_PIXELS = 1 << 20
"""Pixels that are widened at once."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G and B in luma (ITU-R BT.601), as JPEG and Pillow have them."""


def bands(pixels: Pixels) -> Iterator[slice]:
    """Slices of rows that cover ``pixels`` [H, W, C], about ``BAND_PIXELS`` pixels each."""
    step = max(1, BAND_PIXELS // max(1, pixels.shape[1]))
    for top in range(0, pixels.shape[0], step):
        yield slice(top, min(top + step, pixels.shape[0]))


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Turn and mirror stored ``pixels`` as EXIF ``orientation`` (1 to 8, EXIF 2.32 §4.6.4) says."""
    turned = {
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: p[::-1].transpose(1, 0, 2),
        7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
        8: lambda p: p[:, ::-1].transpose(1, 0, 2),
    }.get(orientation, lambda p: p)(pixels)
    return np.ascontiguousarray(turned)


def to_depth(pixels: Pixels, dtype: DTypeLike) -> Pixels:
    """``pixels`` in another depth, rounded; floats are clipped to [0, 1] on their way to integers."""
    target = np.dtype(dtype)
    if pixels.dtype == target:
        return pixels
    result = np.empty(pixels.shape, target)
    scale, white = full_scale(target), full_scale(pixels.dtype)
    for rows in bands(pixels):
        values = np.clip(pixels[rows].astype(np.float32), 0, np.float32(white)) / np.float32(white)
        if target.kind == "u":
            values = np.rint(np.nan_to_num(values, nan=0.0) * np.float32(scale))
        result[rows] = values.astype(target)
    return result


def widen_bits(values: Pixels, bits: int) -> Pixels:
    """Samples of ``bits`` bits (1 to 16) as uint8 or uint16 that span the whole range."""
    target = np.dtype(np.uint8 if bits <= 8 else np.uint16)
    if bits in (8, 16):
        return values.astype(target, copy=False)
    white = (1 << bits) - 1
    table = np.rint(np.arange(white + 1) * (full_scale(target) / white)).astype(target)
    return np.asarray(table[np.minimum(values, white)])


def straight(pixels: Pixels) -> Pixels:
    """Undo a premultiplied alpha, the last channel."""
    result = pixels.copy()
    white = full_scale(pixels.dtype)
    for rows in bands(pixels):
        colour = pixels[rows][..., :-1].astype(np.float32)
        alpha = pixels[rows][..., -1:].astype(np.float32)
        with np.errstate(all="ignore"):
            divided = np.divide(colour * np.float32(white), alpha, out=np.zeros_like(colour), where=alpha > 0)
        if pixels.dtype.kind == "u":
            divided = np.rint(np.minimum(divided, np.float32(white)))
        result[rows][..., :-1] = divided.astype(pixels.dtype)
    return result


def on_white(pixels: Pixels) -> Pixels:
    """RGBA or grey with alpha, blended onto white; the alpha channel is gone."""
    channels = pixels.shape[2] - 1
    result = np.empty((*pixels.shape[:2], channels), pixels.dtype)
    white = full_scale(pixels.dtype)
    for rows in bands(pixels):
        alpha = pixels[rows][..., -1:].astype(np.float32) / np.float32(white)
        blended = pixels[rows][..., :-1].astype(np.float32) * alpha + np.float32(white) * (1 - alpha)
        result[rows] = np.rint(blended) if pixels.dtype.kind == "u" else blended
    return result


def is_opaque(pixels: Pixels) -> bool:
    """Whether the last channel is white scale everywhere."""
    return bool((pixels[..., -1] >= full_scale(pixels.dtype)).all())


def with_colour_channels(pixels: Pixels) -> Pixels:
    """Grey with alpha ``[H, W, 2]`` as ``[H, W, 4]``."""
    return np.ascontiguousarray(pixels[..., [0, 0, 0, 1]])


def as_grey(pixels: Pixels) -> Pixels:
    """RGB or RGBA as grey or grey with alpha; exact where the three channels are equal, else luma."""
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    result = np.empty((*pixels.shape[:2], pixels.shape[2] - 2), pixels.dtype)
    if np.array_equal(red, green) and np.array_equal(red, blue):
        result[..., 0] = red
    else:
        for rows in bands(pixels):
            luma = pixels[rows][..., :3].astype(np.float32) @ np.array(LUMA, np.float32)
            result[rows][..., 0] = np.rint(luma) if pixels.dtype.kind == "u" else luma
    if pixels.shape[2] == 4:
        result[..., 1] = pixels[..., 3]
    return result


def finite(pixels: Pixels) -> tuple[Pixels, bool]:
    """Floats without NaN and infinity, and whether there were any.

    NaN becomes 0, an infinity the largest or smallest finite number in the picture. Changed in place.
    """
    broken = [rows for rows in bands(pixels) if not np.isfinite(pixels[rows]).all()]
    if not broken:
        return pixels, False
    sound = np.isfinite(pixels)
    high = float(np.max(pixels, where=sound, initial=0.0))
    low = float(np.min(pixels, where=sound, initial=0.0))
    for rows in broken:
        np.nan_to_num(pixels[rows], copy=False, nan=0.0, posinf=high, neginf=low)
    return pixels, True


def from_pillow(image: Image.Image) -> Pixels:
    """A loaded image of mode L, LA, RGB, RGBA or CMYK as a writable uint8 array [H, W, C]."""
    width, height = image.size
    result = np.empty((height, width, len(image.getbands())), np.uint8)
    for rows in bands(result):
        strip = np.asarray(image.crop((0, rows.start, width, rows.stop)))
        result[rows] = strip.reshape(result[rows].shape)
    return result


def to_pillow(pixels: Pixels) -> Image.Image:
    """uint8 ``[H, W, 1..4]`` as an image of mode L, LA, RGB or RGBA."""
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[pixels.shape[2]]
    size = (pixels.shape[1], pixels.shape[0])
    return Image.frombuffer(mode, size, np.ascontiguousarray(pixels), "raw", mode, 0, 1)
