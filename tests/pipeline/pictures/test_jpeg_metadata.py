"""What a JPEG file has beside its pixels is kept, or a sentence says that it was left out."""

import hashlib
import struct
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from pipeline.pictures import Metadata, Picture, read_picture, write_picture
from pipeline.pictures.photoshop import resources_of
from tests.pipeline.pictures.samples import EXIF_PREFIX, RGB_PROFILE, encoded, exif, ramp
from tests.pipeline.pictures.test_xmp import CONTAINER, CREATOR, packet

PIXELS = ramp(3, np.uint8)
XMP_PREFIX, EXTENSION = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
VIDEO = b"\0\0\0\x18ftypmp42" + bytes(12) + b"\0\0\0\x08mdat"
CAPTION = b"\x1c\x02\x78\0\x05Hello"


def segment(number: int, content: bytes) -> bytes:
    return bytes((0xFF, 0xE0 + number)) + struct.pack(">H", len(content) + 2) + content


def resource(number: int, content: bytes, name: bytes = b"") -> bytes:
    named = bytes((len(name),)) + name
    named += bytes(len(named) % 2)
    return (
        b"8BIM"
        + struct.pack(">H", number)
        + named
        + struct.pack(">I", len(content))
        + content
        + bytes(len(content) % 2)
    )


def jpeg(*segments: bytes, trailer: bytes = b"") -> bytes:
    data = encoded(PIXELS, "JPEG", quality=100)
    return data[:2] + b"".join(segments) + data[2:] + trailer


def seen(tmp_path: Path, data: bytes) -> Picture:
    (tmp_path / "in.jpg").write_bytes(data)
    return read_picture(tmp_path / "in.jpg")


def extended(main: bytes, extension: bytes, part: int = 40_000) -> list[bytes]:
    """Segments with a packet that names its extension, and the extension in parts, the last one first."""
    guid = hashlib.md5(extension).hexdigest().upper().encode()
    parts = [
        segment(1, EXTENSION + guid + struct.pack(">II", len(extension), at) + extension[at : at + part])
        for at in range(0, len(extension), part)
    ]
    return [segment(1, XMP_PREFIX + main.replace(b"GUID", guid)), *reversed(parts)]


def test_the_video_of_a_motion_photo_is_said_to_be_left_out(tmp_path: Path) -> None:
    claim = segment(1, XMP_PREFIX + packet(b' Cam:MotionPhoto="1"', CONTAINER))
    picture = seen(tmp_path, jpeg(claim, trailer=VIDEO))
    assert picture.notes == ("The video of the motion photo was left out.",)
    np.testing.assert_array_equal(picture.pixels, seen(tmp_path, jpeg()).pixels)


def test_a_video_is_found_without_any_claim(tmp_path: Path) -> None:
    assert seen(tmp_path, jpeg(trailer=VIDEO)).notes == ("The video of the motion photo was left out.",)


def test_an_hdr_gain_map_is_said_to_be_left_out(tmp_path: Path) -> None:
    note = "The HDR gain map was left out: the result has the picture's ordinary brightness."
    second = encoded(PIXELS[:4], "JPEG")
    by_xmp = segment(1, XMP_PREFIX + packet(b' hdrgm:Version="1.0"'))
    by_iso = segment(2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4))
    several = segment(2, b"MPF\0" + bytes(20))
    for claim in (by_xmp, by_iso, by_xmp + several):
        assert seen(tmp_path, jpeg(claim, trailer=second)).notes == (note,)


def test_several_pictures_are_said(tmp_path: Path) -> None:
    first, second = Image.fromarray(PIXELS), Image.fromarray(PIXELS[::-1])
    first.save(tmp_path / "a.mpo", save_all=True, append_images=[second])
    picture = read_picture(tmp_path / "a.mpo")
    assert picture.notes == ("The file holds several pictures; only the first is used.",)


@pytest.mark.parametrize(("trailer", "is_said"), [(b"", False), (bytes(9), False), (b"a trailer", True)])
def test_data_behind_the_picture_is_said_but_padding_is_not(
    tmp_path: Path, trailer: bytes, is_said: bool
) -> None:
    notes = seen(tmp_path, jpeg(trailer=trailer)).notes
    assert notes == (("The data behind the picture was left out.",) if is_said else ())


