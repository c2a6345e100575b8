"""``retouchml train scorer``: the rater's judgement as a function of the latent code.

Samples the generator, rates the pictures, and fits a small network from w to the rating: a gradient without
rendering.
"""

import argparse
import sys

import torch

from pipeline.rater import FeatureRater, rater_features
from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.dataset import load_dataset
from pipeline.training.fitting import fit_latent_network, octaves_of
from pipeline.training.labellers import load_recognizer
from pipeline.training.saving import save_latent_network

_COMPONENTS = 120  # 100 and 200 climb as well, 512 half as high: docs/models.md

add_arguments = add_sampling_arguments


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    dataset = load_dataset(arguments, "scorer")
    samples = dataset.samples
    ratings = FeatureRater(load_recognizer()).rate_features(
        rater_features(samples.descriptors, samples.landmarks)
    )
    sys.stdout.write(f"{len(samples)} samples, rating {ratings.mean():.2f} ± {ratings.std():.2f}\n")
    network, explained = fit_latent_network(
        ("rating",),
        octaves_of(samples, dataset.generator.latents),
        torch.from_numpy(ratings)[:, None],
        components=_COMPONENTS,
    )
    save_latent_network(dataset, "scorer", network, explained)
    return 0
