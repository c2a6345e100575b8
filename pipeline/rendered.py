"""The generator's pictures of a face's codes, as the pipeline needs them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.faces import FaceFinder
from pipeline.generated import GeneratedFace
from pipeline.moving_face import MovingFace
from pipeline.pixels import resized
from stylegan2.generator import Generator, as_picture

_DRAFT = 256  # pixels; side of the generator's pictures for a first look


class Pictures:
    """A generator's pictures of whole codes; the newest is kept.

    Where a preview needs that, too, the full patch after it takes the same picture.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._newest: tuple[Tensor, NDArray[np.float32]] | None = None
        self._has_halved = False

    def full(self, w_plus: Tensor) -> NDArray[np.float32]:
        """The picture [S, S, 3] in [0, 1] of a code [L, W], of full size; not to be written to."""
        if self._newest is not None and self._is_newest(w_plus):
            return self._newest[1]
        picture = self._generator.render(w_plus)
        picture.flags.writeable = False
        self._newest = w_plus.detach().clone(), picture
        return picture

    def preview(self, w_plus: Tensor, side: int) -> NDArray[np.float32]:
        """The same with at least ``side`` pixels along a side."""
        half = self._generator.resolution // 2
        if side > half or not self._generator.half_is_quick or self._is_newest(w_plus):
            return self.full(w_plus)
        self._has_halved = True
        return self._small(w_plus, half)

    def get_ready(self, w_plus: Tensor) -> None:
        """Make a picture for nothing, if no preview took one of half the side: the first takes longer."""
        if self._generator.half_is_quick and not self._has_halved:
            self._has_halved = True
            self._small(w_plus, self._generator.resolution // 2)

    def draft(self, w_plus: Tensor) -> NDArray[np.float32]:
        """The same with few pixels, not quite as the whole network would make them."""
        return self._small(w_plus, min(_DRAFT, self._generator.resolution))

    def _small(self, w_plus: Tensor, resolution: int) -> NDArray[np.float32]:
        with torch.no_grad():
            return as_picture(self._generator.synthesize(w_plus[None], resolution)[0])

    def _is_newest(self, w_plus: Tensor) -> bool:
        return self._newest is not None and torch.equal(self._newest[0], w_plus)


def generated_face(
    pictures: Pictures,
    finder: FaceFinder,
    w_plus: Tensor,  # [L, W]
    face: MovingFace,
    factor: int = 1,
    *,
    with_teeth: bool = False,
    is_draft: bool = False,
    is_preview: bool = False,
) -> GeneratedFace:
    """The moving window [h, w] of the generator's picture of a code.

    factor: by which the window's sides are divided; with_teeth: whether to look for them; is_draft: whether
    few of the generator's pixels will do; is_preview: whether as many as the window's will
    """
    side = face.local.size // factor
    if is_draft:
        picture = pictures.draft(w_plus)
    else:
        picture = pictures.preview(w_plus, side) if is_preview else pictures.full(w_plus)
    small = resized(picture, side)
    generated = GeneratedFace.of(small, finder.landmarks_in_crop, with_teeth)
    return generated.within(face.local.window.shrunk(factor)).within(face.inner.shrunk(factor))
