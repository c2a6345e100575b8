"""How far a retouch bends straight lines behind a head, told from a grating that is put there."""

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.figures.faces import Area, Picture, Points, face_size

_PERIOD = 0.05  # of the face's size
_MARGIN = 0.02  # of the face's size; the head's own border moves
_CONTRAST = 0.35
_PERCENTILE = 99.0
_LEFT = 0.5  # of the grating's amplitude, below which it is covered


def gratings(size: int, landmarks: Points) -> NDArray[np.float32]:
    """Upright and level stripes [size, size, 3] over each other, in grey."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    wave = 2.0 * np.pi / _period(landmarks)
    grey = 0.5 + 0.5 * _CONTRAST * (np.cos(wave * x) + np.cos(wave * y))
    return np.asarray(np.repeat(grey[..., None], 3, 2), np.float32)


def bend(before: Picture, after: Picture, landmarks: Points, behind: Area) -> float:
    """How far lines of ``gratings`` move across themselves: 99th percentile, in % of the face's size.

    behind: [S, S] where the grating is seen before. The displacement is the change of the grating's phase,
    found by demodulation; it is a mean over about a period. Where the head then covers the grating, none is
    left to be displaced.
    """
    if not behind.any():
        return 0.0
    period = _period(landmarks)
    largest = 0.0
    for axis in (0, 1):
        start, end = (_phase(picture, period, axis, behind) for picture in (before, after))
        displacement = np.abs(np.angle(end * np.conj(start))) * period / (2.0 * np.pi)
        seen = behind & (np.abs(end) > _LEFT * np.abs(start))
        if seen.any():
            largest = max(largest, float(np.percentile(displacement[seen], _PERCENTILE)))
    return 100.0 * largest / face_size(landmarks)


def beyond(cut: Picture, landmarks: Points) -> Area:
    """Where [S, S] the grating is seen, a little away from the head; cut: ``backgrounds.head``."""
    reach = 2 * round(_MARGIN * face_size(landmarks)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    return np.asarray(cv2.dilate((cut > 0.05).astype(np.uint8), disc) == 0)


def _period(landmarks: Points) -> float:
    return max(4.0, _PERIOD * face_size(landmarks))


def _phase(picture: Picture, period: float, axis: int, behind: Area) -> NDArray[np.complex64]:
    """The grating's complex amplitude [S, S] along an axis, 0 for x and 1 for y, to a factor."""
    y, x = np.mgrid[0 : picture.shape[0], 0 : picture.shape[1]].astype(np.float32)
    product = (picture.mean(axis=2) - 0.5) * np.exp(-2j * np.pi * (x, y)[axis] / period) * behind
    parts = [np.asarray(part, np.float32) for part in (product.real, product.imag)]
    real, imaginary = (cv2.GaussianBlur(part, (0, 0), period / 2.0) for part in parts)
    return np.asarray(real + 1j * imaginary, np.complex64)
