"""Files damaged at random: reading them either works or ends in one of our errors, never in anything else."""

import struct
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.pictures import read_picture, write_picture
from pipeline.pictures.exif import for_upright, orientation_of, xmp_for_upright
from retouchml.errors import RetouchError
from tests.pipeline.pictures.samples import EXIF_PREFIX, RGB_PROFILE, XMP, encoded, exif, noise, ramp

pytestmark = pytest.mark.slow

quick = settings(
    max_examples=100,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
Damage = list[tuple[float, int]]
damages: st.SearchStrategy[Damage] = st.lists(
    # the beginning, where headers are, is hit more often
    st.tuples(st.one_of(st.floats(0, 0.05), st.floats(0, 1)), st.integers(1, 255)),
    min_size=1,
    max_size=8,
)


def tiff(pixels: np.ndarray[tuple[int, ...], np.dtype[np.generic]], **options: object) -> bytes:
    stream = BytesIO()
    tifffile.imwrite(stream, pixels, **options)  # type: ignore[arg-type]
    return stream.getvalue()


@cache
def samples() -> dict[str, bytes]:
    said = {"exif": EXIF_PREFIX + exif(6), "icc_profile": RGB_PROFILE}
    frames = [Image.fromarray(noise(3, seed=seed)) for seed in range(2)]
    return {
        "png": encoded(noise(4), "PNG", **said),
        "png palette": encoded(np.zeros((16, 16), bool), "PNG"),
        "jpeg": encoded(noise(3), "JPEG", **said, xmp=XMP),
        "jpeg progressive": encoded(ramp(3, np.uint8), "JPEG", progressive=True),
        "webp": encoded(noise(4), "WEBP", **said, xmp=XMP),
        "webp lossless": encoded(noise(3), "WEBP", lossless=True),
        "webp animated": encoded(noise(3), "WEBP", save_all=True, append_images=frames),
        "gif": encoded(noise(3), "GIF", save_all=True, append_images=frames),
        "bmp": encoded(noise(3), "BMP"),
        "tiff": tiff(noise(3), photometric="rgb", extratags=[(274, 3, 1, 6, True)]),
        "tiff deflate": tiff(ramp(4, np.uint16), photometric="rgb", compression="zlib", predictor=True),
        "tiff lzw tiles": tiff(ramp(3, np.float32), photometric="rgb", compression="lzw", tile=(16, 16)),
        "tiff jpeg": tiff(ramp(3, np.uint8), photometric="rgb", compression="jpeg"),
        "tiff big": tiff(ramp(1, np.uint16)[..., 0], bigtiff=True, byteorder=">"),
        "tiff palette": encoded(np.zeros((16, 16), bool), "TIFF", compression="group4"),
        "tiff ink": tiff(noise(5), photometric="separated", extrasamples=["unassalpha"]),
    }


def attempt(path: Path, data: bytes) -> None:
    """Read ``data``; what can be read can be written too."""
    path.write_bytes(data)
    try:
        picture = read_picture(path)
    except RetouchError:
        return
    assert picture.pixels.size > 0
    if picture.pixels.size < 1_000_000:
        notes = write_picture(path.with_name("out.tif"), picture, picture.pixels, force=True)
        # a flipped bit may make a profile that is none, or a comment, for which TIFF has no place
        assert all("profile" in note or "comment" in note for note in notes)


@pytest.mark.parametrize("kind", samples())
@quick
@given(damage=damages)
def test_flipped_bits_do_no_harm(tmp_path: Path, kind: str, damage: Damage) -> None:
    data = bytearray(samples()[kind])
    for place, flip in damage:
        data[min(int(place * len(data)), len(data) - 1)] ^= flip
    attempt(tmp_path / "in", bytes(data))


@pytest.mark.parametrize("kind", samples())
@quick
@given(kept=st.floats(0, 1))
def test_a_cut_anywhere_does_no_harm(tmp_path: Path, kind: str, kept: float) -> None:
    data = samples()[kind]
    attempt(tmp_path / "in", data[: int(kept * len(data))])


@quick
@given(damage=damages, body=st.binary(max_size=40))
def test_damage_behind_a_right_checksum_does_no_harm(tmp_path: Path, damage: Damage, body: bytes) -> None:
    """A PNG's checksums would stop most damage before it reaches our own parsing."""
    data = bytearray(samples()["png"])
    for place, flip in damage:
        data[8 + int(place * (len(data) - 9))] ^= flip
    at = 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        struct.pack_into(">I", data, at + 8 + length, zlib.crc32(data[at + 4 : at + 8 + length]))
        at += 12 + length
    attempt(tmp_path / "in", bytes(data) + body)


@quick
@given(
    block=st.one_of(st.binary(max_size=200), st.binary(max_size=120).map(lambda tail: exif(6)[:30] + tail))
)
def test_any_bytes_as_exif_or_xmp_do_no_harm(block: bytes) -> None:
    assert 1 <= orientation_of(block) <= 8
    upright = for_upright(block, 5, 7)
    assert upright is None or (len(upright) == len(block) and orientation_of(upright) == 1)
    assert len(xmp_for_upright(block)) == len(block)
