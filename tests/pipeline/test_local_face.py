"""A face without the generator: local sliders move nothing, and change what they are for."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.local_face import LocalFace, local_face
from pipeline.patch import make_patch
from retouchml.look import Look
from tests.pipeline.synthetic_faces import Points, open_mouthed, painted

_SIZE = 512


@pytest.fixture(scope="module")
def points() -> Points:
    return open_mouthed(_SIZE)


@pytest.fixture(scope="module")
def pixels(points: Points) -> NDArray[np.uint8]:
    return np.asarray(np.rint(painted(points, _SIZE) * 255.0), np.uint8)


@pytest.fixture(scope="module")
def face(pixels: NDArray[np.uint8], points: Points) -> LocalFace:
    return local_face(pixels, points, [], None, {})


def test_a_local_look_moves_nothing(face: LocalFace) -> None:
    change = face.change(Look(strength=0.0, edits={"teeth": 1.0}))
    assert change.color.any()
    for field in (change.flow, change.cover, change.smoothing):
        assert not field.any()


def test_it_changes_the_photograph_s_own_pixels_to_the_bit_elsewhere(
    face: LocalFace, pixels: NDArray[np.uint8]
) -> None:
    change = face.change(Look(strength=0.0, edits={"teeth": 1.0}))
    patch = make_patch(pixels, face.alignment, change, face.support, 0)
    assert patch is not None
    x, y, width, height = patch.box
    differ = (patch.pixels[..., :3] != pixels[y : y + height, x : x + width]).any(axis=2)
    assert 500 < differ.sum() < 6000


def test_the_support_holds_every_region_and_all_that_moves(face: LocalFace) -> None:
    assert face.support[face.moving > 0].all()
    for region in (face.regions.skin, face.regions.teeth, face.regions.under_eyes):
        assert face.support[region > 0].all()


def test_the_seconds_of_its_steps_are_told(pixels: NDArray[np.uint8], points: Points) -> None:
    seconds: dict[str, float] = {}
    local_face(pixels, points, [], None, seconds)
    assert set(seconds) == {"align", "masks"}
