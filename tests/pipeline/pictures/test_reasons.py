"""Pictures of kinds that are not read: the reason given is the true one."""

import struct
import zipfile
import zlib
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile

from pipeline.pictures import read_picture
from pipeline.pictures.jpeg_kind import rare_kind
from pipeline.pictures.png import chunk
from retouchml.errors import PictureUnreadable, PictureUnsupported
from tests.pipeline.pictures.samples import encoded, noise, ramp

DEEP = ramp(3, np.uint16) >> 4


def reason(path: Path, content: bytes) -> str:
    """The sentence with which a file of this content is refused."""
    path.write_bytes(content)
    with pytest.raises(PictureUnsupported) as caught:
        read_picture(path)
    assert caught.value.advice.endswith(".")
    assert "damaged" not in caught.value.message
    return caught.value.message


def apple_png() -> bytes:
    """As Xcode writes them: a chunk of its own first, BGRA, and deflate without a header."""
    packed = zlib.compressobj(wbits=-15)
    rows = packed.compress(b"\0\1\2\3\4" * 4) + packed.flush()
    chunks = (
        (b"CgBI", b"\x50\0\x20\2"),
        (b"IHDR", struct.pack(">IIBBBBB", 1, 4, 8, 6, 0, 0, 0)),
        (b"IDAT", rows),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


def with_frame(marker: int) -> bytes:
    """A JPEG whose frame header claims another process."""
    data = bytearray(encoded(noise(3), "JPEG"))
    data[data.index(b"\xff\xc0") + 1] = marker
    return bytes(data)


def test_an_iphone_png_is_named(tmp_path: Path) -> None:
    assert "PNG file in Apple's own form (CgBI)" in reason(tmp_path / "a.png", apple_png())


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_jpegs_of_rare_kinds_are_named(tmp_path: Path, name: str) -> None:
    twelve = imagecodecs.jpeg8_encode(DEEP, bitspersample=12)
    assert "is a JPEG file of 12 bits" in reason(tmp_path / name, twelve)
    lossless = imagecodecs.ljpeg_encode(ramp(1, np.uint16)[..., 0], bitspersample=16)
    assert "is a lossless JPEG file of 16 bits" in reason(tmp_path / name, lossless)
    assert "is a JPEG-LS file" in reason(tmp_path / name, imagecodecs.jpegls_encode(noise(3)))
    plain = imagecodecs.jpegls_encode(noise(3))
    at = plain.index(b"\xff\xf7")
    assert "is a JPEG-LS file" in reason(tmp_path / name, plain[:2] + plain[at:])


@pytest.mark.parametrize(("marker", "words"), [(0xC5, "hierarchical"), (0xCD, "hierarchical")])
def test_a_jpeg_of_another_process_is_named(tmp_path: Path, marker: int, words: str) -> None:
    assert f"is a {words} JPEG file" in reason(tmp_path / "a.jpg", with_frame(marker))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (with_frame(0xC9), "a JPEG file with arithmetic coding"),
        (imagecodecs.jpeg8_encode(noise(3), lossless=True), "a lossless JPEG file of 8 bits"),
        (with_frame(0xC0), None),
    ],
)
def test_the_kind_of_a_jpeg_is_known_by_its_frame_header(content: bytes, words: str | None) -> None:
    """Whether Pillow reads the first two depends on its build."""
    assert rare_kind(BytesIO(content)) == words


def test_a_damaged_ordinary_jpeg_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(noise(3, 64, 64), "JPEG")[:700])
    with pytest.raises(PictureUnreadable, match="damaged or incomplete"):
        read_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (imagecodecs.jpeg2k_encode(noise(3), codecformat="jp2"), "a JPEG 2000 file"),
        (imagecodecs.jpeg2k_encode(noise(3), codecformat="j2k"), "a JPEG 2000 file"),
        (imagecodecs.qoi_encode(noise(3)), "a QOI file"),
        (b"II\xbc\x01" + bytes(60), "a JPEG XR file"),
        (b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "a video"),
        (b"\0\0\0\x18ftypqt  \0\0\2\0qt  ", "a video"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "a video"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n", "a Radiance HDR file"),
        (b"P6\n2 2\n255\n" + bytes(12), "a PNM file"),
        (b"\0\0\1\0\1\0\x10\x10" + bytes(60), "an icon"),
        (b"8BPS\0\2" + bytes(60), "a Photoshop file"),
    ],
)
def test_a_file_of_another_format_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    assert f"is {words}, which is not read" in reason(tmp_path / "a.jpg", content)


