"""Kinds of files that need more than decoding: each is read sensibly, and says so."""

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import DTypeLike
from PIL import Image

import pipeline
from pipeline.pictures import read_picture, write_picture
from pipeline.pictures.exif import orientation_of
from pipeline.pictures.png import chunk
from tests.pipeline.pictures.samples import (
    EXIF_PREFIX,
    XMP,
    Array,
    cmyk_profile,
    encoded,
    exif,
    noise,
    ramp,
    saved,
)


def test_grey_of_both_depths_has_one_channel(tmp_path: Path) -> None:
    for dtype in (np.uint8, np.uint16):
        pixels = ramp(1, dtype)
        for suffix in (".png", ".tif"):
            path = saved(Image.fromarray(pixels[..., 0]), tmp_path / f"a{suffix}")
            seen = read_picture(path)
            assert seen.grey
            np.testing.assert_array_equal(seen.pixels, pixels)


def test_grey_with_alpha_is_rgba_that_remembers_its_grey(tmp_path: Path) -> None:
    pixels = ramp(2, np.uint8)
    seen = read_picture(saved(Image.fromarray(pixels), tmp_path / "a.png"))
    assert seen.grey
    assert seen.has_alpha
    np.testing.assert_array_equal(seen.pixels, pixels[..., [0, 0, 0, 1]])


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".gif"])
def test_palette_becomes_rgb(tmp_path: Path, suffix: str) -> None:
    image = Image.fromarray(noise(3)).quantize(16)
    seen = read_picture(saved(image, tmp_path / f"a{suffix}"))
    np.testing.assert_array_equal(seen.pixels, np.asarray(image.convert("RGB")))
    assert seen.notes == ("The palette was expanded to full colour.",)


def test_palette_with_transparency_becomes_rgba(tmp_path: Path) -> None:
    image = Image.fromarray(noise(3)).quantize(16)
    alphas = bytes(range(0, 160, 10))
    seen = read_picture(saved(image, tmp_path / "a.png", transparency=alphas))
    np.testing.assert_array_equal(seen.pixels[..., :3], np.asarray(image.convert("RGB")))
    np.testing.assert_array_equal(seen.pixels[..., 3], np.frombuffer(alphas, np.uint8)[np.asarray(image)])


def test_a_key_colour_becomes_alpha(tmp_path: Path) -> None:
    pixels = noise(3)
    key = tuple(int(value) for value in pixels[2, 3])
    seen = read_picture(saved(Image.fromarray(pixels), tmp_path / "a.png", transparency=key))
    np.testing.assert_array_equal(seen.pixels[..., 3] == 0, (pixels == key).all(axis=2))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_one_bit_becomes_black_and_white(tmp_path: Path, suffix: str) -> None:
    image = Image.fromarray(noise(1)[..., 0] > 127)
    seen = read_picture(saved(image, tmp_path / f"a{suffix}"))
    assert seen.grey
    np.testing.assert_array_equal(seen.pixels[..., 0], np.asarray(image.convert("L")))


def test_cmyk_goes_through_its_profile(tmp_path: Path) -> None:
    image = Image.new("CMYK", (4, 4), (255, 0, 0, 0))
    image.paste((0, 0, 0, 0), (0, 0, 4, 2))
    olive = cmyk_profile((140, 120, 180))
    for suffix in (".jpg", ".tif"):
        options = {"quality": 100} if suffix == ".jpg" else {}
        seen = read_picture(saved(image, tmp_path / f"a{suffix}", icc_profile=olive, **options))
        red, green, blue = seen.pixels[3, 3].astype(int)
        assert seen.pixels[0, 0].min() > 250
        assert red > blue + 50, "cyan ink is olive in this profile"
        assert green > blue + 50
        assert seen.metadata.icc_profile is None
        assert seen.notes == ("CMYK was converted to sRGB by its colour profile.",)


