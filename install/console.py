"""The installer's output: one line for each step, with the seconds it took.

No control character passes, for names of folders and the words of pip are others' text.
"""

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from retouchml.system import setup_reports
from retouchml.system.terminal import printable, printable_lines

_WIDTH = 52
_REDRAW_SECONDS = 1.0

Tick = Callable[[], None]
"""To be called often while a step lasts, so that a terminal shows the seconds that pass."""


class Console:
    """Prints steps to standard output and errors to standard error."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # a folder's name may hold letters that this terminal cannot show
                stream.reconfigure(errors="replace")
        self._live = sys.stdout is not None and sys.stdout.isatty()
        self._reports = setup_reports.are_wanted()

    def say(self, text: str = "") -> None:
        """Print a line."""
        if self._reports:
            self.report(say=printable_lines(text))
            return
        print(printable_lines(text), flush=True)

    def error(self, text: str) -> None:
        """Print a line to standard error."""
        if self._reports:
            self.report(error=printable_lines(text))
            return
        print(printable_lines(text), file=sys.stderr, flush=True)

    def report(self, **fields: Any) -> None:
        """Tell the program that started this one, if it is one that reads reports."""
        if self._reports:
            print(setup_reports.line(**fields), flush=True)

    def agrees(self, question: str) -> bool:
        """Whether the person at the terminal says yes; False if there is none."""
        if not (self._live and sys.stdin is not None and sys.stdin.isatty()):
            return False
        try:
            return input(f"{printable_lines(question)} [y/N] ").strip().lower() in ("y", "yes")
        except EOFError:
            self.say()
            return False

    @contextmanager
    def step(self, title: str, *, silent: bool = True, arrivals: Path | None = None) -> Iterator[Tick]:
        """A step, which prints its line at the end, and on a terminal also while it lasts.

        silent:   whether nothing else prints meanwhile; otherwise the line is printed at the end only
        arrivals: the folder into which it fetches; its size is reported while it grows

        Yields a function to call often, so that the line is drawn again.
        """
        start = time.monotonic()
        drawn = start - _REDRAW_SECONDS
        most = 0  # bytes that were reported

        start_of_line = "\r" if self._live and silent else ""

        def draw(mark: str, end: str) -> None:
            if self._reports:
                return
            # each drawing is as long as the last: no terminal has to know how to clear a line
            print(f"{start_of_line}{printable(title):{_WIDTH}} {mark:>8}", end=end, flush=True)

        def tick() -> None:
            nonlocal drawn, most
            now = time.monotonic()
            if now - drawn < _REDRAW_SECONDS:
                return
            drawn = now
            if self._live and silent:
                draw(f"{now - start:.0f} s", "")
            if self._reports and arrivals is not None and (size := _size(arrivals)) > most:
                most = size
                self.report(fetched=size)

        self.report(step=title, state=setup_reports.BEGUN)
        tick()
        try:
            yield tick
        except BaseException as error:
            self.report(step=title, state=setup_reports.BROKEN)
            if silent:
                draw(getattr(error, "mark", "stopped"), "\n")
            raise
        draw(f"{time.monotonic() - start:.1f} s", "\n")
        self.report(step=title, state=setup_reports.DONE)


def _size(folder: Path) -> int:
    """Bytes of the files in a folder, as far as they can be seen: some vanish meanwhile."""
    total = 0
    with suppress(OSError):
        for path in folder.rglob("*"):
            with suppress(OSError):
                total += path.stat().st_size if path.is_file() else 0
    return total
