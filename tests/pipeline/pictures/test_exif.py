"""EXIF blocks and TIFF directories: values are found, changed in place, moved, and damage does no harm."""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile

from pipeline.pictures.exif import (
    block_from_tiff,
    describe_tiff,
    for_upright,
    orientation_of,
    xmp_for_upright,
)
from pipeline.pictures.ifd import (
    EXIF_IFD,
    Directory,
    Entry,
    read_directory,
    reader_of,
    reader_of_file,
    to_block,
)
from tests.pipeline.pictures.samples import XMP, encoded, exif, noise

ORDERS = ["<", ">"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_found_in_both_byte_orders(order: str, orientation: int) -> None:
    assert orientation_of(exif(orientation, order)) == orientation


@pytest.mark.parametrize(
    "block", [b"", b"II*\0", exif(None), exif(0), exif(9), b"MM\0*\xff\xff\xff\xff", bytes(40)]
)
def test_orientation_is_upright_where_none_is_given(block: bytes) -> None:
    assert orientation_of(block) == 1


@pytest.mark.parametrize("order", ORDERS)
def test_only_orientation_size_and_thumbnail_change_in_place(order: str) -> None:
    before = exif(6, order, thumbnail=True)
    after = for_upright(before, 321, 123)
    assert after is not None
    assert len(after) == len(before)
    changed = {at for at in range(len(before)) if before[at] != after[at]}
    entry = before.index(struct.pack(order + "HHI", 274, 3, 1)) + 8
    sizes = [
        before.index(struct.pack(order + "HHI", tag, kind, 1)) + 8 for tag, kind in ((40962, 4), (40963, 3))
    ]
    link = 8 + 2 + 3 * 12
    allowed = {at + offset for at in (entry, *sizes, link) for offset in range(4)}
    assert changed <= allowed
    assert orientation_of(after) == 1
    below = read_directory(reader_of(after)).children[EXIF_IFD].entries
    assert struct.unpack("<I", below[40962].data) == (321,)
    assert struct.unpack("<H", below[40963].data) == (123,)
    assert after[link : link + 4] == bytes(4)


def with_thumbnail(thumbnail: bytes, maker_note: bytes = b"") -> bytes:
    """An EXIF block of a first directory with a maker's note, and a second with a thumbnail."""
    first, second = 8, 8 + 2 + 12 + 4
    data = second + 2 + 24 + 4
    block = b"II*\0" + struct.pack("<I", first) + struct.pack("<H", 1)
    block += struct.pack("<HHII", 37500, 7, len(maker_note) or 4, data + len(thumbnail)) + struct.pack(
        "<I", second
    )
    block += struct.pack("<H", 2) + struct.pack("<HHII", 513, 4, 1, data)
    block += struct.pack("<HHII", 514, 4, 1, len(thumbnail)) + bytes(4)
    return block + thumbnail + maker_note


def test_the_bytes_of_a_thumbnail_are_gone() -> None:
    thumbnail = b"any bytes at all"
    after = for_upright(with_thumbnail(thumbnail, b"note"), 9, 9)
    assert after is not None
    assert after.endswith(bytes(len(thumbnail)) + b"note")


def test_a_preview_in_a_makers_note_is_gone_and_the_note_stays() -> None:
    preview = encoded(noise(3), "JPEG")
    after = for_upright(with_thumbnail(preview, b"before" + preview + b"behind"), 9, 9)
    assert after is not None
    assert after.endswith(bytes(len(preview)) + b"before" + bytes(len(preview)) + b"behind")


@pytest.mark.parametrize("place", [0, 4, 9, 0xFFFFFFFF])
def test_a_thumbnail_that_points_into_its_directories_does_no_harm(place: int) -> None:
    block = exif(6)
    link = 8 + 2 + 3 * 12
    block = block[:link] + struct.pack("<I", len(block)) + block[link + 4 :] + struct.pack("<H", 2)
    block += struct.pack("<HHII", 513, 4, 1, place) + struct.pack("<HHII", 514, 4, 1, 0xFFFFFFFF) + bytes(4)
    after = for_upright(block, 9, 9)
    assert after is not None
    assert orientation_of(after) == 1
    assert read_directory(reader_of(after)).children[EXIF_IFD].entries[37500].data == b"\x01note\x02\xff\0"


def test_a_size_beyond_its_field_is_cut() -> None:
    after = for_upright(exif(1), 100_000, 100_000)
    assert after is not None
    below = read_directory(reader_of(after)).children[EXIF_IFD].entries
    assert struct.unpack("<I", below[40962].data) == (100_000,)
    assert struct.unpack("<H", below[40963].data) == (65_535,)


@pytest.mark.parametrize(
    "block", [b"", b"II", b"II*\0\xff\xff\xff\x7f", b"PK\3\4" + bytes(20), b"II*\0\x08\0\0\0\xff\xff"]
)
def test_a_block_without_a_first_directory_is_given_up(block: bytes) -> None:
    assert for_upright(block, 1, 1) is None


def test_directories_survive_being_laid_out_anew() -> None:
    inner = Directory(
        {36867: Entry(2, 20, b"2024:01:02 03:04:05\0"), 33434: Entry(5, 1, struct.pack("<II", 1, 125))}
    )
    whole = Directory(
        {271: Entry(2, 4, b"abc\0"), 272: Entry(2, 7, b"abcdef\0"), 274: Entry(3, 1, b"\6\0")},
        {EXIF_IFD: inner},
    )
    assert read_directory(reader_of(to_block(whole))) == whole


def test_big_endian_values_become_little_endian() -> None:
    block = b"MM\0*" + struct.pack(">I", 8) + struct.pack(">H", 1) + struct.pack(">HHII", 33434, 5, 1, 26)
    block += bytes(4) + struct.pack(">II", 1, 125)
    assert read_directory(reader_of(block)).entries[33434] == Entry(5, 1, struct.pack("<II", 1, 125))


@pytest.mark.parametrize("pointer", [8, 0, 0xFFFFFFFF])
def test_a_loop_of_directories_ends(pointer: int) -> None:
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, pointer) for tag in (34665, 34853, 40965))
    block = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 3) + entries + bytes(4)
    assert read_directory(reader_of(block)).entries == {}
    assert for_upright(block, 1, 1) is not None


