"""What training tells the person who waits for it."""

import sys
import time

import numpy as np
from numpy.typing import NDArray

from pipeline.training.scut import GROUPS


class Meter:
    """A progress line on standard error, at most one every few seconds."""

    def __init__(self, title: str, every: float = 5.0) -> None:
        self._title = title
        self._every = every
        self._start = time.monotonic()
        self._last = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last < self._every:
            return
        self._last = now
        remaining = f", {(now - self._start) / done * (total - done):.0f} s remain" if done else ""
        sys.stderr.write(f"{self._title}: {done} of {total}{remaining}\n")
        sys.stderr.flush()


def group_table(names: NDArray[np.str_], predicted: NDArray[np.float32], wanted: NDArray[np.float32]) -> str:
    """Count, Pearson and mean signed error of each group (Asian/Caucasian, female/male) as lines of text."""
    lines = []
    for group in GROUPS:
        rows = np.flatnonzero([name.startswith(group) for name in names])
        if len(rows) < 3:
            continue
        correlation = np.corrcoef(predicted[rows], wanted[rows])[0, 1]
        bias = float((predicted[rows] - wanted[rows]).mean())
        lines.append(f"  {group}: {len(rows)} photos, Pearson {correlation:.3f}, bias {bias:+.3f}\n")
    return "".join(lines)
