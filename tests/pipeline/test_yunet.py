"""YuNet: faces with their points, squares of dlib's kind, damaged files, nothing said aloud."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.yunet import YuNet
from retouchml.errors import ModelCorrupt
from tests.shared_data import yunet_file

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def network() -> YuNet:
    return YuNet(yunet_file())


def test_the_portrait_s_face_has_a_square_of_dlib_s_kind_and_five_points_in_place(
    network: YuNet, portrait: Pixels
) -> None:
    (face,) = network.look(portrait, 0.6)
    assert face.confidence > 0.9
    square = face.detection
    assert math.dist(square.center, (219.5, 121.5)) < 8  # as dlib's HOG detector finds it
    assert square.side == pytest.approx(91, abs=8)
    left_eye, right_eye, nose, left_corner, right_corner = face.points
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_corner[0] < right_corner[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_corner[1], right_corner[1])


@pytest.mark.parametrize("shape", [(1, 1), (33, 700), (700, 33), (301, 299)])
def test_an_image_of_any_shape_can_be_looked_at(shape: tuple[int, int], network: YuNet) -> None:
    assert network.look(np.full((*shape, 3), 90, np.uint8), 0.6) == []


def test_a_size_or_bound_does_not_outlast_its_look(network: YuNet, portrait: Pixels) -> None:
    first = network.look(portrait, 0.6)
    network.look(np.ascontiguousarray(portrait[:100, :90]), 0.99)
    again = network.look(portrait, 0.6)
    assert [face.box for face in again] == [face.box for face in first]


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100])
def test_a_damaged_file_is_corrupt(content: bytes, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(content)
    with pytest.raises(ModelCorrupt, match=r"damaged\.onnx"):
        YuNet(damaged)


def test_loading_is_silent_and_leaves_opencv_s_messages_as_they_were(
    capfd: pytest.CaptureFixture[str],
) -> None:
    level = cv2.utils.logging.getLogLevel()
    YuNet(yunet_file())
    assert capfd.readouterr() == ("", "")
    assert cv2.utils.logging.getLogLevel() == level
