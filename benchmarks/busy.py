"""Steps of an inversion and a picture of the generator, quiet and beside busy processes.

    python -m benchmarks.busy [--repeat N] [--busy N ...] [--minutes N]

Each way to use the cores runs in a process of its own, and they take turns, so that what else the machine
does meets all of them: compare the columns of one run, not those of two. The models must be fetched before.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

_TOP = Path(__file__).parents[1]
_PORTRAIT = _TOP / "pipeline" / "portrait" / "astronaut.png"
_VARIABLES = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_ALL_THREADS = {"OMP_NUM_THREADS": str(os.cpu_count() or 1)}
# what libgomp and libomp do if nothing is set
_AWAKE = {"GOMP_SPINCOUNT": "300000", "KMP_BLOCKTIME": "200"}
_LOOP = "while True: pass"
_SHARE = 10  # of the recipe's steps that are made
_PICTURES = 5
_LOADS = tuple(sorted({2, 2 * (os.cpu_count() or 1)}))  # numbers of busy processes


@dataclass(frozen=True)
class Way:
    """A way to use the cores.

    variables: in the environment; spinning: as ``stylegan2.onnx.SPINNING``
    """

    title: str
    variables: dict[str, str] = field(default_factory=dict)
    spinning: str = "0"


WAYS = (
    Way("as it is"),  # few spins, and fewer threads beside others
    Way("all threads", _ALL_THREADS),
    Way("all, awake", _ALL_THREADS | _AWAKE, spinning="1"),
    Way("one thread", {"OMP_NUM_THREADS": "1"}),
)


@dataclass(frozen=True)
class Row:
    """A line of the table: a number for each way."""

    title: str
    values: tuple[float, ...]

    def text(self) -> str:
        """The row as a line of the table."""
        return f"{self.title:36}" + "".join(f"{value:14.2f}" for value in self.values) + "\n"


class Working:
    """A process that does the work whenever it is asked."""

    def __init__(self, way: Way) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in _VARIABLES}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.busy", "--work", way.spinning],
            cwd=_TOP,
            env=environment | way.variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.seconds()  # the first one also loads everything

    def seconds(self) -> tuple[float, float]:
        """Do the work; the seconds of the steps, and of one picture."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        steps, picture = map(float, self.process.stdout.readline().split())
        return steps, picture


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


def medians(
    processes: Sequence[Working], repeat: int, until: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The medians of each process's steps, and of its pictures; they take turns, until a moment at most."""
    rounds: list[list[tuple[float, float]]] = []
    while len(rounds) < repeat and (not rounds or time.monotonic() < until):
        rounds.append([process.seconds() for process in processes])
    steps, pictures = (
        tuple(statistics.median(each[way][kind] for each in rounds) for way in range(len(processes)))
        for kind in (0, 1)
    )
    return steps, pictures


def measure(repeat: int, loads: Sequence[int], minutes: float) -> Iterator[Row]:
    """The rows of the table: without load, then beside each number of busy processes.

    minutes: after which no further round begins; each load, and none, has the same share of them
    """
    begun, share = time.monotonic(), 60.0 * minutes / (1 + len(loads))
    with ExitStack() as stack:
        processes = []
        for way in WAYS:
            processes.append(Working(way))
            stack.enter_context(ended(processes[-1].process))
        quiet = medians(processes, repeat, begun + share)
        loaded = []
        for turn, busy in enumerate(loads, 2):
            with load(busy):
                loaded.append(medians(processes, repeat, begun + turn * share))
    for kind, title in enumerate(("inversion", "picture")):
        yield Row(f"{title}, no other process, s", quiet[kind])
        for busy, values in zip(loads, loaded, strict=True):
            yield Row(f"{title}, {busy} busy processes, s", values[kind])
            longer = (late / early for early, late in zip(quiet[kind], values[kind], strict=True))
            yield Row(f"{title}, times as long", tuple(longer))


def work(spinning: str) -> None:
    """Do some steps of an inversion at each size and make pictures, once for every line of standard input."""
    import numpy as np

    from pipeline.invert import RECIPE
    from pipeline.networks import load_networks
    from pipeline.pictures import read_picture
    from stylegan2 import onnx

    onnx.SPINNING = spinning
    networks = load_networks("ffhq-mobile", "cpu")
    crop = np.ascontiguousarray(read_picture(_PORTRAIT).pixels[:256, 96:352, :3], np.float32) / 255.0
    points = np.random.default_rng(0).uniform(60.0, 200.0, (68, 2))
    recipe = [replace(each, steps=max(each.steps // _SHARE, 1)) for each in RECIPE]
    for _ in sys.stdin:
        start = time.monotonic()
        w_plus = networks.inverter.invert(crop, points, recipe=recipe).w_plus
        middle = time.monotonic()
        for _ in range(_PICTURES):
            networks.generator.render(w_plus)
        end = time.monotonic()
        sys.stdout.write(f"{middle - start} {(end - middle) / _PICTURES}\n")
        sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure the steps of an inversion beside busy processes.")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--busy",
        type=int,
        nargs="+",
        default=_LOADS,
        metavar="N",
        help="how many busy processes, one load after the other (default: 2, and twice the cores)",
    )
    parser.add_argument("--minutes", type=float, default=7.0, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--work", choices="01", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.work is not None:
        work(options.work)
        return 0
    average = f", load {os.getloadavg()[0]:.1f} before" if hasattr(os, "getloadavg") else ""
    sys.stdout.write(f"a tenth of an inversion's steps, {os.cpu_count()} cores{average}: medians\n")
    sys.stdout.write(f"{'':36}" + "".join(f"{way.title:>14}" for way in WAYS) + "\n")
    for row in measure(options.repeat, options.busy, options.minutes):
        sys.stdout.write(row.text())
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
