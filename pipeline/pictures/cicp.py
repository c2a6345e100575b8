"""Colour profiles for files that name their colours by numbers (ITU-T H.273, "CICP")."""

from functools import cache

import imagecodecs
import numpy as np

_D65 = (0.3127, 0.3290, 1.0)
# primaries' number → x, y, Y of red, green and blue; those of sRGB (1) need no profile
_PRIMARIES = {
    9: (0.708, 0.292, 1.0, 0.170, 0.797, 1.0, 0.131, 0.046, 1.0),  # BT.2020
    12: (0.680, 0.320, 1.0, 0.265, 0.690, 1.0, 0.150, 0.060, 1.0),  # Display P3
}
_SRGB_PRIMARIES = (0.640, 0.330, 1.0, 0.300, 0.600, 1.0, 0.150, 0.060, 1.0)
_LINEAR, _PQ, _HLG = 8, 16, 18
_POINTS = 4096  # of a curve


@cache
def profile_of(primaries: int, transfer: int) -> bytes | None:
    """An ICC profile for these colours; None if they are sRGB's, or unknown."""
    if transfer in (_PQ, _HLG) or (primaries not in _PRIMARIES and transfer != _LINEAR):
        return None
    values = np.linspace(0.0, 1.0, _POINTS)
    curve = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    curve = values if transfer == _LINEAR else curve
    return bytes(
        imagecodecs.cms_profile(
            "rgb",
            whitepoint=_D65,
            primaries=_PRIMARIES.get(primaries, _SRGB_PRIMARIES),
            transferfunction=np.rint(curve * 65535).astype(np.uint16),
        )
    )


def note_on(transfer: int) -> str | None:
    """A sentence on brightness that no profile describes, or None."""
    if transfer in (_PQ, _HLG):
        return "The picture is of high dynamic range (PQ or HLG); its brightness is kept as it is stored."
    return None
