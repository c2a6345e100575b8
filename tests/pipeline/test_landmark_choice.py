"""The rule that decides between dlib's landmarks and the mesh's."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.align import ffhq_alignment
from pipeline.display import plain
from pipeline.landmark_choice import BOUNDS, LandmarkPlacer, choose, disagreement
from pipeline.landmarks import ONE_BOX, LandmarkPredictor
from pipeline.mesh import FaceMesh, Mesh, box_of_mesh, detector_box
from pipeline.mesh_landmarks import landmarks_of_mesh
from pipeline.networks import Networks, load_finder
from pipeline.views import Detection
from stylegan2 import zoo
from tests.conftest import at_home
from tests.pipeline.reference_mesh import MIRRORED, reference_mesh
from tests.shared_data import shared_file

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


# ---- with the networks

FACE = Detection((219.0, 121.0), 91.0, 0.0, 1.0)
TO_RIGHT = Detection((138.0, 187.0), 92.0, 0.0, 1.0)  # in ``bbt2``


@pytest.fixture(scope="module")
def face_mesh(networks: Networks) -> FaceMesh:
    if networks.mesh is None:
        pytest.skip("not fetched: mediapipe-face")
    return networks.mesh


@pytest.fixture(scope="module")
def predictor(real_home: Path) -> LandmarkPredictor:
    with at_home(real_home):
        return LandmarkPredictor(zoo.path("dlib-faces", "shape_predictor_68_face_landmarks.dat"))


def bbt2() -> NDArray[np.uint8]:
    """A foreign portrait of two people who turn to each other. Skips the test where it is not there."""
    return np.asarray(Image.open(shared_file("portraits/faceapi_bbt2.jpg")).convert("RGB"))


def placed(
    predictor: LandmarkPredictor, mesh: FaceMesh | None, pixels: NDArray[np.uint8], face: Detection
) -> NDArray[np.float64]:
    return LandmarkPlacer(predictor, mesh).place(pixels, face, plain, ONE_BOX)


def apart(points: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """The mean distance of two sets of landmarks, by the distance of the eyes' outer corners."""
    return float(np.hypot(*(points - expected).T).mean() / np.hypot(*(expected[45] - expected[36])))


def test_the_mesh_s_box_is_the_detector_s(face_mesh: FaceMesh, portrait: NDArray[np.uint8]) -> None:
    box = detector_box(face_mesh.points(portrait, FACE))
    assert box.center == pytest.approx(FACE.center, abs=9.0)
    assert box.side == pytest.approx(FACE.side, rel=0.15)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(FACE, side=160.0),
        replace(FACE, side=55.0),
        replace(FACE, center=(254.0, 121.0)),
        FACE.moved_down(-0.3),
        replace(FACE, angle=np.radians(60.0)),
    ],
    ids=["too large", "too small", "beside", "too high", "turned"],
)
def test_a_wrong_box_gives_the_landmarks_of_the_right_one(
    wrong: Detection, predictor: LandmarkPredictor, face_mesh: FaceMesh, portrait: NDArray[np.uint8]
) -> None:
    expected = placed(predictor, None, portrait, FACE)
    assert apart(placed(predictor, None, portrait, wrong), expected) > 0.1
    assert apart(placed(predictor, face_mesh, portrait, wrong), expected) < 0.02


def test_where_there_is_no_mesh_dlib_gets_the_detector_s_box(
    predictor: LandmarkPredictor, face_mesh: FaceMesh, portrait: NDArray[np.uint8]
) -> None:
    for mesh, pixels in ((None, portrait), (face_mesh, np.full_like(portrait, 128))):
        expected = predictor.place(pixels, FACE, plain, ONE_BOX)
        assert np.array_equal(placed(predictor, mesh, pixels, FACE), expected)


def test_a_face_covered_by_half_keeps_its_shape(
    predictor: LandmarkPredictor, face_mesh: FaceMesh, portrait: NDArray[np.uint8]
) -> None:
    covered = portrait.copy()
    covered[40:190, 225:330] = 255
    expected = placed(predictor, None, portrait, FACE)
    assert apart(placed(predictor, None, covered, FACE), expected) > 0.075
    assert apart(placed(predictor, face_mesh, covered, FACE), expected) < 0.06


def test_faces_turned_by_40_degrees_get_landmarks_on_the_face(
    face_mesh: FaceMesh, predictor: LandmarkPredictor
) -> None:
    """Two faces of a foreign portrait, against places that were marked by hand."""
    to_right = placed(predictor, face_mesh, bbt2(), TO_RIGHT)
    assert to_right[36:42].mean(0) == pytest.approx((142.0, 164.5), abs=3.5)
    assert to_right[48] == pytest.approx((142.0, 199.5), abs=3.0)
    to_left = placed(predictor, face_mesh, bbt2(), Detection((412.0, 184.0), 90.0, 0.0, 1.0))
    assert to_left[36:42].mean(0) == pytest.approx((387.0, 159.5), abs=4.0)
    assert to_left[42:48].mean(0) == pytest.approx((415.0, 163.0), abs=3.5)
    assert to_left[54] == pytest.approx((414.0, 201.0), abs=3.0)


def test_crops_of_one_face_have_landmarks_of_one_source(
    predictor: LandmarkPredictor, face_mesh: FaceMesh, portrait: NDArray[np.uint8]
) -> None:
    crop = ffhq_alignment(placed(predictor, face_mesh, portrait, FACE), 512).cut(portrait)
    placer = LandmarkPlacer(predictor, face_mesh)
    good, also_good = placer.place_in_crops([crop, crop[:, ::-1].copy()])
    assert np.array_equal(good, predictor.place_in_crop(crop))
    assert apart(also_good[MIRRORED] * (-1, 1) + (511, 0), good) < 0.03
    # a face that dlib loses decides for the other one, too
    turned = ffhq_alignment(placed(predictor, face_mesh, bbt2(), TO_RIGHT), 512).cut(bbt2())
    lost, other = placer.place_in_crops([turned, crop])
    assert np.array_equal(lost, landmarks_of_mesh(face_mesh.points_in_crop(turned)))
    assert np.array_equal(other, landmarks_of_mesh(face_mesh.points_in_crop(crop)))
    (alone,) = LandmarkPlacer(predictor, None).place_in_crops([turned])
    assert np.array_equal(alone, predictor.place_in_crop(turned))


@pytest.mark.slow
def test_frontal_faces_keep_the_landmarks_of_dlib(
    face_mesh: FaceMesh, predictor: LandmarkPredictor, real_home: Path
) -> None:
    with at_home(real_home):
        finder = load_finder(quick=False)
    shifts = []
    for path in sorted(shared_file("scut-fbp5500/Images").glob("*.jpg"))[5::450]:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        (face,) = finder.find(pixels)
        x, y, side, _ = face.box
        box = Detection((x + side / 2.0, y + side / 2.0), side, 0.0, 1.0)
        before = ffhq_alignment(face.landmarks, 1024)
        after = ffhq_alignment(placed(predictor, face_mesh, pixels, box), 1024)
        (center,) = before.to_crop(after.to_photo(np.full((1, 2), 511.5)))
        shifts.append(float(np.hypot(*(center - 511.5))) / 10.24)  # percent of the side
    assert np.median(shifts) < 0.15
    assert max(shifts) < 0.6
