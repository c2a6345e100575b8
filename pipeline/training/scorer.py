"""``retouchml train scorer``: the rater's judgement as a function of the latent code.

Samples the generator, rates the pictures, and fits small networks from w to the rating: a gradient without
rendering. They learn the gradients of the ratings as well. The path climbs the mean of an ensemble, so that
it cannot follow one network's error. With ``--ratings FILE``, a scorer of one's own taste
(``pipeline.training.own_scorer``).
"""

import argparse
import sys

from pipeline.training import own_scorer
from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.dataset import load_dataset
from pipeline.training.progress_line import ProgressLine
from pipeline.training.rated import RATED
from pipeline.training.rating_fit import RatedCodes, Recipe, fit_scorer
from pipeline.training.saving import save_latent_network
from retouchml.errors import UsageError

_LIMITS = (
    "It knows the faces that the generator makes, and repeats the errors of what measured these: dlib's "
    "landmarks and recognition network, and the rater with the taste of those it learned from. It fits one "
    "latent space."
)
_SAMPLES = 30000  # an hour and a quarter of two cores that multiply in bfloat16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train scorer``."""
    add_sampling_arguments(parser, _SAMPLES)
    own_scorer.add_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    if arguments.ratings is not None:
        return own_scorer.main(arguments)
    if arguments.name is not None:
        raise UsageError("A scorer with a name is one of your own taste.", "Add `--ratings FILE`.")
    dataset, recipe = load_dataset(arguments, "scorer", RATED), Recipe()
    ratings = dataset.samples.ratings
    sys.stdout.write(f"{len(ratings)} samples, rating {ratings.mean():.2f} ± {ratings.std():.2f}\n")
    sys.stdout.flush()
    codes = RatedCodes.of(dataset.samples, dataset.generator.latents, recipe.components)
    network, share = fit_scorer(codes, recipe, ProgressLine("fitting the scorer"))
    save_latent_network(dataset, "scorer", network, {"rating": share}, limits=_LIMITS)
    return 0
