"""An inversion's steps, quiet and beside busy processes, with our way of waiting and with torch's own.

    python -m benchmarks.busy [--repeat N] [--busy N]

Each way runs in a process of its own, and they take turns, so that what else the machine does meets all of
them: compare the columns of one run, not those of two. The models must be fetched before.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

_TOP = Path(__file__).parents[1]
_PORTRAIT = _TOP / "pipeline" / "portrait" / "astronaut.png"
_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_NUM_THREADS")
# what libgomp and libomp do if nothing is set
_SPINNING = {"GOMP_SPINCOUNT": "300000", "KMP_BLOCKTIME": "200"}
_WAYS = {"brief spin": {}, "torch's own": _SPINNING, "one thread": {"OMP_NUM_THREADS": "1"}}
_LOOP = "while True: pass"


@dataclass(frozen=True)
class Row:
    """The medians, in seconds, of each way in turn."""

    title: str
    seconds: tuple[float, ...]

    def text(self) -> str:
        """The row as a line of the table."""
        return f"{self.title:24}" + "".join(f"{value:14.2f}" for value in self.seconds) + "\n"


class Inverting:
    """A process that does the steps of an inversion whenever it is asked."""

    def __init__(self, variables: dict[str, str]) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in _VARIABLES}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.busy", "--steps"],
            cwd=_TOP,
            env=environment | variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.seconds()  # the first one also loads everything

    def seconds(self) -> float:
        """Do the steps; the seconds that they took."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


@contextmanager
def ended(process: "subprocess.Popen[str]") -> Iterator[None]:
    """A block after which the process has ended."""
    try:
        yield
    finally:
        process.kill()
        process.communicate()


@contextmanager
def load(count: int) -> Iterator[None]:
    """A block beside which ``count`` processes keep a core busy each."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(ended(subprocess.Popen([sys.executable, "-c", _LOOP], text=True)))
        yield


def medians(processes: Sequence[Inverting], repeat: int) -> tuple[float, ...]:
    """The median of each process's seconds; they take turns."""
    rounds = [[process.seconds() for process in processes] for _ in range(repeat)]
    return tuple(map(statistics.median, zip(*rounds, strict=True)))


def measure(repeat: int, busy: int) -> Iterator[Row]:
    """The rows of the table."""
    with ExitStack() as stack:
        processes = []
        for variables in _WAYS.values():
            processes.append(Inverting(variables))
            stack.enter_context(ended(processes[-1].process))
        quiet = medians(processes, repeat)
        yield Row("no other process", quiet)
        with load(busy):
            loaded = medians(processes, repeat)
    yield Row(f"{busy} busy processes", loaded)
    yield Row("times as long", tuple(late / early for late, early in zip(loaded, quiet, strict=True)))


def do_steps() -> None:
    """Do steps of an inversion at each size, once for every line of standard input."""
    import numpy as np

    from pipeline.invert import RECIPE
    from pipeline.networks import load_networks
    from pipeline.pictures import read_picture

    networks = load_networks("ffhq-mobile", "cpu")
    crop = np.ascontiguousarray(read_picture(_PORTRAIT).pixels[:256, 96:352, :3], np.float32) / 255.0
    points = np.random.default_rng(0).uniform(60.0, 200.0, (68, 2))
    recipe = [replace(each, steps=max(each.steps // 5, 1)) for each in RECIPE]
    for _ in sys.stdin:
        start = time.monotonic()
        networks.inverter.invert(crop, points, recipe=recipe)
        sys.stdout.write(f"{time.monotonic() - start}\n")
        sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure an inversion's steps beside busy processes.")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--busy", type=int, default=2 * (os.cpu_count() or 1), metavar="N", help="(default: %(default)s)"
    )
    parser.add_argument("--steps", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.steps:
        do_steps()
        return 0
    average = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    sys.stdout.write(f"a fifth of an inversion's steps, {os.cpu_count()} cores{average}: medians, seconds\n")
    sys.stdout.write(f"{'':24}" + "".join(f"{way:>14}" for way in _WAYS) + "\n")
    for row in measure(options.repeat, options.busy):
        sys.stdout.write(row.text())
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
