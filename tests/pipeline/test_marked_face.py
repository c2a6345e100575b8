"""A face where the user says that there is one."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.display import plain
from pipeline.faces import FaceFinder
from pipeline.marked_face import detection_at, mark_of
from pipeline.views import Detection
from retouchml.errors import UsageError
from stylegan2 import zoo
from tests.conftest import at_home
from tests.pipeline.test_faces import mean_error, turned
from tests.shared_data import yunet_file

Pixels = NDArray[np.uint8]
PHOTO = np.zeros((300, 400, 3), np.uint8)
MARK = mark_of((100, 100, 100, 100), 400, 300)


@pytest.mark.parametrize("box", [(-50, 0, 60, 60), (390, 0, 60, 60), (0, 0, 15, 90), (0, 0, 90, -5)])
def test_a_place_without_room_for_a_face_is_refused(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(UsageError, match="no room for a face"):
        mark_of(box, 400, 300)


def test_what_a_detector_sees_in_its_view_is_placed_on_the_photo() -> None:
    def look(view: Pixels) -> list[Detection]:
        assert view.shape == (256, 256, 3)
        return [Detection((127.5 + 13.0, 127.5), 104.0, 0.0, 0.5)]

    face = detection_at(PHOTO, MARK, plain, [look])
    assert face.angle == 0.0
    assert face.side == pytest.approx(MARK.side)
    assert face.center == pytest.approx((MARK.center[0] + 13.0 * MARK.side / 104.0, MARK.center[1]))


def test_what_is_away_from_the_mark_or_of_another_size_is_no_answer_and_then_the_mark_is_the_face() -> None:
    away = Detection((240.0, 240.0), 104.0, 0.0, 0.9)
    tiny = Detection((128.0, 128.0), 20.0, 0.0, 0.9)
    assert detection_at(PHOTO, MARK, plain, [lambda _view: [away, tiny], lambda _view: []]) == MARK


def test_the_first_detector_that_sees_anything_decides() -> None:
    first, second = (Detection((128.0, 128.0), side, 0.0, 0.5) for side in (100.0, 110.0))
    for looks, side in (([first, second], 100.0), ([None, second], 110.0)):
        seen = [lambda _view, face=face: [face] if face else [] for face in looks]
        assert detection_at(PHOTO, MARK, plain, seen).side == pytest.approx(side * MARK.side / 104.0)


@pytest.fixture(scope="module", params=["dlib alone", "YuNet first"])
def finder(request: pytest.FixtureRequest, real_home: Path) -> FaceFinder:
    with at_home(real_home):
        predictor = zoo.path("dlib-faces", "shape_predictor_68_face_landmarks.dat")
        cnn = zoo.path("dlib-faces", "mmod_human_face_detector.dat")
    return FaceFinder(predictor, cnn, None if request.param == "dlib alone" else yunet_file())


def head(landmarks: NDArray[np.float64]) -> tuple[int, int, int, int]:
    """A mark as a person draws it: from above the brows to below the chin, with the ears."""
    (left, top), (right, bottom) = landmarks.min(0), landmarks.max(0)
    width, height = right - left, bottom - top
    box = (left - 0.1 * width, top - 0.3 * height, 1.2 * width, 1.4 * height)
    x, y, wide, high = map(round, box)
    return x, y, wide, high


@pytest.mark.parametrize("degrees", [0.0, 40.0, 90.0, 180.0])
def test_landmarks_at_a_mark_are_those_of_the_face_that_was_found(
    finder: FaceFinder, portrait: Pixels, degrees: float
) -> None:
    (upright,) = finder.find(portrait)
    picture, matrix = turned(portrait, degrees)
    expected = upright.landmarks @ matrix[:, :2].T + matrix[:, 2]
    face = finder.at(picture, head(expected))
    assert face is not None
    assert mean_error(face.landmarks, expected) < 0.05


def test_a_mark_on_a_known_face_adds_none(finder: FaceFinder, portrait: Pixels) -> None:
    known = finder.find(portrait)
    assert finder.at(portrait, head(known[0].landmarks), known) is None


def test_a_face_that_no_detector_sees_has_its_landmarks_in_the_mark(
    finder: FaceFinder, portrait: Pixels
) -> None:
    (upright,) = finder.find(portrait)
    blurred = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 25.0))
    box = head(upright.landmarks)
    face = finder.at(blurred, box)
    assert face is not None
    middle = face.landmarks.mean(0)
    assert math.dist(middle, (box[0] + box[2] / 2, box[1] + box[3] / 2)) < 0.4 * box[2]
