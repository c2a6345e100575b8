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


def test_regions_fade_out_before_the_photograph_s_frame(pixels: NDArray[np.uint8], points: Points) -> None:
    left = int(points[36, 0]) + 4  # the frame cuts the left eye
    cut = np.ascontiguousarray(pixels[:, left:])
    face = local_face(cut, points - (left, 0.0), [], None, {})
    at_frame = face.alignment.inside(*cut.shape[:2])[: face.crop.shape[0], : face.crop.shape[1]] < 1.0
    for region in (face.regions.skin, face.regions.eye_whites, face.regions.under_eyes):
        assert region[at_frame].max() < 0.02
    assert face.regions.irises.any()


def test_the_local_retouch_of_a_face_leaves_its_neighbour_alone(points: Points) -> None:
    one = np.asarray(np.rint(painted(points, _SIZE) * 255.0), np.uint8)
    shift = 240
    pair = np.hstack([one[:, :shift], one])
    second = points + (float(shift), 0.0)
    faces = [
        local_face(pair, mine, [other], None, {}) for mine, other in ((points, second), (second, points))
    ]
    supports = []
    for face in faces:
        patch = make_patch(pair, face.alignment, face.change(Look(1.0)), face.support, 0)
        assert patch is not None
        inside = np.zeros(pair.shape[:2], bool)
        x, y, width, height = patch.box
        inside[y : y + height, x : x + width] = patch.inside
        supports.append(inside)
    assert supports[0][:, :shift].any()
    assert not supports[0][:, int(second[36, 0]) :].any()
    assert not supports[1][:, : int(points[45, 0])].any()
