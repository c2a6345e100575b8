"""All local sliders of a face, in their order."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.local.brows_definition import Brows
from pipeline.local.evenness import Evenness
from pipeline.local.eye_whites import EyeWhites
from pipeline.local.fields import level
from pipeline.local.healed_spots import SpottedSkin
from pipeline.local.irises import Irises
from pipeline.local.lines import Lines
from pipeline.local.lips import Lips
from pipeline.local.redness import Redness
from pipeline.local.shine import Shine
from pipeline.local.teeth import Teeth
from pipeline.local.under_eyes import UnderEyes
from pipeline.regions import FaceRegions
from pipeline.shrunk import with_fields_shrunk
from pipeline.window import Window
from retouchml.look import Look


class LocalSlider(Protocol):
    """What a slider needs of a face, computed once: a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def change(self, value: float) -> NDArray[np.float32]:
        """The change [H, W, 3] to add to the crop for a value of the slider."""


_Maker = Callable[[NDArray[np.float32], FaceRegions, int], LocalSlider]
_SPOTS: dict[str, Callable[[SpottedSkin], LocalSlider]] = {
    "blemishes": SpottedSkin.without_blemishes,
    "marks": SpottedSkin.without_marks,
}
"""The sliders that heal: what they heal is nothing that the other sliders of the skin see."""
_SKIN: dict[str, _Maker] = {
    "lines": Lines.of,
    "evenness": Evenness.of,
    "under_eyes": UnderEyes.of,
    "redness": Redness.of,
    "shine": Shine.of,
}
_FEATURES: dict[str, tuple[str, _Maker]] = {
    "eye_whites": ("eye_whites", EyeWhites.of),
    "irises": ("irises", Irises.of),
    "teeth": ("teeth", Teeth.of),
    "lips": ("lips", Lips.of),
    "brows_definition": ("brows", Brows.of),
}
"""The sliders of eyes, mouth and brows, each with the name of its region; they share no pixel."""


_Change = NDArray[np.float32]  # [h, w, 3] of a window
_Layer = Callable[[tuple[str, ...], tuple[float, ...]], _Change]


class LocalRetouch:
    """The local sliders of one face; what a slider needs is computed when it is first used.

    The change that the newest values make is kept, so that one moved slider does not cost all of them.
    """

    def __init__(
        self,
        crop: NDArray[np.float32],
        regions: FaceRegions,
        size: int,
        full: "LocalRetouch | None" = None,
        scale: float = 1.0,
    ) -> None:
        """crop: [H, W, 3] in [0, 1], a window of a crop of side ``size``; regions: [H, W] each.

        full: that of the same face with more pixels, whose sliders see more; this one takes theirs
        scale: photo pixels to a crop pixel
        """
        self._crop, self._size, self._regions, self._full = crop, size, regions, full
        self._scale = scale
        self._features: dict[str, Window] = {}
        self._skin: Window
        if full is None:
            for name, (region, _) in _FEATURES.items():
                if getattr(regions, region).any():
                    self._features[name] = Window.around(getattr(regions, region) > 0.0, size)
            self._skin = Window.around(np.maximum(regions.skin, regions.under_eyes) > 0, size)
        else:
            factor = full._size // size
            for name, window in full._features.items():
                self._features[name] = window.shrunk(factor)
            self._skin = full._skin.shrunk(factor)
        self._made: dict[str, LocalSlider] = {}
        self._layers: dict[tuple[str, ...], tuple[tuple[float, ...], _Change]] = {}

    def change(self, look: Look) -> NDArray[np.float32]:
        """The change [H, W, 3] to add to the crop for a look; zero where it asks for nothing."""
        result = np.zeros_like(self._crop)
        for sliders in (tuple(_SPOTS), tuple(_SKIN)):
            values = tuple(look.value(name) for name in sliders)
            if any(values):
                change = self._newest(sliders, values, self._on_skin)
                self._skin.put(self._skin.of(result) + change, result)
        for name, window in self._features.items():
            value = look.value(name)
            if value:
                change = self._newest((name,), (value,), self._on_feature)
                window.put(window.of(result) + change, result)
        return result

    def _newest(self, sliders: tuple[str, ...], values: tuple[float, ...], make: _Layer) -> _Change:
        """The layer of sliders at values, which is kept until they have other ones."""
        kept = self._layers.get(sliders)
        if kept is None or kept[0] != values:
            kept = self._layers[sliders] = values, make(sliders, values)
        return kept[1]

    def _on_skin(self, sliders: tuple[str, ...], values: tuple[float, ...]) -> _Change:
        skin = self._skin_regions.skin
        change = np.zeros((*skin.shape, 3), np.float32)
        for name, value in zip(sliders, values, strict=True):
            if value:
                change += self._slider(name).change(value)
        return change if sliders == tuple(_SPOTS) else level(change, skin)

    def _on_feature(self, sliders: tuple[str, ...], values: tuple[float, ...]) -> _Change:
        return self._slider(sliders[0]).change(values[0])

    def _slider(self, name: str) -> LocalSlider:
        if name not in self._made:
            self._made[name] = self._make(name) if self._full is None else self._shrunk(name, self._full)
        return self._made[name]

    def _make(self, name: str) -> LocalSlider:
        if name in _SPOTS:
            return _SPOTS[name](self._spotted_skin)
        if name == "evenness":
            return Evenness.of(self._healed, self._skin_regions, self._size, self._scale)
        if name in _SKIN:
            return _SKIN[name](self._healed, self._skin_regions, self._size)
        window, (_, make) = self._features[name], _FEATURES[name]
        return make(window.of(self._crop), self._regions.within(window), self._size)

    def _shrunk(self, name: str, full: "LocalRetouch") -> LocalSlider:
        window = full._features.get(name, full._skin)
        shape = window.bottom - window.top, window.right - window.left
        return with_fields_shrunk(full._slider(name), shape, full._size // self._size)

    @cached_property
    def _skin_regions(self) -> FaceRegions:
        return self._regions.within(self._skin)

    @cached_property
    def _spotted_skin(self) -> SpottedSkin:
        return SpottedSkin.of(self._skin.of(self._crop), self._skin_regions, self._size)

    @cached_property
    def _healed(self) -> NDArray[np.float32]:
        """The window of the skin without spots, whose colour and shade are no part of it.

        Moles and freckles stay as they are on top of what the sliders of the skin change.
        """
        spots = self._slider("blemishes").change(1.0) + self._slider("marks").change(1.0)
        return np.asarray(self._skin.of(self._crop) + spots, np.float32)


def touches_locally(look: Look) -> bool:
    """Whether a look asks for anything of the local sliders."""
    return any(look.value(name) for name in (*_SPOTS, *_SKIN, *_FEATURES))