@pytest.mark.parametrize("profile", [b"", b"no profile" * 50, cmyk_profile((1, 2, 3))[:300]])
def test_cmyk_without_a_usable_profile_is_read_all_the_same(tmp_path: Path, profile: bytes) -> None:
    image = Image.new("CMYK", (4, 4), (255, 0, 0, 0))
    seen = read_picture(saved(image, tmp_path / "a.jpg", icc_profile=profile, quality=100))
    red, green, blue = seen.pixels[0, 0]
    assert red < 10
    assert min(green, blue) > 245
    assert seen.notes == ("CMYK was converted to sRGB without a colour profile, so colours are a guess.",)


def test_deep_cmyk_tiff_keeps_its_alpha(tmp_path: Path) -> None:
    ink = np.zeros((5, 6, 5), np.uint16)
    ink[..., 4] = 0x8080
    tifffile.imwrite(tmp_path / "a.tif", ink, photometric="separated", extrasamples=["unassalpha"])
    seen = read_picture(tmp_path / "a.tif")
    assert seen.pixels.dtype == np.uint8
    assert (seen.pixels[0, 0] == (255, 255, 255, 0x80)).all()
    assert "CMYK was narrowed to 8 bits." in seen.notes


@pytest.mark.parametrize(
    ("suffix", "what"), [(".webp", "first frame"), (".gif", "first frame"), (".png", "still")]
)
def test_an_animation_gives_its_first_frame(tmp_path: Path, suffix: str, what: str) -> None:
    frames = [Image.new("RGB", (9, 7), colour) for colour in ("red", "blue")]
    options: dict[str, Any] = {"lossless": True} if suffix == ".webp" else {}
    path = saved(frames[0], tmp_path / f"a{suffix}", save_all=True, append_images=frames[1:], **options)
    seen = read_picture(path)
    assert (seen.height, seen.width) == (7, 9)
    assert (seen.pixels[..., :3] == (255, 0, 0)).all()
    assert any("animated" in note and what in note for note in seen.notes)


def test_a_webp_frame_smaller_than_its_canvas_is_put_in_its_place(tmp_path: Path) -> None:
    frame = encoded(np.full((2, 4, 3), 200, np.uint8), "WEBP", lossless=True)[12:]
    place = b"".join(value.to_bytes(3, "little") for value in (1, 2, 3, 1, 100)) + b"\0"
    part = place + frame
    body = b"WEBP" + b"VP8X" + struct.pack("<II", 10, 0x12) + bytes((9, 0, 0)) + bytes((7, 0, 0))
    body += b"ANIM" + struct.pack("<IIH", 6, 0, 0) + b"ANMF" + struct.pack("<I", len(part)) + part
    (tmp_path / "a.webp").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    seen = read_picture(tmp_path / "a.webp").pixels
    assert seen.shape == (8, 10, 4)
    assert (seen[4:6, 2:6] == (200, 200, 200, 255)).all()
    assert int(seen[..., 3].astype(bool).sum()) == 8


def test_a_multi_picture_jpeg_gives_its_first(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (16, 8), "green"), Image.new("RGB", (16, 8), "white")
    path = saved(first, tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[second])
    seen = read_picture(path)
    assert seen.pixels[..., 0].max() < 30
    assert seen.format == "jpeg"
    assert seen.notes == ("The file holds several pictures; only the first is used.",)


