"""The progress bar on a terminal."""

import io
import os
import subprocess
from pathlib import Path

import pytest

from retouchml.cli.progress_bar import ProgressBar, duration, overall
from retouchml.progress import FaceStage
from tests.retouchml.running import environment, python


class Terminal(io.StringIO):
    """A terminal that speaks ``encoding``."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    @property
    def lines(self) -> list[str]:
        """What was drawn, one after the other."""
        return self.getvalue().split("\r\x1b[K")[1:]


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def bar(terminal: Terminal, clock: Clock, *, label: str = "", columns: int = 80) -> ProgressBar:
    return ProgressBar(terminal, label, clock=clock, columns=lambda: columns)


def test_the_line_shows_label_stage_fraction_and_time_left() -> None:
    terminal = Terminal()
    bar(terminal, Clock(), label="a.png")("inverting", 0.25, 65.4)
    assert terminal.lines == ["a.png inverting █████░░░░░░░░░░░░░░░  25% 1 min 05 s left"]


def test_one_of_several_faces_is_named() -> None:
    terminal = Terminal()
    bar(terminal, Clock())(FaceStage("invert", 2, 3), 0.5, None)
    assert terminal.lines == ["Measuring the face, face 2 of 3 ██████████░░░░░░░░░░  50%"]


def test_unknown_time_is_not_shown() -> None:
    terminal = Terminal()
    bar(terminal, Clock())("detecting", 0.0, None)
    assert terminal.lines == ["detecting ░░░░░░░░░░░░░░░░░░░░   0%"]


def test_a_terminal_that_knows_no_blocks_gets_ascii() -> None:
    terminal = Terminal("ascii")
    bar(terminal, Clock())("detecting", 0.5, None)
    assert terminal.lines == ["detecting ##########----------  50%"]


def test_the_line_never_fills_the_terminal() -> None:
    terminal = Terminal()
    bar(terminal, Clock(), label="x" * 100, columns=30)("detecting", 0.5, None)
    assert terminal.lines == ["x" * 29]


def test_drawing_is_thinned_out_but_a_new_stage_and_the_end_are_always_drawn() -> None:
    terminal, clock = Terminal(), Clock()
    progress = bar(terminal, clock)
    progress("a", 0.1, None)
    progress("a", 0.2, None)
    clock.now += 0.2
    progress("a", 0.3, None)
    progress("b", 0.4, None)
    progress("b", 1.0, None)
    assert [line.rsplit(maxsplit=1)[1] for line in terminal.lines] == ["10%", "30%", "40%", "100%"]


@pytest.mark.parametrize(("fraction", "shown"), [(-0.5, "0%"), (1.5, "100%")])
def test_a_fraction_out_of_range_is_clipped(fraction: float, shown: str) -> None:
    terminal = Terminal()
    bar(terminal, Clock())("a", fraction, None)
    assert terminal.lines[0].endswith(f" {shown}")
    assert len(terminal.lines[0]) < 40


def test_a_stage_is_shown_by_its_title() -> None:
    terminal = Terminal()
    bar(terminal, Clock())("invert", 0.5, None)
    assert terminal.lines == ["Measuring the face ██████████░░░░░░░░░░  50%"]


def test_the_bar_of_a_whole_retouch_never_runs_backwards_with_several_faces() -> None:
    terminal, clock = Terminal(), Clock()
    progress = overall(bar(terminal, clock))
    for stage, fraction in (
        ("detect", 0.0),
        ("detect", 1.0),
        ("invert", 0.25),
        ("invert", 0.5),
        ("beautify", 0.5),
        ("invert", 1.0),
        ("beautify", 1.0),
        ("render", 0.5),
        ("write", 0.0),
        ("write", 1.0),
    ):
        clock.now += 1.0
        progress(stage, fraction, None)
    percents = [int(line.rsplit(maxsplit=1)[1].removesuffix("%")) for line in terminal.lines]
    assert percents == sorted(percents)
    assert percents[0] < 25
    assert 25 < percents[3] < 75
    assert percents[-1] == 100


def test_closing_leaves_an_empty_line_and_an_unused_bar_leaves_nothing() -> None:
    used, unused = Terminal(), Terminal()
    progress = bar(used, Clock())
    progress("a", 0.5, None)
    progress.close()
    bar(unused, Clock()).close()
    assert used.lines[-1] == ""
    assert unused.getvalue() == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (-3, "0 s"), (125, "2 min 05 s")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


COMMAND = """
import sys
from retouchml.cli.main import main
from tests.stand_in_backend import Backend
sys.exit(main(sys.argv[1:], make_backend=Backend))
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("options", "terminal", "is_drawn"),
    [([], "xterm", True), (["--quiet"], "xterm", False), ([], "dumb", False)],
)
def test_the_bar_is_drawn_on_a_terminal_unless_quiet(
    options: list[str], terminal: str, is_drawn: bool, portrait: Path
) -> None:
    seen_by_us, stderr = os.openpty()
    command = python(COMMAND, "beautify", portrait, "-o", portrait.with_name("out.png"), *options)
    child = subprocess.run(command, env=environment(TERM=terminal), stdout=subprocess.DEVNULL, stderr=stderr)
    os.write(stderr, b"end")  # or reading would wait where nothing was drawn
    said = ""
    while not said.endswith("end"):
        said += os.read(seen_by_us, 1 << 16).decode()
    os.close(stderr)
    os.close(seen_by_us)
    assert child.returncode == 0
    assert ("Measuring the face" in said) is is_drawn
    assert said.endswith("\r\x1b[Kend") if is_drawn else said == "end"
