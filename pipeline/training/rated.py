"""Samples with the rating of their pictures and its gradient to the code: what a scorer learns from.

The rater looks through a network that can be differentiated, and so can the generator. A gradient tells of
each of some thousand directions what a rating tells of one face.
"""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.faces import FaceFinder
from pipeline.latent_network import OCTAVES, learned_part, octave_of
from pipeline.rater import FeatureRater
from pipeline.training.labellers import load_finder, load_recognizer
from pipeline.training.sampling import RENDER, Measure, Row, SampleKind, Samples
from stylegan2.generator import Generator, as_picture
from stylegan2.zoo.storage import digest

_ENLARGED = 2 * RENDER  # pixels, in which landmarks are found


@dataclass(frozen=True)
class RatedSamples(Samples):
    """Samples and their ratings."""

    ratings: NDArray[np.float32]  # [N]
    gradients: NDArray[np.float16]  # [N, OCTAVES, W] of the rating to the whitened code by octave


def _measure(generator: Generator) -> Measure:
    rater = FeatureRater(load_recognizer(str(generator.device)))
    return partial(_rate, generator, load_finder(), rater)


def _rate(
    generator: Generator, finder: FaceFinder, rater: FeatureRater, w: NDArray[np.float32], crossover: int
) -> Row:
    codes = generator.latents.whiten(torch.from_numpy(w).to(generator.device))
    sides = [4 << octave for octave in range(OCTAVES)]
    octaves = codes[[int(side >= crossover) for side in sides]].requires_grad_(True)
    w_plus = generator.latents.unwhiten(octaves)[[octave_of(layer.resolution) for layer in generator.layers]]
    image = generator.synthesize(w_plus[None], RENDER)[0]
    enlarged = cv2.resize(as_picture(image.detach()), (_ENLARGED, _ENLARGED))
    landmarks = finder.landmarks_in_crop(np.asarray(enlarged, np.float32)) * (RENDER / _ENLARGED)
    rating = rater.rate_image((image * 0.5 + 0.5).clamp(0.0, 1.0), landmarks)
    (gradient,) = torch.autograd.grad(rating, octaves)
    return (
        np.array(float(rating.detach()), np.float32),
        np.asarray(gradient.cpu().numpy(), np.float16),
    )


def _rater() -> str:
    """Names the rater in use by its content."""
    return digest(learned_part("rater"))[:12]


RATED = SampleKind("rated", 1, RatedSamples, _measure, _rater)
