"""Landmarks and pictures that need no detector."""

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def landmarks(
    center: tuple[float, float] = (128.0, 128.0), eye_distance: float = 60.0, degrees: float = 0.0
) -> Points:
    """68 plausible landmarks of a frontal face around a point between eyes and mouth, turned clockwise."""
    angles = np.linspace(np.pi * 0.98, np.pi * 0.02, 17)
    jaw = np.stack([1.05 * np.cos(angles), -0.1 + 1.9 * np.sin(angles)], 1)
    brow = np.stack([np.linspace(-0.3, 0.3, 5), -0.32 - 0.06 * np.sin(np.linspace(0, np.pi, 5))], 1)
    bridge = np.stack([np.zeros(4), np.linspace(-0.02, 0.5, 4)], 1)
    nostrils = np.stack([np.linspace(-0.22, 0.22, 5), 0.62 + 0.04 * np.sin(np.linspace(0, np.pi, 5))], 1)
    turn = np.array([np.pi, 4.0, 5.2, 0.0, 1.0, 2.1])
    eye = np.stack([0.24 * np.cos(turn), 0.09 * np.sin(turn)], 1)
    mouth = np.concatenate([_oval(12, 0.42, 0.16), _oval(8, 0.34, 0.03)]) + (0.0, 1.0)
    parts = [jaw, brow - (0.5, 0.0), brow + (0.5, 0.0), bridge, nostrils]
    parts += [eye - (0.5, 0.0), eye + (0.5, 0.0), mouth]
    points = (np.concatenate(parts) - (0.0, 0.5)) * eye_distance
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]) + center)


def _oval(count: int, width: float, height: float) -> Points:
    turn = np.pi + np.arange(count) * 2.0 * np.pi / count
    return np.stack([width * np.cos(turn), height * np.sin(turn)], 1)


def gradient(height: int, width: int) -> NDArray[np.float32]:
    """A picture [H, W, 3] whose red is a ramp to the right, green one downwards, blue one along both."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = [x / width, y / height, (x / width + y / height) / 2.0]
    return np.asarray(0.1 + 0.8 * np.stack(planes, 2), np.float32)


def texture(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """A picture [H, W, 3] of skin colour with soft blotches and fine grain."""
    import cv2

    noise = np.random.default_rng(seed).standard_normal((height, width, 3)).astype(np.float32)
    blotches = cv2.GaussianBlur(noise, (0, 0), 6.0) * 6.0
    picture = np.array([0.78, 0.6, 0.5], np.float32) + 0.03 * blotches + 0.01 * noise
    return np.asarray(np.clip(picture, 0.0, 1.0), np.float32)


SKIN, LIP, TOOTH, GUM = (0.78, 0.6, 0.5), (0.66, 0.3, 0.3), (0.85, 0.8, 0.66), (0.7, 0.33, 0.34)
EYE_WHITE, IRIS, DARK = (0.8, 0.76, 0.73), (0.35, 0.28, 0.2), (0.12, 0.08, 0.07)


def open_mouthed(size: int = 512) -> Points:
    """Landmarks of a face in an FFHQ crop whose lips are apart."""
    points = landmarks((0.5 * size, 0.55 * size), 0.22 * size)
    mouth = points[48:68].mean(0)
    points[48:60] = mouth + _oval(12, 0.42, 0.26) * 0.22 * size
    points[60:68] = mouth + _oval(8, 0.36, 0.17) * 0.22 * size
    return points


def painted(points: Points, size: int = 512, *, teeth: bool = True) -> NDArray[np.float32]:
    """A face [S, S, 3] painted from landmarks: skin, brows, eyes with irises, lips, teeth above a tongue."""
    import cv2

    picture = np.asarray(np.array(SKIN, np.float32) + texture(size, size) - texture(size, size).mean((0, 1)))

    def fill(polygon: Points, color: tuple[float, float, float]) -> None:
        cv2.fillPoly(picture, [np.rint(polygon * 16).astype(np.int32)], color, cv2.LINE_8, 4)

    for brow in (points[17:22], points[22:27]):
        fill(np.concatenate([brow, brow[::-1] + (0.0, 0.018 * size)]), DARK)
    for eye in (points[36:42], points[42:48]):
        fill(eye, EYE_WHITE)
        height = float(np.ptp(eye[:, 1])) / 2.0
        disc = np.zeros((size, size), np.uint8)
        cv2.circle(disc, tuple(int(v) for v in np.rint(eye.mean(0))), round(1.15 * height), 1, -1)
        opening = np.zeros((size, size), np.uint8)
        cv2.fillPoly(opening, [np.rint(eye).astype(np.int32)], 1)
        picture[(disc & opening) > 0] = IRIS
    fill(points[48:60], LIP)
    inner = points[60:68]
    fill(inner, GUM)
    if teeth:
        upper = inner.copy()
        upper[:, 1] = np.minimum(upper[:, 1], inner[:, 1].mean())
        fill(upper, TOOTH)
    return np.asarray(np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8), 0.0, 1.0), np.float32)
