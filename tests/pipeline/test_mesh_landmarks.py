"""The 68 landmarks of a mesh: the right points, and the visible outline of a turned head."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.mesh_landmarks import landmarks_of_mesh
from pipeline.networks import Networks
from pipeline.views import Detection
from tests.pipeline.reference_mesh import MIRRORED, reference_mesh, rotated

LEFT_CHEEK, RIGHT_CHEEK = [50, 101, 187, 205, 207], [280, 330, 411, 425, 427]


def test_every_landmark_lies_where_dlib_puts_it(networks: Networks, portrait: NDArray[np.uint8]) -> None:
    if networks.mesh is None:
        pytest.skip("not fetched: mediapipe-face")
    face = Detection((219.0, 121.0), 91.0, 0.0, 1.0)
    expected = networks.finder.landmarks(portrait, face)
    found = landmarks_of_mesh(networks.mesh.points(portrait, face))
    apart = np.hypot(*(found - expected).T) / np.hypot(*(expected[45] - expected[36]))
    assert apart.mean() < 0.04
    assert apart.max() < 0.12


def test_the_landmarks_of_the_left_mirror_those_of_the_right() -> None:
    """Each of the table's rows is checked against the row of its counterpart."""
    mesh = rotated(reference_mesh(), 0.0, 0.0, -2.0)
    found = landmarks_of_mesh(mesh)
    mirrored = found[MIRRORED] * (-1, 1)
    shift = (found - mirrored).mean(0)
    apart = np.hypot(*(found - mirrored - shift).T) / np.hypot(*(found[45] - found[36]))
    assert apart.max() < 0.12


def test_the_order_is_that_of_ibug() -> None:
    points = landmarks_of_mesh(reference_mesh())
    assert (np.diff(points[:17, 0]) > 0).all()  # the contour, from the left over the chin to the right
    assert points[:17, 1].argmax() == 8
    assert (np.diff(points[17:27, 0]) > 0).all()
    assert (np.diff(points[27:31, 1]) > 0).all()
    assert points[[36, 39, 42, 45], 0].tolist() == sorted(points[[36, 39, 42, 45], 0])
    for upper, lower in ((37, 41), (38, 40), (43, 47), (44, 46), (51, 57), (62, 66), (50, 61), (67, 58)):
        assert points[upper, 1] < points[lower, 1]


@pytest.mark.parametrize(("yaw", "cheek"), [(-45.0, LEFT_CHEEK), (45.0, RIGHT_CHEEK)])
def test_the_contour_of_a_turned_head_leaves_no_cheek_outside(yaw: float, cheek: list[int]) -> None:
    mesh = rotated(reference_mesh(), yaw, 0.0, 0.0)
    contour = landmarks_of_mesh(mesh)[:8] if yaw < 0 else landmarks_of_mesh(mesh)[16:8:-1]
    outline = np.interp(mesh[cheek, 1], contour[:, 1], contour[:, 0])
    assert ((mesh[cheek, 0] - outline) * np.sign(-yaw) > -1.0).all()


def test_a_turned_picture_has_the_landmarks_turned_with_it() -> None:
    mesh = reference_mesh()
    turn = rotated(mesh, 0.0, 0.0, 70.0)
    expected = landmarks_of_mesh(mesh) - mesh[:, :2].mean(0)
    angle = np.radians(70.0)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert np.allclose(landmarks_of_mesh(turn) - turn[:, :2].mean(0), expected @ matrix.T, atol=0.05)
