"""What is said of a face: its score and quality when a photo is opened, and what a retouch did to them."""

import numpy as np
from numpy.typing import NDArray

from pipeline.align import ffhq_alignment
from pipeline.face_quality import alignment_of, quality_of, signs_of
from pipeline.faces import FaceLocation
from pipeline.local_face import face_crop
from pipeline.networks import Networks
from pipeline.patch import Patch, paint
from pipeline.working_space import WorkingSpace
from retouchml.results import Face, FaceQuality, FaceReport


def face_of(
    location: FaceLocation, channels: NDArray[np.generic], space: WorkingSpace, networks: Networks
) -> Face:
    """A face that was found in a photo [H, W, C], with its score and quality."""
    landmarks = location.landmarks
    crop, _ = face_crop(channels, landmarks, space)
    (points,) = networks.finder.landmarks_in_crops(crop)
    rating = networks.rater.rating_of(networks.rater.see(crop, points))
    return Face(
        location.box,
        tuple((float(x), float(y)) for x, y in landmarks),
        rating.value,
        _quality(landmarks, channels, space, networks),
        rating.uncertainty,
    )


def _quality(
    landmarks: NDArray[np.float64],
    channels: NDArray[np.generic],
    space: WorkingSpace,
    networks: Networks,
) -> FaceQuality:
    alignment = alignment_of(landmarks)
    crop = alignment.cut(channels, space)
    mesh = None if networks.mesh is None else networks.mesh.mesh_in_crop(crop)
    by_dlib = networks.finder.landmarks_in_crop(crop)
    frame = (channels.shape[0], channels.shape[1])
    age = None if networks.ages is None else networks.ages.years(crop, alignment.to_crop(landmarks))
    return quality_of(signs_of(crop, alignment, landmarks, by_dlib, mesh, frame, age))


def report_on(
    patch: Patch,
    face: Face,
    landmarks: NDArray[np.float64],  # [68, 2] of the face
    channels: NDArray[np.generic],  # [H, W, C] the photo
    space: WorkingSpace,
    networks: Networks,
) -> FaceReport:
    """Score and identity of a patched face, measured on the photograph's pixels before and after."""
    left, top, right, bottom = ffhq_alignment(landmarks, 1).bounds(*channels.shape[:2])
    region = channels[top:bottom, left:right].copy()
    before, _ = face_crop(region, landmarks - (left, top), space)
    paint(region, patch, (left, top))
    after, _ = face_crop(region, landmarks - (left, top), space)
    # Landmarks of both are found in the same way, so that only the retouch makes a difference.
    points_before, points_after = networks.finder.landmarks_in_crops(before, after)
    describe = networks.recognizer.describe
    distance = np.linalg.norm(describe(before, points_before) - describe(after, points_after))
    return FaceReport(
        face=patch.face,
        box=face.box,
        score_before=face.score,
        score_after=networks.rater.rate(after, points_after),
        identity_distance=float(distance),
        patch=patch.box,
        score_uncertainty=face.score_uncertainty,
    )
