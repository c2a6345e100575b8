"""Speed and memory of start-up, whole commands, first looks, detection, moved sliders and the generator.

    python -m benchmarks.speed [--repeat N]

The photographs are the bundled portrait, enlarged. Each whole command runs in a new process with an empty
cache; work that is repeated in this process runs once beforehand. The models must be fetched before.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle, product
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.rows import PORTRAIT, Row, group, portrait, timed
from pipeline.local.retouch import LocalRetouch
from pipeline.local_face import LocalFace, local_face
from pipeline.photo import Photo
from pipeline.pictures import read_picture
from pipeline.retoucher import Retoucher
from retouchml import Look
from retouchml.client.messages import PREVIEW_SIDE
from retouchml.paths import models_dir
from retouchml.results import FULL, LOCAL
from retouchml.sliders import EDITS
from stylegan2.generator import Generator
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.mobile.half_images import HalfImages, multiplies_half
from stylegan2.mobile.small_images import SmallImages

_MEGAPIXELS = (1, 12, 24)
_FIRST_LOOK = 12  # megapixels
_CROP_1024 = 14  # megapixels at which the portrait's face fills a crop of 1024 px
_COARSE = (64, 128, 256, 512)
_MOVED = ("strength", "teeth", "shine", "jaw", "smile")  # one slider of each kind
_MOVES = 5  # of each slider in a repeat
Synthesize = Callable[[torch.Tensor, int], torch.Tensor]  # codes, side → images

# Run in small processes: Linux counts the memory that a process had before it became another program.
_WATCH = """
import resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""
_LOAD = """
import time
start = time.monotonic()
from retouchml import Retoucher
imported = time.monotonic()
Retoucher()
print(imported - start, time.monotonic() - imported)
"""


@dataclass(frozen=True)
class Measures:
    """The measures of a whole command."""

    seconds: float  # from start to end
    peak: float  # memory, GiB
    steps: dict[str, float]  # seconds by step, from its report


@contextmanager
def cold_home() -> Iterator[Path]:
    """A RETOUCHML_HOME with the fetched models and an empty cache."""
    with tempfile.TemporaryDirectory(prefix="retouchml-speed-") as folder:
        home = Path(folder)
        (home / "data").mkdir()
        (home / "data" / "models").symlink_to(models_dir(), target_is_directory=True)
        yield home


def command(home: Path, *arguments: str) -> tuple[float, float]:
    """The seconds and the peak memory in GiB of a ``retouchml`` command."""
    program = (sys.executable, "-m", "retouchml", *arguments)
    seconds, peak = _numbers(home, "-I", "-c", _WATCH, *program)
    return seconds, peak / (2**30 if sys.platform == "darwin" else 2**20)


def beautify(pixels: NDArray[np.uint8]) -> Measures:
    """Measure ``retouchml beautify`` on a JPEG of pixels [H, W, 3], with a cold cache."""
    with cold_home() as home:
        photo, report = home / "photo.jpg", home / "report.json"
        cv2.imwrite(str(photo), pixels[..., ::-1])
        options = ("--quiet", "--no-daemon", "--json", str(report))
        seconds, peak = command(home, "beautify", str(photo), "-o", str(home / "after.jpg"), *options)
        steps = dict(json.loads(report.read_text(encoding="utf-8"))["seconds"])
    steps.pop("total")
    return Measures(seconds, peak, steps)


def start_up(repeat: int) -> list[Row]:
    """The time until the work starts."""
    with cold_home() as home:
        helps = [command(home, "--help")[0] for _ in range(repeat + 1)][1:]
        loads = [_numbers(home, "-c", _LOAD) for _ in range(repeat)]
    imports, models = zip(*loads, strict=True)
    return [
        Row("retouchml --help, the whole process", tuple(helps)),
        Row("import of the pipeline", imports),
        Row("loading of the models", models),
    ]


