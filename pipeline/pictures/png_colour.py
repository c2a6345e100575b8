"""Colour profiles for what a PNG's cICP, gAMA and cHRM chunks say."""

import struct
from functools import lru_cache

import imagecodecs
import numpy as np

from pipeline.pictures.cicp import profile_of
from pipeline.pictures.types import Metadata

_UNIT = 100_000  # of gAMA and cHRM
_SRGB = (0.3127, 0.3290, 0.640, 0.330, 0.300, 0.600, 0.150, 0.060)  # white, red, green, blue
_SRGB_GAMMA = 0.45455
_POINTS = 4096  # of a curve
_GAMMAS_OF_SRGB = tuple(struct.pack(">I", value) for value in (45454, 45455, 45456))


def colour_profile(metadata: Metadata) -> bytes:
    """The ICC profile by which a picture's pixels are to be seen; b"" for sRGB, also where nothing is said.

    A PNG's cICP comes before its profile, and that before sRGB, gAMA and cHRM (PNG, third edition, §4.3).
    gAMA of 1/2.2 with sRGB's primaries is what programs write for sRGB, so it counts as that. PQ and HLG are
    seen as if they were sRGB.
    """
    chunks = dict(metadata.png_colour)
    if b"cICP" in chunks:
        return profile_of_chunks(metadata.png_colour) or b""
    if metadata.icc_profile:
        return metadata.icc_profile
    if b"sRGB" in chunks or _means_srgb(chunks):
        return b""
    return profile_of_chunks(metadata.png_colour) or b""


def _means_srgb(chunks: dict[bytes, bytes]) -> bool:
    primaries = tuple(round(value * _UNIT) for value in _SRGB)
    return chunks.get(b"gAMA") in (None, *_GAMMAS_OF_SRGB) and chunks.get(b"cHRM") in (
        None,
        struct.pack(">8I", *primaries),
    )


def profile_of_chunks(chunks: tuple[tuple[bytes, bytes], ...]) -> bytes | None:
    """An RGB profile for colour chunks (name, content); None where none can say the same.

    cICP comes before gAMA and cHRM (PNG, third edition, §4.3).
    """
    contents = dict(chunks)
    if b"cICP" in contents:
        cicp = contents[b"cICP"]
        return profile_of(cicp[0], cicp[1]) if len(cicp) == 4 else None
    if b"gAMA" not in contents and b"cHRM" not in contents:
        return None
    try:
        gamma = struct.unpack(">I", contents[b"gAMA"])[0] / _UNIT if b"gAMA" in contents else _SRGB_GAMMA
        primaries = struct.unpack(">8I", contents[b"cHRM"]) if b"cHRM" in contents else None
    except struct.error:
        return None
    places = tuple(value / _UNIT for value in primaries) if primaries else _SRGB
    if not 0.1 <= gamma <= 10 or not all(0 <= value <= 1 for value in places):
        return None
    return _profile(gamma, places)


@lru_cache(8)
def _profile(gamma: float, places: tuple[float, ...]) -> bytes | None:
    curve = np.linspace(0.0, 1.0, _POINTS) ** (1 / gamma)
    primaries = [value for at in (2, 4, 6) for value in (places[at], places[at + 1], 1.0)]
    try:
        return bytes(
            imagecodecs.cms_profile(
                "rgb",
                whitepoint=(places[0], places[1], 1.0),
                primaries=primaries,
                transferfunction=np.rint(curve * 65535).astype(np.uint16),
            )
        )
    except Exception:  # places that no light has; the library fails in several ways
        return None
