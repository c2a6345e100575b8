"""A change of colour that is smooth enough to be computed on a reduced crop."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.local.colour import change_of
from pipeline.local.fields import enlarged
from pipeline.masks import Mask


@dataclass(frozen=True)
class SmoothShift:
    """A shift in CIE Lab over a reduced crop; grain finer than that stays as it is."""

    lab: NDArray[np.float32]  # [h, w, 3] the reduced crop
    shift: NDArray[np.float32]  # [h, w, 3] at a value of 1
    within: Mask  # [H, W] where the crop may change

    def change(self, value: float) -> NDArray[np.float32]:
        """The change to add to the crop [H, W, 3]; value: 0 to 1."""
        change = change_of(self.lab, np.asarray(value * self.shift, np.float32))
        whole = enlarged(change, self.within)
        return np.asarray(np.multiply(whole, self.within[..., None], out=whole), np.float32)
