"""``retouchml train scorer``: the rater's judgement as a function of the latent code.

Samples the generator, rates the pictures, and fits a small network from w to the rating: a gradient without
rendering. With ``--ratings FILE``, a scorer of one's own taste (``pipeline.training.own_scorer``).
"""

import argparse
import sys

import torch

from pipeline.rater import FeatureRater, all_features
from pipeline.training import own_scorer
from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.dataset import load_dataset
from pipeline.training.fitting import fit_latent_network, octaves_of
from pipeline.training.labellers import load_recognizer
from pipeline.training.saving import save_latent_network
from retouchml.errors import UsageError

_COMPONENTS = 120  # 100 and 200 climb as well, 512 half as high: docs/models.md


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train scorer``."""
    add_sampling_arguments(parser)
    own_scorer.add_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    if arguments.ratings is not None:
        return own_scorer.main(arguments)
    if arguments.name is not None:
        raise UsageError("A scorer with a name is one of your own taste.", "Add `--ratings FILE`.")
    dataset = load_dataset(arguments, "scorer")
    samples = dataset.samples
    ratings = FeatureRater(load_recognizer()).rate_features(
        all_features(samples.descriptors, samples.landmarks, samples.activations)
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
