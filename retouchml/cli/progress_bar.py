"""A progress bar of one terminal line: label, stage, bar, per cent, time left."""

import shutil
import time
from collections.abc import Callable
from typing import TextIO

from retouchml.progress import OverallProgress, Progress, describe
from retouchml.system.terminal import fitting, printable
from retouchml.translation import translated

_BAR_WIDTH = 20
_SECONDS_BETWEEN_DRAWINGS = 0.1


class ProgressBar:
    """A bar on ``stream``, a terminal; an instance is a ``progress.Progress``.

    ``clock`` gives seconds and ``columns`` the terminal's width.
    """

    def __init__(
        self,
        stream: TextIO,
        label: str = "",
        *,
        clock: Callable[[], float] = time.monotonic,
        columns: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
    ) -> None:
        self._stream = stream
        self._label = label
        self._clock = clock
        self._columns = columns
        self._full, self._empty = _blocks(stream)
        self._drawn_at: float | None = None
        self._drawn_stage = ""

    def __call__(self, stage: str, fraction: float, remaining: float | None = None) -> None:
        """Show the title of ``stage``, ``fraction`` (0 to 1) as done and ``remaining`` seconds, if known."""
        now = self._clock()
        too_soon = self._drawn_at is not None and now - self._drawn_at < _SECONDS_BETWEEN_DRAWINGS
        if too_soon and stage == self._drawn_stage and fraction < 1:
            return
        self._drawn_at, self._drawn_stage = now, stage
        fraction = min(max(fraction, 0.0), 1.0)
        full = round(fraction * _BAR_WIDTH)
        bar = self._full * full + self._empty * (_BAR_WIDTH - full)
        parts = [printable(describe(stage, None, translated)), bar, f"{fraction:4.0%}"]
        if self._label:
            parts.insert(0, self._label)
        if remaining is not None:
            parts.append(translated(f"{duration(remaining)} left"))
        # One column stays free: a terminal that wraps at its last one would scroll.
        self._write(fitting(" ".join(parts), max(self._columns() - 1, 0)))

    def close(self) -> None:
        """Clear the line."""
        if self._drawn_at is not None:
            self._write("")
            self._drawn_at = None

    def _write(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}")
        self._stream.flush()


def overall(bar: Progress) -> Progress:
    """A progress call that shows on ``bar`` the fraction of the whole retouch instead of the stage's."""
    total = OverallProgress()

    def show(stage: str, fraction: float, remaining: float | None) -> None:
        bar(stage, total.update(stage, fraction), remaining)

    return show


def duration(seconds: float) -> str:
    """``seconds`` for a reader: ``8 s``, ``2 min 05 s``."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60:02d} s"


def _blocks(stream: TextIO) -> tuple[str, str]:
    try:
        "█░".encode(getattr(stream, "encoding", None) or "ascii")
    except UnicodeEncodeError:
        return "#", "-"
    return "█", "░"