def whole_commands(repeat: int) -> list[Row]:
    """The first face from a cold start, by step, and the memory, for photographs of several sizes."""
    photos = {
        "README's portrait": np.asarray(read_picture(PORTRAIT).pixels, np.uint8),
        f"{_CROP_1024} megapixels": portrait(_CROP_1024),
    }
    rows = []
    for title, pixels in photos.items():
        runs = [beautify(pixels) for _ in range(repeat)]
        rows.append(Row(f"first face, the whole command, {title}", tuple(r.seconds for r in runs)))
        rows += [Row(f"  of these: {step}", tuple(r.steps[step] for r in runs)) for step in runs[0].steps]
        rows.append(Row("  its memory at most", tuple(r.peak for r in runs), "GiB"))
    large = beautify(portrait(_MEGAPIXELS[-1]))
    title = f"the whole command, {_MEGAPIXELS[-1]} megapixels"
    return [*rows, Row(title, (large.seconds,)), Row("  its memory at most", (large.peak,), "GiB")]


def first_looks(retoucher: Retoucher, repeat: int) -> list[Row]:
    """From a new photograph to what is seen of it first, with the models loaded and nothing in a cache."""
    photos = {"one face": portrait(_FIRST_LOOK), "three faces": group(_FIRST_LOOK, 3)}
    rows = []
    for title, pixels in photos.items():
        looks = [first_look(retoucher, pixels) for _ in range(repeat + 1)][1:]
        rows += [
            Row(
                f"{title}, {_FIRST_LOOK} megapixels: something retouched is seen",
                tuple(seen for seen, _, _ in looks),
            ),
            Row("  a first look with the generator", tuple(quick for _, quick, _ in looks)),
            Row("  the first face at full quality", tuple(full for _, _, full in looks)),
        ]
    return rows


