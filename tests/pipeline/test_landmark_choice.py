"""The rule that decides between dlib's landmarks and the mesh's."""

import numpy as np
import pytest

from pipeline.landmark_choice import BOUNDS, choose, disagreement
from pipeline.mesh import Mesh, box_of_mesh
from pipeline.mesh_landmarks import landmarks_of_mesh
from tests.pipeline.reference_mesh import reference_mesh

MESH = Mesh(reference_mesh(), 0.99)
OF_MESH = landmarks_of_mesh(MESH.points)
PERCENT = box_of_mesh(MESH.points).side / 100.0
PARTS = {"nose": slice(27, 36), "eyes": slice(36, 48), "mouth": slice(48, 68)}


def test_landmarks_near_the_mesh_s_stay_to_the_bit() -> None:
    dlib = OF_MESH + np.random.default_rng(1).normal(0.0, 0.5 * PERCENT, (68, 2))
    assert np.array_equal(choose(dlib, MESH), dlib)


@pytest.mark.parametrize("part", PARTS)
def test_one_part_beyond_its_bound_gives_all_to_the_mesh(part: str) -> None:
    for share, expected_is_mesh in ((0.95, False), (1.05, True)):
        dlib = OF_MESH.copy()
        dlib[PARTS[part], 1] += share * getattr(BOUNDS, part) * PERCENT
        chosen = choose(dlib, MESH)
        assert np.array_equal(chosen, OF_MESH if expected_is_mesh else dlib)


def test_a_wrong_contour_is_replaced_and_nothing_else() -> None:
    dlib = OF_MESH + 0.1 * PERCENT
    dlib[:17, 1] += 8.0 * PERCENT
    chosen = choose(dlib, MESH)
    assert np.array_equal(chosen[:17], OF_MESH[:17])
    assert np.array_equal(chosen[17:], dlib[17:])


def test_a_contour_may_slide_along_itself() -> None:
    dlib = OF_MESH.copy()
    dlib[:16] = (OF_MESH[:16] + OF_MESH[1:17]) / 2.0
    assert disagreement(dlib, MESH).contour < 0.1
    assert np.array_equal(choose(dlib, MESH), dlib)


def test_a_mesh_that_is_not_sure_changes_nothing() -> None:
    dlib = OF_MESH + 20.0 * PERCENT
    assert np.array_equal(choose(dlib, Mesh(MESH.points, 0.4)), dlib)


def test_brows_do_not_decide() -> None:
    dlib = OF_MESH.copy()
    dlib[17:27, 1] -= 10.0 * PERCENT
    assert np.array_equal(choose(dlib, MESH), dlib)


def test_the_size_of_the_face_does_not_matter() -> None:
    dlib = OF_MESH + np.random.default_rng(2).normal(0.0, PERCENT, (68, 2))
    small, large = disagreement(dlib, MESH), disagreement(9.0 * dlib, Mesh(9.0 * MESH.points, 0.99))
    assert large.eyes == pytest.approx(small.eyes, rel=1e-3)
    assert large.contour == pytest.approx(small.contour, rel=1e-3)
