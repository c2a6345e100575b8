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

    Its preview comes first and the full patch after it: both need it, each with other pixels.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._newest: tuple[Tensor, NDArray[np.float32]] | None = None

    def full(self, w_plus: Tensor) -> NDArray[np.float32]:
        """The picture [S, S, 3] in [0, 1] of a code [L, W], of full size; not to be written to."""
        newest = self._newest
        if newest is not None and torch.equal(newest[0], w_plus):
            return newest[1]
        picture = self._generator.render(w_plus)
        picture.flags.writeable = False
        self._newest = w_plus.detach().clone(), picture
        return picture

    def draft(self, w_plus: Tensor) -> NDArray[np.float32]:
        """The same with few pixels."""
        resolution = min(_DRAFT, self._generator.resolution)
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
    picture = pictures.draft(w_plus) if is_draft else pictures.full(w_plus)
    small = resized(picture, face.local.size // factor)
    generated = GeneratedFace.of(small, finder.landmarks_in_crop, with_teeth)
    return generated.within(face.local.window.shrunk(factor)).within(face.inner.shrunk(factor))