def test_a_multi_page_tiff_gives_its_first(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for value in (10, 20):
            tiff.write(np.full((5, 5, 3), value, np.uint8), photometric="rgb")
    seen = read_picture(tmp_path / "a.tif")
    assert (seen.pixels == 10).all()
    assert seen.notes == ("The file has several pages; only the first is used.",)


@pytest.mark.parametrize(
    "options",
    [
        {"byteorder": ">"},
        {"bigtiff": True},
        {"tile": (16, 16)},
        {"planarconfig": "separate"},
        {"rowsperstrip": 3},
        {"compression": "lzw", "predictor": True},
        {"compression": "zlib", "byteorder": ">", "predictor": True, "tile": (16, 16)},
        {"compression": "zstd"},
        {"compression": "packbits"},
        {"compression": "lzma", "planarconfig": "separate"},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_every_layout_of_tiff_is_read(tmp_path: Path, options: dict[str, Any], dtype: DTypeLike) -> None:
    pixels = ramp(3, dtype, 40, 50)
    data = np.moveaxis(pixels, 2, 0) if options.get("planarconfig") == "separate" else pixels
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb", **options)
    seen = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(seen.pixels, pixels)
    assert seen.pixels.dtype == dtype
    assert seen.pixels.dtype.isnative


def test_ycbcr_tiff_of_both_kinds_is_read(tmp_path: Path) -> None:
    pixels = ramp(3, np.uint8, 48, 64)
    tifffile.imwrite(tmp_path / "jpeg.tif", pixels, photometric="rgb", compression="jpeg")
    saved(Image.fromarray(pixels).convert("YCbCr"), tmp_path / "raw.tif")
    for name in ("jpeg", "raw"):
        seen = read_picture(tmp_path / f"{name}.tif").pixels
        assert np.abs(seen.astype(int) - pixels).mean() < 3


@pytest.mark.parametrize("compression", [None, "jpeg"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_ycbcr_tiff_of_both_kinds_stands_upright(
    tmp_path: Path, compression: str | None, orientation: int
) -> None:
    pixels = ramp(3, np.uint8, 48, 64)
    path = tmp_path / "a.tif"
    if compression:
        tags = [(274, 3, 1, orientation, True)]
        tifffile.imwrite(path, pixels, photometric="rgb", compression=compression, extratags=tags)
    else:
        saved(Image.fromarray(pixels).convert("YCbCr"), path, tiffinfo={274: orientation})
    seen = read_picture(path).pixels
    expected = {1: pixels, 3: pixels[::-1, ::-1], 6: np.rot90(pixels, -1), 8: np.rot90(pixels)}[orientation]
    assert seen.shape == expected.shape
    assert np.abs(seen.astype(int) - expected).mean() < 3


def test_grey_that_counts_from_white_is_turned_over(tmp_path: Path) -> None:
    for dtype in (np.uint8, np.uint16):
        pixels = ramp(1, dtype)[..., 0]
        tifffile.imwrite(tmp_path / "a.tif", np.iinfo(dtype).max - pixels, photometric="miniswhite")
        np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels[..., 0], pixels)


def test_twelve_bit_samples_span_sixteen(tmp_path: Path) -> None:
    pixels = np.linspace(0, 4095, 16 * 16).astype(np.uint16).reshape(16, 16)
    tifffile.imwrite(tmp_path / "a.tif", pixels, bitspersample=12)
    seen = read_picture(tmp_path / "a.tif")
    assert (seen.pixels.min(), seen.pixels.max()) == (0, 65535)
    assert seen.notes == ("12-bit samples were widened.",)


def test_premultiplied_alpha_becomes_straight(tmp_path: Path) -> None:
    pixels = np.array([[[100, 50, 0, 128], [0, 0, 0, 0], [7, 8, 9, 255]]], np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["assocalpha"])
    seen = read_picture(tmp_path / "a.tif").pixels
    np.testing.assert_array_equal(seen[0], [[199, 100, 0, 128], [0, 0, 0, 0], [7, 8, 9, 255]])


def test_channels_beyond_alpha_are_kept_with_a_note(tmp_path: Path) -> None:
    pixels = ramp(6, np.uint8)
    extra = ["unassalpha", "unspecified", "unspecified"]
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=extra)
    seen = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(seen.pixels, pixels[..., :4])
    assert seen.notes == ("2 channels beyond the colours are kept as they are in a TIFF.",)


def test_channels_beyond_ink_and_alpha_are_left_out_with_a_note(tmp_path: Path) -> None:
    ink = ramp(6, np.uint8)
    extra = ["unassalpha", "unspecified"]
    tifffile.imwrite(tmp_path / "a.tif", ink, photometric="separated", extrasamples=extra)
    seen = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(seen.pixels[..., 3], ink[..., 4])
    assert "Channels beyond colour and alpha were left out." in seen.notes


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("kinds", [(0,), (), (0, 0), (2, 0), (0, 2), (0, 2, 0)])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("colours", [1, 3])
def test_unspecified_channels_are_no_alpha_and_come_back_unchanged(
    tmp_path: Path, dtype: type, kinds: tuple[int, ...], compression: str | None, colours: int
) -> None:
    """As scanners store infrared."""
    beyond = max(1, len(kinds))
    pixels = ramp(colours + beyond, dtype)
    tifffile.imwrite(
        tmp_path / "a.tif",
        pixels,
        photometric="rgb" if colours == 3 else "minisblack",
        planarconfig="contig",
        extrasamples=kinds or (0,),
        compression=compression,
        metadata=None,
    )
    if not kinds:
        with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as tiff:
            offset = tiff.pages.first.tags[338].offset
        with (tmp_path / "a.tif").open("r+b") as file:
            file.seek(offset)
            file.write(b"\xff\xfe")  # another tag in place of ExtraSamples
    seen = read_picture(tmp_path / "a.tif")
    alpha = kinds.index(2) if 2 in kinds else None
    assert seen.has_alpha is (alpha is not None)
    if alpha is not None:
        np.testing.assert_array_equal(seen.pixels[..., 3], pixels[..., colours + alpha])
    assert any("beyond the colours" in note for note in seen.notes)
    assert write_picture(tmp_path / "b.tif", seen, seen.pixels) == ()
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        np.testing.assert_array_equal(tiff.asarray(), pixels)
        assert tuple(tiff.pages.first.extrasamples) == (kinds or (0,))


def test_unspecified_channels_turn_with_the_picture(tmp_path: Path) -> None:
    pixels = ramp(4, np.uint8)
    tags = [(274, 3, 1, 6, True)]
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=(0,), extratags=tags)
    seen = read_picture(tmp_path / "a.tif")
    write_picture(tmp_path / "b.tif", seen, seen.pixels)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "b.tif"), np.rot90(pixels, -1))


