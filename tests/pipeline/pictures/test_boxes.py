"""Videos and data beside the picture of HEIF, AVIF, JPEG XL, BMP and TIFF files are said to be left out."""

import struct
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from pipeline.pictures import read_picture
from pipeline.pictures.jxl_header import is_animated
from tests.pipeline.pictures.samples import Array, exif, ramp
from tests.pipeline.pictures.test_modern import SMOOTH, avif, heic, jxl

VIDEO = "The video of the motion photo was left out."
BEHIND = "The data behind the picture was left out."
FILM = "The film that the file also holds was left out."
MOTION = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
MP4 = struct.pack(">I4s4sI", 16, b"ftyp", b"mp42", 0) + struct.pack(">I4s", 108, b"mdat") + bytes(100)


def box(kind: bytes, content: bytes = b"content") -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def jxl_in_boxes(pixels: Array = SMOOTH) -> bytes:
    """A JPEG XL file in a container."""
    pytest.importorskip("pyjpegxl")  # reads it, and has no wheel everywhere
    return bytes(imagecodecs.jpegxl_encode(pixels, usecontainer=True, level=100))


def bmp(pixels: Array = SMOOTH) -> bytes:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "BMP")
    return stream.getvalue()


def tiff(pixels: Array = SMOOTH) -> bytes:
    stream = BytesIO()
    tifffile.imwrite(stream, pixels, photometric="rgb", metadata=None)
    return stream.getvalue()


MAKERS: dict[str, Callable[[], bytes]] = {
    "heic": heic,
    "avif": avif,
    "jxl": jxl_in_boxes,
    "bmp": bmp,
    "tiff": tiff,
}


def notes(tmp_path: Path, data: bytes) -> tuple[str, ...]:
    (tmp_path / "a").write_bytes(data)
    return read_picture(tmp_path / "a").notes


@pytest.mark.parametrize("kind", MAKERS)
def test_a_picture_alone_and_one_with_padding_have_no_note(tmp_path: Path, kind: str) -> None:
    data = MAKERS[kind]()
    assert notes(tmp_path, data) == ()
    assert notes(tmp_path, data + bytes(100)) == ()


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("size", [100, 100_000])
def test_data_behind_the_picture_is_said(tmp_path: Path, kind: str, size: int) -> None:
    assert notes(tmp_path, MAKERS[kind]() + b"\xfedata" * size) == (BEHIND,)


@pytest.mark.parametrize("kind", ["heic", "avif", "jxl"])
def test_a_video_behind_the_picture_is_said(tmp_path: Path, kind: str) -> None:
    assert notes(tmp_path, MAKERS[kind]() + MP4) == (VIDEO,)


def test_a_video_behind_a_jpeg_xl_without_a_container_is_said(tmp_path: Path) -> None:
    pytest.importorskip("pyjpegxl")
    naked = bytes(imagecodecs.jpegxl_encode(SMOOTH, usecontainer=False))
    assert naked.startswith(b"\xff\x0a")
    assert notes(tmp_path, naked) == ()
    assert notes(tmp_path, naked + MP4) == (VIDEO,)


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_a_video_that_only_the_xmp_names_is_said(tmp_path: Path, kind: str) -> None:
    make = {"heic": heic, "avif": avif}[kind]
    assert notes(tmp_path, make(SMOOTH, xmp=MOTION)) == ()
    assert notes(tmp_path, make(SMOOTH, xmp=MOTION) + b"\xfevideo" * 50) == (VIDEO,)


@pytest.mark.parametrize("kind", ["heic", "avif", "jxl"])
@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((b"mpvd",), (VIDEO,)),
        ((b"free", b"skip"), ()),
        ((b"moov",), (FILM,)),
        ((b"jumb", b"uuid"), ("Data of other programs was left out (jumb, uuid).",)),
        ((b"mpvd", b"sefd"), (VIDEO, "Data of other programs was left out (sefd).")),
    ],
)
def test_boxes_beside_the_picture_are_said(
    tmp_path: Path, kind: str, kinds: tuple[bytes, ...], expected: tuple[str, ...]
) -> None:
    if kind == "avif" and b"moov" in kinds:
        pytest.skip("an AVIF file with a film is an animation, which has its own note")
    assert notes(tmp_path, MAKERS[kind]() + b"".join(map(box, kinds))) == expected


