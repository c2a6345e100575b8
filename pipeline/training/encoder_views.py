"""What an encoder's network learns from: views of faces, changed as photographs differ.

A view's target is moved and lit otherwise. What the network sees of it is moreover blurred, noisy, compressed
and partly covered, as photographs are: the code should show what lies behind that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.faces import FaceFinder
from pipeline.local_face import face_crop
from pipeline.pictures import read_picture
from pipeline.training.labellers import Labellers
from pipeline.training.progress_line import ProgressLine
from pipeline.working_space import WorkingSpace
from retouchml.errors import RetouchError

CROP = 128  # pixels
_TILT, _GROWTH, _SHIFT = 4.0, 0.06, 0.03  # degrees, share, share of the side; standard deviations
_GAIN, _GAMMA, _SLOPE = 0.08, 0.15, 0.15  # of a channel, of all, of a shade across the crop
_BLURRED, _NOISY, _COMPRESSED, _COVERED = 0.4, 0.4, 0.4, 0.2  # share of views
_CUBIC = cv2.INTER_CUBIC


@dataclass(frozen=True)
class Face:
    """A face to learn from."""

    crop: NDArray[np.float32]  # FFHQ crop [128, 128, 3] in [0, 1]
    landmarks: NDArray[np.float64]  # [68, 2] in pixels of it


@dataclass(frozen=True)
class View:
    """A face as it should come out, and as it is seen."""

    target: Face
    seen: NDArray[np.float32]  # [128, 128, 3] in [0, 1]


def view_of(face: Face, random: np.random.Generator) -> View:
    """One of a face's many views."""
    target = _relit(_moved(face, random), random)
    return View(target, _degraded(target.crop, random))


def _moved(face: Face, random: np.random.Generator) -> Face:
    middle = (CROP - 1) / 2.0
    tilt, growth = random.normal(0.0, _TILT), float(np.exp(random.normal(0.0, _GROWTH)))
    matrix = cv2.getRotationMatrix2D((middle, middle), tilt, growth)
    matrix = matrix + np.pad(random.normal(0.0, _SHIFT * CROP, (2, 1)), ((0, 0), (2, 0)))
    crop = cv2.warpAffine(face.crop, matrix, (CROP, CROP), flags=_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    landmarks = face.landmarks @ matrix[:, :2].T + matrix[:, 2]
    return Face(np.clip(crop, 0.0, 1.0).astype(np.float32), landmarks)


def _relit(face: Face, random: np.random.Generator) -> Face:
    y, x = np.mgrid[-1.0 : 1.0 : CROP * 1j, -1.0 : 1.0 : CROP * 1j]
    across = random.normal(0.0, _SLOPE, 2)
    shade = np.exp(across[0] * x + across[1] * y)[..., None]
    gain = np.exp(random.normal(0.0, _GAIN, 3))
    gamma = float(np.exp(random.normal(0.0, _GAMMA)))
    lit = np.clip(face.crop**gamma * gain * shade, 0.0, 1.0)
    return replace(face, crop=lit.astype(np.float32))


def _degraded(crop: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    seen = crop
    if random.random() < _COVERED:
        seen = _covered(seen, random)
    if random.random() < _BLURRED:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), random.uniform(0.5, 2.5)), np.float32)
    if random.random() < _NOISY:
        noise = random.normal(0.0, random.uniform(0.01, 0.06), seen.shape)
        seen = seen + noise.astype(np.float32)
    pixels = np.rint(np.clip(seen, 0.0, 1.0) * 255.0).astype(np.uint8)
    if random.random() < _COMPRESSED:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 90))]
        file = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), quality)[1]
        pixels = np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR))[..., ::-1]
    return np.asarray(pixels, np.float32) / np.float32(255.0)


def _covered(crop: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """With an ellipse of one colour somewhere."""
    center = tuple(int(x) for x in random.integers(0, CROP, 2))
    axes = tuple(int(x) for x in random.integers(CROP // 12, CROP // 4, 2))
    colour = tuple(float(x) for x in random.random(3))
    covered = crop.copy()
    cv2.ellipse(covered, center, axes, random.uniform(0.0, 180.0), 0.0, 360.0, colour, cv2.FILLED)
    return covered


def photographed(paths: Sequence[Path], labellers: Labellers) -> list[Face]:
    """The largest face of each photograph; one that cannot be read or shows none is passed over."""
    progress, faces = ProgressLine("reading photographs"), []
    for done, path in enumerate(paths, 1):
        found = largest_face(path, labellers.finder)
        progress(done, len(paths))
        if found is not None:
            faces.append(reduced(*found))
    return faces


def largest_face(path: Path, finder: FaceFinder) -> tuple[NDArray[np.float32], NDArray[np.float64]] | None:
    """The FFHQ crop [S, S, 3] in [0, 1] of a photograph's largest face, and its landmarks [68, 2] there.

    None if the file cannot be read or shows no face.
    """
    try:
        picture = read_picture(path)
    except RetouchError:
        return None
    found = finder.find(picture.pixels, icc=picture.icc)
    if not found:
        return None
    crop, alignment = face_crop(picture.pixels, found[0].landmarks, WorkingSpace.of(picture.icc))
    return crop, alignment.to_crop(found[0].landmarks)


def reduced(crop: NDArray[np.float32], landmarks: NDArray[np.float64]) -> Face:
    """The face of a crop [S, S, 3] of any size."""
    interpolation = cv2.INTER_AREA if crop.shape[0] > CROP else _CUBIC
    small = np.clip(cv2.resize(crop, (CROP, CROP), interpolation=interpolation), 0.0, 1.0)
    return Face(small.astype(np.float32), points_of_crop(landmarks, crop.shape[0]))


def points_of_crop(landmarks: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Landmarks [68, 2] in pixels of a crop of 128 pixels, from those of one with ``side``."""
    return (landmarks + 0.5) * (CROP / side) - 0.5
