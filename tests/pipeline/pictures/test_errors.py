"""Every way in which a file or a target can be wrong: one clear error each, and nothing left behind."""

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tifffile

from pipeline.pictures import MAX_PIXELS, Metadata, Picture, copy_picture, read_picture, write_picture
from retouchml.errors import (
    DiskFullError,
    PictureError,
    PictureUnreadable,
    PictureUnsupported,
    PictureUnwritable,
)
from retouchml.system.files import atomic_file
from tests.pipeline.pictures.samples import encoded, noise, ramp

KINDS = {".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".gif": "GIF", ".bmp": "BMP"}
PICTURE = Picture(noise(3, 200, 200), "png", metadata=Metadata(tiff_compression="none"))


def is_clear(error: PictureError | DiskFullError) -> bool:
    """One sentence, and something to do."""
    one = error.message.endswith(".") and "\n" not in error.message and "Error" not in error.message
    return one and error.advice.endswith(".")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(PictureUnreadable, match="There is no file") as caught:
        read_picture(tmp_path / "a.png")
    assert is_clear(caught.value)
    (tmp_path / "b.png").write_bytes(b"x")
    with pytest.raises(PictureUnreadable, match="There is no file"):
        read_picture(tmp_path / "b.png" / "c.png")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(PictureUnreadable, match="is a folder") as caught:
        read_picture(tmp_path)
    assert is_clear(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files in folders")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(PictureUnreadable, match="not an ordinary file"):
        read_picture(tmp_path / "a.png")


def test_an_impossible_name(tmp_path: Path) -> None:
    for name in ("a\0b.png", "x" * 300 + ".png"):
        with pytest.raises(PictureUnreadable, match="cannot be opened"):
            read_picture(tmp_path / name)
        with pytest.raises(PictureUnwritable, match="cannot be written"):
            write_picture(tmp_path / name, PICTURE, PICTURE.pixels)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(noise(3), "PNG"))
    path.chmod(0)
    with pytest.raises(PictureUnreadable, match="may not be read"):
        read_picture(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n", "not a picture"),
        (b"BM stands for Bergmann, this is text\n", "not a picture"),
        ("Grüße".encode() * 100, "not a picture"),
        (bytes(1000), "not a picture"),
    ],
)
def test_a_file_that_is_no_picture(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(PictureUnreadable, match=words) as caught:
        read_picture(tmp_path / "a.png")
    assert is_clear(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"8BPS\0\1" + bytes(50), "Photoshop"),
        (b"gimp xcf v011" + bytes(50), "GIMP"),
        (b"%PDF-1.7 and so on", "PDF"),
    ],
)
def test_a_known_format_that_is_not_read_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(PictureUnsupported, match=words) as caught:
        read_picture(tmp_path / "a.png")
    assert is_clear(caught.value)


