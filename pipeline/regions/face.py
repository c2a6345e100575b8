"""The regions of a face that retouchers treat each in its own way, as masks over the FFHQ crop.

The landmarks say where to look; the photograph's colours and edges say what is there. Every mask is float32
[S, S] in [0, 1], and zero where the region is covered, closed or cannot be told.
"""

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import FaceMasks, Mask, Points
from pipeline.regions.contours import contours_of
from pipeline.regions.eyes import eye_regions
from pipeline.regions.hair import brows_of, glasses_of, hair_of, nostrils_of
from pipeline.regions.mouth import mouth_regions
from pipeline.regions.paint import paint_of
from pipeline.regions.skin import all_skin, skin_color
from pipeline.window import Window

_BEHIND_GLASS = 0.6  # share of a retouch that eyes behind glasses get


@dataclass(frozen=True)
class FaceRegions:
    """The regions of one face."""

    skin: Mask  # bare skin of face, ears and neck
    under_eyes: Mask  # the crescents below the lower lids
    teeth: Mask  # neither gums, nor tongue, nor lips
    eye_whites: Mask  # without irises and lashes
    irises: Mask  # with pupils and catchlights
    lips: Mask
    brows: Mask
    nostrils: Mask
    lashes: Mask  # a band along the upper lids
    hair: Mask  # hair and beard around and on the face
    glasses: Mask  # frame and reflections
    paint: Mask  # eye shadow, liner, face paint

    @property
    def touched(self) -> NDArray[np.bool_]:
        """Where [S, S] a local slider may change something."""
        parts = (self.skin, self.under_eyes, self.teeth, self.eye_whites, self.irises, self.lips, self.brows)
        return np.asarray(np.maximum.reduce(parts) > 0.0)

    def within(self, window: Window) -> "FaceRegions":
        """The regions in a window of the crop."""
        return FaceRegions(**{each.name: window.of(getattr(self, each.name)) for each in fields(self)})

    def weighted(self, weight: Mask) -> "FaceRegions":
        """The regions times a weight [S, S]."""
        return FaceRegions(**{each.name: getattr(self, each.name) * weight for each in fields(self)})


def face_regions(
    crop: NDArray[np.float32],  # [S, S, 3] in [0, 1]
    landmarks: Points,  # [68, 2] in crop pixels
    mesh: NDArray[np.float64] | None,  # [468, 2] in crop pixels
    masks: FaceMasks,
) -> FaceRegions:
    """The regions of a face in its crop; without a mesh, from the landmarks alone."""
    lab = np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2Lab), np.float32)
    color = skin_color(lab, masks.skin)
    contours = contours_of(landmarks, None)
    faces = [contours] if mesh is None else [contours, contours_of(landmarks, mesh)]
    teeth, lips = mouth_regions(lab, faces, color)
    whites, irises, lashes, under = eye_regions(lab, faces, color)
    skin = all_skin(crop, landmarks, masks)
    glasses = glasses_of(lab, contours)
    if glasses.any():
        # What glass shades, tints and mirrors is not known well enough for a full retouch.
        whites, irises, under = (
            np.asarray(mask * _BEHIND_GLASS * (1.0 - glasses), np.float32) for mask in (whites, irises, under)
        )
    return FaceRegions(
        skin=skin,
        under_eyes=under * masks.tone,
        teeth=teeth,
        eye_whites=whites,
        irises=irises,
        lips=lips,
        brows=brows_of(lab, contours, color) * (1.0 - glasses),
        nostrils=nostrils_of(lab, contours, color),
        lashes=lashes,
        hair=hair_of(skin, lab, landmarks, color),
        glasses=glasses,
        paint=paint_of(lab, contours, color),
    )
