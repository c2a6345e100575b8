"""The retouch of one face as fields over its crop: motion, colour, and pixels that are replaced.

The photograph's own pixels stay: they are displaced by the flow between the generator's pictures before and
after, and get lighter and darker where the residual has soft shadows; only an opening mouth takes the
generator's pixels. The face keeps its own light and colour, whatever light and skin have the higher score.
"""

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.carried import Carried, carried_between, displaced_masks
from pipeline.flow import Displacement, displaced
from pipeline.generated import GeneratedFace
from pipeline.local.teeth import Teeth
from pipeline.masks import FaceMasks, Mask
from pipeline.open_mouth import OpenMouth
from pipeline.resharpening import resharpened
from pipeline.skin import SkinLayers, finest_share
from pipeline.tone import Agreement, as_color, held_color, kept_form, lab, low_order, room_for_light
from pipeline.window import Window
from retouchml.look import DEFAULT_STRENGTH

_LIGHT = 16.0  # L*; a larger change of one place is not taken for a change of the light
_LIGHT_SIDE, _LIGHT_ROUNDS = 256, 2  # pixels; side of the reduced crop on which the light is held


@dataclass(frozen=True)
class Change:
    """What a look changes in a crop, or in a part of one [H, W]: a field for each kind of change."""

    # [H, W, 2] crop pixels, backward: the result at x shows the photograph at x + flow(x)
    flow: NDArray[np.float32]
    color: NDArray[np.float32]  # [H, W, 3] to be added
    pixels: NDArray[np.float32]  # [H, W, 3] that replace the photograph
    cover: Mask  # [H, W] how far they do
    smoothing: Mask  # [H, W] share that is removed from detail too fine for the crop

    @classmethod
    def of_color(cls, color: NDArray[np.float32]) -> "Change":
        """The change that only adds a colour [H, W, 3]."""
        flow, none = np.zeros((*color.shape[:2], 2), np.float32), np.zeros(color.shape[:2], np.float32)
        return cls(flow, color, np.zeros_like(color), none, none.copy())

    def put(self, part: "Change", window: Window) -> None:
        """Replace the fields in a window by those of a part."""
        for each in fields(Change):
            window.put(getattr(part, each.name), getattr(self, each.name))

    def reshaped(self, flow: NDArray[np.float32]) -> "Change":
        """The same change, then displaced by another backward flow [H, W, 2]."""
        displace = Displacement(flow)
        own = {each.name: getattr(self, each.name) for each in fields(Change)}
        moved = {name: displace(values) if values.any() else values for name, values in own.items()}
        moved["flow"] = moved["flow"] + flow
        return Change(**moved)

    def applied(self, crop: NDArray[np.float32]) -> NDArray[np.float32]:
        """The changed crop [H, W, 3]."""
        moved = displaced(crop, self.flow) + self.color
        return np.asarray(moved + (self.pixels - moved) * self.cover[..., None], np.float32)


@dataclass(frozen=True)
class Moved:
    """A crop [H, W] as the generator's motion displaces it, whatever the sliders do to its own pixels."""

    displace: Displacement
    crop: NDArray[np.float32]  # [H, W, 3]
    tone: Mask  # where it may change its colour
    bare: Mask  # where both it and the photograph show bare skin
    light: Mask  # change of L* that the generator brings

    @classmethod
    def of(cls, crop: NDArray[np.float32], carried: Carried, masks: FaceMasks, size: int) -> "Moved":
        """crop: [H, W, 3] in [0, 1], or a part of one; size: side of the whole crop."""
        displace = Displacement(carried.flow)
        moved, moved_masks = displace(crop), displaced_masks(masks, displace, ("skin", "tone"))
        light = np.asarray(carried.light * room_for_light(moved, size), np.float32)
        return cls(displace, moved, moved_masks.tone, _bare_in_both(masks, moved_masks), light)


def change_between(
    crop: NDArray[np.float32],  # [H, W, 3] in [0, 1], or a part of one
    before: GeneratedFace,  # the generator's picture [H, W, 3] of it
    after: GeneratedFace,  # the generator's picture [H, W, 3] of the result
    masks: FaceMasks,
    skin: SkinLayers,
    strength: float,
    texture: float,
    size: int,  # side of the whole crop
    *,
    lines: float = 0.0,  # 0 to 1, how far the skin follows fine changes too: age brings lines
    lips_part: bool = False,  # whether the mouth opens or closes, so that it may show the generator's pixels
    agreement: Agreement | None = None,  # of ``crop`` and ``before``, if it was computed before
    local: NDArray[np.float32] | None = None,  # [H, W, 3] the local retouch of the crop, which moves along
    teeth: float = 0.0,  # 0 to 1, how far teeth that the generator shows are whitened
    scale: float = 1.0,  # photo pixels to a crop pixel
) -> Change:
    """The change that carries the step ``before`` → ``after`` onto the crop."""
    carried = carried_between(
        crop, before, after, masks, size, lines=lines, lips_part=lips_part, agreement=agreement
    )
    if lips_part:
        carried = carried.with_mouth(crop, before, after, masks, size)
    return change_of(
        crop, carried, masks, skin, strength, texture, size, local=local, teeth=teeth, scale=scale
    )