def test_one_damaged_entry_does_not_cost_the_others() -> None:
    block = exif(1).replace(struct.pack("<HHI", 37500, 7, 8), struct.pack("<HHI", 37500, 7, 0xFFFFFF))
    below = read_directory(reader_of(block)).children[EXIF_IFD].entries
    assert set(below) == {40962, 40963}


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_exif_and_xmp_move_into_a_tiff(tmp_path: Path, big: bool, order: str) -> None:
    path, pixels = tmp_path / "a.tif", noise(3)
    tifffile.imwrite(
        path, pixels, photometric="rgb", bigtiff=big, byteorder="<", compression="zlib", metadata=None
    )
    with path.open("r+b") as file:
        describe_tiff(file, exif(1, order), XMP, b"\x1c\x02\x78\0\x05Hello")
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        np.testing.assert_array_equal(page.asarray(), pixels)
        assert page.tags.valueof(271) == "Testcam"
        assert page.tags.valueof(700) == XMP
        assert page.tags.valueof(33723) == b"\x1c\x02\x78\0\x05Hello"
        assert page.tags.valueof(34665)["MakerNote"] == b"\x01note\x02\xff\x00"
        assert page.tags.valueof(34665)["PixelXDimension"] == 9999


def test_a_tiff_that_says_nothing_gives_no_block() -> None:
    stream = BytesIO()
    tifffile.imwrite(stream, noise(3), photometric="rgb", metadata=None, software=False)
    assert block_from_tiff(stream) is None


def test_storage_tags_of_a_tiff_stay_out_of_its_block(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(
        path, noise(3), photometric="rgb", extratags=[(271, 2, 0, "Testcam", True)], metadata=None
    )
    with path.open("rb") as file:
        block = block_from_tiff(file)
        everything = read_directory(reader_of_file(file)).entries
    assert block is not None
    assert set(read_directory(reader_of(block)).entries) == {271, 305}
    assert {256, 257, 273, 279} <= set(everything)


@pytest.mark.parametrize(
    "form", [b'tiff:Orientation="%d"', b"tiff:Orientation='%d'", b"<tiff:Orientation>%d</tiff:Orientation>"]
)
def test_every_form_of_orientation_in_xmp_is_reset(form: bytes) -> None:
    for value in range(1, 9):
        assert xmp_for_upright(b"<a " + form % value + b">") == b"<a " + form % 1 + b">"


def test_entries_that_all_point_to_the_same_bytes_are_not_all_read() -> None:
    size, number = 2**20, 4000
    entries = b"".join(struct.pack("<HHII", tag, 7, size, 60_000) for tag in range(1000, 1000 + number))
    inner = struct.pack("<H", number) + entries + bytes(4)
    block = b"II*\0" + struct.pack("<IHHHII", 8, 1, 34665, 4, 1, 26) + bytes(4) + inner + bytes(60_000 + size)
    below = read_directory(reader_of(block)).children[EXIF_IFD].entries
    assert sum(len(entry.data) for entry in below.values()) <= 16 * 2**20
