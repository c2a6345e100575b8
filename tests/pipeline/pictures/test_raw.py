"""Raw photographs, and TIFF files with pages of several sizes: the photograph is read, or none."""

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from pipeline.pictures import read_picture
from retouchml.errors import PictureUnsupported
from tests.pipeline.pictures.samples import Array, encoded, exif, noise, ramp

FULL = ramp(3, np.uint8, 240, 320)
SMALL: Array = np.ascontiguousarray(FULL[::4, ::4])
REDUCED, MASK = 1, 4
RAW_SUFFIXES = (
    *("dcr", "kdc", "mef", "mos", "fff", "crw", "x3f", "mrw", "orf", "cr3", "rw2", "raf", "nef", "nrw"),
    *("arw", "srf", "sr2", "dng", "pef", "srw", "erf", "3fr", "iiq", "raw"),
)


def save(path: Path, *pages: tuple[Array, int], subifds: tuple[Array, ...] = (), kind: int = REDUCED) -> Path:
    """A TIFF of pages with their new subfile types; the first has ``subifds`` of type ``kind``."""
    with tifffile.TiffWriter(path) as tiff:
        for number, (pixels, subfile) in enumerate(pages):
            below = len(subifds) if number == 0 else 0
            photometric = "rgb" if pixels.ndim == 3 else "minisblack"
            tiff.write(pixels, photometric=photometric, subfiletype=subfile, subifds=below, metadata=None)
            for each in subifds[:below]:
                tiff.write(each, photometric="rgb", subfiletype=kind, metadata=None)
    return path


def raw_tiff(path: Path, tag: int, value: int, where: str) -> Path:
    """A thumbnail with the sensor's values in a SubIFD or a second page, where ``tag`` is ``value``."""
    with tifffile.TiffWriter(path) as tiff:
        options = {"extratags": [(271, 2, 0, "Makers Corp", True)], "subfiletype": REDUCED, "metadata": None}
        tiff.write(SMALL, photometric="rgb", subifds=1 if where == "subifd" else 0, **options)
        tiff.write(FULL[..., 0], photometric="minisblack", subfiletype=0, metadata=None)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        below = tiff.pages.first.pages
        page = below[0] if below is not None else tiff.pages[1]
        page.tags[tag].overwrite(value)
    return path


@pytest.mark.parametrize("where", ["subifd", "page"])
@pytest.mark.parametrize(("tag", "value"), [(262, 32803), (262, 34892), (259, 34713), (259, 65000)])
@pytest.mark.parametrize("name", ["a.tif", "a.jpg", "a.kdc"])
def test_a_raw_photograph_with_a_thumbnail_is_no_picture(
    tmp_path: Path, name: str, tag: int, value: int, where: str
) -> None:
    with pytest.raises(PictureUnsupported, match="raw photograph"):
        read_picture(raw_tiff(tmp_path / name, tag, value, where))