def test_data_of_other_programs_is_named(tmp_path: Path) -> None:
    data = jpeg(segment(11, b"JP\0\1c2pa"), segment(12, b"Ducky\0\1"))
    assert seen(tmp_path, data).notes == ("Data of other programs was left out (APP11 JP, APP12 Ducky).",)


def test_extended_xmp_becomes_part_of_the_packet(tmp_path: Path) -> None:
    long = b"<dc:description>" + b"word " * 30_000 + b"</dc:description>"
    parts = extended(packet(b' xmpNote:HasExtendedXMP="GUID" xmp:Rating="3"', CREATOR), packet(b"", long))
    picture = seen(tmp_path, jpeg(*parts))
    assert picture.notes == ()
    xmp = picture.metadata.xmp
    assert xmp is not None
    assert long in xmp
    assert CREATOR in xmp
    assert b"HasExtendedXMP" not in xmp
    for suffix in (".png", ".tif", ".webp", ".jpg"):
        assert write_picture(tmp_path / f"a{suffix}", picture, PIXELS) == ()
        again = read_picture(tmp_path / f"a{suffix}").metadata.xmp
        assert again is not None
        assert long in again
        assert b'xmp:Rating="3"' in again


def test_a_long_packet_is_split_for_jpeg_as_the_standard_says(tmp_path: Path) -> None:
    long = b"<dc:description>" + b"word " * 30_000 + b"</dc:description>"
    whole = Picture(PIXELS, "png", metadata=Metadata(xmp=packet(b' xmp:Rating="3"', CREATOR + long)))
    assert write_picture(tmp_path / "a.jpg", whole, PIXELS) == ()
    with Image.open(tmp_path / "a.jpg") as image:
        contents = [content for kind, content in image.applist if kind == "APP1"]  # type: ignore[attr-defined]
    main, *parts = contents
    assert main.startswith(XMP_PREFIX)
    assert CREATOR in main
    extension = b"".join(part[len(EXTENSION) + 40 :] for part in parts)
    guid = hashlib.md5(extension).hexdigest().upper().encode()
    assert b'xmpNote:HasExtendedXMP="' + guid + b'"' in main
    assert {part[len(EXTENSION) :][:32] for part in parts} == {guid}
    assert {part[len(EXTENSION) + 32 :][:4] for part in parts} == {struct.pack(">I", len(extension))}
    assert long in extension


def test_an_incomplete_extension_is_said_and_the_packet_kept(tmp_path: Path) -> None:
    long = b"<dc:description>" + b"word " * 30_000 + b"</dc:description>"
    parts = extended(packet(b' xmpNote:HasExtendedXMP="GUID"', CREATOR), packet(b"", long))
    picture = seen(tmp_path, jpeg(*parts[:-1]))
    assert picture.notes == ("The extended XMP data is incomplete or damaged and was left out.",)
    assert picture.metadata.xmp is not None
    assert CREATOR in picture.metadata.xmp
    assert b"HasExtendedXMP" not in picture.metadata.xmp


def test_a_comment_is_kept_in_a_jpeg_and_said_elsewhere(tmp_path: Path) -> None:
    picture = seen(tmp_path, encoded(PIXELS, "JPEG", comment=b"Greetings"))
    assert write_picture(tmp_path / "a.jpg", picture, PIXELS) == ()
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.info["comment"] == b"Greetings"
    for suffix, title in ((".png", "PNG"), (".tif", "TIFF"), (".webp", "WebP")):
        notes = write_picture(tmp_path / f"a{suffix}", picture, PIXELS)
        assert notes == (f"{title} has no place for the comment, which was left out.",)


def test_photoshop_resources_are_kept_without_the_thumbnail(tmp_path: Path) -> None:
    path = resource(2000, b"a path of three", b"Path 1")
    block = (
        path + resource(0x0404, CAPTION) + resource(0x040C, b"the old face") + resource(0x0409, b"old too")
    )
    block += resource(0x0422, exif()) + resource(0x0424, b"old xmp")
    both = (segment(13, b"Photoshop 3.0\0" + block[:50]), segment(13, b"Photoshop 3.0\0" + block[50:]))
    picture = seen(tmp_path, jpeg(*both))
    assert picture.metadata.photoshop == path
    assert picture.metadata.iptc == CAPTION
    assert write_picture(tmp_path / "a.jpg", picture, PIXELS) == ()
    written = (tmp_path / "a.jpg").read_bytes()
    assert b"Photoshop 3.0\0" + resource(0x0404, CAPTION) + path in written
    assert b"old" not in written
    assert write_picture(tmp_path / "a.tif", picture, PIXELS) == ()
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert tiff.pages.first.tags.valueof(34377) == path
    assert read_picture(tmp_path / "a.tif").metadata.photoshop == path
    notes = write_picture(tmp_path / "a.png", picture, PIXELS)
    assert "PNG has no place for Photoshop's resources, which were left out." in notes


