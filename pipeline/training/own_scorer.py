"""``retouchml train scorer NAME --ratings FILE``: a scorer of one's own taste.

FILE holds compared pairs, as ``retouchml rate`` keeps them, or is a list of Elo numbers of photographs (CSV).
The taste is learned on what instruments see of the faces; the shared network carries it to the code.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

import stylegan2
from pipeline.align import ffhq_alignment
from pipeline.latent_network import LatentNetwork, learned_part
from pipeline.rating_network import RatingNetwork, load_scorer
from pipeline.taste import answers as answer_files
from pipeline.taste import elo
from pipeline.taste.bradley_terry import fit, unseen_differences
from pipeline.taste.faces import DrawnFaces
from pipeline.taste.gallery import Gallery
from pipeline.taste.judgement import Judgement, facts_of, tensors_of
from pipeline.taste.measuring import Instruments
from pipeline.taste.pairs import offsets_of
from pipeline.taste.representation import Floats, Representation, Seen, load_representation, stacked
from pipeline.training.arguments import check_output
from pipeline.training.labellers import load_finder
from pipeline.training.progress_line import ProgressLine
from pipeline.training.saving import GENERATED, save_part
from retouchml import own_parts
from retouchml.errors import LatentSpaceMismatch, UsageError
from retouchml.system.surroundings import file_path
from stylegan2.generator import Generator

_FEWEST = 30  # decided pairs
_PARTS = 5  # of the cross-validation
_SAMPLES = 2000  # codes that give the scorer its unit
_CROP = 256  # pixels; of photographs
_WIDTHS = tuple(float(width) for width in np.geomspace(0.05, 4.0, 12))
_LIMITS = (
    "It repeats one person's taste in some hundred faces, and knows no more of a face than the shared "
    "network does. A score is no fact about a person: it must not be used to judge people. It fits one "
    "latent space."
)


@dataclass(frozen=True)
class Taste:
    """What was learned. weights: [P] of the features; figures: how it does, a line each; data: from what"""

    weights: Floats
    figures: str
    data: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="of a scorer of your own taste (default, with --ratings: mine)",
    )
    parser.add_argument(
        "--ratings",
        type=file_path,
        metavar="FILE",
        help="learn a taste of your own from these: pairs of `retouchml rate`, or a CSV of pictures and "
        "Elo numbers",
    )


def main(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    name = own_parts.check_name(arguments.name or "mine", (own_parts.STANDARD,))
    if arguments.ratings.suffix.lower() == ".csv":
        generator = stylegan2.load(arguments.model)
        representation = load_representation(generator)
        taste = _taste_of_list(arguments.ratings, representation)
    else:
        generator, representation, taste = _taste_of_pairs(arguments.ratings)
    space = generator.latents.name
    output = arguments.output or own_parts.place(own_parts.SCORERS, space, name)
    check_output(output)
    standard = load_scorer(learned_part("scorer", space), generator)
    judgement = scorer_of(name, taste.weights, representation, generator, standard)
    sys.stdout.write(taste.figures)
    save_part(
        output,
        tensors_of(judgement),
        {**facts_of(judgement, own_parts.SCORERS, space), "title": name.replace("_", " ").capitalize()},
        title=f"Scorer {name}",
        data=taste.data,
        figures=taste.figures,
        command=f"retouchml train scorer {name} --ratings FILE",
        groups=GENERATED,
        limits=_LIMITS,
    )
    sys.stdout.write(
        f'`retouchml beautify --scorer {name}` uses it, and so does everything after `scorer = "{name}"` in '
        "config.toml, or in the editors' settings.\n"
    )
    return 0


def scorer_of(
    name: str,
    weights: Floats,  # [P] of the features
    representation: Representation,
    generator: Generator,
    standard: LatentNetwork | RatingNetwork,
) -> Judgement:
    """The scorer for weights of features; its scores vary as much as those of the standard one."""
    judgement = Judgement(name, representation.network)
    judgement.weights.copy_(torch.from_numpy(weights * representation.scale).float())
    judgement.standardize(DrawnFaces(generator, 0).octaves(range(_SAMPLES)))
    judgement.mean.copy_(standard.mean[:1])
    judgement.deviation.copy_(standard.deviation[:1])
    return judgement.eval().requires_grad_(False)


def _taste_of_pairs(path: Path) -> tuple[Generator, Representation, Taste]:
    ratings = answer_files.read(path, "ratings")
    decided = [answer for answer in ratings.counted if answer.choice != answer_files.TIE]
    if len(decided) < _FEWEST:
        raise UsageError(
            f"{path} holds only {len(decided)} decided pairs.",
            f"Rate on: {_FEWEST} are needed at least, and 300 make a good scorer.",
        )
    generator = stylegan2.load(ratings.model)
    if generator.latents.name != ratings.space:
        raise LatentSpaceMismatch(
            f"{ratings.model} has another latent space than the faces that were rated.",
            "Use the model with which they were.",
        )
    representation, gallery = load_representation(generator), Gallery(DrawnFaces(generator, ratings.seed))
    gallery.measure(
        (face for answer in ratings.counted for face in answer.faces), ProgressLine("measuring the faces")
    )
    offsets, outcomes = offsets_of(*gallery.features(representation), ratings)
    found = fit(offsets, outcomes)
    right = _foretold(offsets, outcomes)
    ties = int((outcomes == 0).sum())
    figures = (
        f"{len(outcomes)} pairs, {ties} of them equal; foretells {right:.0%} of unseen decisions "
        "(pairs that were chosen are hard ones)\n"
    )
    data = f"Fitted on {len(outcomes)} pairs of faces by {generator.name} that one person compared."
    return generator, representation, Taste(found.mean, figures, data)


def _taste_of_list(path: Path, representation: Representation) -> Taste:
    listed = elo.read(path)
    seen, kept = _seen(listed.pictures)
    features = representation.measured(seen)
    scores = np.array(listed.elos)[kept] * (np.log(10.0) / elo.PER_DECADE)  # in units of log odds
    if not scores.std() > 0:
        raise UsageError(f"All numbers in {path} are the same.", "Then there is nothing to learn.")
    weights = _regression(features - features.mean(0), scores - scores.mean())
    order = np.random.default_rng(0).permutation(len(scores))
    foretold = np.zeros(len(scores))
    for part in range(_PARTS):
        test = order[part::_PARTS]
        train = np.setdiff1d(order, test)
        middle = features[train].mean(0)
        fitted = _regression(features[train] - middle, scores[train] - scores[train].mean())
        foretold[test] = (features[test] - middle) @ fitted
    agreement = float(np.corrcoef(_ranks(foretold), _ranks(scores))[0, 1])
    figures = (
        f"{len(scores)} of {len(listed.pictures)} pictures show a face; "
        f"Spearman {agreement:.2f} on unseen ones\n"
    )
    return Taste(weights, figures, f"Fitted on a list of {len(scores)} pictures with Elo numbers.")


def _seen(pictures: Sequence[Path]) -> tuple[Seen, list[int]]:
    """What is seen of the largest face of each picture, and the numbers of the pictures that have one."""
    finder, instruments, progress = load_finder(), Instruments.load(), ProgressLine("measuring the pictures")
    rows, kept = [], []
    for number, path in enumerate(pictures):
        progress(number, len(pictures))
        image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if image is None:
            raise UsageError(f"{path} is no readable picture.", "Leave it out of the list.")
        faces = finder.find(image)
        if faces:
            rows.append(instruments.see(ffhq_alignment(faces[0].landmarks, _CROP).cut(image)))
            kept.append(number)
    if len(rows) < _FEWEST:
        raise UsageError(f"Only {len(rows)} of the pictures show a face.", f"{_FEWEST} are needed at least.")
    return stacked(rows), kept


def _foretold(offsets: Floats, outcomes: Floats) -> float:
    """The share of decided pairs whose winner is told from the others."""
    told = unseen_differences(offsets, outcomes)
    decided = outcomes != 0
    return float((np.sign(told[decided]) == outcomes[decided]).mean())


def _regression(features: Floats, scores: Floats) -> Floats:
    """Weights [P] of the ridge regression of scores [N] on features [N, P], both centred.

    The prior's width, beside the noise, is the one under which the scores are most probable.
    """
    count = len(scores)

    def evidence(width: float) -> float:
        covariance = np.eye(count) + features @ features.T * width**2
        fitted = scores @ np.linalg.solve(covariance, scores)
        return float(-np.linalg.slogdet(covariance)[1] / 2.0 - count / 2.0 * np.log(fitted))

    width = max(_WIDTHS, key=evidence)
    gram = features.T @ features + np.eye(features.shape[1]) / width**2
    return np.asarray(np.linalg.solve(gram, features.T @ scores), np.float64)


def _ranks(values: Floats) -> Floats:
    return np.argsort(np.argsort(values)).astype(np.float64)
