"""``retouchml train scorer``: the rater's judgement as a function of the latent code.

Samples the generator, rates the pictures, and fits small networks from w to the rating: a gradient without
rendering. They learn the gradients of the ratings as well. Then these are climbed, what was found is rated,
and they are fitted anew, twice. The path climbs the mean of an ensemble, so that it cannot follow one
network's error. With ``--ratings FILE``, a scorer of one's own taste (``pipeline.training.own_scorer``); with
``--refine FOLDER``, the scorer in use learns from photographs (``pipeline.training.refined_scorer``).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.latent_network import save_learned
from pipeline.rating_network import RatingNetwork, load_scorer
from pipeline.training import own_scorer, refined_scorer
from pipeline.training.arguments import add_sampling_arguments
from pipeline.training.climbed import ClimbedSamples, climbed, load_edits
from pipeline.training.dataset import Dataset, gather_samples, load_dataset, sampled_name
from pipeline.training.progress_line import ProgressLine
from pipeline.training.rated import RATED, RatedSamples, rater_in_use
from pipeline.training.rating_fit import RatedCodes, Recipe, fit_scorer
from pipeline.training.saving import network_tensors, save_latent_network
from retouchml.errors import RetouchError, UsageError
from retouchml.paths import cache_dir
from stylegan2.latents import LatentSpace

_LIMITS = (
    "It knows the faces that the generator makes, and repeats the errors of what measured these: dlib's "
    "landmarks and recognition network, and the rater with the taste of those it learned from. It fits one "
    "latent space."
)
_SAMPLES = 30000  # an hour and a half of two cores that multiply in bfloat16
_ROUNDS = 2  # of samples along paths
_ROUND = 0.2  # share of the samples
_FEW = 500  # samples; a scorer of fewer is not worth climbing
_VERSION = 1  # of the fit; what was climbed by another is not used

Tables = Sequence[RatedSamples | ClimbedSamples]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of ``retouchml train scorer``."""
    add_sampling_arguments(parser, _SAMPLES)
    own_scorer.add_arguments(parser)
    refined_scorer.add_arguments(parser)


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    if arguments.ratings is not None and arguments.refine is not None:
        raise UsageError("A taste of your own is not refined on photographs.", "Leave `--refine` out.")
    if arguments.ratings is not None:
        return own_scorer.main(arguments)
    if arguments.name is not None:
        raise UsageError("A scorer with a name is one of your own taste.", "Add `--ratings FILE`.")
    if arguments.refine is not None:
        return refined_scorer.main(arguments)
    climbing = round(_ROUND * arguments.samples) if arguments.samples >= _FEW else 0
    drawn = arguments.samples - _ROUNDS * climbing
    dataset = load_dataset(arguments, "scorer", RATED, drawn, load_edits if climbing else None)
    tables: list[RatedSamples | ClimbedSamples] = [dataset.samples]
    _print_ratings("random", dataset.samples)
    for _ in range(_ROUNDS if climbing else 0):
        scorer = _kept_scorer(dataset, arguments.model, tables)
        tables.append(gather_samples(climbed(scorer), arguments.model, climbing, arguments.jobs))
        _print_ratings("climbed", tables[-1])
    network, shares = _fit(tables, dataset.generator.latents)
    explained, note = {"rating": shares[0]}, ""
    if climbing:
        explained["rating on paths"] = shares[-1]
        note = f"{_ROUNDS * climbing} of the codes lie on paths that climb an earlier scorer."
    save_latent_network(
        dataset, "scorer", network, explained, limits=_LIMITS, count=sum(map(len, tables)), note=note
    )
    return 0


def _print_ratings(kind: str, samples: RatedSamples | ClimbedSamples) -> None:
    ratings = samples.ratings
    sys.stdout.write(f"{len(ratings)} {kind} samples, rating {ratings.mean():.2f} ± {ratings.std():.2f}\n")
    sys.stdout.flush()


def _fit(tables: Tables, space: LatentSpace) -> tuple[RatingNetwork, list[float]]:
    recipe = Recipe()
    codes = [RatedCodes.of(table, space, recipe.components) for table in tables]
    return fit_scorer(codes, recipe, ProgressLine("fitting the scorer"))


def _kept_scorer(dataset: Dataset[RatedSamples], model: str, tables: Tables) -> Path:
    """A scorer in the cache folder, which is fitted to ``tables`` if it is not there."""
    generator = dataset.generator
    counts = "-".join(str(len(table)) for table in tables)
    name = f"scorer-{sampled_name(model)}-v{_VERSION}-{rater_in_use()}-{counts}.safetensors"
    path = cache_dir() / "training" / name
    try:
        load_scorer(path, generator)
    except RetouchError:
        network, _ = _fit(tables, generator.latents)
        facts = {"kind": "scorer", "latent_space": generator.latents.name}
        save_learned(path, network_tensors(network), facts)
    return path
