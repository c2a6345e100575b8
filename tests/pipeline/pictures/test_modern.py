"""HEIF, AVIF and JPEG XL: read as they are meant to be seen, or refused with what to install."""

import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
from PIL import Image, ImageCms, features

from pipeline.pictures import MAX_PIXELS, read_picture, write_picture
from pipeline.pictures.exif import orientation_of
from retouchml.errors import PictureUnreadable, PictureUnsupported
from tests.pipeline.pictures.samples import RGB_PROFILE, XMP, Array, exif, noise, ramp

SMOOTH = np.asarray(cv2.resize(ramp(3, np.uint8), (96, 64), interpolation=cv2.INTER_LINEAR), np.uint8)
DEEP: Array = (SMOOTH.astype(np.uint16) << 8) | SMOOTH


def heic(pixels: Array = SMOOTH, **options: Any) -> bytes:
    """A HEIC file; skips where nothing can write one."""
    pillow_heif = pytest.importorskip("pillow_heif")
    mode = {(1, 1): "L", (3, 1): "RGB", (4, 1): "RGBA", (3, 2): "RGB;16", (4, 2): "RGBA;16"}[
        pixels.shape[2], pixels.itemsize
    ]
    heif = pillow_heif.from_bytes(mode, pixels.shape[1::-1], pixels.tobytes())
    encoded = BytesIO()
    heif.save(encoded, quality=95, chroma=444, **options)
    return encoded.getvalue()


def avif(pixels: Array = SMOOTH, **options: Any) -> bytes:
    """An AVIF file of 8 bits; skips where nothing can write one."""
    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    encoded = BytesIO()
    Image.fromarray(pixels).save(encoded, "AVIF", quality=95, subsampling="4:4:4", **options)
    return encoded.getvalue()


def jxl(pixels: Array = SMOOTH, **options: Any) -> bytes:
    """A JPEG XL file without loss; skips where nothing reads one."""
    pyjpegxl = pytest.importorskip("pyjpegxl")
    return bytes(pyjpegxl.encode_from_numpy(pixels, lossless=True, **options))


def difference(seen: Array, expected: Array) -> float:
    """Mean difference in shares of the full scale."""
    assert seen.shape == expected.shape
    scale = np.iinfo(seen.dtype).max
    return float(np.abs(seen.astype(float) - expected.astype(float)).mean()) / scale


KINDS = {"heic": heic, "avif": avif, "jxl": jxl}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_of_8_bits_is_read(tmp_path: Path, kind: str, channels: int) -> None:
    pixels = np.dstack([SMOOTH, 255 - SMOOTH[..., :1]])[..., :channels]
    pixels = np.ascontiguousarray(pixels)
    path = tmp_path / "named-wrongly.jpg"
    path.write_bytes(KINDS[kind](pixels))
    seen = read_picture(path)
    assert seen.pixels.dtype == np.uint8
    assert difference(seen.pixels, pixels) < 0.02
    assert not seen.grey


def test_a_heic_of_10_bits_becomes_16_bits_that_span_the_range(tmp_path: Path) -> None:
    pixels = DEEP.copy()
    pixels[:32] = 65535
    (tmp_path / "a.heic").write_bytes(heic(pixels))
    seen = read_picture(tmp_path / "a.heic")
    assert seen.pixels.dtype == np.uint16
    assert difference(seen.pixels, pixels) < 0.02
    assert seen.pixels[:24].min() > 65000
    assert seen.pixels.max() == 65535


@pytest.mark.parametrize("bits", [10, 12])
def test_an_avif_of_more_bits_becomes_16_bits(tmp_path: Path, bits: int) -> None:
    deep = imagecodecs.avif_encode(DEEP >> (16 - bits), level=100, bitspersample=bits)
    (tmp_path / "a.avif").write_bytes(deep)
    seen = read_picture(tmp_path / "a.avif")
    assert seen.pixels.dtype == np.uint16
    assert difference(seen.pixels, DEEP) < 0.01


def test_a_jpeg_xl_of_16_bits_and_of_floats_is_read_without_loss(tmp_path: Path) -> None:
    for pixels in (DEEP, DEEP.astype(np.float32) / 65535, ramp(1, np.uint16)):
        (tmp_path / "a.jxl").write_bytes(jxl(pixels))
        seen = read_picture(tmp_path / "a.jxl").pixels
        assert seen.dtype == pixels.dtype
        np.testing.assert_array_equal(seen, pixels)