def change_of(
    crop: NDArray[np.float32],  # [H, W, 3] in [0, 1], or a part of one
    carried: Carried,
    masks: FaceMasks,
    skin: SkinLayers,
    strength: float,
    texture: float,
    size: int,  # side of the whole crop
    *,
    local: NDArray[np.float32] | None = None,  # [H, W, 3] the local retouch of the crop, which moves along
    teeth: float = 0.0,  # 0 to 1, how far teeth that the generator shows are whitened
    scale: float = 1.0,  # photo pixels to a crop pixel
    moved: Moved | None = None,  # of ``crop`` and ``carried``, if it was computed before
) -> Change:
    """The change of a crop whose skin is retouched, and onto which the generator's change is carried."""
    flow, moved = carried.flow, moved or Moved.of(crop, carried, masks, size)
    retouch = skin.change(strength, texture)
    retouched = moved.crop + moved.displace(retouch if local is None else retouch + local)
    light = _without_moved_light(crop, retouched, moved.light, moved.bare, moved.tone, size)
    color = retouched - moved.crop + as_color(retouched, light, size)
    if strength > 0.0:  # without it, the sliders do just what they are set to
        share = np.float32(min(1.0, strength / DEFAULT_STRENGTH))
        color = color + share * kept_form(moved.crop, moved.crop + color, moved.bare, moved.tone, size)
    color = color + held_color(crop, moved.crop + color, moved.bare, masks.inner, size)
    color = color + resharpened(crop, np.asarray(color, np.float32), flow, masks.features, scale)
    cover, pixels = np.zeros(crop.shape[:2], np.float32), np.zeros_like(crop)
    if carried.mouth is not None:
        carried.mouth.window.put(carried.mouth.cover, cover)
        carried.mouth.window.put(_with_whiter_teeth(carried.mouth, teeth, crop, masks.skin, size), pixels)
    smoothing = masks.skin * np.float32(finest_share(strength, texture))
    return Change(flow, np.asarray(color, np.float32), pixels, cover, smoothing)


def _with_whiter_teeth(
    mouth: OpenMouth, value: float, crop: NDArray[np.float32], skin: Mask, size: int
) -> NDArray[np.float32]:
    """The pixels [h, w, 3] of a mouth that the generator opened, its teeth whitened."""
    if not value or mouth.teeth is None:
        return mouth.pixels
    colors = lab(crop[::4, ::4])[skin[::4, ::4] > 0.5]
    change = Teeth.within(lab(mouth.pixels), mouth.teeth, colors, size).change(value)
    return np.asarray(mouth.pixels + change, np.float32)


def _without_moved_light(
    crop: NDArray[np.float32],
    retouched: NDArray[np.float32],  # displaced, without ``light``
    light: Mask,  # of L*
    bare: Mask,  # [H, W] where both show bare skin
    tone: Mask,  # [H, W] where the displaced photograph may change its colour
    size: int,  # side of the whole crop
) -> Mask:
    """The change of L* [H, W] so that the whole retouch does not move the light on the skin.

    Motion, smoothing and the local sliders move it a little, too. On a reduced crop, in rounds: a change of
    L* that is computed on smooth skin is not quite that of its pores.
    """
    factor = min(1.0, _LIGHT_SIDE / size)
    shape = max(1, round(crop.shape[1] * factor)), max(1, round(crop.shape[0] * factor))

    def small(field: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.resize(field, shape, interpolation=cv2.INTER_AREA), np.float32)

    before, after, skin, may_change = lab(small(crop))[..., 0], small(retouched), small(bare), small(tone)
    start = held = small(light)
    for _ in range(_LIGHT_ROUNDS):
        changed = lab(after + as_color(after, held, round(size * factor)))[..., 0]
        # Where the border of hair or a shadow has moved, the change is no light.
        moved = np.asarray(np.clip(changed - before, -_LIGHT, _LIGHT), np.float32)
        held = held - low_order(moved, skin) * may_change
    drift = cv2.resize(held - start, (crop.shape[1], crop.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(light + drift * tone, np.float32)


def _bare_in_both(masks: FaceMasks, moved_masks: FaceMasks) -> Mask:
    """Where [H, W] the photograph shows bare skin before and after it is displaced."""
    # Cubed: where the skin's mask fades there may be hair.
    return np.asarray(np.minimum(masks.skin, moved_masks.skin) ** 3, np.float32)
