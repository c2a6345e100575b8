"""The table of all figures with their goals, and the file that keeps the rows."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from benchmarks.quality.row import FIGURES, Figure, Goal, Row
from retouchml.errors import UsageError


@dataclass(frozen=True)
class Measured:
    """A photo with the strength of its retouch, and its row, or the reason why it has none."""

    photo: str
    strength: float
    row: Row | None
    skipped: str = ""

    def as_line(self) -> str:
        """A line of JSON; NaN is null."""
        values = {} if self.row is None else {name: _json(value) for name, value in asdict(self.row).items()}
        more = {"skipped": self.skipped} if self.row is None else {}
        return json.dumps({"photo": self.photo, "strength": self.strength, **more, **values})

    @classmethod
    def of_line(cls, line: str) -> "Measured":
        """Read a line back; a figure that it does not know is NaN. Raises UsageError."""
        try:
            values = json.loads(line)
            photo, strength = str(values["photo"]), float(values["strength"])
            if "skipped" in values:
                return cls(photo, strength, None, str(values["skipped"]))
            return cls(photo, strength, _row(values))
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{line[:60]!r} is no row of figures.") from error


def _json(value: float) -> float | None:
    return None if math.isnan(value) else value


def _row(values: Mapping[str, object]) -> Row:
    found = {field.name: values.get(field.name) for field in fields(Row)}
    if all(value is None for value in found.values()):
        raise ValueError("no figure")
    numbers = {
        name: math.nan if value is None else float(value)  # type: ignore[arg-type]
        for name, value in found.items()
    }
    return Row(**{**numbers, "untouched": bool(found["untouched"])})  # type: ignore[arg-type]


def read_rows(files: Iterable[Path]) -> list[Measured]:
    """The rows of files. Raises UsageError."""
    rows = []
    for file in files:
        try:
            text = file.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise UsageError(f"{file} cannot be read.") from error
        rows += [Measured.of_line(line) for line in text.splitlines() if line.strip()]
    return rows


def totals(measured: Sequence[Measured]) -> str:
    """Median, mean and worst of every figure, on how many faces, and whether its goals are reached.

    Of figures that are best near 0, median and mean are of their size, and the worst has its sign.
    """
    rows = [(each, each.row) for each in measured if each.row is not None]
    lines = [
        f"{each.photo} is left out at strength {each.strength:g}: {each.skipped}\n"
        for each in measured
        if each.row is None
    ]
    if not rows:
        return "".join(lines)
    lines.append(f"{'':12}{'median':>9}{'mean':>9}{'worst':>9}{'faces':>7}  goal\n")
    strengths = {each.strength for each, _ in rows}
    for figure in FIGURES:
        values = np.array([float(getattr(row, figure.name)) for _, row in rows])
        seen = ~np.isnan(values)
        if not seen.any():
            continue
        weights = np.array([row.spots for _, row in rows])[seen]
        values, names = values[seen], [each.photo for each, _ in rows if not _missing(each, figure)]
        number = figure.worst(values)
        sizes = figure.sizes(values)
        shown = (np.median(sizes), sizes.mean(), values[number])
        goals = [
            _judged(figure, goal, values, weights)
            for goal in figure.goals
            if goal.strength is None or strengths == {goal.strength}
        ]
        lines.append(
            f"{figure.name:12}"
            + "".join(f"{value:9.3f}" for value in shown)
            + f"{len(values):7}  {', '.join(goals) or '-'}; worst: {names[number]}\n"
        )
    positive = np.mean([row.gain > 0 for _, row in rows])
    lines.append(f"positive gain: {positive:.0%} of {len(rows)} photos\n")
    return "".join(lines)


def _missing(each: Measured, figure: Figure) -> bool:
    return math.isnan(getattr(each.row, figure.name))


def _judged(
    figure: Figure, goal: Goal, values: np.ndarray[tuple[int], np.dtype[np.float64]], spots: np.ndarray
) -> str:
    """A goal, and whether values [N] of faces with so many spots [N] reach it."""
    sizes = figure.sizes(values)
    reached = {
        "median": lambda: float(np.median(sizes)),
        "mean": lambda: float(sizes.mean()),
        "worst": lambda: float(sizes[figure.worst(values)]),
        "pooled": lambda: float((sizes * spots).sum() / max(1.0, float(spots.sum()))),
    }[goal.statistic]()
    sign = "≥" if figure.better == "higher" else "≤"
    shown = f" ({reached:.3f})" if goal.statistic == "pooled" else ""
    verdict = "yes" if figure.reaches(reached, goal.bound) else "no"
    if goal.statistic == "worst" and verdict == "no":
        failing = sum(not figure.reaches(float(size), goal.bound) for size in sizes)
        verdict = f"no, {failing} of {len(sizes)}"
    return f"{goal.statistic}{shown} {sign} {goal.bound:g}: {verdict}"
