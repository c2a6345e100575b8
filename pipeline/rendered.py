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

    A preview and the full patch after it take the same one, if they need as many pixels.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._newest: tuple[Tensor, NDArray[np.float32]] | None = None
        self._has_halved = False

    def picture(self, w_plus: Tensor, side: int) -> NDArray[np.float32]:
        """The picture [S, S, 3] in [0, 1] of a code [L, W]; not to be written to.

        S is ``side`` at least, if the generator has so many pixels.
        """
        half = self._generator.resolution // 2
        is_half = self._generator.half_is_quick and side <= half
        newest = self._newest
        if newest is not None and (is_half or len(newest[1]) > half) and torch.equal(newest[0], w_plus):
            return newest[1]
        picture = self._small(w_plus, half) if is_half else self._generator.render(w_plus)
        picture.flags.writeable = False
        self._newest = w_plus.detach().clone(), picture
        self._has_halved = self._has_halved or is_half
        return picture

    def draft(self, w_plus: Tensor) -> NDArray[np.float32]:
        """The same with few pixels, not quite as the whole network would make them."""
        return self._small(w_plus, min(_DRAFT, self._generator.resolution))

    def get_ready(self, w_plus: Tensor) -> None:
        """Make a picture of half the side for nothing, if there was none yet: the first takes longer."""
        if self._generator.half_is_quick and not self._has_halved:
            self._has_halved = True
            self._small(w_plus, self._generator.resolution // 2)

    def _small(self, w_plus: Tensor, resolution: int) -> NDArray[np.float32]:
        with torch.no_grad():
            return as_picture(self._generator.synthesize(w_plus[None], resolution)[0])


def generated_face(
    pictures: Pictures,
    finder: FaceFinder,
    w_plus: Tensor,  # [L, W]
    face: MovingFace,
    factor: int = 1,
    *,
    with_teeth: bool = False,
    is_draft: bool = False,
) -> GeneratedFace:
    """The moving window [h, w] of the generator's picture of a code.

    factor: by which the window's sides are divided; with_teeth: whether to look for them; is_draft: whether
    few of the generator's pixels will do
    """
    side = face.local.size // factor
    picture = pictures.draft(w_plus) if is_draft else pictures.picture(w_plus, side)
    small = resized(picture, side)
    generated = GeneratedFace.of(small, finder.landmarks_in_crop, with_teeth)
    return generated.within(face.local.window.shrunk(factor)).within(face.inner.shrunk(factor))
