"""Several people at one daemon: how long a moved slider takes alone, and beside seven others.

    python -m benchmarks.studio [--people 8] [--seconds 30] [--render 0.08] [--pause 2]

Each person has a key, a connection over TCP and an open photograph, moves a slider, waits for the answer,
looks at it for a while (exponentially distributed around --pause) and moves it again. A further person runs a
batch of renders without any pause, by three programs. A stand-in takes the place of the pipeline, whose
renders take --render seconds, by default as many as the preview of a moved slider on two cores; processes,
sockets, keys and queue are real. One person alone and all of them are measured in turn, three times each.
Beside it stands what an ideal queue would give with one worker, by a simulation: people in the order in which
they ask, the batch whenever nobody does, no time lost. The exit code is 1 if a promise is broken: the 95th
percentile of all beyond three times that of one, somebody served less than half as often as the others,
memory that grows.
"""

import argparse
import math
import os
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import psutil

from daemon.people import People
from retouchml import paths
from retouchml.client import connection_file
from retouchml.client.client import Client
from retouchml.errors import Busy
from retouchml.look import Look
from tests.daemon.running import PLAIN, Daemon, picture, start

_PATIENCE = 120.0
_ROUNDS = 3
_SIMULATED = 50_000  # renders
_BATCH_PROGRAMS = 3
_LARGEST_FACTOR, _SMALLEST_SHARE, _LARGEST_GROWTH = 3.0, 0.5, 64 << 20


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 if a promise is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each part of each round")
    parser.add_argument("--render", type=float, default=0.08, help="seconds of a moved slider")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds that somebody looks at a picture")
    parser.add_argument("--no-batch", action="store_true", help="without the person who runs a batch")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="rml") as home, ExitStack() as stack:
        os.environ["RETOUCHML_HOME"] = home
        daemon = start("--tcp", "127.0.0.1:0")
        stack.callback(daemon.close)
        files = _invitations(Path(home), arguments.people)
        batch = None if arguments.no_batch else _invitation(Path(home), "batch")
        alone: list[float] = []
        together: list[list[float]] = [[] for _ in files]
        memory: list[int] = []
        for _ in range(_ROUNDS):
            alone += _measure(files[:1], None, arguments)[0]
            for mine, more in zip(together, _measure(files, batch, arguments), strict=True):
                mine += more
            memory.append(_memory(daemon))
        ideal = ideal_factor(arguments.people, arguments.render, arguments.pause, batch=batch is not None)
        sys.stdout.write(f"an ideal queue of one worker: {ideal:.2f} times\n")
        return _verdict(alone, together, memory)


def ideal_factor(people: int, render: float, pause: float, *, batch: bool) -> float:
    """The 95th percentile of an answer in an ideal queue, in seconds of a render."""
    rng = random.Random(0)
    asks = [rng.expovariate(1 / pause) for _ in range(people)]
    free, answers = 0.0, []
    for _ in range(_SIMULATED):
        person = min(range(people), key=asks.__getitem__)
        asked = asks[person]
        begins = max(asked, free)
        if batch and asked > free:  # one of its renders is under way, and is not interrupted
            begins = free + math.ceil((asked - free) / render) * render
        free = begins + render
        answers.append(free - asked)
        asks[person] = free + rng.expovariate(1 / pause)
    return float(np.percentile(answers, 95)) / render


def _verdict(alone: list[float], together: list[list[float]], memory: list[int]) -> int:
    everybody = [seconds for each in together for seconds in each]
    served = [len(each) for each in together]
    p95 = [float(np.percentile(each, 95)) for each in (alone, everybody)]
    sys.stdout.write(
        f"one person      median {np.median(alone):.3f} s, 95 % within {p95[0]:.3f} s, {len(alone)} renders\n"
        f"{len(together)} people        median {np.median(everybody):.3f} s, 95 % within {p95[1]:.3f} s: "
        f"{p95[1] / p95[0]:.2f} times\n"
        f"renders of each {min(served)} to {max(served)}, mean {np.mean(served):.0f}\n"
        f"slowest person  95 % within {max(float(np.percentile(each, 95)) for each in together):.3f} s\n"
        f"memory of all processes after each round: "
        f"{', '.join(f'{each / 1e6:.0f} MB' for each in memory)}\n"
    )
    kept = (
        p95[1] <= _LARGEST_FACTOR * p95[0]
        and min(served) >= _SMALLEST_SHARE * np.mean(served)
        and memory[-1] - memory[0] <= _LARGEST_GROWTH
    )
    return 0 if kept else 1


def _measure(files: Sequence[Path], batch: Path | None, arguments: argparse.Namespace) -> list[list[float]]:
    """Seconds of each render of each person."""
    looks = {0: Look(0.5, edits={"slow": arguments.render / 10})}
    measured: list[list[float]] = [[] for _ in files]
    end = threading.Event()

    def person(file: Path, seconds: list[float], pause: float) -> None:
        rng = random.Random(file.stem)
        with _photo(file) as render:
            end.wait(rng.uniform(0, pause))  # people do not begin at the same moment
            while not end.is_set():
                started = time.monotonic()
                render(looks)
                seconds.append(time.monotonic() - started)
                if pause:
                    end.wait(rng.expovariate(1 / pause))

    jobs = [(file, seconds, arguments.pause) for file, seconds in zip(files, measured, strict=True)]
    if batch is not None:
        jobs += [(batch, [], 0.0)] * _BATCH_PROGRAMS
    threads = [threading.Thread(target=person, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    time.sleep(arguments.seconds)
    end.set()
    for thread in threads:
        thread.join()
    return measured


@contextmanager
def _photo(file: Path) -> Iterator[Callable[[dict[int, Look]], None]]:
    """Renders an open photo."""
    with Client(connection_file=file) as client:
        photo = client.open(PLAIN, picture().tobytes()).result(_PATIENCE)

        def render(looks: dict[int, Look]) -> None:
            while True:
                try:
                    photo.render(looks).result(_PATIENCE)
                except Busy:
                    time.sleep(0.05)
                else:
                    return

        render({0: Look(0.5)})  # prepares it
        yield render


def _invitations(home: Path, count: int) -> list[Path]:
    return [_invitation(home, f"person{number}") for number in range(count)]


def _invitation(home: Path, name: str) -> Path:
    endpoint = connection_file.read(paths.runtime_dir() / connection_file.NAME).endpoint
    path = home / f"{name}.json"
    connection_file.write(path, People().add(name, "use", endpoint))
    return path


def _memory(daemon: Daemon) -> int:
    root = psutil.Process(daemon.process.pid)
    return sum(each.memory_info().rss for each in (root, *root.children(recursive=True)))


if __name__ == "__main__":
    sys.exit(main())