@pytest.mark.parametrize("kind", KINDS)
def test_profile_and_exif_go_along_into_a_png(tmp_path: Path, kind: str) -> None:
    key = "icc" if kind == "jxl" else "icc_profile"
    block = exif(orientation=None)
    options = {key: RGB_PROFILE, "exif": block if kind == "jxl" else b"Exif\0\0" + block}
    (tmp_path / "a").write_bytes(KINDS[kind](SMOOTH, **options))
    seen = read_picture(tmp_path / "a")
    assert seen.metadata.icc_profile == RGB_PROFILE
    assert write_picture(tmp_path / "b.png", seen, seen.pixels) == ()
    with Image.open(tmp_path / "b.png") as written:
        assert written.getexif()[271] == "Testcam"
        assert written.info["icc_profile"] == RGB_PROFILE


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_xmp_goes_along(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a").write_bytes(KINDS[kind](SMOOTH, xmp=XMP))
    assert (read_picture(tmp_path / "a").metadata.xmp or b"").startswith(b"<x:xmpmeta")


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_an_avif_is_turned_upright_once(tmp_path: Path, orientation: int) -> None:
    """Pillow moves EXIF's orientation into the container."""
    (tmp_path / "a.avif").write_bytes(avif(exif=b"Exif\0\0" + exif(orientation)))
    seen = read_picture(tmp_path / "a.avif")
    turns = {3: 2, 6: 3, 8: 1}[orientation]
    assert difference(seen.pixels, np.rot90(SMOOTH, turns)) < 0.02
    assert orientation_of(seen.metadata.exif or b"") == 1


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_heic_is_turned_upright_once(tmp_path: Path, orientation: int) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    heif = pillow_heif.from_pillow(Image.fromarray(SMOOTH))
    heif.info["exif"] = b"Exif\0\0" + exif(orientation)
    encoded = BytesIO()
    heif.save(encoded, quality=95, chroma=444)
    (tmp_path / "a.heic").write_bytes(encoded.getvalue())
    seen = read_picture(tmp_path / "a.heic")
    turns = {3: 2, 6: 3, 8: 1}[orientation]
    assert difference(seen.pixels, np.rot90(SMOOTH, turns)) < 0.02
    assert orientation_of(seen.metadata.exif or b"") == 1


def test_colours_given_by_number_become_a_profile(tmp_path: Path) -> None:
    wide = imagecodecs.avif_encode(SMOOTH, level=100, primaries=12, transfer=13, matrix=0)
    (tmp_path / "a.avif").write_bytes(wide)
    profile = read_picture(tmp_path / "a.avif").metadata.icc_profile
    assert profile is not None
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile("sRGB"), "RGB", "RGB"
    )
    red = ImageCms.applyTransform(Image.new("RGB", (1, 1), (200, 100, 100)), transform)
    assert red.getpixel((0, 0)) == pytest.approx((214, 94, 97), abs=3)  # Display P3 is the wider one


def test_plain_colours_need_no_profile(tmp_path: Path) -> None:
    plain = imagecodecs.avif_encode(SMOOTH, level=100, primaries=1, transfer=13, matrix=0)
    (tmp_path / "a.avif").write_bytes(plain)
    assert read_picture(tmp_path / "a.avif").metadata.icc_profile is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.9])
def test_a_truncated_file_is_damaged(tmp_path: Path, kind: str, kept: float) -> None:
    data = KINDS[kind](noise(3, 64, 96))
    (tmp_path / "a").write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(PictureUnreadable, match="damaged or incomplete"):
        read_picture(tmp_path / "a")


@pytest.mark.parametrize("kind", ["heic", "avif", "jxl"])
def test_too_many_pixels_are_refused_before_decoding(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(KINDS[kind]())
    monkeypatch.setattr("pipeline.pictures.types.MAX_PIXELS", 1000)
    monkeypatch.setattr("pipeline.pictures.modern.np.asarray", lambda _: pytest.fail("decoded"))
    monkeypatch.setattr(imagecodecs, "avif_decode", lambda *_, **__: pytest.fail("decoded"))
    if kind == "jxl":
        monkeypatch.setattr("pyjpegxl.decode_to_numpy", lambda *_: pytest.fail("decoded"))
    with pytest.raises(PictureUnsupported, match="96 by 64 pixels"):
        read_picture(tmp_path / "a")
    assert MAX_PIXELS > 1000


@pytest.mark.parametrize(
    ("kind", "module", "words"),
    [("heic", "pillow_heif", "a HEIF file"), ("jxl", "pyjpegxl", "a JPEG XL file")],
)
def test_without_the_library_the_sentence_says_how_to_get_it(
    tmp_path: Path, kind: str, module: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(KINDS[kind]())
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        PictureUnsupported, match=f"is {words}, and what reads these is not installed"
    ) as error:
        read_picture(tmp_path / "a")
    assert "pip install" in error.value.advice


def test_the_libraries_are_not_imported_for_other_files() -> None:
    script = (
        "import sys, pipeline.pictures; "
        "sys.exit(any(name in sys.modules for name in ('pillow_heif', 'pyjpegxl', 'PIL.AvifImagePlugin')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
