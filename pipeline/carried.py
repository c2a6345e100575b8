"""What the generator's pictures bring to a photograph: motion, light, and what an opening mouth shows.

It depends on the codes alone, not on the sliders that work on the photograph's own pixels: while only those
move, it stays.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.flow import Displacement, held_at_silhouette, motion
from pipeline.generated import GeneratedFace
from pipeline.masks import FaceMasks, Mask
from pipeline.open_mouth import OpenMouth
from pipeline.regions.geometry import disc
from pipeline.shrunk import shrunk, with_fields_shrunk
from pipeline.tone import Agreement, light_change

_COVERED = 0.012  # of the crop's side; reach beyond what covers the face


@dataclass(frozen=True)
class Carried:
    """What is carried over from the generator's pictures onto a crop [H, W]."""

    flow: NDArray[np.float32]  # [H, W, 2] crop pixels, backward
    light: Mask  # change of L*, before what motion and retouch change of it is taken back
    mouth: OpenMouth | None = None  # if the lips part

    def shrunk(self, factor: int) -> "Carried":
        """The same for a crop whose sides are divided by ``factor``."""
        mouth = self.mouth
        if mouth is not None:
            shape = (mouth.cover.shape[0], mouth.cover.shape[1])
            small = with_fields_shrunk(mouth, shape, factor)
            mouth = replace(small, window=mouth.window.shrunk(factor))
        flow = shrunk(self.flow, factor) / np.float32(factor)
        return Carried(np.asarray(flow, np.float32), shrunk(self.light, factor), mouth)

    def enlarged(self, factor: int) -> "Carried":
        """The same for a crop whose sides are multiplied by ``factor``; no mouth opens."""
        size = (self.light.shape[1] * factor, self.light.shape[0] * factor)
        flow = cv2.resize(self.flow, size, interpolation=cv2.INTER_CUBIC) * np.float32(factor)
        # not cubic: light must not swing beyond the border of its masks
        light = cv2.resize(self.light, size, interpolation=cv2.INTER_LINEAR)
        return Carried(np.asarray(flow, np.float32), np.asarray(light, np.float32))

    def with_mouth(
        self,
        crop: NDArray[np.float32],  # [H, W, 3] in [0, 1]
        before: GeneratedFace,
        after: GeneratedFace,
        masks: FaceMasks,
        size: int,  # side of the whole crop
    ) -> "Carried":
        """The same, and what the generator's picture shows in a mouth that opens or closes."""
        return replace(self, mouth=OpenMouth.of(crop, before, after, masks, self.flow, size))

    def towards(self, other: "Carried", share: float) -> "Carried":
        """What lies between this and another, 0 to 1 of the way there; no mouth opens."""
        flow = cv2.addWeighted(self.flow, 1.0 - share, other.flow, share, 0.0)
        light = cv2.addWeighted(self.light, 1.0 - share, other.light, share, 0.0)
        return Carried(np.asarray(flow, np.float32), np.asarray(light, np.float32))

    @property
    def nbytes(self) -> int:
        """The memory that it takes."""
        parts = () if self.mouth is None else (self.mouth.cover, self.mouth.pixels, self.mouth.teeth)
        return sum(each.nbytes for each in (self.flow, self.light, *parts) if each is not None)


def carried_between(
    crop: NDArray[np.float32],  # [H, W, 3] in [0, 1], or a part of one
    before: GeneratedFace,  # the generator's picture [H, W, 3] of it
    after: GeneratedFace,  # the generator's picture [H, W, 3] of the result
    masks: FaceMasks,
    size: int,  # side of the whole crop
    *,
    lines: float = 0.0,  # 0 to 1, how far the skin follows fine changes too: age brings lines
    lips_part: bool = False,  # whether the mouth opens or closes, so that light may change there, too
    agreement: Agreement | None = None,  # of ``crop`` and ``before``, if it was computed before
    held: Mask | None = None,  # [H, W] 0 to 1, how far the photograph stays where it is
) -> Carried:
    """What the step ``before`` → ``after`` brings to the crop, without its mouth (see ``with_mouth``)."""
    alike = Agreement.of(crop, before.picture, masks, size) if agreement is None else agreement
    trusted = np.asarray(masks.face * alike.broad, np.float32)
    flow = motion(before.picture, after.picture, trusted, masks.motion, masks.inner, size)
    flow = held_at_silhouette(flow * np.float32(alike.whole), crop, masks.inner, size)
    if held is not None:
        flow = np.asarray(flow * (1.0 - held)[..., None], np.float32)
    displace = Displacement(flow)
    shown, broad, fine = displace.each(before.shown, alike.broad, alike.fine)
    moved_before = GeneratedFace(displace(before.picture), shown)
    moved_alike = Agreement(broad, fine, alike.whole)
    moved_masks = displaced_masks(masks, displace, ("skin", "tone", "features", "mouth"))
    light = _light(moved_before, after, moved_masks, moved_alike, size, lines, lips_part)
    return Carried(flow, np.asarray(light * alike.whole, np.float32))


def covering(glasses: Mask, hair: Mask, masks: FaceMasks, size: int) -> Mask:
    """How far [H, W] the photograph must stay where it is: glasses, and a fringe before the forehead.

    Their edges would bend where the face below them moves. Hair at the outline moves along with it.
    """
    around = disc(max(1.0, _COVERED * size))

    def grown(cover: Mask) -> Mask:
        return np.asarray(cv2.GaussianBlur(cv2.dilate(cover, around), (0, 0), 0.5 * _COVERED * size))

    return np.asarray(np.maximum(grown(glasses), grown(hair) * masks.inner), np.float32)


def displaced_masks(masks: FaceMasks, displace: Displacement, names: tuple[str, ...]) -> FaceMasks:
    """The masks in which up to four of these names are those of the displaced photograph."""
    moved = displace.each(*(getattr(masks, name) for name in names))
    return replace(masks, **{name: np.clip(mask, 0.0, 1.0) for name, mask in zip(names, moved, strict=True)})


def _light(
    before: GeneratedFace,  # displaced, too
    after: GeneratedFace,
    masks: FaceMasks,  # displaced
    agreement: Agreement,  # displaced
    size: int,
    lines: float,
    lips_part: bool,
) -> Mask:
    """The change of L* [H, W] that the generator's pictures bring."""
    shown = np.minimum(np.minimum(masks.tone, after.shown), before.shown)
    if not lips_part:
        # Lips and teeth keep their own light and colour.
        shown = shown * (1.0 - np.clip(1.5 * masks.mouth, 0.0, 1.0))
    shown = np.asarray(np.clip(shown, 0.0, 1.0), np.float32)
    return light_change(before.picture, after.picture, masks, shown, agreement, size, lines)
