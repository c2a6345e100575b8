"""Every format × depth × channels: what is written comes back, and other programs see the same."""

import struct
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import pytest
import tifffile
from numpy.typing import DTypeLike
from PIL import Image, ImageOps, IptcImagePlugin

from pipeline.pictures import Metadata, Picture, read_picture, write_picture
from pipeline.pictures.exif import for_upright, orientation_of
from pipeline.pictures.formats import FORMATS, format_of
from tests.pipeline.pictures.samples import (
    EXIF_PREFIX,
    GREY_PROFILE,
    RGB_PROFILE,
    XMP,
    Array,
    encoded,
    exif,
    noise,
    ramp,
    saved,
    with_orientation,
)

LOSSLESS: list[tuple[str, DTypeLike]] = [
    (".png", np.uint8),
    (".png", np.uint16),
    (".tif", np.uint8),
    (".tif", np.uint16),
    (".tif", np.float32),
    (".webp", np.uint8),
]
SUFFIXES = [".png", ".tif", ".jpg", ".webp"]


def picture(pixels: Array, grey: bool = False, **metadata: Any) -> Picture:
    if pixels.shape[2] == 2:
        pixels, grey = pixels[..., [0, 0, 0, 1]], True
    return Picture(pixels, "png", grey or pixels.shape[2] == 1, Metadata(**metadata))


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("suffix", "dtype"), LOSSLESS)
def test_lossless_formats_give_back_every_pixel(
    tmp_path: Path, suffix: str, dtype: DTypeLike, channels: int
) -> None:
    original = picture(ramp(channels, dtype))
    path = tmp_path / f"a{suffix}"
    assert write_picture(path, original, original.pixels) == ()
    back = read_picture(path)
    wanted = original.pixels
    if suffix == ".webp":  # holds no grey
        wanted = np.repeat(wanted, 3, axis=2) if channels == 1 else wanted
    else:
        assert back.grey == (channels <= 2)
    assert back.pixels.dtype == dtype
    np.testing.assert_array_equal(back.pixels, wanted)
    assert back.notes == ()
    assert back.metadata.lossless
    assert back.pixels.flags.c_contiguous
    assert back.pixels.flags.writeable


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1), (3, 3), (4, 1000)])
@pytest.mark.parametrize(("suffix", "dtype"), LOSSLESS)
def test_odd_sizes_survive(tmp_path: Path, suffix: str, dtype: DTypeLike, size: tuple[int, int]) -> None:
    original = picture(ramp(3, dtype, *size))
    path = tmp_path / f"a{suffix}"
    write_picture(path, original, original.pixels)
    np.testing.assert_array_equal(read_picture(path).pixels, original.pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_comes_back_close_and_without_subsampling(tmp_path: Path, channels: int) -> None:
    original = picture(ramp(channels, np.uint8))
    path = tmp_path / "a.jpg"
    assert write_picture(path, original, original.pixels) == ()
    back = read_picture(path)
    assert back.grey == (channels == 1)
    assert not back.metadata.lossless
    assert np.abs(back.pixels.astype(int) - original.pixels).max() <= 6
    with Image.open(path) as seen:
        layers = seen.layer  # type: ignore[attr-defined]
    assert {layer[1:3] for layer in layers} == {(1, 1)}


# a caption and a credit, as agencies write them
_IPTC = b"\x1c\x02\x78\0\x05Hello" + b"\x1c\x02\x6e\0\x04NASA"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_iptc_is_kept_where_a_format_has_a_place_for_it(tmp_path: Path, suffix: str) -> None:
    pixels = ramp(3, np.uint8)
    other = b"8BIM\x04\x25\0\0\0\0\0\x04" + bytes(4)  # a resource that is nobody's concern
    resource = b"8BIM\x04\x04\0\0" + len(_IPTC).to_bytes(4, "big") + _IPTC + bytes(len(_IPTC) % 2)
    block = b"Photoshop 3.0\0" + other + resource
    segment = b"\xff\xed" + (len(block) + 2).to_bytes(2, "big") + block
    (tmp_path / "source.jpg").write_bytes(encoded(pixels, "JPEG", extra=segment))
    source = read_picture(tmp_path / "source.jpg")
    assert source.metadata.iptc == _IPTC
    path = tmp_path / f"a{suffix}"
    notes = write_picture(path, source, source.pixels)
    entry = FORMATS[format_of(path)]
    assert entry.writing is not None
    if entry.writing.iptc:
        assert notes == ()
        assert read_picture(path).metadata.iptc == _IPTC
        with Image.open(path) as seen:  # another reader
            found = IptcImagePlugin.getiptcinfo(seen)
        assert found == {(2, 120): b"Hello", (2, 110): b"NASA"}
    else:
        assert notes == (f"{entry.title} has no place for the IPTC data, which was left out.",)


@pytest.mark.parametrize("order", ["<", ">"])
def test_iptc_that_a_tiff_calls_integers_is_read_as_bytes(tmp_path: Path, order: Literal["<", ">"]) -> None:
    records = _IPTC + bytes(-len(_IPTC) % 4)
    values = struct.unpack(f"{order}{len(records) // 4}I", records)
    tags = [(33723, 4, len(values), values, True)]
    tifffile.imwrite(
        tmp_path / "a.tif", ramp(3, np.uint8), photometric="rgb", extratags=tags, byteorder=order
    )
    assert read_picture(tmp_path / "a.tif").metadata.iptc == records


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_png_is_read_the_same_by_opencv(tmp_path: Path, dtype: DTypeLike, channels: int) -> None:
    original = picture(ramp(channels, dtype), icc_profile=None, exif=exif(), xmp=XMP, dpi=(300, 300))
    path = tmp_path / "a.png"
    write_picture(path, original, original.pixels)
    seen = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert seen is not None
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    np.testing.assert_array_equal(seen.reshape(*seen.shape[:2], -1)[..., order], original.pixels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_png_and_tiff_of_opencv_are_read_the_same(tmp_path: Path, dtype: DTypeLike) -> None:
    pixels = ramp(3, dtype)
    for suffix in (".png", ".tif"):
        if suffix == ".png" and dtype == np.float32:
            continue
        path = tmp_path / f"a{suffix}"
        assert cv2.imwrite(str(path), pixels[..., ::-1])
        np.testing.assert_array_equal(read_picture(path).pixels, pixels)


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_tiff_of_any_compression_is_read_the_same_by_libtiff(
    tmp_path: Path, compression: str, channels: int
) -> None:
    original = picture(ramp(channels, np.uint8), tiff_compression=compression, exif=exif(), xmp=XMP)
    path = tmp_path / "a.tif"
    write_picture(path, original, original.pixels)
    with Image.open(path) as seen:
        pixels = np.asarray(seen.convert("RGBA" if channels in (2, 4) else "RGB"))
    wanted = np.repeat(original.pixels, 3, axis=2) if channels == 1 else original.pixels
    np.testing.assert_array_equal(pixels, wanted)
    assert read_picture(path).metadata.tiff_compression == compression


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_profile_exif_xmp_and_resolution_are_kept(tmp_path: Path, suffix: str, order: str) -> None:
    block = exif(orientation=1, order=order)
    original = picture(ramp(3, np.uint8), icc_profile=RGB_PROFILE, exif=block, xmp=XMP, dpi=(300.0, 150.0))
    path = tmp_path / f"a{suffix}"
    assert write_picture(path, original, original.pixels) == ()
    back = read_picture(path).metadata
    assert back.icc_profile == RGB_PROFILE
    assert back.xmp is not None
    assert b'tiff:Make="Testcam"' in back.xmp
    assert back.exif is not None
    if suffix != ".webp":  # holds none of its own
        assert back.dpi == pytest.approx((300, 150), abs=0.02)
    with Image.open(path) as seen:
        assert seen.info["icc_profile"] == RGB_PROFILE
        assert seen.getexif()[271] == "Testcam"
        inner = seen.getexif().get_ifd(34665)
    assert inner[37500] == b"\x01note\x02\xff\x00"
    assert (inner[40962], inner[40963]) == (23, 17)
    if suffix != ".tif":
        assert back.exif == for_upright(block, 23, 17)


def test_grey_profile_stays_with_grey_pictures(tmp_path: Path) -> None:
    original = picture(ramp(1, np.uint8), icc_profile=GREY_PROFILE)
    for suffix in (".png", ".tif", ".jpg"):
        assert write_picture(tmp_path / f"a{suffix}", original, original.pixels) == ()
        assert read_picture(tmp_path / f"a{suffix}").metadata.icc_profile == GREY_PROFILE
    notes = write_picture(tmp_path / "a.webp", original, original.pixels)
    assert notes == ("The colour profile is for GRAY and was left out.",)
    assert read_picture(tmp_path / "a.webp").metadata.icc_profile is None


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_honoured_and_reset(tmp_path: Path, suffix: str, orientation: int) -> None:
    path = with_orientation(tmp_path / f"a{suffix}", ramp(3, np.uint8), orientation)
    with Image.open(path) as stored:
        wanted = np.asarray(ImageOps.exif_transpose(stored).convert("RGB"))
    seen = read_picture(path)
    np.testing.assert_array_equal(seen.pixels, wanted)
    assert seen.metadata.exif is None or orientation_of(seen.metadata.exif) == 1
    written = tmp_path / f"b{suffix}"
    write_picture(written, seen, seen.pixels)
    with Image.open(written) as again:
        assert again.size == (wanted.shape[1], wanted.shape[0])
        assert again.getexif().get(274, 1) == 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_deep_pictures_turn_like_shallow_ones(tmp_path: Path, orientation: int) -> None:
    pixels = ramp(3, np.uint8)
    shallow = read_picture(with_orientation(tmp_path / "a.tif", pixels, orientation)).pixels
    for dtype in (np.uint16, np.float32):
        deep = with_orientation(tmp_path / "b.tif", pixels.astype(dtype), orientation)
        np.testing.assert_array_equal(read_picture(deep).pixels, shallow.astype(dtype))


def test_orientation_swaps_the_two_resolutions(tmp_path: Path) -> None:
    options: dict[str, Any] = {"exif": EXIF_PREFIX + exif(6), "dpi": (300, 150)}
    path = saved(Image.fromarray(ramp(3, np.uint8)), tmp_path / "a.jpg", **options)
    assert read_picture(path).metadata.dpi == (150, 300)


def test_half_floats_stay_half_floats(tmp_path: Path) -> None:
    pixels = ramp(3, np.float16) * np.float16(3) - np.float16(1)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb")
    half = read_picture(tmp_path / "a.tif")
    assert half.pixels.dtype == np.float32
    np.testing.assert_array_equal(half.pixels, pixels.astype(np.float32))
    write_picture(tmp_path / "b.tif", half, half.pixels)
    written = tifffile.imread(tmp_path / "b.tif")
    assert written.dtype == np.float16
    np.testing.assert_array_equal(written, pixels)


def test_half_floats_become_floats_where_a_number_outgrows_them(tmp_path: Path) -> None:
    half = Picture(ramp(3, np.float32), "tiff", metadata=Metadata(half=True))
    bright = half.pixels * np.float32(1e6)
    write_picture(tmp_path / "a.tif", half, bright)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, bright)


def test_a_jpeg_keeps_its_own_tables_where_they_are_finer(tmp_path: Path) -> None:
    pixels = noise(3, 64, 64)
    for quality in (98, 100):
        (tmp_path / "a.jpg").write_bytes(encoded(pixels, "JPEG", quality=quality, subsampling=0))
        fine = read_picture(tmp_path / "a.jpg")
        write_picture(tmp_path / "b.jpg", fine, fine.pixels, force=True)
        again = read_picture(tmp_path / "b.jpg")
        assert again.metadata.jpeg_tables == fine.metadata.jpeg_tables
        assert np.abs(again.pixels.astype(int) - fine.pixels).mean() < 1


def test_a_coarse_jpeg_is_written_at_quality_95(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(ramp(3, np.uint8), "JPEG", quality=60))
    (tmp_path / "95.jpg").write_bytes(encoded(ramp(3, np.uint8), "JPEG", quality=95))
    coarse = read_picture(tmp_path / "a.jpg")
    write_picture(tmp_path / "b.jpg", coarse, coarse.pixels)
    wanted = read_picture(tmp_path / "95.jpg").metadata.jpeg_tables
    assert wanted is not None
    assert read_picture(tmp_path / "b.jpg").metadata.jpeg_tables == wanted


def test_a_lossy_webp_is_written_lossy_and_a_lossless_one_losslessly(tmp_path: Path) -> None:
    pixels = noise(4, 40, 40)
    (tmp_path / "lossy.webp").write_bytes(encoded(pixels, "WEBP", quality=80))
    (tmp_path / "lossless.webp").write_bytes(encoded(pixels, "WEBP", lossless=True, exact=True))
    for name in ("lossy", "lossless"):
        source = read_picture(tmp_path / f"{name}.webp")
        assert source.metadata.lossless == (name == "lossless")
        write_picture(tmp_path / f"{name}-out.webp", source, source.pixels)
        assert read_picture(tmp_path / f"{name}-out.webp").metadata.lossless == (name == "lossless")
    np.testing.assert_array_equal(read_picture(tmp_path / "lossless-out.webp").pixels, pixels)


def test_png_colour_chunks_are_kept(tmp_path: Path) -> None:
    from pipeline.pictures.png import chunk

    data = encoded(ramp(3, np.uint8), "PNG")
    gamma = chunk(b"gAMA", (100_000).to_bytes(4, "big"))
    (tmp_path / "a.png").write_bytes(data[:33] + gamma + data[33:])
    source = read_picture(tmp_path / "a.png")
    write_picture(tmp_path / "b.png", source, source.pixels)
    assert gamma in (tmp_path / "b.png").read_bytes()


def test_a_large_profile_survives_jpeg(tmp_path: Path) -> None:
    profile = RGB_PROFILE[:128] + np.random.default_rng(0).bytes(200_000)
    original = picture(ramp(3, np.uint8), icc_profile=profile)
    write_picture(tmp_path / "a.jpg", original, original.pixels)
    assert read_picture(tmp_path / "a.jpg").metadata.icc_profile == profile
