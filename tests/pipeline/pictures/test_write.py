"""What a target cannot hold is converted and said; a target is written whole or not at all."""

import os
import stat
import sys
import tracemalloc
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image

from pipeline.pictures import (
    Metadata,
    Picture,
    check_target,
    copy_picture,
    read_picture,
    same_format,
    write_picture,
)
from pipeline.pictures import write as writing
from retouchml.errors import PictureUnreadable, PictureUnsupported, PictureUnwritable
from retouchml.system.files import atomic_file
from tests.pipeline.pictures.samples import RGB_PROFILE, XMP, Array, encoded, exif, noise, ramp


def copy(source: Path, target: Path) -> None:
    with atomic_file(target) as file:
        copy_picture(source, file, target)


def png(pixels: Array, **metadata: Any) -> Picture:
    return Picture(pixels, "png", pixels.shape[2] == 1, Metadata(**metadata))


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_sixteen_bits_become_eight_with_a_note(tmp_path: Path, suffix: str) -> None:
    deep = ramp(3, np.uint16)
    notes = write_picture(tmp_path / f"a{suffix}", png(deep), deep)
    assert [note.partition(" ")[2] for note in notes] == ["does not hold 16 bits: narrowed to 8 bits."]
    seen = read_picture(tmp_path / f"a{suffix}").pixels.astype(int)
    assert np.abs(seen - np.rint(deep / 257)).max() <= (6 if suffix == ".jpg" else 0)


def test_floats_become_sixteen_bits_in_png_and_are_clipped(tmp_path: Path) -> None:
    floats = ramp(3, np.float32)
    floats[2, 2] = (-1, 0.5, 7)
    notes = write_picture(tmp_path / "a.png", png(floats), floats)
    assert notes == ("PNG does not hold floats: narrowed to 16 bits.",)
    seen = read_picture(tmp_path / "a.png").pixels
    np.testing.assert_array_equal(seen, np.rint(np.clip(floats, 0, 1) * 65535))


def test_every_sixteen_bit_value_narrows_to_the_nearest_eight_bit_one(tmp_path: Path) -> None:
    deep = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1).repeat(3, axis=2)
    write_picture(tmp_path / "a.webp", png(deep), deep)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.webp").pixels, np.rint(deep / 257))


def test_broken_floats_are_written_as_numbers(tmp_path: Path) -> None:
    floats = ramp(3, np.float32)
    floats[0, 0], floats[0, 1], floats[0, 2] = np.nan, np.inf, -np.inf
    write_picture(tmp_path / "a.png", png(floats), floats)
    assert read_picture(tmp_path / "a.png").pixels[0, :3, 0].tolist() == [0, 65535, 0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_transparency_is_blended_onto_white_in_jpeg(tmp_path: Path, dtype: type) -> None:
    white = 1 if dtype is np.float32 else np.iinfo(dtype).max
    pixels: Array = np.zeros((16, 16, 4), dtype)
    pixels[:, 8:, 3] = white
    notes = write_picture(tmp_path / "a.jpg", png(pixels), pixels)
    assert notes[-1] == "JPEG holds no transparency: the picture was blended onto white."
    seen = read_picture(tmp_path / "a.jpg").pixels
    assert seen.shape == (16, 16, 3)
    assert seen[:, :8].min() > 250
    assert seen[:, 8:].max() < 5


def test_opaque_alpha_is_dropped_without_a_word(tmp_path: Path) -> None:
    pixels = noise(4)
    pixels[..., 3] = 255
    assert write_picture(tmp_path / "a.jpg", png(pixels), pixels) == ()


def test_a_grey_picture_is_written_grey_even_from_colour(tmp_path: Path) -> None:
    grey = Picture(ramp(1, np.uint8), "png", grey=True)
    colour = np.zeros((4, 5, 4), np.uint8)
    colour[...] = (200, 100, 50, 77)
    write_picture(tmp_path / "a.png", grey, colour)
    with Image.open(tmp_path / "a.png") as seen:
        assert seen.mode == "LA"
        assert seen.getpixel((0, 0)) == (round(0.299 * 200 + 0.587 * 100 + 0.114 * 50), 77)


def test_a_layer_of_a_colour_picture_keeps_its_alpha_and_size(tmp_path: Path) -> None:
    layer = noise(4, 5, 6)
    write_picture(tmp_path / "a.png", png(ramp(3, np.uint8), exif=exif()), layer)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png").pixels, layer)


def test_two_dimensional_pixels_are_grey(tmp_path: Path) -> None:
    pixels = ramp(1, np.uint16)
    write_picture(tmp_path / "a.tif", png(pixels), pixels[..., 0])
    np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, pixels)


def test_a_view_of_an_array_is_written_as_it_looks(tmp_path: Path) -> None:
    pixels = ramp(4, np.uint16)[::2, ::-3, :3]
    for suffix in (".png", ".tif"):
        write_picture(tmp_path / f"a{suffix}", png(ramp(3, np.uint8)), pixels)
        np.testing.assert_array_equal(read_picture(tmp_path / f"a{suffix}").pixels, pixels)


