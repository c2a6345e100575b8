"""A change of colour that is smooth enough to be computed on a reduced crop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.colour import change_of
from pipeline.local.fields import enlarged, reduced, smoothstep
from pipeline.masks import Mask
from pipeline.regions import FaceRegions


@dataclass(frozen=True)
class SmoothShift:
    """A shift in CIE Lab over a reduced crop; grain finer than that stays as it is."""

    lab: NDArray[np.float32]  # [h, w, 3] the reduced crop
    shift: NDArray[np.float32]  # [h, w, 3] at a value of 1
    within: Mask  # [H, W] where the crop may change

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: 0 to 1."""
        change = change_of(self.lab, np.asarray(value * self.shift, np.float32))
        return np.asarray(enlarged(change, self.within) * self.within[..., None], np.float32)


def bare_skin(regions: FaceRegions) -> Mask:
    """Skin [H, W] without the beard and without glasses."""
    covered = np.maximum(regions.hair, regions.glasses)
    return np.asarray(regions.skin * (1.0 - covered), np.float32)


def inside(skin: Mask) -> Mask:
    """1 in the skin [H, W], fading at its border, exactly 0 outside."""
    return smoothstep(skin, 0.02, 0.4)


def reduced_skin(skin: Mask, size: int, side: int) -> Mask:
    """The skin [h, w] of a reduced crop, where colours are surely its own."""
    return smoothstep(reduced(skin, size, side), 0.3, 0.95)
