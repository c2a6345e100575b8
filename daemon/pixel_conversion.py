"""Converts pixels between the wire's formats and the arrays that the pipeline takes.

The pipeline takes uint8, uint16 or float32, RGB order, sRGB-encoded. Linear values become float32 with the
sRGB curve (IEC 61966-2-1), continued as an odd function below black and by the same formula above white.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.srgb import decoded, encoded
from retouchml.client.pixel_format import DTYPE_OF, PixelFormat

_PIXELS_AT_ONCE = 1 << 20  # to keep temporary arrays small
_WHITE = {"u8": 255.0, "u16": 65535.0, "f16": 1.0, "f32": 1.0}


def view(data: memoryview, picture: PixelFormat) -> NDArray[Any]:
    """The wire's pixels as an array [H, W, C], without a copy."""
    dtype = np.dtype(DTYPE_OF[picture.type])
    shape = (picture.height, picture.width, picture.channels)
    strides = (picture.stride, picture.pixel_bytes, dtype.itemsize)
    return np.ndarray(shape, dtype, data, strides=strides)


def to_pipeline(pixels: NDArray[Any], picture: PixelFormat) -> NDArray[np.generic]:
    """The wire's pixels [H, W, C] as the pipeline takes them: unchanged if possible, else RGB or Y."""
    if picture.encoding == "srgb" and picture.type != "f16":
        if not picture.order.startswith("BGR") and picture.stride == picture.row_bytes:
            return pixels
        return np.ascontiguousarray(_color(pixels, picture))
    result = np.empty((*pixels.shape[:2], 1 if picture.order.startswith("Y") else 3), np.float32)
    rows = max(1, _PIXELS_AT_ONCE // pixels.shape[1])
    for low in range(0, pixels.shape[0], rows):
        values = _color(pixels[low : low + rows], picture).astype(np.float32) / np.float32(
            _WHITE[picture.type]
        )
        result[low : low + rows] = encoded(values) if picture.encoding == "linear" else values
    return result


def from_pipeline(
    patch: NDArray[np.generic], original: NDArray[Any], picture: PixelFormat
) -> tuple[NDArray[Any], PixelFormat]:
    """A patch [h, w, 4] of the pipeline in the photo's format, and how its pixels lie.

    original: [h, w, C] the wire's own pixels there, given back to the bit where the patch changes nothing;
    picture: the photo's format
    """
    dtype = np.dtype(DTYPE_OF[picture.type])
    color, inside = patch[..., :3], patch[..., 3:] != 0
    if picture.encoding == "linear":
        before = np.broadcast_to(to_pipeline(original, picture)[..., :3], color.shape)
        values = decoded(np.asarray(color, np.float32))
        unchanged = (np.asarray(color) == before) | (np.isnan(color) & np.isnan(before))
        untouched = unchanged.all(-1, keepdims=True)
        color = np.where(untouched, _color(original, picture), _quantized(values, picture.type))
    order = picture.patch_order
    result = np.empty((*patch.shape[:2], len(order)), dtype)
    if order == "YA":
        result[..., 0] = color[..., 0]
    else:
        result[..., :3] = color[..., ::-1] if order == "BGRA" else color
    result[..., -1:] = np.where(inside, _WHITE[picture.type], 0)
    return result, _format_of(result, picture)


def reduced(pixels: NDArray[Any], picture: PixelFormat, side: int) -> tuple[NDArray[Any], PixelFormat]:
    """A patch [h, w, C] of the wire averaged down so that no side is longer than ``side``."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return pixels, picture
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    values = pixels.astype(np.float32)
    white = np.float32(_WHITE[picture.type])
    alpha = values[..., -1:] / white
    small = cv2.resize(
        np.concatenate([values[..., :-1] * alpha, alpha], -1), size, interpolation=cv2.INTER_AREA
    )
    cover = small[..., -1:]
    color = np.divide(small[..., :-1], cover, out=np.zeros_like(small[..., :-1]), where=cover > 0)
    result = _quantized(np.concatenate([color / white, cover], -1), picture.type)
    return result, _format_of(result, picture)


def _format_of(pixels: NDArray[Any], picture: PixelFormat) -> PixelFormat:
    height, width = pixels.shape[:2]
    return PixelFormat(width, height, picture.type, picture.patch_order, picture.encoding)


def _color(pixels: NDArray[Any], picture: PixelFormat) -> NDArray[Any]:
    if picture.order.startswith("Y"):
        return pixels[..., :1]
    return pixels[..., 2::-1] if picture.order.startswith("BGR") else pixels[..., :3]


def _quantized(values: NDArray[np.float32], type_: str) -> NDArray[Any]:
    if type_ in ("f16", "f32"):
        return values.astype(DTYPE_OF[type_])
    white = np.float32(_WHITE[type_])
    whole: NDArray[Any] = np.clip(np.rint(values * white), 0, white).astype(DTYPE_OF[type_])
    return whole
