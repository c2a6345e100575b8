"""A face mesh for tests without models: that of the bundled portrait, by LiteRT."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

REFERENCE = Path(__file__).parents[1] / "data" / "face_mesh" / "astronaut.npz"
"""What LiteRT 2.3 (``ai-edge-litert``) computes from squares of the bundled portrait."""


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