def test_a_box_that_reaches_beyond_the_end_is_data(tmp_path: Path) -> None:
    assert notes(tmp_path, heic() + struct.pack(">I4s", 10_000, b"free") + b"\xfe" * 100) == (BEHIND,)


def test_an_animated_avif_has_one_note(tmp_path: Path) -> None:
    stream = BytesIO()
    frames = [Image.fromarray(SMOOTH), Image.fromarray(255 - SMOOTH)]
    frames[0].save(stream, "AVIF", save_all=True, append_images=frames[1:])
    assert notes(tmp_path, stream.getvalue()) == ("The picture is animated; only its first frame is used.",)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (700, 1), (600, 300), (64, 300)])
@pytest.mark.parametrize("container", [False, True])
def test_the_header_tells_an_animation_of_any_size(size: tuple[int, int], container: bool) -> None:
    frame = np.zeros((*size, 3), np.uint8)
    both = imagecodecs.jpegxl_encode(np.stack([frame, frame]), usecontainer=container)
    assert is_animated(both)
    assert not is_animated(imagecodecs.jpegxl_encode(frame, usecontainer=container))


def test_the_first_frame_of_an_animated_jpeg_xl_is_used(tmp_path: Path) -> None:
    pytest.importorskip("pyjpegxl")
    (tmp_path / "a.jxl").write_bytes(imagecodecs.jpegxl_encode(np.stack([SMOOTH, 255 - SMOOTH]), level=100))
    picture = read_picture(tmp_path / "a.jxl")
    assert picture.notes == ("The picture is animated; only its first frame is used.",)
    assert float(np.abs(picture.pixels.astype(float) - SMOOTH).mean()) < 3


def test_metadata_that_is_too_long_is_said(tmp_path: Path) -> None:
    packet = b"<a>" + b" " * (17 * 2**20) + b"</a>"
    expected = ("The XMP data is longer than any program needs and was left out.",)
    assert notes(tmp_path, heic(SMOOTH, xmp=packet)) == expected
    assert notes(tmp_path, avif(SMOOTH, xmp=packet)) == expected
    assert notes(tmp_path, jxl(SMOOTH, xmp=packet)) == expected


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_the_end_of_a_bmp_is_known_at_every_depth(tmp_path: Path, mode: str) -> None:
    stream = BytesIO()
    Image.fromarray(ramp(3, np.uint8)).convert(mode).save(stream, "BMP")
    assert BEHIND not in notes(tmp_path, stream.getvalue())
    assert BEHIND in notes(tmp_path, stream.getvalue() + b"more")


@pytest.mark.parametrize(
    "options", [{"tile": (16, 16)}, {"bigtiff": True}, {"compression": "zlib"}, {"byteorder": ">"}]
)
def test_the_end_of_a_tiff_is_known_in_every_layout(tmp_path: Path, options: dict[str, object]) -> None:
    stream = BytesIO()
    with tifffile.TiffWriter(
        stream, bigtiff=bool(options.get("bigtiff")), byteorder=options.get("byteorder")
    ) as writer:  # type: ignore[arg-type]
        more = {key: value for key, value in options.items() if key not in ("bigtiff", "byteorder")}
        writer.write(SMOOTH, photometric="rgb", subifds=1, **more)  # type: ignore[arg-type]
        writer.write(SMOOTH[::2, ::2].copy(), photometric="rgb", subfiletype=1)
        writer.write(SMOOTH, photometric="rgb")
    assert BEHIND not in notes(tmp_path, stream.getvalue())
    assert BEHIND in notes(tmp_path, stream.getvalue() + b"more" * 30)


def test_exif_at_the_end_of_a_tiff_is_not_data_behind_it(tmp_path: Path) -> None:
    image = Image.fromarray(SMOOTH)
    block = image.getexif()
    block.load(b"Exif\0\0" + exif())
    image.save(tmp_path / "a.tif", exif=block)
    assert read_picture(tmp_path / "a.tif").notes == ()
