"""Paint around the eyes is told from skin, and the sliders of the skin leave it."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.local.retouch import LocalRetouch
from pipeline.local_face import LocalFace, local_face
from pipeline.networks import Networks
from pipeline.regions.contours import contours_of
from retouchml import Look
from tests.pipeline.local.painted_face import to_lab

Pixels = NDArray[np.uint8]
_TEAL, _ORANGE, _BLACK = (32.0, -22.0, -8.0), (52.0, 34.0, 46.0), (10.0, 0.0, 2.0)
_SKIN_SLIDERS = {"under_eyes": 1.0, "redness": 1.0, "evenness": 1.0, "lines": 1.0, "shine": 1.0}


def prepared(pixels: NDArray[np.generic], networks: Networks) -> LocalFace:
    locations = networks.finder.find(pixels)
    largest = max(locations, key=lambda location: location.box[2])
    return local_face(pixels, largest.landmarks, [], networks.mesh, {})


@pytest.fixture(scope="module")
def face(portrait: Pixels, networks: Networks) -> LocalFace:
    return prepared(portrait, networks)


def below_the_lids(face: LocalFace) -> NDArray[np.float32]:
    """A soft crescent [H, W] below either eye, in the crop's window."""
    mask = np.zeros(face.crop.shape[:2], np.float32)
    points = face.landmarks - (face.window.left, face.window.top)
    for eye in contours_of(points, None).eyes:
        x, y = eye.lower.mean(0)
        center = round(float(x)), round(float(y) + 0.28 * eye.width)
        axes = round(0.4 * eye.width), round(0.16 * eye.width)
        cv2.ellipse(mask, center, axes, 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.002 * face.size), np.float32)


def painted_photo(face: LocalFace, color: tuple[float, float, float]) -> LocalFace:
    """The portrait with paint below its eyes."""
    whole = np.zeros(face.whole.shape[:2], np.float32)
    face.window.put(below_the_lids(face), whole)
    lab = to_lab(face.whole)
    lab[...] += whole[..., None] * (np.array(color, np.float32) - lab)
    rgb = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0.0, 1.0)
    points = face.landmarks
    return local_face(np.rint(rgb * 255.0).astype(np.uint8), points, [], None, {})


@pytest.mark.parametrize("color", [_TEAL, _ORANGE, _BLACK])
def test_paint_below_the_eyes_keeps_its_colour(face: LocalFace, color: tuple[float, float, float]) -> None:
    painted = painted_photo(face, color)
    inside = np.abs(to_lab(painted.crop) - np.array(color, np.float32)).max(2) < 4.0
    inside &= below_the_lids(painted) > 0.9
    assert inside.sum() > 100
    assert np.quantile(painted.regions.paint[inside], 0.1) > 0.8
    change = LocalRetouch(painted.crop, painted.regions, painted.size).change(Look(0.0, 1.0, _SKIN_SLIDERS))
    moved = np.linalg.norm(to_lab(painted.crop + change) - to_lab(painted.crop), axis=2)[inside]
    assert np.quantile(moved, 0.9) < 1.0


def test_bare_skin_is_no_paint(face: LocalFace) -> None:
    skin = face.regions.skin > 0.9
    assert face.regions.paint[skin].mean() < 0.02
    assert face.regions.paint[face.regions.under_eyes > 0.7].mean() < 0.1
