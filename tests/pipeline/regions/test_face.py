"""The regions of a painted face: each is where it was painted, and nowhere else."""

from dataclasses import fields

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.masks import face_masks
from pipeline.regions import FaceRegions, face_regions
from pipeline.regions.contours import (
    _LANDMARK_EYES,
    _MESH_BROWS,
    _MESH_EYES,
    _MESH_INNER_LIPS,
    _MESH_OUTER_LIPS,
    contours_of,
)
from tests.pipeline.synthetic_faces import Points, open_mouthed, painted

_SIZE = 512
_DEEP = np.full((_SIZE, _SIZE), 500.0, np.float32)


def regions_of(crop: NDArray[np.float32], points: Points) -> FaceRegions:
    return face_regions(crop, points, None, face_masks(crop, points, _DEEP))


@pytest.fixture(scope="module")
def points() -> Points:
    return open_mouthed(_SIZE)


@pytest.fixture(scope="module")
def regions(points: Points) -> FaceRegions:
    return regions_of(painted(points, _SIZE), points)


def at(mask: NDArray[np.float32], point: NDArray[np.float64]) -> float:
    x, y = np.rint(point).astype(int)
    return float(mask[y, x])


def test_every_region_is_a_mask(regions: FaceRegions) -> None:
    for each in fields(FaceRegions):
        mask = getattr(regions, each.name)
        assert (mask.shape, mask.dtype) == ((_SIZE, _SIZE), np.float32), each.name
        assert mask.min() >= 0.0, each.name
        assert mask.max() <= 1.0 + 1e-5, each.name


def test_teeth_are_the_pale_part_of_the_opening(regions: FaceRegions, points: Points) -> None:
    inner = points[60:68]
    teeth, tongue = inner.mean(0) - (0.0, 9.0), inner.mean(0) + (0.0, 9.0)
    assert at(regions.teeth, teeth) > 0.8
    assert at(regions.teeth, tongue) < 0.05
    assert max(at(regions.teeth, (points[51] + points[62]) / 2.0), at(regions.teeth, points[8])) == 0.0
    assert max(at(regions.lips, teeth), at(regions.lips, tongue)) < 0.1


def test_without_teeth_there_are_none(points: Points) -> None:
    assert not regions_of(painted(points, _SIZE, teeth=False), points).teeth.any()


def test_a_hand_before_the_mouth_leaves_neither_lips_nor_teeth(points: Points) -> None:
    crop = painted(points, _SIZE)
    x0, y0 = np.rint(points[48:60].min(0) - 30.0).astype(int)
    x1, y1 = np.rint(points[48:60].max(0) + 30.0).astype(int)
    crop[y0:y1, x0:x1] = painted(points, _SIZE)[300:301, 200:201]
    covered = regions_of(crop, points)
    assert not covered.lips.any()
    assert not covered.teeth.any()


def test_a_highlight_on_a_lip_is_no_tooth(points: Points) -> None:
    crop = painted(points, _SIZE, teeth=False)
    x, y = np.rint((points[57] + points[66]) / 2.0).astype(int)
    crop[y - 2 : y + 3, x - 10 : x + 10] = (0.95, 0.9, 0.88)
    assert regions_of(crop, points).teeth[y, x] == 0.0


def test_lips_end_at_their_contour(regions: FaceRegions, points: Points) -> None:
    assert at(regions.lips, (points[51] + points[62]) / 2.0) > 0.7
    assert at(regions.lips, (points[57] + points[66]) / 2.0) > 0.7
    assert at(regions.lips, points[57] + (0.0, 8.0)) < 0.05
    assert at(regions.lips, points[48] - (10.0, 0.0)) < 0.05


def test_an_iris_lies_in_the_white_of_its_eye(regions: FaceRegions, points: Points) -> None:
    for eye in (points[36:42], points[42:48]):
        center, corner = eye.mean(0), 0.72 * eye[0] + 0.28 * eye.mean(0)
        assert at(regions.irises, center) > 0.9
        assert at(regions.eye_whites, center) == 0.0
        assert at(regions.irises, corner) == 0.0
        assert at(regions.eye_whites, corner) > 0.3
        assert (
            max(at(regions.eye_whites, eye[1] - (0.0, 8.0)), at(regions.eye_whites, eye[4] + (0.0, 8.0)))
            == 0.0
        )


def test_the_skin_under_the_eyes_is_below_the_lids(regions: FaceRegions, points: Points) -> None:
    for eye in (points[36:42], points[42:48]):
        width = float(np.hypot(*(eye[3] - eye[0])))
        assert at(regions.under_eyes, eye.mean(0) + (0.0, 0.45 * width)) > 0.6
        assert at(regions.under_eyes, eye.mean(0)) < 0.05
        assert at(regions.under_eyes, eye.mean(0) + (0.0, 1.2 * width)) < 0.05


def test_brows_are_dark_and_skin_is_not(regions: FaceRegions, points: Points) -> None:
    brow, cheek = points[19] + (0.0, 5.0), (points[3] + points[31]) / 2.0
    assert at(regions.brows, brow) > 0.7
    assert at(regions.brows, cheek) == 0.0
    assert at(regions.skin, cheek) > 0.7
    assert at(regions.skin, brow) < 0.2


