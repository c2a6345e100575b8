"""What Ray adds to a picture, and how the processes of a cluster add up.

    python -m benchmarks.cluster [--pictures 40] [--seconds 1] [--megapixels 12] [--workers 1 2 4]

A stand-in takes the place of the models and sleeps --seconds for each picture, so that there may be more
processes than cores; reading, sending, encoding and writing are real, and so is the cluster, with a raylet
for each process. The pictures are JPEGs of the bundled portrait, enlarged. The plain command and each number
of processes take turns. What is printed are medians of the rounds: seconds from one result to the next once
all processes work, and seconds until the first result. The exit code is 1 if one process takes more than 5 %
longer for a picture than the plain command.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests import stand_in_backend
from tests.conftest import PORTRAIT

_ROOT = Path(__file__).parents[1]
SECONDS = "RETOUCHML_BENCHMARK_SECONDS"
"""The variable that says how long the stand-in takes for a picture."""
_LARGEST_OVERHEAD = 0.05
_COMMAND = (
    "import sys; from retouchml.cli.main import main; from benchmarks.cluster import make; "
    "sys.exit(main(sys.argv[1:], make_backend=make))"
)
_QUALITY = 92


class SleepingBackend(stand_in_backend.LargeFaceBackend):
    """Sleeps for each picture."""

    def open(self, pixels: npt.NDArray[Any], **more: Any) -> stand_in_backend.Photo:
        time.sleep(float(os.environ[SECONDS]))
        return super().open(pixels, **more)


def make(model: str, device: str) -> SleepingBackend:
    """As a command's ``make_backend``."""
    return SleepingBackend(model, device)


@dataclass(frozen=True)
class Run:
    """Seconds of one command: from one result to the next, and until the first one."""

    each: float
    first: float


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 if Ray adds too much."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=40, help="for each process")
    parser.add_argument("--seconds", type=float, default=1.0, help="that the stand-in takes for a picture")
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args(argv)
    os.environ[SECONDS] = str(arguments.seconds)
    ways = [0, *arguments.workers]
    runs: dict[int, list[Run]] = {workers: [] for workers in ways}
    with tempfile.TemporaryDirectory(prefix="rml") as folder:
        os.environ["RETOUCHML_HOME"] = f"{folder}/home"
        names = make_pictures(Path(folder), arguments.pictures * max(ways), arguments.megapixels)
        for number in range(arguments.rounds):
            for workers in ways:
                count = arguments.pictures * max(workers, 1)
                runs[workers].append(measure(Path(folder), names[:count], workers))
                sys.stderr.write(f"round {number + 1}, {workers or 'no'} processes: {runs[workers][-1]}\n")
    return verdict(runs)


def make_pictures(folder: Path, count: int, megapixels: float) -> list[Path]:
    """Links to one JPEG, which differ by their names alone."""
    with Image.open(PORTRAIT) as image:
        factor = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
        size = (round(image.width * factor), round(image.height * factor))
        pixels = np.asarray(image.convert("RGB").resize(size, Image.Resampling.BICUBIC), np.int16)
    grain = np.random.default_rng(0).normal(0, 2, pixels.shape[:2]).round().astype(np.int16)
    noisy = np.clip(pixels + grain[..., None], 0, 255).astype(np.uint8)
    original = folder / "original.jpg"
    Image.fromarray(noisy).save(original, quality=_QUALITY)
    (folder / "in").mkdir()
    names = [folder / "in" / f"{number:04d}.jpg" for number in range(count)]
    for name in names:
        os.link(original, name)
    return names


def measure(folder: Path, pictures: Sequence[Path], workers: int) -> Run:
    """One command on these pictures. workers: processes of Ray, 0 for the plain command"""
    results = Path(tempfile.mkdtemp(dir=folder))
    listed = folder / "list.txt"
    listed.write_text("".join(f"{path}\n" for path in pictures))
    command = [sys.executable, "-c", _COMMAND, "beautify", "--files-from", str(listed), "-o", str(results)]
    with _cluster(workers) as own:
        started = time.time()
        subprocess.run([*command, "--quiet", *own], check=True)
    # when each got its name
    appeared = sorted((results / path.name).stat().st_ctime for path in pictures)
    begins = 2 * max(workers, 1)
    return Run((appeared[-1] - appeared[begins]) / (len(appeared) - 1 - begins), appeared[0] - started)


@contextmanager
def _cluster(workers: int) -> Iterator[list[str]]:
    """The options for a cluster with so many raylets, which have room for one process each; none for 0."""
    os.environ["PYTHONPATH"] = str(_ROOT)  # of the raylets, too
    if not workers:
        yield ["--no-daemon"]
        return
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for _ in range(workers):
            cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        yield [f"--ray={cluster.address}", "--ray-workers", str(workers), "--ray-gpus", "0"]
    finally:
        cluster.shutdown()


def verdict(runs: "dict[int, list[Run]]") -> int:
    """Print the medians; the exit code."""
    plain = median(run.each for run in runs[0])
    overheads = {}
    for workers, each in runs.items():
        seconds = median(run.each for run in each)
        overheads[workers] = seconds * max(workers, 1) / plain - 1
        sys.stdout.write(
            json.dumps(
                {
                    "processes": workers or "the plain command",
                    "a minute": round(60 / seconds, 1),
                    "seconds for each": round(seconds * max(workers, 1), 4),
                    "more than the plain command": f"{overheads[workers]:+.1%}",
                    "first result after": round(median(run.first for run in each), 2),
                }
            )
            + "\n"
        )
    return int(overheads.get(1, 0.0) > _LARGEST_OVERHEAD)


if __name__ == "__main__":
    sys.exit(main())