def test_unspecified_channels_are_left_out_of_other_formats_and_other_pictures(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", ramp(4, np.uint8), photometric="rgb", extrasamples=(0,))
    seen = read_picture(tmp_path / "a.tif")
    notes = write_picture(tmp_path / "b.png", seen, seen.pixels)
    assert notes == ("The channels beyond the colours were left out; a TIFF keeps them.",)
    layer = ramp(4, np.uint8)
    assert write_picture(tmp_path / "layer.tif", seen, layer) == ()
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "layer.tif"), layer)


def test_floats_outside_the_range_are_kept(tmp_path: Path) -> None:
    pixels = ramp(3, np.float32) * np.float32(40) - np.float32(3)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, pixels)


def test_nan_and_infinity_are_replaced_and_nothing_else(tmp_path: Path) -> None:
    pixels = ramp(3, np.float32) * np.float32(2)
    broken = pixels.copy()
    broken[3, 4], broken[5, 6, 1], broken[7, 8, 2] = np.nan, np.inf, -np.inf
    tifffile.imwrite(tmp_path / "a.tif", broken, photometric="rgb")
    seen = read_picture(tmp_path / "a.tif")
    pixels[3, 4], pixels[5, 6, 1], pixels[7, 8, 2] = 0, 2, 0
    np.testing.assert_array_equal(seen.pixels, pixels)
    assert seen.notes == ("Pixels that were no number or infinite were replaced.",)


def test_doubles_and_wide_integers_are_narrowed_with_a_note(tmp_path: Path) -> None:
    doubles = ramp(3, np.float64)
    doubles[0, 0, 0] = 1e300
    tifffile.imwrite(tmp_path / "a.tif", doubles, photometric="rgb")
    seen = read_picture(tmp_path / "a.tif")
    assert seen.pixels.dtype == np.float32
    assert np.isfinite(seen.pixels).all()
    assert "64-bit floats were narrowed to 32 bits." in seen.notes
    tifffile.imwrite(tmp_path / "b.tif", ramp(3, np.uint32), photometric="rgb")
    wide = read_picture(tmp_path / "b.tif")
    assert wide.pixels.dtype == np.uint16
    assert wide.pixels.max() == 65535
    assert wide.notes == ("32-bit integers were narrowed to 16 bits.",)