def test_a_mouth_or_an_eye_takes_the_contour_that_fits_it(points: Points) -> None:
    crop = painted(points, _SIZE)
    wrong = points.copy()
    wrong[48:68] += (0.0, 30.0)
    wrong[36:48] += (0.0, 14.0)
    mesh = mesh_like(points)
    masks = face_masks(crop, wrong, _DEEP)
    alone, helped = face_regions(crop, wrong, None, masks), face_regions(crop, wrong, mesh, masks)
    right = regions_of(crop, points)
    for name in ("lips", "teeth", "irises"):
        expected = getattr(right, name)
        overlap = [
            float(np.minimum(getattr(each, name), expected).sum() / expected.sum())
            for each in (alone, helped)
        ]
        assert overlap[1] > max(0.8, overlap[0] + 0.1), name


def mesh_like(points: Points) -> Points:
    """A mesh whose eyes, brows and lips lie along those of landmarks."""
    mesh = np.zeros((468, 2))

    def along(numbers: tuple[int, ...], line: Points) -> None:
        at_ = np.linspace(0.0, len(line) - 1.0, len(numbers))
        for axis in (0, 1):
            mesh[list(numbers), axis] = np.interp(at_, np.arange(len(line)), line[:, axis])

    for (upper, lower), (up, low) in zip(_MESH_EYES, _LANDMARK_EYES, strict=True):
        along(upper, points[list(up)])
        along(lower, points[list(low)])
    for (above, below), brow in zip(_MESH_BROWS, (points[17:22], points[22:27]), strict=True):
        along(above, brow)
        along(below, brow + (0.0, 9.0))
    along((*_MESH_OUTER_LIPS, 61), np.concatenate([points[48:60], points[48:49]]))
    along((*_MESH_INNER_LIPS, 78), np.concatenate([points[60:68], points[60:61]]))
    return mesh


def test_a_face_without_glasses_has_none(regions: FaceRegions) -> None:
    assert not regions.glasses.any()


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_crop_of_one_colour_has_neither_teeth_nor_irises(level: float, points: Points) -> None:
    regions = regions_of(np.full((_SIZE, _SIZE, 3), level, np.float32), points)
    assert not regions.teeth.any()
    assert not regions.irises.any()
    assert all(np.isfinite(getattr(regions, each.name)).all() for each in fields(FaceRegions))


def test_landmarks_past_the_frame_are_no_error(points: Points) -> None:
    for shift in ((-300.0, 0.0), (0.0, 400.0), (2000.0, 2000.0)):
        regions = regions_of(painted(points, _SIZE), points + shift)
        assert all(np.isfinite(getattr(regions, each.name)).all() for each in fields(FaceRegions))


def test_eyes_behind_glasses_are_treated_gently(regions: FaceRegions, points: Points) -> None:
    crop = painted(points, _SIZE)
    for eye in (points[36:42], points[42:48]):
        x, y = np.rint(eye.mean(0)).astype(int)
        cv2.ellipse(crop, (int(x), int(y)), (46, 34), 0, 0, 360, (0.05, 0.05, 0.05), 5)
    bridge = np.rint(points[36:48].mean(0)).astype(int)
    crop[bridge[1] + 2 : bridge[1] + 8, bridge[0] - 14 : bridge[0] + 15] = 0.05
    framed = regions_of(crop, points)
    x, y = np.rint(points[36:42].mean(0)).astype(int)
    assert framed.glasses[y + 34, x] > 0.7
    assert framed.glasses[y, x] < 0.3
    for name in ("irises", "eye_whites"):
        assert 0.2 < getattr(framed, name).sum() / getattr(regions, name).sum() < 0.8, name


def test_white_cloth_below_the_chin_is_no_skin() -> None:
    points = open_mouthed(512)
    crop = painted(points, 512)
    # The light of a window takes colour from one side of the face, so that its skin has many colours.
    share = np.linspace(0.9, 0.0, 512, dtype=np.float32)[None, :, None]
    crop = np.asarray(crop + share * (0.72 - crop), np.float32)
    chin = int(points[8, 1]) + 12
    crop[chin:] = (0.72, 0.7, 0.68)
    masks = face_masks(crop, points, np.full((512, 512), 500.0, np.float32))
    skin = face_regions(crop, points, None, masks).skin
    assert skin[chin + 12 :].max() < 0.05
    assert skin[int(points[30, 1]) - 20, int(points[14, 0]) - 60] > 0.9


@pytest.mark.parametrize("depth", [0.55, 0.8])
def test_a_bag_is_under_the_eye_as_far_as_its_fold(points: Points, depth: float) -> None:
    plain = painted(points, _SIZE)
    eye = contours_of(points, None).eyes[0]
    x, y = eye.lower.mean(0)
    fold = np.zeros((_SIZE, _SIZE), np.float32)
    center = round(float(x)), round(float(y))
    axes = round(0.6 * eye.width), round((depth - 0.05) * eye.width)
    cv2.ellipse(fold, center, axes, 0, 10, 170, 1.0, max(2, round(0.08 * eye.width)), cv2.LINE_AA)
    shade = np.asarray(cv2.GaussianBlur(fold, (0, 0), 0.03 * eye.width), np.float32)
    with_bag = np.asarray(plain * (1.0 - 0.18 * shade[..., None]), np.float32)
    below = np.array([x, y + (depth - 0.05) * eye.width])
    assert at(regions_of(with_bag, points).under_eyes, below) > 0.8
    if depth > 0.7:
        assert at(regions_of(plain, points).under_eyes, below) < 0.4
    # The cheek below the fold is none of it.
    assert at(regions_of(with_bag, points).under_eyes, below + (0.0, 0.4 * eye.width)) < 0.05
