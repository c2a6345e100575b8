"""The part of a face that the generator may change: all of its pixels, and fewer for what is smooth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.carried import Carried, covering
from pipeline.change import Change, Moved, change_of
from pipeline.generated import GeneratedFace
from pipeline.local_face import LocalFace
from pipeline.masks import FaceMasks, Mask
from pipeline.shrunk import coarse_factor, shrunk, with_fields_shrunk
from pipeline.skin import SkinLayers
from pipeline.tone import Agreement
from pipeline.window import Window
from retouchml.look import Look


@dataclass(frozen=True)
class MovingFace:
    """The window of a local face that the generator may change."""

    local: LocalFace
    inner: Window  # of the local face's window
    crop: NDArray[np.float32]  # [h, w, 3] in [0, 1], as all that follows of ``inner``
    masks: FaceMasks
    skin: SkinLayers

    @classmethod
    def of(cls, local: LocalFace, inner: Window) -> "MovingFace":
        """The part of a local face in a window of its window."""
        return cls(local, inner, inner.of(local.crop), inner.of_masks(local.masks), local.skin.within(inner))

    def moved(self, carried: Carried) -> Moved:
        """What the generator's motion makes of it; ``change`` takes it if it was computed before."""
        return Moved.of(self.crop, carried, self.masks, self.local.size)

    def change(self, carried: Carried, look: Look, moved: Moved | None = None) -> Change:
        """The change of the local face's window for a look, without its shape sliders."""
        change = self.local.change(look)
        part = change_of(
            self.crop,
            carried,
            self.masks,
            self.skin,
            look.strength,
            look.texture,
            self.local.size,
            local=self.inner.of(change.color),
            teeth=look.value("teeth"),
            scale=self.local.alignment.side / self.local.size,
            moved=moved,
        )
        change.put(part, self.inner)
        return change


@dataclass(frozen=True)
class CoarseFace:
    """The moving face with as few pixels as motion and light need, which are smooth."""

    factor: int  # by which its sides are divided
    crop: NDArray[np.float32]  # [h, w, 3], as all that follows
    before: GeneratedFace
    masks: FaceMasks
    agreement: Agreement
    covering: Mask

    @classmethod
    def of(cls, face: MovingFace, before: GeneratedFace) -> "CoarseFace":
        """Of a face, and the generator's picture of its window."""
        factor = coarse_factor(face.local.size)
        size, shape = face.local.size // factor, (face.crop.shape[0], face.crop.shape[1])
        crop, before = shrunk(face.crop, factor), before.shrunk(factor)
        masks = with_fields_shrunk(face.masks, shape, factor)
        regions = (face.inner.of(each) for each in (face.local.regions.glasses, face.local.regions.hair))
        glasses, hair = (shrunk(each, factor) for each in regions)
        agreement = Agreement.of(crop, before.picture, masks, size)
        return cls(factor, crop, before, masks, agreement, covering(glasses, hair, masks, size))
