"""All local sliders of a face, in their order."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.local.teeth import Teeth
from pipeline.regions import FaceRegions
from pipeline.window import Window
from retouchml.look import Look


class LocalSlider(Protocol):
    """What a slider needs of a face, computed once."""

    def change(self, value: float) -> NDArray[np.float32]:
        """The change [H, W, 3] to add to the crop for a value of the slider."""


_Maker = Callable[[NDArray[np.float32], FaceRegions, int], LocalSlider]
_FEATURES: dict[str, _Maker] = {"teeth": Teeth.of}
"""The sliders of eyes, mouth and brows, whose regions share no pixel."""


class LocalRetouch:
    """The local sliders of one face; what a slider needs is computed when it is first used."""

    def __init__(self, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> None:
        """crop: [H, W, 3] in [0, 1], a window of a crop of side ``size``; regions: [H, W] each."""
        self._crop, self._size = crop, size
        parts = (regions.teeth, regions.eye_whites, regions.irises, regions.lips, regions.brows)
        self._features = Window.around(np.maximum.reduce(parts) > 0, size)
        self._regions = regions
        self._made: dict[str, LocalSlider] = {}

    @classmethod
    def of(cls, crop: NDArray[np.float32], regions: FaceRegions, size: int) -> "LocalRetouch":
        """The local retouch of a crop [H, W, 3] in [0, 1], or of a part of one whose side is ``size``."""
        return cls(crop, regions, size)

    def change(self, look: Look) -> NDArray[np.float32]:
        """The change [H, W, 3] to add to the crop for a look; zero where it asks for nothing."""
        result = np.zeros_like(self._crop)
        values = {name: look.value(name) for name in _FEATURES}
        if any(values.values()):
            part = self._features.of(result)
            for name, value in values.items():
                if value:
                    part += self._feature(name).change(value)
            self._features.put(part, result)
        return result

    def _feature(self, name: str) -> LocalSlider:
        if name not in self._made:
            crop, regions = self._features.of(self._crop), self._regions.within(self._features)
            self._made[name] = _FEATURES[name](crop, regions, self._size)
        return self._made[name]


def touches_locally(look: Look) -> bool:
    """Whether a look asks for anything that needs no generator."""
    return any(look.value(name) for name in _FEATURES)
