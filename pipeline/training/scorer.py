"""``retouchml train scorer``: the rater's judgement as a function of the latent code.

Samples the generator, rates the pictures, and fits small networks from w to the rating: a gradient without
rendering. The path climbs the mean of an ensemble, which explains no less than one network, also where that
has learned for too long. With ``--ratings FILE``, a scorer of one's own taste
(``pipeline.training.own_scorer``).
"""

import argparse
import sys

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.rater import FeatureRater, all_features
from pipeline.training import own_scorer
from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.dataset import load_dataset
from pipeline.training.fitting import fit_ensemble, octaves_of
from pipeline.training.labellers import load_recognizer
from pipeline.training.sampling import Samples
from pipeline.training.saving import save_latent_network
from retouchml.errors import UsageError

_COMPONENTS = 120  # 100 and 200 climb as well, 512 half as high: docs/models.md
_MEMBERS = 5
# 15, 30 and 120 explain less, or at most 0.005 more, at 300 to 1,800 samples: docs/models.md
_EPOCHS = 60
_PART = 1000  # samples


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
    ratings = _rate(samples)
    sys.stdout.write(f"{len(samples)} samples, rating {ratings.mean():.2f} ± {ratings.std():.2f}\n")
    network, explained = fit_ensemble(
        "rating",
        octaves_of(samples, dataset.generator.latents),
        torch.from_numpy(ratings),
        components=_COMPONENTS,
        members=_MEMBERS,
        epochs=_EPOCHS,
    )
    save_latent_network(dataset, "scorer", network, {"rating": explained})
    return 0


def _rate(samples: Samples) -> NDArray[np.float32]:
    """The rater's ratings [N] of the samples' pictures, a part at a time: activations take much memory."""
    rater = FeatureRater(load_recognizer())
    ratings = []
    for start in range(0, len(samples), _PART):
        part = slice(start, start + _PART)
        features = all_features(samples.descriptors[part], samples.landmarks[part], samples.activations[part])
        ratings.append(rater.rate_features(features))
    return np.concatenate(ratings)
