"""How the raters serve people of whom they have seen none: a table by group.

    python -m benchmarks.other_people --data FOLDER             MEBeauty, or a folder laid out like it
    python -m benchmarks.other_people --data FOLDER --gains 3   retouches so many of each group, too

The folder has ``images/SEX/GROUP/FILE`` and ``scores.tsv``, a file's name and its mean rating on each line
after the first. Nothing is learned from it. Ratings of two scales are compared after each is centred and
scaled over the whole set, so a bias is in standard deviations: what a group gets more than people gave it.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.pictures import read_picture
from pipeline.rater import FeatureRater, PixelRater
from pipeline.threads import threads_restored
from pipeline.training.labellers import load_finder, load_recognizer
from pipeline.training.progress_line import ProgressLine
from retouchml.errors import RetouchError, UsageError

_HALVED = 0.3  # rating points of disagreement that halve the distance from the middle


@dataclass(frozen=True)
class Rated:
    """N faces and their ratings."""

    groups: NDArray[np.str_]  # [N]
    people: NDArray[np.float64]  # [N] means of human ratings
    rater: NDArray[np.float64]  # [N]
    judge: NDArray[np.float64]  # [N]


def pulled(rater: NDArray[np.float64], judge: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of two raters [N], the nearer to their middle rating the more they disagree."""
    both = (rater + judge) / 2.0
    middle = float(both.mean())
    return np.asarray(middle + (both - middle) / (1.0 + ((rater - judge) / _HALVED) ** 2))


def by_group(
    said: NDArray[np.float64], people: NDArray[np.float64], groups: NDArray[np.str_]
) -> dict[str, tuple[float, float]]:
    """Pearson and bias, in standard deviations, of ratings [N] in each group, and of all as ``all``."""

    def scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((values - values.mean()) / values.std())

    above = scaled(said) - scaled(people)
    result = {"all": (float(np.corrcoef(said, people)[0, 1]), 0.0)}
    for group in np.unique(groups):
        rows = groups == group
        result[str(group)] = float(np.corrcoef(said[rows], people[rows])[0, 1]), float(above[rows].mean())
    return result


def read_scores(folder: Path) -> dict[str, float]:
    """Mean ratings by file name. Raises UsageError."""
    try:
        lines = (folder / "scores.tsv").read_text(encoding="utf-8").splitlines()[1:]
        return {name: float(rating) for name, rating, *_ in (line.split("\t") for line in lines)}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder} has no scores.tsv that can be read.", "Give MEBeauty's folder."
        ) from error


def rate(folder: Path) -> Rated:
    """Rate every face of the folder. Raises UsageError if no picture of it shows one."""
    scores = read_scores(folder)
    finder, rater, judge = load_finder(), FeatureRater(load_recognizer()), PixelRater()
    progress = ProgressLine("rating")
    rows = []
    for done, (name, people) in enumerate(sorted(scores.items())):
        progress(done, len(scores))
        pixels = read_picture(folder / "images" / name).pixels
        faces = finder.find(pixels)
        if faces:
            picture = np.asarray(pixels[..., :3], np.float32) / np.float32(np.iinfo(pixels.dtype).max)
            points = faces[0].landmarks
            rows.append(
                (Path(name).parts[-2], people, rater.rate(picture, points), judge.rate(picture, points))
            )
    if not rows:
        raise UsageError(f"No picture of {folder} shows a face.", "Give MEBeauty's folder.")
    groups, *ratings = zip(*rows, strict=True)
    return Rated(np.array(groups), *(np.array(each, np.float64) for each in ratings))


def gains(folder: Path, count: int) -> Mapping[str, tuple[float, float]]:
    """The mean rise at strength 1 by group, of ``count`` faces each: by the rater, and by the judge."""
    from pipeline.retoucher import Retoucher
    from retouchml.look import Look

    retoucher, judge = Retoucher(), PixelRater()
    names: dict[str, list[str]] = {}
    for name in sorted(read_scores(folder)):
        names.setdefault(Path(name).parts[-2], []).append(name)
    rises: dict[str, list[tuple[float, float]]] = {}
    for group, those in names.items():
        for name in those[:: max(1, len(those) // count)][:count]:
            picture = read_picture(folder / "images" / name)
            photo = retoucher.open(picture.pixels, icc=picture.icc)
            patches = photo.render({0: Look(1.0)}) if photo.faces else []
            for report in photo.report(patches):
                points = np.array(photo.faces[0].landmarks)
                before, after = (judge.rate(each, points) for each in (picture.pixels, photo.apply(patches)))
                rises.setdefault(group, []).append((report.score_after - report.score_before, after - before))
    means = {group: np.mean(rise, axis=0) for group, rise in rises.items()}
    return {group: (float(guide), float(judge)) for group, (guide, judge) in means.items()}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


@threads_restored()
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="How the raters serve people of whom they have seen none.")
    parser.add_argument("--data", type=Path, required=True, help="folder laid out like MEBeauty")
    parser.add_argument("--gains", type=int, default=0, help="faces of each group to retouch at strength 1")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        if options.gains:
            rises = gains(options.data, options.gains)
            sys.stdout.write(
                table(
                    ("group", "gain by the rater", "gain by the judge"),
                    [(group, f"{guide:+.2f}", f"{judge:+.2f}") for group, (guide, judge) in rises.items()],
                )
            )
            return 0
        rated = rate(options.data)
    except RetouchError as error:
        sys.stderr.write(f"{error.explain()}\n")
        return 1
    ways = {
        "rater": rated.rater,
        "judge": rated.judge,
        "mean": (rated.rater + rated.judge) / 2.0,
        "pulled": pulled(rated.rater, rated.judge),
    }
    found = {way: by_group(said, rated.people, rated.groups) for way, said in ways.items()}
    rows = [
        (group, *(f"{found[way][group][0]:.2f} ({found[way][group][1]:+.2f})" for way in ways))
        for group in found["rater"]
    ]
    sys.stdout.write(table(("group", *ways), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