def test_raw_photographs_are_named(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.nef", noise(3), photometric="rgb")
    tifffile.imwrite(
        tmp_path / "a.tif", noise(3), photometric="rgb", extratags=[(50706, 1, 4, b"\1\4\0\0", True)]
    )
    for name in ("a.nef", "a.tif"):
        with pytest.raises(PictureUnsupported, match="raw photograph"):
            read_picture(tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif", ".gif"])
@pytest.mark.parametrize("kept", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file(tmp_path: Path, suffix: str, kept: float) -> None:
    data = encoded(noise(3, 64, 64), KINDS[suffix])
    path = tmp_path / f"a{suffix}"
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(PictureUnreadable, match=r"damaged or incomplete|cut off") as caught:
        read_picture(path)
    assert is_clear(caught.value)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
def test_a_truncated_tiff_of_strips(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(3, 64, 64), photometric="rgb", compression=compression, rowsperstrip=4)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(PictureUnreadable, match="cut off"):
        read_picture(path)


@pytest.mark.parametrize("what", ["count", "size", "offset"])
def test_a_tiff_that_lacks_strips(tmp_path: Path, what: str) -> None:
    """tifffile alone would fill the gap with black."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(3, 64, 64), photometric="rgb", rowsperstrip=4, compression="zlib")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tags = tiff.pages.first.tags
        if what == "count":
            tags[257].overwrite(640)
        else:
            tag = tags[279 if what == "size" else 273]
            tag.overwrite((*tag.value[:5], 0 if what == "size" else 1 << 30, *tag.value[6:]))
    with pytest.raises(PictureUnreadable, match="pixels are missing"):
        read_picture(path)


def test_a_tiff_with_fewer_bytes_than_pixels(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(3, 64, 64), photometric="rgb")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        for code in (257, 278):
            tiff.pages.first.tags[code].overwrite(640)
    with pytest.raises(PictureUnreadable, match="pixels are missing"):
        read_picture(path)


def test_damaged_pixels_of_a_png(tmp_path: Path) -> None:
    data = bytearray(encoded(noise(3, 64, 64), "PNG"))
    data[len(data) // 2] ^= 0x55
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(PictureUnreadable, match="damaged or incomplete"):
        read_picture(tmp_path / "a.png")


def test_a_picture_of_one_pixel_is_read(tmp_path: Path) -> None:
    for suffix, kind in KINDS.items():
        (tmp_path / f"a{suffix}").write_bytes(encoded(noise(3, 1, 1), kind))
        assert read_picture(tmp_path / f"a{suffix}").pixels.shape == (1, 1, 3)


def claimed_png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = encoded(noise(3), "PNG")
    return data[:8] + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


def claimed_jpeg(width: int, height: int) -> bytes:
    data = encoded(noise(3), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def claimed_webp(width: int, height: int) -> bytes:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4)
    body += (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body += encoded(noise(3), "WEBP")[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def claimed_tiff(width: int, height: int) -> bytes:
    data = bytearray(encoded(noise(3, 16, 24), "TIFF"))
    for tag, old, new in ((256, 24, width), (257, 16, height)):
        entry = next(
            at
            for at in range(0, len(data) - 12, 2)
            if struct.unpack_from("<HHII", data, at) in ((tag, 3, 1, old), (tag, 4, 1, old))
        )
        struct.pack_into("<HHII", data, entry, tag, 4, 1, new)
    return bytes(data)


def claimed_gif(width: int, height: int) -> bytes:
    data = encoded(noise(3), "GIF")
    return data[:6] + struct.pack("<HH", width, height) + data[10:]


def claimed_bmp(width: int, height: int) -> bytes:
    data = encoded(noise(3), "BMP")
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


CLAIMS: dict[str, Callable[[int, int], bytes]] = {
    ".png": claimed_png,
    ".jpg": claimed_jpeg,
    ".webp": claimed_webp,
    ".tif": claimed_tiff,
    ".gif": claimed_gif,
    ".bmp": claimed_bmp,
}


@pytest.mark.parametrize("suffix", CLAIMS)
def test_too_many_pixels_are_refused_by_the_header_alone(tmp_path: Path, suffix: str) -> None:
    width, height = 20_000, 15_000
    assert width * height > MAX_PIXELS
    path = tmp_path / f"a{suffix}"
    path.write_bytes(CLAIMS[suffix](width, height))
    with pytest.raises(PictureUnsupported, match=r"20000 by 15000 pixels; at most 250 megapixels") as caught:
        read_picture(path)
    assert is_clear(caught.value)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_no_pixels_at_all(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(CLAIMS[suffix](0, 5))
    with pytest.raises(PictureUnreadable):
        read_picture(path)


def test_a_picture_between_the_limits_of_pillow_and_ours_is_read_without_a_warning(tmp_path: Path) -> None:
    for suffix in (".png", ".jpg"):
        (tmp_path / f"a{suffix}").write_bytes(encoded(np.zeros((9500, 9500), np.uint8), KINDS[suffix]))
        assert read_picture(tmp_path / f"a{suffix}").pixels.shape == (9500, 9500, 1)


def test_colours_and_samples_that_are_not_retouched(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "lab.tif", noise(3), photometric="cielab")
    tifffile.imwrite(tmp_path / "signed.tif", ramp(3, np.int16), photometric="rgb")
    tifffile.imwrite(tmp_path / "complex.tif", np.zeros((5, 5), np.complex64))
    tifffile.imwrite(tmp_path / "cube.tif", noise(20), photometric="minisblack", planarconfig="contig")
    tifffile.imwrite(tmp_path / "uneven.tif", noise(3), photometric="rgb")
    with tifffile.TiffFile(tmp_path / "uneven.tif", mode="r+") as tiff:
        tiff.pages.first.tags[258].overwrite((5, 6, 5))
    for name in ("lab", "signed", "complex", "cube", "uneven"):
        with pytest.raises(PictureUnsupported) as caught:
            read_picture(tmp_path / f"{name}.tif")
        assert is_clear(caught.value)


@pytest.mark.parametrize("name", ["a", "a.xyz", "a.gif", "a.bmp", "a.png.bak", ".png"])
def test_a_target_whose_name_says_no_format(tmp_path: Path, name: str) -> None:
    with pytest.raises(PictureUnwritable, match="does not say by its ending") as caught:
        write_picture(tmp_path / name, PICTURE, PICTURE.pixels)
    assert ".webp" in caught.value.advice


def test_a_target_in_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(PictureUnwritable, match="does not exist") as caught:
        write_picture(tmp_path / "no" / "a.png", PICTURE, PICTURE.pixels)
    assert is_clear(caught.value)


def test_a_target_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    for force in (False, True):
        with pytest.raises(PictureUnwritable, match="is a folder"):
            write_picture(tmp_path / "a.png", PICTURE, PICTURE.pixels, force=force)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files in folders")
def test_a_target_that_is_a_device(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("/dev/null")
    with pytest.raises(PictureUnwritable, match="not an ordinary file"):
        write_picture(tmp_path / "a.png", PICTURE, PICTURE.pixels, force=True)


def test_a_target_that_exists_needs_force(tmp_path: Path) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"mine")
    with pytest.raises(PictureUnwritable, match="exists already") as caught:
        write_picture(target, PICTURE, PICTURE.pixels)
    assert "--force" in caught.value.advice
    assert target.read_bytes() == b"mine"
    write_picture(target, PICTURE, PICTURE.pixels, force=True)
    np.testing.assert_array_equal(read_picture(target).pixels, PICTURE.pixels)


@pytest.mark.parametrize("by", ["name", "dots", "symlink", "hard link", "linked folder"])
def test_a_target_that_is_the_source(tmp_path: Path, by: str) -> None:
    if sys.platform == "win32" and by in ("symlink", "linked folder"):
        pytest.skip("a right is needed there to make a link")
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "a.png"
    data = encoded(noise(3), "PNG")
    path.write_bytes(data)
    target = {"name": path, "dots": folder / ".." / "folder" / "a.png"}.get(by, tmp_path / "b.png")
    if by == "symlink":
        target.symlink_to(path)
    elif by == "hard link":
        target.hardlink_to(path)
    elif by == "linked folder":
        (tmp_path / "other").symlink_to(folder)
        target = tmp_path / "other" / "a.png"
    source = read_picture(path)
    with pytest.raises(PictureUnwritable, match="is the picture that is read"):
        write_picture(target, source, source.pixels, force=True)
    assert path.read_bytes() == data


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PictureUnwritable, match="cannot be written to"):
            write_picture(tmp_path / "a.png", PICTURE, PICTURE.pixels)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(
    not Path("/proc/self").is_dir(), reason="needs a folder that takes no files, even from root"
)
def test_a_folder_that_takes_no_files() -> None:
    with pytest.raises(PictureUnwritable) as caught:
        write_picture("/proc/self/a.png", PICTURE, PICTURE.pixels)
    assert is_clear(caught.value)


@contextmanager
def small_files() -> Iterator[None]:
    """No file may grow beyond 16 KiB, as on a disk that is full by then.

    The limit holds for the whole process. So it must end before the test does: pytest then writes a
    dot, and its own output may be such a file.
    """
    resource = pytest.importorskip("resource", reason="Windows limits no files")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 14, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    if (
        os.name != "posix"
        or os.geteuid() != 0
        or subprocess.run(mount, capture_output=True, check=False).returncode != 0
    ):
        pytest.skip("needs to mount a small disk, which only root may")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(small_disk: Path, suffix: str) -> None:
    target = small_disk / f"a{suffix}"
    target.write_bytes(b"old")
    with pytest.raises(DiskFullError, match="no room left") as caught:
        write_picture(target, PICTURE, PICTURE.pixels, force=True)
    assert is_clear(caught.value)
    assert [path.name for path in small_disk.iterdir()] == [target.name]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate"])
def test_a_full_disk_is_noticed_whatever_a_tiff_is_compressed_by(small_disk: Path, compression: str) -> None:
    like = Picture(PICTURE.pixels, "tiff", metadata=Metadata(tiff_compression=compression))
    with pytest.raises(DiskFullError):
        write_picture(small_disk / "a.tif", like, like.pixels)
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp"])
def test_a_limit_on_file_sizes_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(DiskFullError) as caught, small_files():
        write_picture(tmp_path / f"a{suffix}", PICTURE, PICTURE.pixels)
    assert is_clear(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_noticed_while_copying(small_disk: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(PICTURE.pixels, "PNG"))
    target = small_disk / "b.png"
    with pytest.raises(DiskFullError), atomic_file(target) as file:
        copy_picture(tmp_path / "a.png", file, target)
    assert list(small_disk.iterdir()) == []
