"""Which profile a PNG's pixels have: cICP, then the profile, then the other chunks."""

import struct

import numpy as np
import pytest

from pipeline.pictures import Metadata, Picture
from pipeline.pictures.png_colour import colour_profile
from pipeline.working_space import differs_from_srgb
from tests.pipeline.colour_profiles import profile_with

ADOBE = profile_with("adobe", 2.2)
SRGB_CHUNK = (b"sRGB", b"\0")
P3, BT709, PQ = (
    (b"cICP", bytes([12, 13, 0, 1])),
    (b"cICP", bytes([1, 13, 0, 1])),
    (b"cICP", bytes([9, 16, 0, 1])),
)
SRGB_PLACES = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def gamma(value: int) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", value)


@pytest.mark.parametrize(
    "chunks",
    [
        (),
        (SRGB_CHUNK,),
        (SRGB_CHUNK, gamma(100_000)),
        (gamma(45455),),
        (gamma(45455), (b"cHRM", SRGB_PLACES)),
        (BT709,),
        (PQ,),
        ((b"gAMA", b"\0"),),
    ],
)
def test_what_means_srgb_or_nothing_needs_no_profile(chunks: tuple[tuple[bytes, bytes], ...]) -> None:
    assert colour_profile(Metadata(png_colour=chunks)) == b""


@pytest.mark.parametrize("chunks", [(gamma(100_000),), (P3,), (gamma(55_555), (b"cHRM", SRGB_PLACES))])
def test_other_chunks_make_a_profile_unlike_srgb(chunks: tuple[tuple[bytes, bytes], ...]) -> None:
    assert differs_from_srgb(colour_profile(Metadata(png_colour=chunks)))


def test_a_profile_comes_after_cicp_and_before_the_other_chunks() -> None:
    assert colour_profile(Metadata(icc_profile=ADOBE, png_colour=(gamma(100_000), SRGB_CHUNK))) == ADOBE
    by_number = colour_profile(Metadata(icc_profile=ADOBE, png_colour=(P3,)))
    assert by_number != ADOBE
    assert differs_from_srgb(by_number)
    assert colour_profile(Metadata(icc_profile=ADOBE, png_colour=(BT709,))) == b""


def test_a_picture_names_the_profile_of_its_pixels() -> None:
    pixels = np.zeros((2, 3, 3), np.uint8)
    assert Picture(pixels, "png").icc == b""
    assert Picture(pixels, "png", metadata=Metadata(icc_profile=ADOBE)).icc == ADOBE
    assert Picture(pixels, "png", metadata=Metadata(icc_profile=ADOBE, png_colour=(BT709,))).icc == b""