def test_metadata_too_long_for_jpeg_is_left_out_with_notes(tmp_path: Path) -> None:
    pixels = ramp(3, np.uint8)
    long = png(pixels, exif=exif() + bytes(70_000), xmp=XMP + b" " * 70_000)
    notes = write_picture(tmp_path / "a.jpg", long, pixels)
    assert notes == (
        "The EXIF data is too long for JPEG and was left out.",
        "The XMP data is too long for JPEG and was left out.",
    )
    assert write_picture(tmp_path / "a.png", long, pixels) == ()


def test_a_profile_for_colour_does_not_go_into_a_grey_png(tmp_path: Path) -> None:
    grey = png(ramp(1, np.uint8), icc_profile=RGB_PROFILE)
    notes = write_picture(tmp_path / "a.png", grey, grey.pixels)
    assert notes == ("The colour profile is for RGB and was left out.",)
    assert write_picture(tmp_path / "a.tif", grey, grey.pixels) == ()
    assert read_picture(tmp_path / "a.tif").metadata.icc_profile == RGB_PROFILE


@pytest.mark.parametrize(("suffix", "side"), [(".webp", 16_384), (".jpg", 65_501), (".png", 1_000_001)])
def test_a_side_too_long_for_the_format_is_refused(tmp_path: Path, suffix: str, side: int) -> None:
    pixels = np.zeros((side, 1, 3), np.uint8)
    with pytest.raises(PictureUnsupported, match=f"{side - 1} pixels a side"):
        write_picture(tmp_path / f"a{suffix}", png(pixels), pixels)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "side"), [(".webp", 16_383), (".jpg", 65_500), (".png", 1_000_000)])
def test_the_longest_side_is_written(tmp_path: Path, suffix: str, side: int) -> None:
    pixels = np.zeros((side, 1, 3), np.uint8)
    write_picture(tmp_path / f"a{suffix}", png(pixels), pixels)
    assert read_picture(tmp_path / f"a{suffix}").pixels.shape == (side, 1, 3)


def test_a_copy_is_the_same_to_the_byte(tmp_path: Path) -> None:
    data = encoded(noise(3), "JPEG", quality=70)
    (tmp_path / "a.jpg").write_bytes(data)
    copy(tmp_path / "a.jpg", tmp_path / "b.JPEG")
    assert (tmp_path / "b.JPEG").read_bytes() == data


def test_a_copy_into_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(noise(3), "JPEG"))
    source = read_picture(tmp_path / "a.jpg")
    assert same_format(source, tmp_path / "b.jpeg")
    assert not same_format(source, tmp_path / "b.png")
    with pytest.raises(PictureUnwritable, match="another format"):
        copy(tmp_path / "a.jpg", tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()


def test_a_copy_of_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("hello, this is text")
    with pytest.raises(PictureUnreadable, match="not a picture"):
        copy(tmp_path / "a.jpg", tmp_path / "b.jpg")


def test_the_source_is_never_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(noise(3), "PNG"))
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
    source = read_picture(path)
    source.pixels[...] = 0
    write_picture(tmp_path / "b.png", source, source.pixels)
    copy(path, tmp_path / "c.png")
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write_picture(tmp_path / "a.png", png(noise(3)), noise(3))
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o640


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")
def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    (tmp_path / "a.png").chmod(0o604)
    write_picture(tmp_path / "a.png", png(noise(3)), noise(3), force=True)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == 0o604
    assert read_picture(tmp_path / "a.png").width == 24


@pytest.mark.skipif(sys.platform == "win32", reason="a right is needed there to make a link")
def test_a_link_as_target_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    write_picture(tmp_path / "link.png", png(noise(3)), noise(3))
    assert (tmp_path / "link.png").is_symlink()
    assert read_picture(tmp_path / "real.png").width == 24


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, interruption: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"old")

    def interrupted(file: BinaryIO, *_: Any) -> None:
        file.write(b"half of the new")
        raise interruption

    monkeypatch.setattr(writing, "encode_picture", interrupted)
    with pytest.raises(interruption):
        write_picture(target, png(noise(3)), noise(3), force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert target.read_bytes() == b"old"


def test_a_target_can_be_checked_before_the_work(tmp_path: Path) -> None:
    assert check_target(tmp_path / "a.tiff", force=False) == Path(os.path.realpath(tmp_path / "a.tiff"))
    assert list(tmp_path.iterdir()) == []


def test_a_large_picture_is_never_widened_as_a_whole(tmp_path: Path) -> None:
    pixels = np.zeros((3000, 4000, 4), np.uint8)
    pixels[::7] = 90
    source = png(pixels)
    tracemalloc.start()
    try:
        for suffix in (".tif", ".jpg"):
            write_picture(tmp_path / f"a{suffix}", source, pixels)
            read_picture(tmp_path / f"a{suffix}")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2.5 * pixels.nbytes, "as float32 it alone would take 4 times its size"