def test_colours_of_a_tiff_that_are_not_retouched_are_named(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", noise(3), photometric="cielab")
    content = (tmp_path / "a.tif").read_bytes()
    assert "colours that are not retouched (CIE L*a*b*)" in reason(tmp_path / "a.tif", content)


def test_a_compression_of_a_tiff_that_is_not_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(1)[..., 0], photometric="minisblack")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags[259].overwrite(34661)  # JBIG
    assert "compressed in a way that is not read (JBIG)" in reason(path, path.read_bytes())


def test_different_depths_in_a_tiff_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise(3), photometric="rgb")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages.first.tags[258].overwrite((5, 6, 5))
    assert "channels of different depths (5, 6, 5 bits)" in reason(path, path.read_bytes())


def test_a_rare_bmp_is_named(tmp_path: Path) -> None:
    data = bytearray(encoded(noise(3), "BMP"))
    struct.pack_into("<I", data, 30, 4)  # compressed as JPEG
    assert "is a BMP file of a kind that is not read" in reason(tmp_path / "a.bmp", bytes(data))


def zip_of(mimetype: bytes) -> bytes:
    """A file as Krita and others save it: an archive that begins with its type."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("mimetype", mimetype)
        archive.writestr("maindoc.xml", b"<DOC/>")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "title"),
    [
        ("a.kra", zip_of(b"application/x-krita"), "a Krita file"),
        ("a.ora", zip_of(b"image/openraster"), "an OpenRaster file"),
        ("a.odg", zip_of(b"application/vnd.oasis.opendocument.graphics"), "an OpenDocument file"),
        (
            "a.svg",
            b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
            "an SVG drawing",
        ),
        ("a.pcx", b"\n\5\1\x08" + bytes(200), "a PCX file"),
        ("a.sgi", b"\1\xda\1\1" + bytes(200), "an SGI picture"),
        ("a.dpx", b"SDPX" + bytes(200), "a DPX film scan"),
        ("A.TGA", bytes((0, 0, 2)) + bytes(200), "a Targa file"),
    ],
)
def test_a_picture_of_a_format_that_is_not_read_is_named(
    tmp_path: Path, name: str, data: bytes, title: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(PictureUnsupported, match=f"{name} is {title}, which is not read"):
        read_picture(tmp_path / name)


@pytest.mark.parametrize(
    "start", [b"<!DOCTYPE html>", b"\n <html lang='en'>", b"\xef\xbb\xbf<!doctype HTML>"]
)
def test_a_web_page_that_was_saved_in_place_of_a_picture_is_named(tmp_path: Path, start: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(start + b"<title>404</title>")
    with pytest.raises(PictureUnreadable, match="is a web page and not a picture") as caught:
        read_picture(tmp_path / "a.jpg")
    assert "Download" in caught.value.advice


def test_other_archives_and_texts_are_no_pictures(tmp_path: Path) -> None:
    for data in (zip_of(b"application/epub+zip"), b"<?xml version='1.0'?><feed/>", b"PK\3\4", b"hello"):
        (tmp_path / "a.png").write_bytes(data)
        with pytest.raises(PictureUnreadable, match="is not a picture"):
            read_picture(tmp_path / "a.png")


def test_a_tiff_compressed_by_lerc_has_no_data_of_other_programs(tmp_path: Path) -> None:
    tifffile.imwrite(
        tmp_path / "a.tif", ramp(3, np.uint8), photometric="rgb", compression="lerc", metadata=None
    )
    assert read_picture(tmp_path / "a.tif").notes == ()


def test_a_tiff_of_jpeg_xr_is_refused_since_damage_would_crash_its_decoder(tmp_path: Path) -> None:
    stream = BytesIO()
    tifffile.imwrite(stream, noise(3), photometric="rgb", compression="jpegxr", metadata=None)
    assert "compressed in a way that is not read (JPEGXR" in reason(tmp_path / "a.tif", stream.getvalue())