def test_exif_of_a_png_by_old_programs_is_understood(tmp_path: Path) -> None:
    pixels = ramp(3, np.uint8)
    block = EXIF_PREFIX + exif(6)
    text = b"\nexif\n%8d\n" % len(block) + block.hex().encode() + b"\n"
    legacy = chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
    data = encoded(pixels, "PNG")
    (tmp_path / "a.png").write_bytes(data[:33] + legacy + data[33:])
    seen = read_picture(tmp_path / "a.png")
    assert (seen.height, seen.width) == (23, 17)
    assert seen.metadata.exif is not None
    assert orientation_of(seen.metadata.exif) == 1


def test_xmp_no_longer_asks_for_a_turn(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    path.write_bytes(encoded(ramp(3, np.uint8), "WEBP", xmp=XMP))
    xmp = read_picture(path).metadata.xmp
    assert xmp == XMP.replace(b'Orientation="6"', b'Orientation="1"')


def test_oddities_of_a_file_are_not_printed(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = encoded(ramp(3, np.uint8), "PNG")
    odd = chunk(b"iCCP", b"odd\0\0" + zlib.compress(b"no profile" * 20)) + chunk(b"gAMA", b"\0\0")
    (tmp_path / "a.png").write_bytes(data[:33] + odd + data[33:])
    seen = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(seen.pixels, ramp(3, np.uint8))
    assert seen.notes == ("The colour profile is damaged and was left out.",)
    block = struct.pack("<HHHI4sI", 1, 282, 5, 1, b"\xff\xff\xff\x7f", 0)
    tifffile.imwrite(
        tmp_path / "a.tif", noise(3), photometric="rgb", extratags=[("ExifTag", 4, 1, 9**9, True)]
    )
    read_picture(tmp_path / "a.tif")
    (tmp_path / "a.jpg").write_bytes(encoded(noise(3), "JPEG", exif=EXIF_PREFIX + b"II*\0\x08\0\0\0" + block))
    read_picture(tmp_path / "a.jpg")
    assert capfd.readouterr() == ("", "")


def test_compressed_metadata_cannot_explode(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(200 * 2**20))
    data = encoded(ramp(3, np.uint8), "PNG")
    profile = chunk(b"iCCP", b"bomb\0\0" + bomb)
    (tmp_path / "a.png").write_bytes(data[:33] + profile + data[33:])
    assert read_picture(tmp_path / "a.png").metadata.icc_profile is None


def test_damaged_exif_is_left_out_with_a_note(tmp_path: Path) -> None:
    path = saved(
        Image.fromarray(ramp(3, np.uint8)), tmp_path / "a.jpg", exif=EXIF_PREFIX + b"II*\0\xff\xff\xff\x7f"
    )
    seen = read_picture(path)
    assert seen.metadata.exif is None
    assert seen.notes == ("The EXIF data is damaged and was left out.",)


def test_content_decides_the_format_rather_than_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(ramp(3, np.uint8), "JPEG"))
    assert read_picture(tmp_path / "a.png").format == "jpeg"


def test_the_bundled_portrait_is_the_one_that_is_credited() -> None:
    folder = Path(pipeline.__file__).parent / "portrait"
    portrait = folder / "astronaut.png"
    assert hashlib.sha256(portrait.read_bytes()).hexdigest() in (folder / "CREDIT.md").read_text("utf-8")
    seen = read_picture(portrait)
    assert seen.pixels.shape == (512, 512, 3)
    assert seen.notes == ()


def test_sixteen_bit_png_is_not_narrowed(tmp_path: Path) -> None:
    pixels: Array = np.arange(3 * 64, dtype=np.uint16).reshape(8, 8, 3) + 1000
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(pixels))
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, pixels)
