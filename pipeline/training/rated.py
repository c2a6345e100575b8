"""Samples with the rating of their pictures and its gradient to the code: what a scorer learns from.

The rater looks through a network that can be differentiated, and so can the generator. A gradient tells of
each of some thousand directions what a rating tells of one face.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.latent_network import OCTAVES, layer_octaves, learned_part
from pipeline.rater import FeatureRater
from pipeline.training.code_pictures import CodePictures
from pipeline.training.labellers import load_recognizer
from pipeline.training.sampling import Measure, Row, SampleKind, Samples
from stylegan2.generator import Generator
from stylegan2.zoo.storage import digest


@dataclass(frozen=True)
class RatedSamples(Samples):
    """Samples and their ratings."""

    ratings: NDArray[np.float32]  # [N]
    gradients: NDArray[np.float16]  # [N, OCTAVES, W] of the rating to the whitened code by octave


@dataclass(frozen=True)
class CodeRater:
    """Rates the pictures of codes, with a gradient to these."""

    pictures: CodePictures
    rater: FeatureRater

    @classmethod
    def load(cls, generator: Generator) -> "CodeRater":
        """With the rater in use. Raises ModelMissing or ModelCorrupt."""
        recognizer = load_recognizer(str(generator.device))
        return cls(CodePictures.load(generator), FeatureRater(recognizer))

    def __call__(self, code: Tensor) -> Row:
        """The rating of a whitened code [L, W] and its gradient by octave [9, W], as a table keeps them."""
        v_plus = code.detach().requires_grad_(True)
        rating = self.rater.rate_image(*self.pictures(v_plus))
        (by_layer,) = torch.autograd.grad(rating, v_plus)
        octaves = torch.tensor(layer_octaves(self.pictures.generator.layers), device=code.device)
        gradient = by_layer.new_zeros(OCTAVES, by_layer.shape[1]).index_add_(0, octaves, by_layer)
        return (
            np.array(float(rating.detach()), np.float32),
            np.asarray(gradient.cpu().numpy(), np.float16),
        )


def rater_in_use() -> str:
    """Names the rater in use by its content."""
    return digest(learned_part("rater"))[:12]


def _measure(generator: Generator) -> Measure:
    return partial(_rate, CodeRater.load(generator))


def _rate(rate: CodeRater, w: NDArray[np.float32], crossover: float) -> Row:
    space = rate.pictures.generator.latents
    codes = space.whiten(torch.from_numpy(w).to(rate.pictures.generator.device))
    second = [int(4 << octave >= crossover) for octave in layer_octaves(rate.pictures.generator.layers)]
    return w, np.array(crossover, np.int32), *rate(codes[second])


RATED = SampleKind("rated", 1, RatedSamples, _measure, rater_in_use)