@pytest.mark.parametrize("suffix", RAW_SUFFIXES)
def test_a_tiff_named_as_a_raw_photograph_is_one(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a.{suffix.upper()}", (FULL, 0))
    with pytest.raises(PictureUnsupported, match="raw photograph"):
        read_picture(path)


@pytest.mark.parametrize(
    "head",
    [
        b"FUJIFILMCCD-RAW 0201FF",
        b"FOVb\1\0\3\0",
        b"\0MRM\0\1",
        b"IIRO\x08\0\0\0",
        b"IIRS\x08\0\0\0",
        b"MMOR\0\0\0\x08",
        b"IIU\0\x18\0\0\0",
        b"II\x1a\0\0\0HEAPCCDR",
        b"II*\0\x10\0\0\0CR\2\0",
        b"II*\0\x10\0\0\0IIIITwaR",
        b"MM\0*\0\0\0\x10MMMMRawT",
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
    ],
)
def test_a_raw_photograph_is_known_by_its_first_bytes(tmp_path: Path, head: bytes) -> None:
    for name in ("a.tif", "a.jpg"):
        (tmp_path / name).write_bytes(head + bytes(200))
        with pytest.raises(PictureUnsupported, match=r"is a raw photograph, which is not read"):
            read_picture(tmp_path / name)


@pytest.mark.parametrize("values", [(73, 73, 73), (77, 77, 77), (67, 82, 2)])
def test_pixels_at_the_start_of_a_tiff_are_no_mark_of_a_raw_photograph(
    tmp_path: Path, values: tuple[int, int, int]
) -> None:
    pixels = np.full((16, 16, 3), values, np.uint8)
    path = tmp_path / "flat.tif"
    assert cv2.imwrite(str(path), pixels[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 1])
    assert path.read_bytes()[8:11] == bytes(values)
    np.testing.assert_array_equal(read_picture(path).pixels, pixels)


def test_a_jpeg_with_the_name_of_a_raw_photograph_is_a_jpeg(tmp_path: Path) -> None:
    (tmp_path / "a.nef").write_bytes(encoded(FULL, "JPEG", exif=b"Exif\0\0" + exif()))
    assert read_picture(tmp_path / "a.nef").pixels.shape == FULL.shape


def test_a_damaged_chain_of_directories_ends(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", (FULL, 0))
    data = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    (number,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * number, first)
    path.write_bytes(data)
    np.testing.assert_array_equal(read_picture(path).pixels, FULL)


def test_a_reduced_first_page_is_not_the_photograph(tmp_path: Path) -> None:
    seen = read_picture(save(tmp_path / "a.tif", (SMALL, REDUCED), (FULL, 0)))
    np.testing.assert_array_equal(seen.pixels, FULL)
    assert seen.notes == ("The file also holds smaller copies of the picture, which were left out.",)


def test_a_first_page_that_looks_like_a_reduced_copy_is_not_the_photograph(tmp_path: Path) -> None:
    seen = read_picture(save(tmp_path / "a.tif", (SMALL, 0), (FULL, 0)))
    np.testing.assert_array_equal(seen.pixels, FULL)


def test_a_thumbnail_with_bars_is_not_the_photograph(tmp_path: Path) -> None:
    bars = cv2.copyMakeBorder(SMALL, 20, 20, 0, 0, cv2.BORDER_CONSTANT)
    np.testing.assert_array_equal(read_picture(save(tmp_path / "a.tif", (bars, 0), (FULL, 0))).pixels, FULL)


@pytest.mark.parametrize("kind", [0, REDUCED])
def test_of_a_pyramid_the_full_size_is_read(tmp_path: Path, kind: int) -> None:
    path = save(tmp_path / "a.tif", (FULL, 0), subifds=(FULL[::2, ::2], SMALL), kind=kind)
    np.testing.assert_array_equal(read_picture(path).pixels, FULL)


@pytest.mark.parametrize("kind", [0, REDUCED])
def test_a_photograph_below_its_thumbnail_is_read(tmp_path: Path, kind: int) -> None:
    path = save(tmp_path / "a.tif", (SMALL, kind), subifds=(FULL,), kind=0)
    np.testing.assert_array_equal(read_picture(path).pixels, FULL)


def test_the_photograph_below_a_thumbnail_keeps_its_description(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        tags = [(271, 2, 0, "Testcam", True), (274, 3, 1, 6, True)]
        tiff.write(SMALL, photometric="rgb", subfiletype=REDUCED, subifds=1, extratags=tags, metadata=None)
        tiff.write(FULL, photometric="rgb", subfiletype=0, metadata=None)
    seen = read_picture(path)
    assert seen.pixels.shape == (320, 240, 3)


def test_a_file_of_reduced_copies_alone_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", (SMALL, REDUCED), (FULL[::8, ::8], REDUCED))
    with pytest.raises(PictureUnsupported, match="only a reduced copy of its photograph") as caught:
        read_picture(path)
    assert "Export" in caught.value.advice


def test_a_transparency_mask_is_not_the_photograph(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tiff:
        mask = FULL[..., 0] > 100
        tiff.write(mask, photometric="minisblack", subfiletype=MASK, metadata=None)
        tiff.write(FULL, photometric="rgb", subfiletype=0, metadata=None)
    np.testing.assert_array_equal(read_picture(path).pixels, FULL)
    assert read_picture(path).notes == (
        "The file also holds copies or a mask of the picture, which were left out.",
    )


def test_of_pages_of_one_size_the_first_is_used(tmp_path: Path) -> None:
    seen = read_picture(save(tmp_path / "a.tif", (FULL, 0), (noise(3, 240, 320), 0)))
    np.testing.assert_array_equal(seen.pixels, FULL)
    assert seen.notes == ("The file has several pages; only the first is used.",)
