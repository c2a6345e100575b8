"""The quality of a face: nothing is said of an ordinary portrait, and the truth of others."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.attributes import AgeNetwork
from pipeline.face_quality import Signs, alignment_of, quality_of, signs_of
from pipeline.faces import FaceLocation
from pipeline.landmark_choice import Disagreement
from pipeline.networks import Networks
from pipeline.photo import Photo
from pipeline.report import face_of
from pipeline.training.sampling import draw, picture_of
from pipeline.working_space import WorkingSpace
from retouchml.results import FaceQuality, Trust
from stylegan2 import zoo
from tests.conftest import at_home

Pixels = NDArray[np.uint8]

ORDINARY = Signs(
    yaw=5.0,
    pitch=-8.0,
    cut=0.0,
    hidden=0.0,
    eye_distance=120.0,
    sharpness=0.4,
    eye_skin=0.5,
    lip_redness=10.0,
    apart=Disagreement(1.0, 1.0, 1.0, 1.0),
    uncertainty=0.5,
    mesh_score=1.0,
    smile=0.6,
    mouth_open=0.02,
    age=30.0,
)


def test_an_ordinary_face_has_full_trust_and_no_note() -> None:
    quality = quality_of(ORDINARY)
    assert quality.trust == Trust()
    assert quality.notes == ()
    assert (quality.yaw, quality.pitch, quality.eye_distance) == (5.0, -8.0, 120.0)


@pytest.mark.parametrize(
    ("change", "note", "held"),
    [
        ({"yaw": 45.0}, "turned away", {"shape"}),
        ({"yaw": -45.0}, "turned away", {"shape"}),
        ({"pitch": 44.0}, "turned away", {"shape"}),
        ({"cut": 0.3}, "cut by the frame", {"shape"}),
        ({"hidden": 0.3}, "partly hidden", {"shape"}),
        ({"eye_distance": 10.0}, "small", {"shape", "skin", "eyes", "mouth"}),
        ({"sharpness": 0.1}, "blurred", {"skin", "eyes", "mouth"}),
        ({"mesh_score": 0.1}, "covered", {"shape", "skin", "eyes", "mouth"}),
        ({"eye_skin": 0.01}, "eyes covered", {"eyes"}),
        ({"apart": Disagreement(2, 2, 1, 9), "lip_redness": -2.0}, "mouth covered", {"mouth"}),
        ({"uncertainty": 3.0}, "landmarks uncertain", {"shape", "eyes", "mouth"}),
        ({"smile": 1.0, "mouth_open": 0.45}, "laughing", {"path"}),
        ({"age": 3.0}, "a child", {"path"}),
    ],
)
def test_each_fault_holds_back_what_it_concerns_and_says_so(
    change: dict[str, object], note: str, held: set[str]
) -> None:
    quality = quality_of(replace(ORDINARY, **change))  # type: ignore[arg-type]
    (said,) = quality.notes
    assert said.startswith(f"{note}: ")
    less = {kind for kind in ("shape", "skin", "eyes", "mouth", "path") if getattr(quality.trust, kind) < 0.7}
    assert less == held


@pytest.mark.parametrize("change", [{"sharpness": 0.1}, {"uncertainty": 3.0}])
def test_a_note_names_every_part_that_it_holds_back(change: dict[str, object]) -> None:
    quality = quality_of(replace(ORDINARY, **change))  # type: ignore[arg-type]
    (said,) = quality.notes
    parts = {kind for kind in ("shape", "skin", "eyes", "mouth") if kind in said}
    assert parts == {
        kind for kind in ("shape", "skin", "eyes", "mouth") if getattr(quality.trust, kind) < 1.0
    }


@pytest.mark.parametrize(
    ("change", "outside"),
    [
        ({}, ()),
        ({"yaw": -30.0}, ("turned",)),
        ({"eye_distance": 18.0}, ("small",)),
        ({"smile": 0.95, "mouth_open": 0.4}, ("laughing",)),
        ({"age": 6.0}, ("child",)),
        ({"age": 8.0}, ()),  # the network says that of some women, too
        ({"age": None}, ()),
        ({"pitch": 40.0, "eye_distance": 9.0}, ("turned", "small")),
        # what shows of a cut or blurred face may well be a face of those
        ({"cut": 0.3, "sharpness": 0.1}, ()),
    ],
)
def test_a_face_unlike_those_that_the_rater_learned_from_is_outside_of_what_it_knows(
    change: dict[str, object], outside: tuple[str, ...]
) -> None:
    assert quality_of(replace(ORDINARY, **change)).outside == outside  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"smile": 1.0}, {"mouth_open": 0.5}])
def test_a_smile_and_an_open_mouth_are_no_doubt_alone(change: dict[str, object]) -> None:
    quality = quality_of(replace(ORDINARY, **change))  # type: ignore[arg-type]
    assert (quality.trust, quality.notes, quality.outside) == (Trust(), (), ())


def test_an_open_mouth_that_dlib_loses_is_not_covered() -> None:
    apart = Disagreement(1.0, 1.0, 1.0, 9.0)
    assert quality_of(replace(ORDINARY, apart=apart, lip_redness=12.0)).notes == ()


def test_faults_add_up() -> None:
    quality = quality_of(replace(ORDINARY, yaw=36.0, cut=0.2))
    assert len(quality.notes) == 2
    alone = [quality_of(replace(ORDINARY, yaw=36.0)), quality_of(replace(ORDINARY, cut=0.2))]
    assert quality.trust.shape == min(each.trust.shape for each in alone)


# with the real networks


def judged(networks: Networks, pixels: Pixels, landmarks: NDArray[np.float64]) -> FaceQuality:
    alignment = alignment_of(landmarks)
    crop = alignment.cut(pixels)
    mesh = None if networks.mesh is None else networks.mesh.mesh_in_crop(crop)
    by_dlib = networks.finder.landmarks_in_crop(crop)
    frame = (pixels.shape[0], pixels.shape[1])
    return quality_of(signs_of(crop, alignment, landmarks, by_dlib, mesh, frame))


@pytest.fixture(scope="module")
def landmarks(networks: Networks, portrait: Pixels) -> NDArray[np.float64]:
    return networks.finder.find(portrait)[0].landmarks


def test_the_portrait_has_full_trust(
    networks: Networks, portrait: Pixels, landmarks: NDArray[np.float64]
) -> None:
    quality = judged(networks, portrait, landmarks)
    assert quality.notes == ()
    assert quality.trust == Trust()
    assert abs(quality.yaw) < 20.0


def test_turning_the_picture_turns_no_head(
    networks: Networks, portrait: Pixels, landmarks: NDArray[np.float64]
) -> None:
    upright = judged(networks, portrait, landmarks)
    matrix = cv2.getRotationMatrix2D((220.0, 121.0), 40.0, 1.0)
    tilted = np.asarray(cv2.warpAffine(portrait, matrix, (512, 512), borderMode=cv2.BORDER_REFLECT), np.uint8)
    quality = judged(networks, tilted, landmarks @ matrix[:, :2].T + matrix[:, 2])
    assert quality.yaw == pytest.approx(upright.yaw, abs=5.0)
    assert quality.pitch == pytest.approx(upright.pitch, abs=5.0)


def test_a_mirrored_face_looks_to_the_other_side(
    networks: Networks, portrait: Pixels, landmarks: NDArray[np.float64]
) -> None:
    mirrored = np.ascontiguousarray(portrait[:, ::-1])
    (face, *_) = networks.finder.find(mirrored)
    assert judged(networks, mirrored, face.landmarks).yaw == pytest.approx(
        -judged(networks, portrait, landmarks).yaw, abs=4.0
    )


def test_a_blurred_face_is_blurred_and_its_shape_is_trusted(
    networks: Networks, portrait: Pixels, landmarks: NDArray[np.float64]
) -> None:
    blurred = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 3.0), np.uint8)
    quality = judged(networks, blurred, landmarks)
    assert quality.notes == ("blurred: skin, eyes and mouth are held back",)
    assert quality.trust.shape == 1.0
    noise = np.random.default_rng(0).normal(0.0, 12.0, blurred.shape)
    noisy = np.clip(blurred + noise, 0, 255).astype(np.uint8)
    assert judged(networks, noisy, landmarks).sharpness < 0.25  # noise is no sharpness


def test_dark_glasses_cover_the_eyes(
    networks: Networks, portrait: Pixels, landmarks: NDArray[np.float64]
) -> None:
    picture = portrait.copy()
    for eye in (slice(36, 42), slice(42, 48)):
        x, y = landmarks[eye].mean(0)
        cv2.ellipse(picture, (round(x), round(y)), (17, 12), 0, 0, 360, (12, 12, 16), -1, cv2.LINE_AA)
    quality = judged(networks, picture, landmarks)
    assert quality.trust.eyes < 0.2
    assert any(note.startswith("eyes covered") for note in quality.notes)


def test_a_face_beyond_the_frame_is_cut(
    networks: Networks, portrait: Pixels, landmarks: NDArray[np.float64]
) -> None:
    left = round(landmarks[:, 0].min() + 30)
    quality = judged(networks, np.ascontiguousarray(portrait[:, left:]), landmarks - (left, 0))
    assert 0.2 < quality.cut < 0.5
    assert any(note.startswith("cut by the frame") for note in quality.notes)


def test_the_pose_is_told_without_the_mesh(
    networks: Networks, portrait: Pixels, landmarks: NDArray[np.float64]
) -> None:
    alignment = alignment_of(landmarks)
    crop = alignment.cut(portrait)
    with_mesh = judged(networks, portrait, landmarks)
    by_dlib = networks.finder.landmarks_in_crop(crop)
    without = quality_of(signs_of(crop, alignment, landmarks, by_dlib, None, (512, 512)))
    assert without.notes == ()
    assert without.yaw == pytest.approx(with_mesh.yaw, abs=8.0)
    assert without.pitch == pytest.approx(with_mesh.pitch, abs=15.0)


@pytest.mark.parametrize("with_ages", [True, False])
def test_a_generated_child_is_told_where_the_age_network_is_there(
    with_ages: bool, networks: Networks, real_home: Path
) -> None:
    with at_home(real_home):
        if not zoo.is_installed("age-gender"):
            pytest.skip("not fetched: age-gender (`python3 install test` fetches it)")
        ages = AgeNetwork.load() if with_ages else None
    *_, (w, crossover) = draw(networks.generator, 32, 1)  # the last is an infant
    picture = picture_of(networks.generator, w, crossover)
    landmarks = networks.finder.landmarks_in_crop(cv2.resize(picture, (512, 512))) / 2.0
    pixels = np.rint(picture * 255.0).astype(np.uint8)
    location = FaceLocation((64, 64, 128, 128), landmarks)
    quality = face_of(location, pixels, WorkingSpace(), replace(networks, ages=ages)).quality
    assert ("child" in quality.outside) is with_ages
    assert ("a child: strength is held back" in quality.notes) is with_ages
    assert (quality.trust.path < 0.6) is with_ages


def test_the_portrait_s_woman_is_no_child(networks: Networks, photo: Photo, real_home: Path) -> None:
    (face,) = photo.faces
    assert "child" not in face.quality.outside
    with at_home(real_home):
        assert (networks.ages is None) is not zoo.is_installed("age-gender")
