"""Heals blemishes: pimples, scabs, red and dark spots, small scars. Moles and freckles stay."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.areas import whole_skin
from pipeline.local.healing import healed
from pipeline.local.spots import find_spots
from pipeline.regions import FaceRegions


@dataclass(frozen=True)
class Blemishes:
    """The blemishes of a face, healed."""

    healing: NDArray[np.float32]  # [H, W, 3] to add to the crop at a value of 1

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "Blemishes":
        """The blemishes in a crop [H, W, 3], or in a part of one whose side is ``size``."""
        skin = whole_skin(regions, size)
        spots = find_spots(crop, skin, size)
        return cls(healed(crop, skin, spots, ~spots.marks))

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: the share of every blemish that goes."""
        return np.asarray(value * self.healing, np.float32)
