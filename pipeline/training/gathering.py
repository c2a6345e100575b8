"""Gathers labelled samples of a generator with several processes, and keeps them for all learned parts."""

import argparse
import os
import sys
from pathlib import Path

import cv2
import torch
from torch import Tensor

import stylegan2
from pipeline.training import options
from pipeline.training.instruments import load_finder, load_labellers
from pipeline.training.kept import kept
from pipeline.training.processes import processes
from pipeline.training.report import Meter
from pipeline.training.sampling import RENDER, VERSION, Samples, collect, draw, picture_of
from retouchml.errors import RetouchError
from retouchml.paths import cache_dir
from stylegan2 import zoo
from stylegan2.generator import Generator, Noise
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.onnx import OnnxRenderer, export

_LOOKED_AT = 8  # pictures, before thousands are made


def add_sampling_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that all parts fitted on samples share."""
    parser.add_argument("--model", default="ffhq-mobile", help="generator to sample (default: %(default)s)")
    parser.add_argument(
        "--samples", type=options.samples, default=8000, help="how many (default: %(default)s)"
    )
    parser.add_argument(
        "--jobs", type=options.jobs, default=os.cpu_count() or 1, help="processes (default: one a core)"
    )
    parser.add_argument(
        "--output", type=Path, help="where to write the part (default: where retouching looks for it)"
    )


def warn_of_faceless(generator: Generator) -> None:
    """Say so on standard error where no picture shows a face; they are measured all the same."""
    finder = load_finder()
    if not any(finder.shows_face(picture_of(generator, *drawn)) for drawn in draw(generator, _LOOKED_AT, 0)):
        sys.stderr.write(
            f"None of {_LOOKED_AT} pictures by {generator.name} shows a face:"
            " what is learned from them will mean nothing.\n"
        )


def gather(model: str, count: int, jobs: int) -> Samples:
    """``count`` labelled samples of a generator, those of earlier runs included.

    A run that was stopped goes on where it last wrote its samples down.
    """
    folder = cache_dir() / "training"
    share = -(-count // jobs)
    known = zoo.entry(model)
    # another file may be imported under the same name
    name = f"{model}-{known.sha256[:12]}" if known.imported else model
    paths = [folder / f"samples-{name}-v{VERSION}-{seed}.npz" for seed in range(1, jobs + 1)]
    tasks = [(model, share, seed, path) for seed, path in enumerate(paths, 1)]
    if jobs == 1:
        _work(*tasks[0])
    else:
        with processes(jobs) as pool:
            pool.starmap(_work, tasks, chunksize=1)
    parts = [part for path in paths if (part := kept(path, Samples)) is not None]
    if len(parts) < jobs:
        raise RetouchError(f"Samples that were just written to {folder} cannot be read.", "Try again.")
    return Samples.joined(parts)


def _work(model: str, count: int, seed: int, path: Path) -> None:
    before = kept(path, Samples)
    if before is not None and len(before) >= count:
        return
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    generator = stylegan2.load(model, "cuda" if torch.cuda.is_available() else "cpu")
    if generator.device.type == "cpu" and isinstance(generator, MobileGenerator):
        _render_with_onnx(generator)
    meter = Meter(f"sampling {model} ({seed})")
    for done in collect(generator, load_labellers(), count, seed, path):
        meter(done, count)


def _render_with_onnx(generator: Generator) -> None:
    """No gradient is needed here, and ONNX Runtime is three times as fast on a CPU."""

    class Small(torch.nn.Module):
        def forward(self, w_plus: Tensor) -> Tensor:
            return original(w_plus, RENDER)

    original = generator.synthesize
    renderer = OnnxRenderer(export(Small(), generator.num_layers, generator.w_dim), threads=1)

    def synthesize(w_plus: Tensor, resolution: int | None = None, noise: Noise = "const") -> Tensor:
        assert (resolution, noise) == (RENDER, "const")
        return torch.stack([torch.from_numpy(renderer(code.numpy())) for code in w_plus])

    generator.synthesize = synthesize  # type: ignore[method-assign]
