"""How well a photograph shows a face, and how far each kind of retouch can be trusted there.

Every bound was set on faces that were looked at: faces of 69 photographs of every kind, where ordinary
portraits have no note, and 42 of SCUT-FBP5500, the extremes of which are given.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.align import Alignment, ffhq_alignment
from pipeline.attributes import geometric
from pipeline.landmark_choice import BOUNDS, Disagreement, disagreement
from pipeline.masks import hidden_face, outline, skin_likelihood
from pipeline.mesh import Mesh
from pipeline.mesh_landmarks import landmarks_of_mesh
from pipeline.pose import pose_of_mesh
from retouchml.results import CHILD, LAUGHING, SMALL, TURNED, FaceQuality, Trust

SIZE = 256  # pixels of the crop in which a face is judged
_EYES = (slice(36, 42), slice(42, 48))
_BROWS = (slice(17, 22), slice(22, 27))
_OUTER_LIPS, _INNER_LIPS = slice(48, 60), slice(60, 68)
# Degrees of a head without a mesh, from ``geometric``: fitted to the mesh's on 188 faces, where the errors'
# standard deviations are 2.7 and 5.2 degrees.
_YAW, _PITCH, _LEVEL = 77.0, 67.0, -40.3
_LENS = 0.17  # of the eye distance: within it, a bare eye has white and lids as well as an iris


@dataclass(frozen=True)
class Signs:
    """What is measured of a face; SCUT: the extreme there."""

    yaw: float  # degrees, as in ``HeadPose``; SCUT: 21
    pitch: float  # degrees; SCUT: 17
    cut: float  # share of the face's area beyond the frame
    hidden: float  # share of the face's area that is painted over
    eye_distance: float  # pixels of the photo
    sharpness: float  # fine contrast of eyes, brows and lips above the noise, of the coarser; SCUT: 0.29
    eye_skin: float  # of the better eye: how like the pixels around its middle are; SCUT: 0.18
    lip_redness: float  # a* of the lips, where the mesh sees them, above that of the skin around; SCUT: 0.3
    apart: Disagreement  # dlib's landmarks and the mesh's; SCUT: 3.4, 2.2, 1.3, 2.0
    uncertainty: float  # the same of the landmarks that are used, in its bounds
    mesh_score: float  # 0 to 1 that the mesh's network sees a face; 1 without a mesh
    smile: float  # as ``geometric`` measures it; SCUT: 0.78
    mouth_open: float  # likewise; SCUT: 0.27, but both at once no more than 0.74 and 0.2
    age: float | None  # years, as a network says; None where it was not fetched


_NOT_APART = Disagreement(0.0, 0.0, 0.0, 0.0)


def signs_of(
    crop: NDArray[np.float32],  # [SIZE, SIZE, 3] in [0, 1]
    alignment: Alignment,  # of the crop
    landmarks: NDArray[np.float64],  # [68, 2] in photo pixels
    by_dlib: NDArray[np.float64],  # [68, 2] in pixels of the crop, by dlib alone
    mesh: Mesh | None,  # in pixels of the crop
    frame: tuple[int, int],  # height and width of the photo
    age: float | None = None,  # years
) -> Signs:
    """What is measured of a face."""
    points = alignment.to_crop(landmarks)
    hull = outline(points, SIZE) > 0
    beyond = alignment.inside(*frame) <= 0.0
    painted_over = hidden_face(crop, points)
    like = skin_likelihood(crop, points, painted_over)
    measures = geometric(points)
    yaw, pitch = _YAW * measures["yaw"], _PITCH * measures["pitch"] + _LEVEL
    if mesh is not None:
        pose = pose_of_mesh(mesh.points)
        yaw, pitch = pose.yaw, pose.pitch
    return Signs(
        yaw=float(yaw),
        pitch=float(pitch),
        cut=float((beyond & hull).sum() / max(1, hull.sum())),
        hidden=float((painted_over & hull & ~beyond).sum() / max(1, hull.sum())),
        eye_distance=float(np.hypot(*_between_eyes(landmarks))),
        sharpness=_sharpness(crop, points, hull & (like > 0.5)),
        eye_skin=_eye_skin(like, points),
        lip_redness=_lip_redness(crop, points if mesh is None else landmarks_of_mesh(mesh.points)),
        apart=_NOT_APART if mesh is None else disagreement(by_dlib, mesh),
        uncertainty=0.0 if mesh is None else _uncertainty(disagreement(points, mesh)),
        mesh_score=1.0 if mesh is None else mesh.score,
        smile=measures["smile"],
        mouth_open=measures["mouth_open"],
        age=age,
    )


def quality_of(signs: Signs) -> FaceQuality:
    """The quality of a face of which these signs were measured."""
    doubts = list(_doubts(signs))
    trust = Trust(**{kind: min(getattr(doubt.trust, kind) for doubt in doubts) for kind in _KINDS})
    return FaceQuality(
        yaw=signs.yaw,
        pitch=signs.pitch,
        cut=signs.cut,
        eye_distance=signs.eye_distance,
        sharpness=signs.sharpness,
        covered=max(1.0 - _ramp(signs.mesh_score, 0.3, 0.8), signs.hidden),
        uncertainty=signs.uncertainty,
        trust=trust,
        notes=tuple(doubt.note for doubt in doubts if doubt.least < _NOTED),
        outside=tuple(doubt.outside for doubt in doubts if doubt.outside and doubt.least < 1.0),
    )


_NOTED = 0.9  # trust below which a note is made
_KINDS = tuple(field.name for field in fields(Trust))
# A mouth that is open, and wide with raised corners: from where strength is held back most, to where not.
_LAUGH, _BROAD = (0.4, 0.2), (0.9, 0.74)
_LAUGHING = 0.6  # of the strength is left then: the scorer learned from the generator's laughing faces, too
_INFANT, _GROWN = 5.0, 8.0  # years of age, from where strength is held back most, to where not
_CHILD = 0.4  # of the strength is left then


@dataclass(frozen=True)
class _Doubt:
    """A reason for a doubt.

    note: for people; trust: how far it leaves it; outside: of ``OUTSIDE``, if the rater knows no such faces
    """

    note: str
    trust: Trust
    outside: str = ""

    @property
    def least(self) -> float:
        """The trust that is left in what it concerns."""
        return min(float(getattr(self.trust, kind)) for kind in _KINDS)


def _doubts(signs: Signs) -> Iterator[_Doubt]:
    """Every reason for a doubt, also where it leaves all trust."""
    turned = min(_ramp(abs(signs.yaw), 50.0, 22.0), _ramp(abs(signs.pitch), 45.0, 26.0))
    yield _Doubt("turned away: shape is held back", Trust(shape=turned), TURNED)
    yield _Doubt("cut by the frame: shape is held back", Trust(shape=_ramp(signs.cut, 0.35, 0.02)))
    small = _ramp(signs.eye_distance, 8.0, 20.0)
    yield _Doubt("small: the retouch is held back", Trust(small, small, small, small), SMALL)
    blurred = _ramp(signs.sharpness, 0.08, 0.22) if signs.eye_distance > _SMALL else 1.0
    held = Trust(skin=blurred, eyes=blurred, mouth=blurred)
    yield _Doubt("blurred: skin, eyes and mouth are held back", held)
    seen = _ramp(signs.mesh_score, 0.3, 0.8)
    yield _Doubt("covered: the retouch is held back", Trust(seen, seen, seen, seen))
    yield _Doubt("partly hidden: shape is held back", Trust(shape=_ramp(signs.hidden, 0.35, 0.05)))
    yield _Doubt("eyes covered: they are held back", Trust(eyes=_ramp(signs.eye_skin, 0.05, 0.09)))
    # dlib loses the mouth under a hand, but also wide open, where the mesh sees lips
    lips = max(_ramp(signs.apart.mouth, 6.0, 4.0), _ramp(signs.lip_redness, 1.5, 3.0))
    yield _Doubt("mouth covered: it is held back", Trust(mouth=lips))
    sure = _ramp(signs.uncertainty, 3.2, 1.6)
    held = Trust(shape=sure, eyes=sure, mouth=sure)
    yield _Doubt("landmarks uncertain: shape, eyes and mouth are held back", held)
    calm = max(_ramp(signs.mouth_open, *_LAUGH), _ramp(signs.smile, *_BROAD))
    held = Trust(path=_LAUGHING + (1.0 - _LAUGHING) * calm)
    yield _Doubt("laughing: strength is held back", held, LAUGHING)
    grown = 1.0 if signs.age is None else _ramp(signs.age, _INFANT, _GROWN)
    yield _Doubt("a child: strength is held back", Trust(path=_CHILD + (1.0 - _CHILD) * grown), CHILD)


_SMALL = 16.0  # pixels between the eyes, below which no face looks sharp


def _ramp(value: float, none: float, full: float) -> float:
    """0 at ``none`` and beyond, 1 at ``full`` and beyond, and straight between."""
    return float(np.clip((value - none) / (full - none), 0.0, 1.0))


def _uncertainty(apart: Disagreement) -> float:
    """The largest part of a disagreement, in its bound; the contour counts little."""
    inner = (apart.nose / BOUNDS.nose, apart.eyes / BOUNDS.eyes, apart.mouth / BOUNDS.mouth)
    return max(*inner, 0.5 * apart.contour / BOUNDS.contour)


def _between_eyes(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(points[_EYES[1]].mean(0) - points[_EYES[0]].mean(0))


def _filled(points: NDArray[np.float64]) -> NDArray[np.uint8]:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 1)
    return mask


def _grown(mask: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    return np.asarray(cv2.dilate(mask, np.ones((side, side), np.uint8)), np.uint8)


def _sharpness(crop: NDArray[np.float32], points: NDArray[np.float64], skin: NDArray[np.bool_]) -> float:
    """Fine contrast of the features, without the noise that the skin shows, over their coarse contrast."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)

    def band(low: float, high: float) -> NDArray[np.float32]:
        return np.asarray(cv2.GaussianBlur(grey, (0, 0), low) - cv2.GaussianBlur(grey, (0, 0), high))

    fine, coarse = band(0.6, 1.2), band(2.4, 4.8)
    parts = [_filled(points[part]) for part in (*_EYES, _OUTER_LIPS, *_BROWS)]
    features = _grown(np.max(parts, axis=0), 9)
    smooth = skin & (_grown(features, 9) == 0)
    noise = 1.48 * float(np.median(np.abs(fine[smooth]))) if smooth.sum() > 50 else 0.0
    energy = float(np.mean(fine[features > 0] ** 2)) - noise**2
    return float(np.sqrt(max(0.0, energy) / max(float(np.mean(coarse[features > 0] ** 2)), 1e-8)))


