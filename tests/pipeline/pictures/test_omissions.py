"""What TIFF and WebP files have beside their pixels is kept, or a sentence says that it was left out."""

import struct
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from pipeline.pictures import Picture, read_picture, write_picture
from retouchml.errors import PictureUnreadable
from tests.pipeline.pictures.samples import XMP, encoded, ramp
from tests.pipeline.pictures.test_jpeg_metadata import CAPTION, resource

PIXELS = ramp(3, np.uint8)


def tiff(tmp_path: Path, *tags: tuple[Any, ...]) -> Picture:
    tifffile.imwrite(tmp_path / "in.tif", PIXELS, photometric="rgb", metadata=None, extratags=list(tags))
    return read_picture(tmp_path / "in.tif")


def webp(tmp_path: Path, *chunks: bytes, trailer: bytes = b"") -> Picture:
    data = encoded(PIXELS, "WEBP", lossless=True, xmp=XMP) + b"".join(chunks)
    data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    (tmp_path / "in.webp").write_bytes(data + trailer)
    return read_picture(tmp_path / "in.webp")


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def test_the_resources_of_a_tiff_are_kept_without_the_thumbnail(tmp_path: Path) -> None:
    block = resource(0x0404, CAPTION) + resource(2000, b"path") + resource(0x040C, b"the old face")
    picture = tiff(tmp_path, (34377, 1, len(block), block, True))
    assert picture.notes == ()
    assert (picture.metadata.iptc, picture.metadata.photoshop) == (CAPTION, resource(2000, b"path"))
    assert write_picture(tmp_path / "a.tif", picture, PIXELS) == ()
    again = read_picture(tmp_path / "a.tif").metadata
    assert (again.iptc, again.photoshop) == (CAPTION, resource(2000, b"path"))
    assert b"the old face" not in (tmp_path / "a.tif").read_bytes()


def test_tags_of_other_programs_are_named(tmp_path: Path) -> None:
    picture = tiff(tmp_path, (42112, 2, 0, "<GDALMetadata/>", True), (50341, 7, 4, b"abcd", True))
    assert picture.notes == ("Data of other programs was left out (tag 42112, tag 50341).",)


def test_a_tag_that_is_too_long_is_said(tmp_path: Path) -> None:
    picture = tiff(tmp_path, (700, 1, 33 * 2**20, bytes(33 * 2**20), True))
    assert picture.metadata.xmp is None
    assert picture.notes == ("The XMP data is longer than any program needs and was left out.",)


def test_a_tiff_of_many_pages_is_read_as_soon_as_one_of_few(tmp_path: Path) -> None:
    stream = BytesIO()
    tifffile.imwrite(stream, PIXELS, photometric="rgb", metadata=None)
    data = bytearray(stream.getvalue())
    (first,) = struct.unpack_from("<I", data, 4)
    (number,) = struct.unpack_from("<H", data, first)
    size = 2 + 12 * number
    page = bytes(data[first : first + size])
    struct.pack_into("<I", data, first + size, len(data))
    for left in reversed(range(30_000)):
        data += page + struct.pack("<I", len(data) + size + 4 if left else 0)
    (tmp_path / "a.tif").write_bytes(data)
    started = time.process_time()
    assert read_picture(tmp_path / "a.tif").notes == ("The file has several pages; only the first is used.",)
    assert time.process_time() - started < 8


def test_chunks_of_other_programs_in_a_webp_are_named(tmp_path: Path) -> None:
    picture = webp(tmp_path, chunk(b"C2PA", b"claim"), chunk(b"\xff\0\0\0", b""))
    assert picture.notes == ("Data of other programs was left out (C2PA, unnamed).",)
    assert picture.metadata.xmp is not None


@pytest.mark.parametrize(("trailer", "is_said"), [(bytes(5), False), (b"video", True)])
def test_data_behind_a_webp_is_said(tmp_path: Path, trailer: bytes, is_said: bool) -> None:
    notes = webp(tmp_path, trailer=trailer).notes
    assert notes == (("The data behind the picture was left out.",) if is_said else ())


def test_a_webp_of_endless_chunks_is_damage(tmp_path: Path) -> None:
    with pytest.raises(PictureUnreadable):
        webp(tmp_path, chunk(b"XMP ", b"") * 100_000)


def test_a_webp_with_a_packet_that_is_too_long_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.webp").write_bytes(encoded(PIXELS, "WEBP", xmp=b"<a>" + b" " * (17 * 2**20) + b"</a>"))
    picture = read_picture(tmp_path / "a.webp")
    assert picture.metadata.xmp is None
    assert picture.notes == ("The XMP data is longer than any program needs and was left out.",)
