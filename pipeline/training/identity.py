"""``retouchml train identity``: which changes of the latent code make another person of a face.

The metric is the mean, over generated faces, of what the recognition network's descriptor does when the code
changes a little: the square of its Jacobian, estimated by the gradients of random projections.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.identity import Recognizer, image_chip
from pipeline.identity_metric import KIND, IdentityMetric
from pipeline.latent_network import layer_octaves
from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.code_pictures import CodePictures, related_octaves
from pipeline.training.dataset import load_dataset
from pipeline.training.fitting import split
from pipeline.training.labellers import load_recognizer
from pipeline.training.sampling import Drawn, Measure, Row, Rows, SampleKind
from pipeline.training.saving import save_latent_network
from stylegan2.generator import Generator

_COMPONENTS = 100  # of the code, those that vary most; as many as the scorer uses
_DIRECTIONS = 128
_SAMPLES = 2000
_NOTE = "The variance is the mean square of gradients of the descriptor."
_LIMITS = (
    "It knows the faces that the generator makes, and what dlib's recognition network tells apart. It fits "
    "one latent space."
)


@dataclass(frozen=True)
class DescribedSamples(Rows):
    """Gradients of random projections of the descriptor."""

    gradients: NDArray[np.float16]  # [N, 9, W] to the whitened code by octave


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    dataset = load_dataset(arguments, KIND, DESCRIBED)
    gradients = torch.from_numpy(dataset.samples.gradients[..., -_COMPONENTS:]).float()
    train, test = split(len(gradients))
    metric = IdentityMetric.of_gradients(gradients[train], _DIRECTIONS)
    shares = {"identity": round(metric.explained(gradients[test]), 3)}
    save_latent_network(dataset, KIND, metric, shares, limits=_LIMITS, note=_NOTE)
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train identity``."""
    add_sampling_arguments(parser, _SAMPLES)


def _measure(generator: Generator) -> Measure:
    return partial(_describe, CodePictures.load(generator), load_recognizer(str(generator.device)))


def _describe(pictures: CodePictures, recognizer: Recognizer, codes: NDArray[np.float32], seed: float) -> Row:
    octaves = torch.from_numpy(codes).to(pictures.generator.device).requires_grad_(True)
    layers = layer_octaves(pictures.generator.layers)
    descriptor, _ = recognizer.see_chip(image_chip(*pictures(octaves[layers])))
    way = torch.from_numpy(np.random.default_rng(int(seed)).standard_normal(len(descriptor)))
    (gradient,) = torch.autograd.grad(descriptor @ way.to(descriptor), octaves)
    return (np.asarray(gradient.cpu().numpy(), np.float16),)


def _draw(generator: Generator, count: int, seed: int) -> Iterator[Drawn]:
    """Codes, and the seed of the projection."""
    for octaves, random in related_octaves(generator, count, seed):
        yield octaves, float(random.integers(2**31))


DESCRIBED = SampleKind("described", 1, DescribedSamples, _measure, draw=_draw)