def test_resources_are_read_up_to_damage() -> None:
    whole = resource(1005, b"12", b"odd") + resource(1006, b"345")
    assert [found.number for found in resources_of(whole)] == [1005, 1006]
    assert [found.content for found in resources_of(whole)] == [b"12", b"345"]
    for cut in range(len(whole)):
        assert len(resources_of(whole[:cut])) <= 2


def icc(*parts: tuple[int, int, bytes]) -> bytes:
    return jpeg(*(segment(2, b"ICC_PROFILE\0" + bytes((at, of)) + content) for at, of, content in parts))


HALVES = RGB_PROFILE[:300], RGB_PROFILE[300:]


@pytest.mark.parametrize(
    "parts",
    [
        [(1, 2, HALVES[0]), (2, 2, HALVES[1])],
        [(2, 2, HALVES[1]), (1, 2, HALVES[0])],
        [(0, 2, HALVES[0]), (1, 2, HALVES[1])],
        [(1, 1, HALVES[0]), (1, 1, HALVES[1])],
        [(1, 2, HALVES[0]), (1, 2, HALVES[0]), (2, 2, HALVES[1])],
        [(0, 0, RGB_PROFILE)],
    ],
)
def test_odd_numbers_do_not_cost_a_whole_profile(tmp_path: Path, parts: list[tuple[int, int, bytes]]) -> None:
    picture = seen(tmp_path, icc(*parts))
    assert picture.metadata.icc_profile == RGB_PROFILE
    assert picture.notes == ()


@pytest.mark.parametrize(
    "parts",
    [
        [(1, 2, HALVES[0])],
        [(2, 2, HALVES[1])],
        [(1, 1, RGB_PROFILE[:-1])],
        [(1, 3, HALVES[0]), (3, 3, HALVES[1][50:])],
        [(1, 1, b"no profile")],
        [(1, 1, b"")],
    ],
)
def test_a_cut_or_damaged_profile_is_said(tmp_path: Path, parts: list[tuple[int, int, bytes]]) -> None:
    picture = seen(tmp_path, icc(*parts))
    assert picture.metadata.icc_profile is None
    assert picture.notes == ("The colour profile is damaged and was left out.",)


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF"])
def test_a_cut_profile_is_said_in_every_format(tmp_path: Path, format_: str) -> None:
    (tmp_path / "a").write_bytes(encoded(PIXELS, format_, icc_profile=RGB_PROFILE[:-5]))
    picture = read_picture(tmp_path / "a")
    assert picture.metadata.icc_profile is None
    assert picture.notes == ("The colour profile is damaged and was left out.",)


def test_many_segments_cost_no_more_than_their_bytes(tmp_path: Path) -> None:
    many = [segment(1, EXIF_PREFIX + bytes(65_000)), segment(2, bytes(65_000))] * 600
    started = time.process_time()
    picture = seen(tmp_path, jpeg(*many))
    assert time.process_time() - started < 10
    assert "The EXIF data is damaged and was left out." in picture.notes


def test_endless_segments_are_damage(tmp_path: Path) -> None:
    from retouchml.errors import PictureUnreadable

    with pytest.raises(PictureUnreadable):
        seen(tmp_path, jpeg(*[segment(1, b"")] * 100_000))


def test_the_resolution_of_an_exif_block_is_still_read(tmp_path: Path) -> None:
    block = b"II*\0" + struct.pack("<IH", 8, 3)
    block += struct.pack("<HHII", 282, 5, 1, 50) + struct.pack("<HHII", 283, 5, 1, 50)
    block += struct.pack("<HHIHH", 296, 3, 1, 2, 0) + bytes(4) + struct.pack("<II", 240, 1)
    data = jpeg(segment(1, b"other"), segment(1, EXIF_PREFIX + block))
    start = data.index(b"JFIF\0")
    data = data[: start + 7] + b"\0" + data[start + 8 :]  # no unit there
    stream = BytesIO(data)
    with Image.open(stream) as image:
        assert image.info["dpi"] == (240, 240)
    assert seen(tmp_path, data).metadata.dpi == (240, 240)
