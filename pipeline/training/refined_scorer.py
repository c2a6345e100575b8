"""``retouchml train scorer --refine FOLDER``: the scorer in use learns from paths of photographs, too.

What it said of codes of the generator stays: beside the photographs, it learns its own ratings of other codes
and their gradients (self-distillation).
"""

import argparse
import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

import stylegan2
from pipeline.latent_network import learned_part, load_learned, trained_part
from pipeline.rating_network import RatingNetwork, load_scorer
from pipeline.training.arguments import check_output
from pipeline.training.climbed import load_edits
from pipeline.training.code_pictures import related_octaves
from pipeline.training.dataset import gather_samples
from pipeline.training.encoder_network_fit import photographs_in
from pipeline.training.fitting import explained, split
from pipeline.training.photo_paths import RATINGS, photo_paths
from pipeline.training.progress_line import ProgressLine
from pipeline.training.rating_fit import RatedCodes, mean_square, missed_by
from pipeline.training.saving import GENERATED, network_tensors, save_part
from retouchml.errors import UsageError
from retouchml.system.surroundings import file_path
from stylegan2.generator import Generator

_LEAST = 20  # faces; fewer leave nothing to hold out
_CHUNK = 250  # codes
_TESTED = 1000  # other codes, of which none was learned
_SEED = 99  # of the codes whose ratings stay
_LIMITS = (
    "It knows the faces that the generator makes and those of some photographs, and repeats the errors of "
    "what measured these: dlib's landmarks and recognition network, and the rater with the taste of those it "
    "learned from. It fits one latent space. It holds no photograph and no descriptor of one."
)


@dataclass(frozen=True)
class Recipe:
    """How a scorer is refined."""

    epochs: int = 40
    batch: int = 128
    rate: float = 5e-4
    decay: float = 0.1
    gradients: float = 16.0  # weight of their error, as in ``rating_fit.Recipe``
    codes: int = 4000  # of the generator, whose ratings stay
    codes_batch: int = 256
    codes_weight: float = 2.0


@dataclass(frozen=True)
class Kept:
    """What a scorer says of codes of the generator, in standard deviations."""

    octaves: Tensor  # [N, 9, components] whitened codes
    ratings: Tensor  # [N, M] by each member
    gradients: Tensor  # [N, M, 9, components] float16

    @classmethod
    def of(cls, network: RatingNetwork, octaves: Tensor) -> "Kept":
        """octaves: [N, 9, components]"""
        with torch.no_grad():
            said = [network.with_gradient(part) for part in torch.split(octaves, _CHUNK)]
        ratings, gradients = zip(*said, strict=True)
        return cls(octaves, torch.cat(ratings), torch.cat([part.half() for part in gradients]))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--refine",
        type=file_path,
        metavar="FOLDER",
        help=f"instead of a new one, teach the scorer in use on these photographs, {RATINGS} samples each",
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    if arguments.output:
        check_output(arguments.output)
    photographs = photographs_in(arguments.refine)
    generator = stylegan2.load(arguments.model)
    space = generator.latents.name
    output = arguments.output or trained_part("scorer", space)
    check_output(output)
    file = learned_part("scorer", space)
    scorer = load_scorer(file, generator)
    if not isinstance(scorer, RatingNetwork):
        raise UsageError(
            "The scorer in use is of an earlier version.", "Train a new one: retouchml train scorer."
        )
    load_edits(generator)  # without them nothing is climbed; better said now
    count = min(len(photographs), arguments.samples // RATINGS)
    samples = gather_samples(photo_paths(file, photographs), arguments.model, count, arguments.jobs)
    faces = samples.faces
    if len(faces) < _LEAST:
        raise UsageError(
            f"{len(faces)} of {count} photographs show a face, but {_LEAST} are needed.",
            "Choose a folder with more portraits.",
        )
    components = scorer.linear.shape[-1]
    train, test = (
        RatedCodes.of(samples.of(faces[part]), generator.latents, components) for part in split(len(faces))
    )
    recipe = Recipe()
    codes = _codes(generator, recipe.codes, components)
    refined = refine(scorer, train, codes, recipe, ProgressLine("refining"))
    moved = _moved(scorer, refined, _codes(generator, _TESTED, components, 1))
    known = f"{_explained(refined, test):.3f}"
    figures = (
        f"rating on unseen photographs' paths: explains {known} of the variance, "
        f"before {_explained(scorer, test):.3f}\n"
        f"rating of other codes: moved by {moved:.3f} (standard deviation)\n"
    )
    sys.stdout.write(figures)
    facts = load_learned(file, "scorer").metadata | {"photographs": str(len(faces)), "explained": known}
    save_part(
        output,
        network_tensors(refined),
        facts,
        title=f"Scorer of {space}",
        data=f"A scorer that was fitted on {facts.get('samples', 'other')} pictures of {generator.name}; it "
        f"then learned from {RATINGS * len(faces)} on paths that begin at {len(faces)} photographs.",
        figures=figures,
        command=f"retouchml train scorer --refine FOLDER --samples {RATINGS * count}",
        groups=GENERATED,
        limits=_LIMITS,
    )
    return 0


def refine(
    scorer: RatingNetwork,
    photographed: RatedCodes,
    codes: Tensor,  # [N, 9, components] whose ratings stay
    recipe: Recipe,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> RatingNetwork:
    """The scorer after it has learned from photographs; the one that is given stays as it is.

    progress: called after each epoch with the number of these, and how many there will be
    """
    torch.manual_seed(0)
    network = copy.deepcopy(scorer).requires_grad_(True)
    kept = Kept.of(scorer, codes)
    ratings = ((photographed.ratings - scorer.mean) / scorer.deviation)[:, None]
    gradients = photographed.gradients.float()[:, None] / scorer.deviation
    square = mean_square(gradients[:, 0])
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs)
    for epoch in range(1, recipe.epochs + 1):
        for rows in torch.split(torch.randperm(len(ratings)), recipe.batch):
            some = torch.randint(len(codes), (recipe.codes_batch,))
            learned = missed_by(network, photographed.octaves[rows], ratings[rows], gradients[rows])
            stayed = missed_by(network, codes[some], kept.ratings[some], kept.gradients[some].float())
            error, missed = (a + recipe.codes_weight * b for a, b in zip(learned, stayed, strict=True))
            loss = error + recipe.gradients * missed / square
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
        progress(epoch, recipe.epochs)
    return network.requires_grad_(False)


def _codes(generator: Generator, count: int, components: int, seed: int = 0) -> Tensor:
    """Codes [N, 9, components] of the generator, as scorers see them."""
    drawn = [octaves[:, -components:] for octaves, _ in related_octaves(generator, count, _SEED + seed)]
    return torch.from_numpy(np.stack(drawn))


def _explained(network: RatingNetwork, codes: RatedCodes) -> float:
    return float(explained(network.values(codes.octaves).mean(1), codes.ratings))


def _moved(before: RatingNetwork, after: RatingNetwork, codes: Tensor) -> float:
    return float((after.values(codes) - before.values(codes)).mean(1).std())