def first_look(retoucher: Retoucher, pixels: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Seconds from a new photograph [H, W, 3] to a face's first patch, first generated and finished one."""
    start = time.monotonic()
    photo = retoucher.open(pixels)
    seen = quick = 0.0
    for step in photo.refined({face: Look() for face in range(len(photo.faces))}):
        seen = seen or time.monotonic() - start
        if step.refinement != LOCAL:
            quick = quick or time.monotonic() - start
        if step.refinement == FULL:
            break
    return seen, quick, time.monotonic() - start


def detection(retoucher: Retoucher, repeat: int) -> list[Row]:
    """Detection in photographs of several sizes."""
    rows = []
    for megapixels in _MEGAPIXELS:
        pixels = portrait(megapixels)
        retoucher.open(pixels)
        values = [retoucher.open(pixels).seconds["detect"] for _ in range(repeat)]
        rows.append(Row(f"faces found, {megapixels} megapixels", tuple(values)))
    return rows


def sliders(photo: Photo, repeat: int) -> list[Row]:
    """The time to wait for a moved slider, once a face is prepared: wall clock, steps and processor.

    All take their turn in every round, so that a machine that others use slows them alike.
    """
    ways: dict[str, Callable[[Look], object]] = {
        f"preview of {PREVIEW_SIDE} px": lambda look: photo.preview({0: look}, PREVIEW_SIDE),
        "full patch": lambda look: photo.render({0: look}),
    }
    photo.prepare()
    for _ in photo.ahead({0: Look()}, PREVIEW_SIDE):
        pass  # a worker computes it while nothing waits
    values = np.random.default_rng(0).uniform(0.05, 0.95, (1 + _MOVES * repeat, len(_MOVED)))
    measured: dict[str, list[dict[str, float]]] = {}
    for index, row in enumerate(values):
        for (name, way), (slider, value) in product(ways.items(), zip(_MOVED, row, strict=True)):
            seconds = _one_move(photo, partial(way, Look().with_values({slider: float(value)})))
            if index > 0:
                measured.setdefault(f"{slider} moved, crop of 1024 px, {name}", []).append(seconds)
    rows = [
        Row(name if key == "" else f"  of these: {key}", tuple(each[key] for each in moves))
        for name, moves in measured.items()
        for key in moves[0]
    ]
    patches = photo.render({0: Look()})
    return [
        *rows,
        timed("patch put on the photo", lambda: photo.apply(patches), repeat),
        timed("report on a face", lambda: photo.report(patches), repeat),
    ]


def _one_move(photo: Photo, work: Callable[[], object]) -> dict[str, float]:
    """The seconds of some work: all of them by the name "", those of its steps, and of the processor."""
    photo.seconds.update(dict.fromkeys(("render", "stitch"), 0.0))
    start, processor = time.monotonic(), time.process_time()
    work()
    seconds, busy = time.monotonic() - start, time.process_time() - processor
    steps = {step: photo.seconds[step] for step in ("render", "stitch")}
    return {"": seconds, **steps, "processor, all cores together": busy}


def local_sliders(retoucher: Retoucher, repeat: int) -> list[Row]:
    """What local sliders cost: once for a face, all of them for a moved slider, and each alone."""
    pixels = portrait(_CROP_1024)
    landmarks = np.array(retoucher.open(pixels).faces[0].landmarks)

    def regions() -> LocalFace:
        return local_face(pixels, landmarks, [], retoucher.networks.mesh, {})

    face = regions()
    every = {slider.name: 1.0 for slider in EDITS if slider.low == 0.0}
    values = cycle((1.0, 0.9))  # the layer of the newest values is kept

    def change(edits: dict[str, float], retouch: LocalRetouch | None = None) -> object:
        retouch = retouch or LocalRetouch(face.crop, face.regions, face.size)
        value = next(values)
        return retouch.change(Look(0.0, edits=dict.fromkeys(edits, value)))

    rows = [
        timed("a face's crop, masks and regions, crop of 1024 px", regions, repeat),
        timed("all local sliders, a new face", lambda: change(every), repeat),
        timed("all local sliders, moved", lambda: change(every, face.retouch), repeat),
    ]
    for name in every:
        alone = {name: 1.0}
        rows.append(timed(f"  {name}, a new face", partial(change, alone), repeat))
        rows.append(timed(f"  {name}, moved", partial(change, alone, face.retouch), repeat))
    return rows


def generation(generator: Generator, repeat: int) -> list[Row]:
    """A picture by torch and by the fast path, and small pictures with and without gradient."""
    w_plus = generator.map(torch.zeros(1, generator.w_dim, device=generator.device))[0]
    full = generator.resolution
    rows = [
        timed(f"generator, {full} px, fast path", lambda: generator.render(w_plus), repeat),
        timed(f"generator, {full} px, torch", lambda: Generator.render(generator, w_plus), repeat),
    ]

    def forward(synthesize: Synthesize, resolution: int) -> float:
        with torch.no_grad():
            return float(synthesize(w_plus[None], resolution).mean())

    def backward(synthesize: Synthesize, resolution: int) -> float:
        leaf = w_plus.clone().requires_grad_(True)
        (gradient,) = torch.autograd.grad(synthesize(leaf[None], resolution).mean(), leaf)
        return float(gradient.sum())

    ways: dict[str, Synthesize] = {"": generator.synthesize}
    if isinstance(generator, MobileGenerator) and generator.device.type == "cpu":
        network = generator.network
        ways = {", torch": network.coarse, ", ONNX Runtime": SmallImages(network)}
        if multiplies_half():
            ways[", bfloat16"] = HalfImages(network)
    for side, (way, synthesize) in product(_COARSE, ways.items()):
        name = f"generator, {side} px{way}"
        rows.append(timed(f"{name}, forward", partial(forward, synthesize, side), repeat))
        rows.append(timed(f"{name}, and backward", partial(backward, synthesize, side), repeat))
    return rows


def _numbers(home: Path, *arguments: str) -> tuple[float, ...]:
    """The numbers that a new Python process prints."""
    environment = {**os.environ, "RETOUCHML_HOME": str(home)}
    child = [sys.executable, *arguments]
    result = subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return tuple(map(float, result.stdout.split()))


def _log(stage: str) -> None:
    sys.stderr.write(f"measuring {stage}\n")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure how long everything takes, and how much memory.")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="(default: %(default)s)")
    repeat = parser.parse_args(arguments).repeat
    if repeat < 1:
        parser.error("--repeat must be at least 1")
    _log("start-up")
    rows = start_up(repeat)
    _log("whole commands")
    rows += whole_commands(repeat)
    retoucher = Retoucher(cache=False)
    _log("first looks")
    rows += first_looks(retoucher, repeat)
    _log("detection")
    rows += detection(retoucher, repeat)
    _log("sliders")
    rows += sliders(retoucher.open(portrait(_CROP_1024)), repeat)
    _log("local sliders")
    rows += local_sliders(retoucher, repeat)
    _log("the generator")
    rows += generation(retoucher.networks.generator, repeat)
    sys.stdout.write(f"{os.cpu_count()} cores, torch {torch.__version__} on {retoucher.device}\n")
    sys.stdout.write(f"{'':58}{'median':>9}{'least':>9}{'most':>9}\n")
    sys.stdout.writelines(row.text() for row in rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
