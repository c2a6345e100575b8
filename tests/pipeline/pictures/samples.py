"""Pictures, profiles and EXIF blocks for the picture tests, made by other means than the code under test."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from numpy.typing import DTypeLike, NDArray
from PIL import Image, ImageCms

Array = NDArray[Any]
EXIF_PREFIX = b"Exif\0\0"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" tiff:Make="Testcam"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
RGB_PROFILE: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_PROFILE: bytes = imagecodecs.cms_profile("gray")


def ramp(channels: int, dtype: DTypeLike, height: int = 17, width: int = 23) -> Array:
    """A smooth picture in which no two rows, columns or channels are alike."""
    rows, columns = np.mgrid[0:height, 0:width]
    planes = [(rows * (3 + c) + columns * (7 - 2 * c)) / (height * 7 + width * 7) for c in range(channels)]
    values = np.stack(planes, axis=2)
    values[0, 0], values[-1, -1] = 0, 1
    if np.dtype(dtype).kind == "f":
        return np.asarray(values.astype(dtype))
    return np.asarray(np.rint(values * np.iinfo(dtype).max).astype(dtype))


def noise(channels: int, height: int = 16, width: int = 24, seed: int = 0) -> Array:
    """uint8 noise, the worst case for a codec."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def exif(orientation: int | None = 1, order: str = "<", thumbnail: bool = False) -> bytes:
    """An EXIF block by hand: make, orientation, an EXIF directory with pixel sizes and a maker's note."""

    def tag(code: int, kind: int, number: int, value: bytes) -> bytes:
        return struct.pack(order + "HHI4s", code, kind, number, value)

    def short(value: int) -> bytes:
        return struct.pack(order + "HH", value, 0)

    def long(value: int) -> bytes:
        return struct.pack(order + "I", value)

    make, note = b"Testcam\0", b"\x01note\x02\xff\0"
    main_size = 2 + 12 * (2 + (orientation is not None)) + 4
    inner = 8 + main_size
    inner_size = 2 + 12 * 3 + 4
    data = inner + inner_size
    main = [tag(271, 2, len(make), long(data)), tag(34665, 4, 1, long(inner))]
    if orientation is not None:
        main.insert(1, tag(274, 3, 1, short(orientation)))
    below = [
        tag(37500, 7, len(note), long(data + len(make))),
        tag(40962, 4, 1, long(9999)),
        tag(40963, 3, 1, short(8888)),
    ]
    end = data + len(make) + len(note)
    block = (b"II*\0" if order == "<" else b"MM\0*") + long(8)
    block += struct.pack(order + "H", len(main)) + b"".join(main) + long(end if thumbnail else 0)
    block += struct.pack(order + "H", len(below)) + b"".join(below) + long(0) + make + note
    if thumbnail:
        block += struct.pack(order + "H", 1) + tag(259, 3, 1, short(6)) + long(0)
    return block


def with_orientation(path: Path, pixels: Array, orientation: int) -> Path:
    """Write ``pixels`` as another program would, with an orientation tag, in the format of the suffix."""
    block = EXIF_PREFIX + exif(orientation)
    if path.suffix == ".tif":
        tags = [(274, 3, 1, orientation, True)]
        tifffile.imwrite(path, pixels, photometric="rgb", extratags=tags, metadata=None)
        return path
    every: dict[str, dict[str, Any]] = {
        ".png": {},
        ".jpg": {"quality": 100, "subsampling": 0},
        ".webp": {"lossless": True},
    }
    options = every[path.suffix]
    Image.fromarray(pixels).save(path, exif=block, **options)
    return path


def saved(image: Image.Image, path: Path, **options: Any) -> Path:
    """Save through Pillow and give the path back."""
    image.save(path, **options)
    return path


def encoded(pixels: Array, kind: str, **options: Any) -> bytes:
    """uint8 pixels in a format of Pillow's."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


def cmyk_profile(lab: tuple[int, int, int]) -> bytes:
    """An ICC v2 printer profile that makes white of no ink at all, and one Lab colour of everything else.

    ``lab`` is in the 8-bit encoding of ICC.1:2001: L* / 100 * 255, a* + 128, b* + 128.
    """
    identity = struct.pack(">9I", *(0x10000 if i % 4 == 0 else 0 for i in range(9)))
    ramp_table = bytes(range(256))
    grid = b"".join(bytes((255, 128, 128)) if corner == 0 else bytes(lab) for corner in range(16))
    to_lab = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + identity + ramp_table * 4 + grid + ramp_table * 3
    text = b"test\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    rights = b"text\0\0\0\0" + text
    tags, body, table = {b"A2B0": to_lab, b"desc": description, b"wtpt": white, b"cprt": rights}, b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"test", 0x02100000, b"prtr", b"CMYK", b"Lab ")
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
