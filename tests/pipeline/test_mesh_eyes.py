"""Lids and irises: where they are on the portrait, and what keeps them there."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.mesh import FaceMesh, Mesh
from pipeline.mesh_eyes import EyeNetwork, Iris
from pipeline.networks import Networks
from pipeline.views import Detection
from stylegan2 import zoo
from tests.conftest import at_home

FACE = Detection((219.0, 121.0), 91.0, 0.0, 1.0)
LEFT_LIDS = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246]
Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def face_mesh(networks: Networks) -> FaceMesh:
    if networks.mesh is None:
        pytest.skip("not fetched: mediapipe-face")
    return networks.mesh


@pytest.fixture(scope="module")
def found(face_mesh: FaceMesh, portrait: Pixels) -> Mesh:
    return face_mesh.mesh(portrait, FACE)


def irises(mesh: Mesh) -> list[Iris]:
    """Both irises, which must be there."""
    return [iris for iris in mesh.irises if iris is not None]


def test_the_irises_lie_where_the_portrait_has_them(found: Mesh) -> None:
    left, right = irises(found)
    assert (left.x, left.y) == pytest.approx((203.0, 100.7), abs=1.2)
    assert (right.x, right.y) == pytest.approx((246.3, 103.0), abs=1.2)
    assert 2.5 < left.radius < 6.0
    assert right.radius == pytest.approx(left.radius, rel=0.2)


def test_the_lids_enclose_the_middle_of_each_iris(found: Mesh) -> None:
    left, _ = irises(found)
    outline = found.points[LEFT_LIDS, :2].astype(np.float32)
    assert cv2.pointPolygonTest(outline, (left.x, left.y), False) > 0


def test_a_mirrored_picture_has_the_irises_mirrored(
    face_mesh: FaceMesh, found: Mesh, portrait: Pixels
) -> None:
    mirrored = np.ascontiguousarray(portrait[:, ::-1])
    other = irises(face_mesh.mesh(mirrored, Detection((511.0 - 219.0, 121.0), 91.0, 0.0, 1.0)))
    for iris, twin in zip(irises(found), other[::-1], strict=True):
        assert (511.0 - twin.x, twin.y) == pytest.approx((iris.x, iris.y), abs=1.0)
        assert twin.radius == pytest.approx(iris.radius, rel=0.1)


def test_a_turned_picture_has_the_irises_turned(face_mesh: FaceMesh, found: Mesh, portrait: Pixels) -> None:
    turned = np.ascontiguousarray(np.rot90(portrait))  # counter-clockwise
    face = Detection((121.0, 511.0 - 219.0), 91.0, np.radians(-90.0), 1.0)
    for iris, twin in zip(irises(found), irises(face_mesh.mesh(turned, face)), strict=True):
        assert (511.0 - twin.y, twin.x) == pytest.approx((iris.x, iris.y), abs=0.5)


def test_only_the_lids_move(real_home: Path, face_mesh: FaceMesh, found: Mesh, portrait: Pixels) -> None:
    with at_home(real_home):
        without = FaceMesh(zoo.path("mediapipe-face", "face_landmark.onnx")).mesh(portrait, FACE)
    assert without.irises == (None, None)
    moved = np.flatnonzero((without.points != found.points).any(1))
    assert len(moved) == 32
    assert set(LEFT_LIDS) <= set(moved.tolist())
    assert np.array_equal(without.points[:, 2], found.points[:, 2])


def test_an_eye_that_is_foreshortened_keeps_the_lids_of_the_mesh(
    real_home: Path, found: Mesh, portrait: Pixels
) -> None:
    with at_home(real_home):
        network = EyeNetwork(zoo.path("mediapipe-face", "iris_landmark.onnx"))
    mesh = found.points.copy()
    outer, inner = mesh[263, :2].copy(), mesh[362, :2]
    mesh[263, :2] = inner + 0.5 * (outer - inner)
    closer, (left, right) = network.look(portrait, mesh, lambda part: np.asarray(part, np.uint8))
    assert left is not None
    assert right is None
    assert np.array_equal(closer[263], mesh[263])
