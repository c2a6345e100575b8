"""The faces that are shown: codes of a generator, each drawn from a seed and its own number.

A face of a number is the same in every run, so that a file of answers need not hold codes.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.latent_network import OCTAVES
from stylegan2.generator import Generator, as_picture

SIDE = 512  # pixels
_PSI = 0.85  # truncation: varied faces, and few broken ones
_QUALITY = 90  # of JPEG
_KEPT = 400  # pictures, some 60 KB each


class DrawnFaces:
    """The faces of one generator and seed; may be used by several threads."""

    def __init__(self, generator: Generator, seed: int) -> None:
        self.generator = generator
        self.seed = seed
        self._pictures: OrderedDict[int, bytes] = OrderedDict()
        self._rendering = threading.Lock()

    def codes(self, numbers: Iterable[int]) -> Tensor:
        """w [N, W] of faces."""
        z, labels = [], []
        for number in numbers:
            random = np.random.default_rng((self.seed, number))
            z.append(random.standard_normal(self.generator.z_dim).astype(np.float32))
            labels.append(self.generator.random_labels(random, 1))
        label = (
            None
            if not labels or labels[0] is None
            else torch.cat([each for each in labels if each is not None])
        )
        drawn = torch.from_numpy(np.stack(z)).to(self.generator.device)
        return self.generator.map(drawn, label, _PSI)[:, 0]

    def octaves(self, numbers: Iterable[int]) -> Tensor:
        """Whitened codes by octave [N, 9, W]: the same in all."""
        v = self.generator.latents.whiten(self.codes(numbers))
        return v[:, None].expand(-1, OCTAVES, -1)

    def render(self, w_plus: Tensor, side: int = SIDE) -> NDArray[np.float32]:
        """The picture [S, S, 3] in [0, 1] of a code [L, W]."""
        with torch.no_grad():
            image = self.generator.synthesize(w_plus[None], min(side, self.generator.resolution))
        return as_picture(image[0])

    def shown(self, number: int) -> NDArray[np.float32]:
        """The picture [S, S, 3] in [0, 1] of a face."""
        return self.render(self.codes([number])[0].expand(self.generator.num_layers, -1))

    def picture(self, number: int) -> bytes:
        """The face as JPEG; pictures that were shown lately are kept."""
        with self._rendering:
            if number not in self._pictures:
                self._pictures[number] = encoded(self.shown(number))
                while len(self._pictures) > _KEPT:
                    self._pictures.popitem(last=False)
            self._pictures.move_to_end(number)
            return self._pictures[number]


def encoded(picture: NDArray[np.float32]) -> bytes:
    """A picture [H, W, 3] in [0, 1] as JPEG."""
    pixels = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    _, content = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    return content.tobytes()
