"""Hair, beard and skin of a face, measured on a picture of it.

Lightness is CIE L*, 0 to 100. The measures label samples for the slider of hair, and tell what sliders move
besides. They look where hair and beard are on most faces, and nowhere else: of a bald head the
scalp is measured, of a hat the hat.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Points, outline

APPEARANCE = ("hair_lightness", "beard", "skin_lightness")
_SIDE = 256  # pixels; the picture is measured at this side
_HAIR = 0.015, 0.06  # of the side; how far beyond the outline of the face the band of hair begins and ends
_FINE = 0.006  # of the side; what is finer is texture: the hairs of a beard
_RED, _ROUGH = 5.0, 10.0  # L* of darkness that count as much as one a* less, and one L* of texture more


def appearance(picture: NDArray[np.float32], landmarks: Points) -> tuple[float, float, float]:
    """The measures of ``APPEARANCE`` of the face at ``landmarks`` [68, 2] in an FFHQ crop [S, S, 3].

    picture: in [0, 1]; hair_lightness: median L* of a band around the forehead; beard: how much darker,
    less red and rougher chin, jaw and upper lip are than the cheeks, about in L*; skin_lightness: median L*
    of the cheeks
    """
    small = np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.float32)
    points = (landmarks + 0.5) * (_SIDE / picture.shape[0]) - 0.5
    lab = np.asarray(cv2.cvtColor(np.clip(small, 0.0, 1.0), cv2.COLOR_RGB2Lab), np.float32)
    light, red = lab[..., 0], lab[..., 1]
    fine = light - cv2.GaussianBlur(light, (0, 0), _FINE * _SIDE)
    rough = np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), 2.0 * _FINE * _SIDE))
    cheeks, (chin, jaw, lip) = _cheeks(points), _bearded(points)

    def less(measure: NDArray[np.floating], *parts: NDArray[np.bool_]) -> float:
        """How much less of a measure parts have than the cheeks."""
        return _median(measure, cheeks) - float(np.mean([_median(measure, part) for part in parts]))

    beard = less(light, chin, jaw, lip) + _RED * less(red, chin, jaw, lip) - _ROUGH * less(rough, chin, jaw)
    return _median(light, _hair(points)), beard, _median(light, cheeks)


def _hair(points: Points) -> NDArray[np.bool_]:
    """A band around the outline of the face, above the brows."""
    beyond = cv2.distanceTransform(1 - outline(points, _SIDE), cv2.DIST_L2, 5) / _SIDE
    near, far = _HAIR
    above = np.arange(_SIDE)[:, None] < points[17:27, 1].min()
    return np.asarray((beyond > near) & (beyond < far) & above)


def _cheeks(points: Points) -> NDArray[np.bool_]:
    return _inside([points[[40, 41, 1, 2, 31]], points[[47, 46, 15, 14, 35]]], 0.6)


def _bearded(points: Points) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Chin, jaw and upper lip, where a beard grows."""
    end, lower_lip = points[[6, 7, 8, 9, 10]], points[[59, 58, 57, 56, 55]]
    chin = np.concatenate([end, lower_lip + 0.35 * (end - lower_lip)])
    sides = (points[3:7], points[[31, 48, 48, 59]]), (points[10:14], points[[55, 54, 54, 35]])
    jaw = [np.concatenate([outer, 0.5 * (outer + inner)]) for outer, inner in sides]
    nose, mouth = points[31:36], points[49:54]
    lip = np.concatenate([nose + 0.3 * (mouth - nose), nose + 0.85 * (mouth - nose)])
    return _inside([chin], 0.85), _inside(jaw, 0.8), _inside([lip], 1.0)


def _inside(polygons: Sequence[Points], share: float) -> NDArray[np.bool_]:
    """Where [S, S] convex polygons are, each shrunk to a share of its size."""
    mask = np.zeros((_SIDE, _SIDE), np.uint8)
    for polygon in polygons:
        center = polygon.mean(0)
        corners = np.rint(center + (polygon - center) * share).astype(np.int32)
        cv2.fillConvexPoly(mask, cv2.convexHull(corners), 1)
    return np.asarray(mask > 0)


def _median(values: NDArray[np.floating], where: NDArray[np.bool_]) -> float:
    """The median where there is something; 0 for a part that lies outside of the picture."""
    return float(np.median(values[where])) if where.any() else 0.0
