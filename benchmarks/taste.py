"""How well a taste is learned from compared pairs: ``python -m benchmarks.taste``.

Raters with known tastes compare pairs of the generator's faces, chosen actively or at random, with the noise
and the ties of people. The table shows the Spearman correlation between what was learned and the taste, on
faces that were in no pair: of their pictures, and of their codes alone, as the ascent sees them.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

import stylegan2
from pipeline.rater import FeatureRater, PixelRater
from pipeline.taste.answers import LEFT, RIGHT, TIE, Answer, Answers
from pipeline.taste.bradley_terry import fit, probabilities
from pipeline.taste.measuring import ATTRIBUTES
from pipeline.taste.pairs import PairChooser, offsets_of
from pipeline.taste.representation import Floats, Representation, load_representation
from pipeline.training.dataset import gather_samples
from pipeline.training.fitting import octaves_of
from pipeline.training.labelled import LABELLED, LabelledSamples
from pipeline.training.labellers import load_recognizer
from pipeline.training.taste import seen_of
from retouchml.settings import DEFAULT_MODEL

COUNTS = (100, 200, 300)
_SLOPE = 2.0  # of a rater: two faces that are one standard deviation apart are told in 7 of 8 pairs
_TIE = 0.4  # of a rater: two equal faces are called so once in six times


@dataclass(frozen=True)
class Faces:
    """Faces with their features [N, P] as seen and as the codes let expect, and the tastes [N] of raters.

    pool: how many of them, from the first on, are compared; the others are unseen
    """

    seen: Floats
    expected: Floats
    tastes: Mapping[str, Floats]
    pool: int


def load_faces(samples: LabelledSamples, representation: Representation, pool: int) -> Faces:
    """The faces of samples, and raters with known tastes: one that learned from people, and plain rules."""
    generator = stylegan2.load(DEFAULT_MODEL)
    seen = seen_of(samples, FeatureRater(load_recognizer()))
    chips = torch.from_numpy(samples.chips).permute(0, 3, 1, 2).float() / 255.0
    value = dict(zip(ATTRIBUTES, _standardized(seen.attributes.astype(np.float64)).T, strict=True))
    tastes = {
        "people (the judge)": PixelRater().rate_chips(chips).astype(np.float64),
        "young and smiling": value["smile"] - value["age"],
        "strong brows, male": value["male"] + 0.5 * value["brows"] - 0.5 * value["eyes_open"],
        "old, with glasses": value["age"] + value["glasses"],
    }
    return Faces(
        representation.measured(seen),
        representation.predicted(octaves_of(samples, generator.latents)),
        {name: _standardized(taste) for name, taste in tastes.items()},
        pool,
    )


def compare(faces: Faces, taste: Floats, count: int, seed: int, *, active: bool) -> Answers:
    """What a rater of a taste answers to ``count`` pairs."""
    random = np.random.default_rng(seed)
    pool = range(faces.pool)
    chooser = PairChooser(lambda: (pool, faces.seen[: faces.pool]), seed)
    answers = Answers("ratings", DEFAULT_MODEL, "", seed)
    for _ in range(count):
        drawn = random.choice(faces.pool, 2, replace=False)
        left, right = chooser(answers, ()) if active else (int(drawn[0]), int(drawn[1]))
        chances = probabilities(np.array([_SLOPE * (taste[left] - taste[right])]), _TIE)[0]
        choice = (LEFT, TIE, RIGHT)[int(random.choice(3, p=chances))]
        answers = answers.with_answer(Answer((left, right), choice))
    return answers


def agreement(faces: Faces, taste: Floats, answers: Answers) -> tuple[float, float]:
    """Spearman on unseen faces, of their pictures and of their codes."""
    offsets, outcomes = offsets_of(range(faces.pool), faces.seen[: faces.pool], answers)
    weights = fit(offsets, outcomes).mean
    unseen = slice(faces.pool, None)
    of_pictures, of_codes = (
        spearman(table[unseen] @ weights, taste[unseen]) for table in (faces.seen, faces.expected)
    )
    return of_pictures, of_codes


def spearman(one: Floats, other: Floats) -> float:
    """The correlation of ranks; ties do not occur."""
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--pool", type=int, default=400, help="faces that are compared (default: %(default)s)"
    )
    parser.add_argument("--unseen", type=int, default=600, help="other faces (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="raters of each taste (default: %(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=2, help="processes that draw faces (default: %(default)s)"
    )
    arguments = parser.parse_args()
    representation = load_representation(stylegan2.load(DEFAULT_MODEL))
    samples = gather_samples(LABELLED, DEFAULT_MODEL, arguments.pool + arguments.unseen, arguments.jobs)
    faces = load_faces(samples, representation, arguments.pool)
    print(f"{arguments.pool} faces compared, {len(samples) - arguments.pool} unseen; pictures (codes)")
    print("| taste | pairs | " + " | ".join(map(str, COUNTS)) + " |\n|---|---|" + "---|" * len(COUNTS))
    for name, taste in faces.tastes.items():
        for active in (False, True):
            rows = []
            for seed in range(arguments.repeat):
                answers = compare(faces, taste, COUNTS[-1], seed, active=active)
                first = [Answers("ratings", "", "", 0, "", answers.answers[:count]) for count in COUNTS]
                rows.append([agreement(faces, taste, part) for part in first])
            means = np.mean(rows, 0)
            cells = " | ".join(f"{seen:.2f} ({code:.2f})" for seen, code in means)
            print(f"| {name} | {'active' if active else 'random'} | {cells} |", flush=True)


def _standardized(values: Floats) -> Floats:
    low, high = np.quantile(values, (0.005, 0.995), axis=0)
    cut = np.clip(values, low, high)
    return np.asarray((cut - cut.mean(0)) / cut.std(0), np.float64)


if __name__ == "__main__":
    main()
