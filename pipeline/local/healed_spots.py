"""Heals what stands out of the skin: blemishes (pimples, scabs, red spots), or moles and freckles.

Blemishes go by default. Moles and freckles belong to the person, and stay unless somebody asks.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.areas import whole_skin
from pipeline.local.healing import healed
from pipeline.local.spots import Spots, find_spots
from pipeline.masks import Mask
from pipeline.regions import FaceRegions


@dataclass(frozen=True)
class SpottedSkin:
    """A crop with the spots that were found on its skin."""

    crop: NDArray[np.float32]  # [H, W, 3]
    skin: Mask  # [H, W]
    spots: Spots

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "SpottedSkin":
        """The spots in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        skin = whole_skin(regions, size)
        return cls(crop, skin, find_spots(crop, skin, size))

    def without_blemishes(self) -> "HealedSpots":
        """The healing of all spots but moles and freckles."""
        return HealedSpots(healed(self.crop, self.skin, self.spots, ~self.spots.marks))

    def without_marks(self) -> "HealedSpots":
        """The healing of moles and freckles alone."""
        return HealedSpots(healed(self.crop, self.skin, self.spots, self.spots.marks))


@dataclass(frozen=True)
class HealedSpots:
    """Some spots of a face, healed."""

    healing: NDArray[np.float32]  # [H, W, 3] to add to the crop at a value of 1

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: the share of every spot that goes."""
        return np.asarray(value * self.healing, np.float32)
