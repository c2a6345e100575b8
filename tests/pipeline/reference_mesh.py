"""A face mesh for tests without models: that of the bundled portrait, by LiteRT."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REFERENCE = Path(__file__).parents[1] / "data" / "face_mesh" / "astronaut.npz"
"""What LiteRT 2.3 (``ai-edge-litert``) computes from squares of the bundled portrait."""

MIRRORED = [
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
]
"""For each landmark the one on the other side of the face."""


def reference_mesh() -> NDArray[np.float64]:
    """Points [468, 3] in pixels of a square of 192."""
    with np.load(REFERENCE) as reference:
        return np.asarray(reference["mesh"], np.float64)


def rotated(points: NDArray[np.float64], yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """A mesh turned about its middle by degrees: first down, then to the right, then clockwise."""
    a, b, c = np.radians([pitch, yaw, roll])
    down = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    right = np.array([[np.cos(b), 0, -np.sin(b)], [0, 1, 0], [np.sin(b), 0, np.cos(b)]])
    clockwise = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    middle = points.mean(0)
    return np.asarray((points - middle) @ (clockwise @ right @ down).T + middle)
