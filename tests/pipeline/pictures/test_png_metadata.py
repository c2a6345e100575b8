"""What a PNG file has beside its pixels is kept, or a sentence says that it was left out; each kind once."""

import struct
import time
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from pipeline.pictures import Picture, read_picture, write_picture
from pipeline.pictures.png import chunk
from tests.pipeline.pictures.samples import EXIF_PREFIX, GREY_PROFILE, RGB_PROFILE, XMP, encoded, exif, ramp
from tests.pipeline.pictures.test_jpeg_metadata import CAPTION, resource

PIXELS = ramp(3, np.uint8)
OTHERS = [(".jpg", "JPEG"), (".tif", "TIFF"), (".webp", "WebP")]


def png(*chunks: bytes, trailer: bytes = b"") -> bytes:
    data = encoded(PIXELS, "PNG")
    return data[:33] + b"".join(chunks) + data[33:] + trailer


def seen(tmp_path: Path, data: bytes) -> Picture:
    (tmp_path / "in.png").write_bytes(data)
    return read_picture(tmp_path / "in.png")


def raw(kind: bytes, block: bytes) -> bytes:
    """A raw profile as ImageMagick writes it."""
    digits = block.hex().encode()
    lines = b"\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    text = b"\n%s\n%8d\n" % (kind, len(block)) + lines + b"\n"
    return chunk(b"zTXt", b"Raw profile type " + kind + b"\0\0" + zlib.compress(text))


def spoiled(good: bytes) -> bytes:
    """A chunk with a wrong checksum."""
    return good[:-1] + bytes((good[-1] ^ 1,))


P3_PQ = chunk(b"cICP", bytes((12, 16, 0, 1)))
GAMMA = chunk(b"gAMA", struct.pack(">I", 100_000))
PRIMARIES = chunk(b"cHRM", struct.pack(">8I", *[31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000]))
SRGB = chunk(b"sRGB", b"\0")


@pytest.mark.parametrize(
    ("chunks", "said"),
    [
        (P3_PQ, "cICP"),
        (chunk(b"gAMA", bytes(4)) + PRIMARIES, "gAMA, cHRM"),
        (SRGB + GAMMA + PRIMARIES, ""),
        (P3_PQ + SRGB + GAMMA, "cICP"),
        (chunk(b"iCCP", b"a\0\0" + zlib.compress(RGB_PROFILE)) + GAMMA, ""),
    ],
)
def test_colours_that_a_format_cannot_say_are_said(tmp_path: Path, chunks: bytes, said: str) -> None:
    picture = seen(tmp_path, png(chunks))
    for suffix, title in OTHERS:
        notes = write_picture(tmp_path / f"a{suffix}", picture, PIXELS)
        sentence = (
            f"{title} has no place for the PNG's description of its colours ({said}), which was left out: "
            "colours may look different."
        )
        assert notes == ((sentence,) if said else ())
    assert write_picture(tmp_path / "a.png", picture, PIXELS) == ()
    assert read_picture(tmp_path / "a.png").metadata.png_colour == picture.metadata.png_colour


@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".webp"])
def test_gamma_and_primaries_become_a_profile_that_says_the_same(tmp_path: Path, suffix: str) -> None:
    picture = seen(tmp_path, png(GAMMA + PRIMARIES))
    notes = write_picture(tmp_path / f"a{suffix}", picture, PIXELS)
    assert [note.partition(" has ")[2] for note in notes] == [
        "no gAMA, cHRM as PNG has: a colour profile says the same."
    ]
    profile = read_picture(tmp_path / f"a{suffix}").metadata.icc_profile
    assert profile is not None
    # Display P3's primaries without a curve
    image = Image.new("RGB", (1, 1), (0, 255, 0))
    to_lab = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    half = Image.new("RGB", (1, 1), (128, 128, 128))
    lightness = np.asarray(ImageCms.applyTransform(half, to_lab))[0, 0, 0] / 255 * 100
    assert lightness == pytest.approx(76.1, abs=0.5)  # L* of half the light
    a = np.asarray(ImageCms.applyTransform(image, to_lab)).astype(np.int8)[0, 0, 1]
    assert a < -95  # greener than sRGB's own green, which is -79


def test_display_p3_in_numbers_becomes_a_profile(tmp_path: Path) -> None:
    picture = seen(tmp_path, png(chunk(b"cICP", bytes((12, 13, 0, 1)))))
    notes = write_picture(tmp_path / "a.tif", picture, PIXELS)
    assert notes == ("TIFF has no cICP as PNG has: a colour profile says the same.",)
    assert read_picture(tmp_path / "a.tif").metadata.icc_profile is not None


TEXTS = (
    chunk(b"tEXt", b"Title\0A portrait")
    + chunk(b"zTXt", b"Author\0\0" + zlib.compress(b"Somebody"))
    + chunk(b"iTXt", b"Description\0\0\0de\0Beschreibung\0" + "Grüße".encode())
)


def test_texts_are_kept_in_a_png_and_said_elsewhere(tmp_path: Path) -> None:
    picture = seen(tmp_path, png(TEXTS))
    assert picture.notes == ()
    assert write_picture(tmp_path / "a.png", picture, PIXELS) == ()
    assert TEXTS in (tmp_path / "a.png").read_bytes()
    for suffix, title in OTHERS:
        notes = write_picture(tmp_path / f"a{suffix}", picture, PIXELS)
        named = "Title, Author, Description"
        assert notes == (f"{title} has no place for the PNG's texts ({named}), which were left out.",)


