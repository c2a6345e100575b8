"""The pose of a head, from a mesh that is turned by known angles."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.pose import HeadPose, pose_of_mesh
from tests.pipeline.reference_mesh import reference_mesh, rotated


def straight() -> NDArray[np.float64]:
    """The portrait's mesh, turned into the camera."""
    pose = pose_of_mesh(reference_mesh())
    mesh = rotated(reference_mesh(), 0.0, 0.0, -pose.roll)
    mesh = rotated(mesh, -pose.yaw, 0.0, 0.0)
    return rotated(mesh, 0.0, -pose.pitch, 0.0)


def test_a_head_turned_back_by_its_pose_looks_into_the_camera() -> None:
    pose = pose_of_mesh(straight())
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("yaw", [-50.0, 0.0, 35.0])
@pytest.mark.parametrize("pitch", [-20.0, 0.0, 25.0])
@pytest.mark.parametrize("roll", [-170.0, 0.0, 40.0])
def test_the_angles_by_which_a_head_is_turned_come_back(yaw: float, pitch: float, roll: float) -> None:
    pose = pose_of_mesh(rotated(straight(), yaw, pitch, roll))
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_the_size_and_place_of_a_face_do_not_matter() -> None:
    mesh = reference_mesh()
    larger, pose = pose_of_mesh(mesh * 7.0 + (300.0, -20.0, 5.0)), pose_of_mesh(mesh)
    assert (larger.yaw, larger.pitch, larger.roll) == pytest.approx((pose.yaw, pose.pitch, pose.roll))


def test_a_mesh_without_extent_has_a_pose() -> None:
    assert pose_of_mesh(np.ones((468, 3))) == HeadPose(0.0, 0.0, 0.0)
