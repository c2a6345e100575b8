"""A painted face with its regions, and the colours of a region before and after a slider."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask, face_masks
from pipeline.regions import FaceRegions, face_regions
from tests.pipeline.synthetic_faces import open_mouthed, painted

SIZE = 512


@dataclass(frozen=True)
class PaintedFace:
    """crop: [512, 512, 3] in [0, 1]."""

    crop: NDArray[np.float32]
    regions: FaceRegions

    @classmethod
    def make(cls) -> "PaintedFace":
        points = open_mouthed(SIZE)
        crop = painted(points, SIZE)
        masks = face_masks(crop, points, np.full((SIZE, SIZE), 500.0, np.float32))
        return cls(crop, face_regions(crop, points, None, masks))

    def lab(self, picture: NDArray[np.float32], mask: Mask) -> NDArray[np.float32]:
        """The Lab values [N, 3] of what lies well inside a mask."""
        return np.asarray(to_lab(picture)[mask > 0.8], np.float32)


def to_lab(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(np.clip(picture, 0.0, 1.0), cv2.COLOR_RGB2Lab), np.float32)
