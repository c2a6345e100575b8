"""Pictures of codes with a gradient to these: what a learned part sees that learns from gradients."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.faces import FaceFinder
from pipeline.latent_network import OCTAVES
from pipeline.training.labellers import load_finder
from pipeline.training.sampling import RENDER
from stylegan2.generator import Generator, as_picture

# share of a code's variance that each octave has by itself; half of it, in inverted photographs
_APART = 0.6
_ENLARGED = 2 * RENDER  # pixels, in which landmarks are found


@dataclass(frozen=True)
class CodePictures:
    """Makes pictures of a generator and finds the landmarks in them."""

    generator: Generator
    finder: FaceFinder

    @classmethod
    def load(cls, generator: Generator) -> "CodePictures":
        """Raises ModelMissing or ModelCorrupt."""
        return cls(generator, load_finder())

    def __call__(self, v_plus: Tensor) -> tuple[Tensor, NDArray[np.float64]]:
        """Of a whitened code [L, W]: the picture [3, 256, 256] in [0, 1], its landmarks [68, 2]."""
        generator = self.generator
        image = generator.synthesize(generator.latents.unwhiten(v_plus)[None], RENDER)[0]
        enlarged = cv2.resize(as_picture(image.detach()), (_ENLARGED, _ENLARGED))
        landmarks = self.finder.landmarks_in_crop(np.asarray(enlarged, np.float32)) * (RENDER / _ENLARGED)
        return (image * 0.5 + 0.5).clamp(0.0, 1.0), landmarks


def related_octaves(
    generator: Generator, count: int, seed: int
) -> Iterator[tuple[NDArray[np.float32], np.random.Generator]]:
    """Whitened codes by octave [9, W], truncation 0.6 to 1, whose octaves are related as in inversions.

    The random numbers that belong to each go along.
    """
    random = np.random.default_rng(seed)
    for _ in range(count):
        z = torch.from_numpy(random.standard_normal((1 + OCTAVES, generator.z_dim)).astype(np.float32))
        labels = generator.random_labels(random, 1 + OCTAVES)
        psi, apart = float(random.uniform(0.6, 1.0)), float(random.uniform(0.0, _APART))
        v = generator.latents.whiten(generator.map(z.to(generator.device), labels, psi)[:, 0])
        octaves = (1.0 - apart) ** 0.5 * v[:1] + apart**0.5 * v[1:]
        yield octaves.cpu().numpy(), random