def _eye_skin(like: NDArray[np.float32], points: NDArray[np.float64]) -> float:
    radius = _LENS * float(np.hypot(*_between_eyes(points)))
    shares = []
    for eye in _EYES:
        mask = np.zeros((SIZE, SIZE), np.uint8)
        x, y = points[eye].mean(0)
        cv2.circle(mask, (round(x), round(y)), max(1, round(radius)), 1, -1)
        shares.append(float(like[mask > 0].mean()) if mask.any() else 1.0)
    return max(shares)


def _lip_redness(crop: NDArray[np.float32], points: NDArray[np.float64]) -> float:
    red = cv2.cvtColor(crop, cv2.COLOR_RGB2Lab)[..., 1]
    lips = _filled(points[_OUTER_LIPS])
    ring = (_grown(lips, 19) > 0) & (_grown(lips, 7) == 0)
    bare = (lips > 0) & (_grown(_filled(points[_INNER_LIPS]), 3) == 0)
    if not bare.any() or not ring.any():
        return 0.0
    return float(np.median(red[bare]) - np.median(red[ring]))


def alignment_of(landmarks: NDArray[np.float64]) -> Alignment:
    """The square in which a face with landmarks [68, 2] in photo pixels is judged."""
    return ffhq_alignment(landmarks, SIZE)
