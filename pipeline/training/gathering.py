"""Gathers labelled samples of a generator with several processes, and keeps them for all learned parts."""

import argparse
import multiprocessing
import os
from pathlib import Path

import cv2
import torch
from torch import Tensor

import stylegan2
from pipeline.training.instruments import load_labellers
from pipeline.training.report import Meter
from pipeline.training.sampling import RENDER, Samples, collect
from retouchml.paths import cache_dir
from stylegan2.generator import Generator, Noise
from stylegan2.mobile_generator import MobileGenerator
from stylegan2.onnx_renderer import OnnxRenderer, export


def add_sampling_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that all parts fitted on samples share."""
    parser.add_argument("--model", default="ffhq-mobile", help="generator to sample (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=8000, help="how many (default: %(default)s)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)"
    )
    parser.add_argument("--output", type=Path, help="where to write the part; by default into the project")


def gather(model: str, count: int, jobs: int) -> Samples:
    """``count`` labelled samples of a generator, those of earlier runs included."""
    folder = cache_dir() / "training"
    folder.mkdir(parents=True, exist_ok=True)
    share = -(-count // jobs)
    tasks = [(model, share, seed, folder / f"samples-{model}-{seed}.npz") for seed in range(1, jobs + 1)]
    if jobs == 1:
        _work(*tasks[0])
    else:
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            pool.starmap(_work, tasks, chunksize=1)
    return Samples.load(*(path for *_, path in tasks))


def _work(model: str, count: int, seed: int, path: Path) -> None:
    if path.exists() and len(Samples.load(path)) >= count:
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
