"""The colour difference ΔE2000 (Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula", 2005)."""

import numpy as np
from numpy.typing import NDArray


def delta_e2000(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """The difference [...] of two arrays [..., 3] of CIE Lab."""
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(np.asarray(lab, np.float64), -1, 0) for lab in (first, second))
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2.0
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.arctan2(b1, a1) % (2 * np.pi), np.arctan2(b2, a2) % (2 * np.pi)
    turn = (h2 - h1 + np.pi) % (2 * np.pi) - np.pi
    turn = np.where(c1 * c2 == 0.0, 0.0, turn)
    mean_l, mean_c, mean_h = (l1 + l2) / 2.0, (c1 + c2) / 2.0, h1 + turn / 2.0
    t = (
        1.0
        - 0.17 * np.cos(mean_h - np.radians(30.0))
        + 0.24 * np.cos(2.0 * mean_h)
        + 0.32 * np.cos(3.0 * mean_h + np.radians(6.0))
        - 0.20 * np.cos(4.0 * mean_h - np.radians(63.0))
    )
    s_l = 1.0 + 0.015 * (mean_l - 50.0) ** 2 / np.sqrt(20.0 + (mean_l - 50.0) ** 2)
    s_c, s_h = 1.0 + 0.045 * mean_c, 1.0 + 0.015 * mean_c * t
    degrees = np.degrees(mean_h) % 360.0
    r_c = 2.0 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    r_t = -r_c * np.sin(2.0 * np.radians(30.0 * np.exp(-(((degrees - 275.0) / 25.0) ** 2))))
    d_l, d_c = (l2 - l1) / s_l, (c2 - c1) / s_c
    d_h = 2.0 * np.sqrt(c1 * c2) * np.sin(turn / 2.0) / s_h
    return np.asarray(np.sqrt(np.maximum(d_l**2 + d_c**2 + d_h**2 + r_t * d_c * d_h, 0.0)), np.float64)