def test_raw_profiles_are_read_as_what_they_are(tmp_path: Path) -> None:
    block = resource(0x0404, CAPTION) + resource(2000, b"path") + resource(0x040C, b"the old face")
    picture = seen(tmp_path, png(raw(b"exif", EXIF_PREFIX + exif(6)), raw(b"xmp", XMP), raw(b"iptc", block)))
    assert picture.notes == ()
    assert (picture.width, picture.height) == (17, 23)
    metadata = picture.metadata
    assert metadata.exif is not None
    assert metadata.xmp == XMP.replace(b'Orientation="6"', b'Orientation="1"')
    assert (metadata.iptc, metadata.photoshop) == (CAPTION, resource(2000, b"path"))
    assert write_picture(tmp_path / "a.jpg", picture, picture.pixels) == ()
    assert read_picture(tmp_path / "a.jpg").metadata.iptc == CAPTION
    assert write_picture(tmp_path / "a.png", picture, picture.pixels) == ()
    again = read_picture(tmp_path / "a.png").metadata
    assert (again.exif, again.xmp) == (metadata.exif, metadata.xmp)
    assert (again.iptc, again.photoshop) == (CAPTION, resource(2000, b"path"))


@pytest.mark.parametrize(
    ("kind", "title"), [(b"exif", "EXIF data"), (b"xmp", "XMP data"), (b"iptc", "IPTC data")]
)
def test_a_damaged_raw_profile_is_said(tmp_path: Path, kind: bytes, title: str) -> None:
    for bad in (b"tEXt", b"zTXt"):
        broken = chunk(bad, b"Raw profile type " + kind + b"\0\0not hexadecimal")
        assert seen(tmp_path, png(broken)).notes == (f"The {title} is damaged and was left out.",)


def test_a_raw_profile_of_another_kind_is_named(tmp_path: Path) -> None:
    picture = seen(tmp_path, png(raw(b"icc", RGB_PROFILE)))
    assert picture.notes == ("Data of other programs was left out (raw profile icc).",)


def test_other_chunks_are_named_but_for_those_without_meaning(tmp_path: Path) -> None:
    harmless = chunk(b"tIME", bytes((7, 234, 1, 1, 0, 0, 0))) + chunk(b"bKGD", bytes(6))
    assert seen(tmp_path, png(harmless)).notes == ()
    notes = seen(tmp_path, png(harmless, chunk(b"caBX", b"c2pa"), chunk(b"caBX", b"c2pa"))).notes
    assert notes == ("Data of other programs was left out (caBX).",)


@pytest.mark.parametrize(
    ("bad", "title"),
    [
        (spoiled(chunk(b"iCCP", b"a\0\0" + zlib.compress(RGB_PROFILE))), "colour profile"),
        (chunk(b"iCCP", b"a\0\0" + zlib.compress(RGB_PROFILE)[:-9]), "colour profile"),
        (chunk(b"iCCP", b"a\0\0" + zlib.compress(RGB_PROFILE[:-9])), "colour profile"),
        (spoiled(chunk(b"eXIf", exif())), "EXIF data"),
        (spoiled(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)), "XMP data"),
        (chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + b"no zlib"), "XMP data"),
        (spoiled(GAMMA), "gAMA chunk"),
        (spoiled(chunk(b"tEXt", b"Title\0A portrait")), "text"),
    ],
)
def test_a_damaged_chunk_is_said(tmp_path: Path, bad: bytes, title: str) -> None:
    picture = seen(tmp_path, png(bad))
    assert picture.notes == (f"The {title} is damaged and was left out.",)
    assert picture.metadata.icc_profile is None


def test_data_behind_the_end_is_said(tmp_path: Path) -> None:
    assert seen(tmp_path, png(trailer=b"PK\3\4")).notes == ("The data behind the picture was left out.",)
    assert seen(tmp_path, png(trailer=bytes(9))).notes == ()


def test_the_first_profile_and_the_first_packet_count(tmp_path: Path) -> None:
    first, second = (chunk(b"iCCP", b"a\0\0" + zlib.compress(p)) for p in (RGB_PROFILE, GREY_PROFILE))
    one, two = (chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + x) for x in (b"<a/>", b"<b/>"))
    metadata = seen(tmp_path, png(first, second, one, two)).metadata
    assert metadata.icc_profile == RGB_PROFILE
    assert metadata.xmp == b"<a/>"


BOMB = zlib.compress(bytes(15 * 2**20), 9)


@pytest.mark.parametrize(
    "bomb",
    [
        chunk(b"iCCP", b"a\0\0" + BOMB),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + BOMB),
        chunk(b"zTXt", b"Raw profile type xmp\0\0" + BOMB),
        chunk(b"zTXt", b"Raw profile type iptc\0\0" + BOMB),
        chunk(b"zTXt", b"Comment\0\0" + BOMB),
    ],
    ids=["iCCP", "XMP", "raw exif", "raw xmp", "raw iptc", "text"],
)
def test_five_hundred_chunks_cost_as_much_as_one(tmp_path: Path, bomb: bytes) -> None:
    started = time.process_time()
    seen(tmp_path, png(*[bomb] * 500))
    assert time.process_time() - started < 8


def test_kinds_of_raw_profiles_without_end_are_not_all_read(tmp_path: Path) -> None:
    many = [chunk(b"zTXt", b"Raw profile type %d\0\0" % number + BOMB) for number in range(500)]
    started = time.process_time()
    seen(tmp_path, png(*many))
    assert time.process_time() - started < 8


def test_more_chunks_than_any_program_writes_are_said(tmp_path: Path) -> None:
    picture = seen(tmp_path, png(*[chunk(b"tEXt", b"a\0b")] * 20_000))
    assert picture.notes == (
        "The file has more texts and other data than any program writes; some were left out.",
    )
    assert len(picture.metadata.png_texts) == 10_000
