"""The regions of photographed faces: the bundled portrait, and foreign ones where these are at hand."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.local_face import LocalFace, local_face
from pipeline.networks import Networks
from pipeline.pictures import read_picture
from tests.shared_data import shared_file

Pixels = NDArray[np.uint8]

TEETH = [
    "dlib_Tom_Cruise_avp_2014_4.jpg",
    "faceapi_surprised.jpg",
    "gfpgan_Blake_Lively.jpg",
    "hyperstyle_johansson.jpg",
    "hyperstyle_zuckerberg.jpg",
]
CLOSED = [
    "hyperstyle_jackson.jpg",
    "hyperstyle_robbie.jpg",
    "hyperstyle_watson.jpg",
    "pti_tyron_original.jpg",
]
GLASSES = ["gpen_ffhq_00005.jpg", "gpen_ffhq_00009.jpg"]


def face_of(pixels: NDArray[np.generic], networks: Networks) -> LocalFace:
    """The largest face of a photo, with its whole crop as the window."""
    locations = networks.finder.find(pixels)
    largest = max(locations, key=lambda location: location.box[2])
    return local_face(pixels, largest.landmarks, [], networks.mesh, {})


def foreign(name: str, networks: Networks) -> LocalFace:
    path: Path = shared_file(f"portraits/{name}")
    return face_of(read_picture(path).pixels, networks)


@pytest.fixture(scope="module")
def face(portrait: Pixels, networks: Networks) -> LocalFace:
    return face_of(portrait, networks)


def lab_of(face: LocalFace, mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """The median Lab [3] well inside a mask."""
    return np.asarray(np.median(cv2.cvtColor(face.crop, cv2.COLOR_RGB2Lab)[mask > 0.7], axis=0), np.float32)


def share(face: LocalFace, mask: NDArray[np.float32]) -> float:
    """The area of a mask in thousandths of the crop's."""
    return float(mask.sum() / face.size**2 * 1e3)


def test_a_portrait_s_regions_have_their_colours(face: LocalFace) -> None:
    regions = face.regions
    skin, teeth, lips, whites, irises, brows = (
        lab_of(face, getattr(regions, name))
        for name in ("skin", "teeth", "lips", "eye_whites", "irises", "brows")
    )
    assert teeth[0] > skin[0] - 5.0
    assert teeth[1] < skin[1] - 2.0
    assert lips[1] > skin[1] + 3.0
    assert whites[0] > irises[0] + 15.0
    assert brows[0] < skin[0] - 10.0


def test_a_portrait_s_regions_have_their_sizes(face: LocalFace) -> None:
    regions = face.regions
    assert 1.5 < share(face, regions.teeth) < 6.0
    assert 3.0 < share(face, regions.lips) < 12.0
    assert 0.4 < share(face, regions.irises) < 4.0
    assert 0.2 < share(face, regions.eye_whites) < 3.0
    assert 120.0 < share(face, regions.skin) < 400.0
    assert not regions.glasses.any()


def test_no_two_regions_of_eyes_mouth_and_brows_share_a_pixel(face: LocalFace) -> None:
    regions = face.regions
    parts = np.stack([regions.teeth, regions.eye_whites, regions.irises, regions.lips, regions.brows])
    assert np.sort(parts, axis=0)[-2].max() < 0.6
    assert (np.sort(parts, axis=0)[-2] > 0.3).mean() < 5e-4


@pytest.mark.parametrize("name", TEETH)
def test_teeth_that_show_are_found(name: str, networks: Networks) -> None:
    face = foreign(name, networks)
    teeth = lab_of(face, face.regions.teeth)
    assert share(face, face.regions.teeth) > 0.4
    assert teeth[1] < lab_of(face, face.regions.lips)[1] - 4.0


@pytest.mark.parametrize("name", CLOSED)
def test_a_closed_mouth_has_no_teeth(name: str, networks: Networks) -> None:
    face = foreign(name, networks)
    assert not face.regions.teeth.any()
    assert share(face, face.regions.lips) > 3.0


def test_a_hand_at_the_mouth_is_neither_lips_nor_teeth(networks: Networks) -> None:
    face = foreign("gpen_ffhq_00005.jpg", networks)
    assert share(face, face.regions.teeth) == 0.0
    assert share(face, face.regions.lips) == 0.0


@pytest.mark.parametrize("name", [*GLASSES, *CLOSED])
def test_glasses_are_told_from_faces_without(name: str, networks: Networks) -> None:
    face = foreign(name, networks)
    assert (share(face, face.regions.glasses) > 3.0) == (name in GLASSES)


def test_ears_and_neck_are_skin_and_a_grey_wall_is_none(networks: Networks) -> None:
    watson, hepburn = (
        foreign(name, networks) for name in ("hyperstyle_watson.jpg", "codeformer_Hepburn01.png")
    )
    size = watson.size
    below = (watson.landmarks[8] + (0.0, 0.09 * size) - (watson.window.left, watson.window.top)).astype(int)
    assert watson.regions.skin[below[1], below[0]] > 0.3
    outside = hepburn.regions.skin * (1.0 - (hepburn.masks.motion > 0.0))
    assert not outside.any()
