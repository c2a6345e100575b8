"""Measures StyleGAN2's synthesis beside its plain twin and the least time that the hardware allows.

    python -m benchmarks.synthesis [--device cpu] [--sizes 256,1024] [--batches 1,8] [--types float32]
                                   [--repeat N] [--patience SECONDS]

The networks have config-f's shape and random weights: time does not depend on the images. Two lower bounds
are printed as well: the multiplications of the convolutions at the rate of this machine's matrix product, and
the bytes of weights and feature maps, each read and written once, at the rate of its memory copy. Fast path
and twin take turns, and the least time of each is reported, so that the load of other programs affects both
alike. On a GPU, the fast path is also measured as a CUDA graph.

Each line is printed once it is measured; all take some minutes on two cores. What takes long is measured
once, and what would take longer than ``--patience``, or more memory than is free, is shown as "-".
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from stylegan2.full_generator import HALF_OCTAVES
from stylegan2.graphed import Graphed
from stylegan2.networks.spec import SynthesisSpec
from stylegan2.networks.synthesis import Synthesis

_W_DIM = 512
_BASE, _MOST = 16384 * 2, 512  # config-f's channel table: fmap_base · 2 / side, at most 512
_TYPES = {"float32": torch.float32, "float16": torch.float16}
# Estimated times of each way, in multiples of the arithmetic bound, to decide what is measured.
_FORWARD = {"forward": 1.6, "graph": 1.6, "plain": 3.0}
_BACKWARD = {"with grad": 5.0, "plain with grad": 9.0}
_GRADIENT_MEMORY = 2  # memory for the gradient, in multiples of the bytes of the memory bound


@dataclass(frozen=True)
class Work:
    """The least arithmetic and memory traffic that one image takes."""

    products: int  # multiply-adds of the convolutions
    numbers: int  # numbers that are read or written once


@dataclass(frozen=True)
class Rates:
    """What the hardware reaches in practice."""

    products: float  # multiply-adds a second
    bytes: float  # bytes a second


def config_f(resolution: int) -> SynthesisSpec:
    """The shape of NVIDIA's config-f at another side."""
    sides = [4 << i for i in range(resolution.bit_length() - 2)]
    return SynthesisSpec(_W_DIM, tuple(min(_BASE // side, _MOST) for side in sides))


def work(spec: SynthesisSpec) -> Work:
    """The work for one image. A transposed convolution multiplies at the side of its input."""
    products = numbers = 0
    below = spec.channels[0]
    for index, channels in enumerate(spec.channels):
        area = (4 << index) ** 2
        if index:
            products += 9 * below * channels * area // 4 + 16 * channels * area
            numbers += below * area // 4 + channels * area + 9 * below * channels
        products += 9 * channels * channels * area + 3 * channels * area
        numbers += 2 * channels * area + 9 * channels * channels + 3 * area
        below = channels
    return Work(products, numbers)


def measure_rates(device: torch.device, dtype: torch.dtype) -> Rates:
    """The rates of this machine, by a large matrix product and a large copy."""
    side = 2048 if device.type == "cpu" else 8192
    a = torch.randn(side, side, device=device, dtype=dtype)
    source = torch.empty(1 << 26, device=device, dtype=torch.uint8)
    target = torch.empty_like(source)
    product = least([lambda: a @ a], 5, 10.0, device)[0]
    copy = least([lambda: target.copy_(source)], 5, 10.0, device)[0]
    return Rates(side**3 / product, 2 * len(source) / copy)


def least(
    tasks: Sequence[Callable[[], object]], repeat: int, patience: float, device: torch.device
) -> list[float]:
    """The least seconds of each task in ``repeat`` rounds, or fewer if these take more than ``patience``.

    They take turns. The first round is not counted, unless it takes so long that it is the only one.
    """
    best: list[float] = []
    started = time.perf_counter()
    for turn in range(repeat + 1):
        seconds = []
        for task in tasks:
            _wait(device)
            start = time.perf_counter()
            task()
            _wait(device)
            seconds.append(time.perf_counter() - start)
        best = seconds if turn < 2 else list(map(min, best, seconds))
        if time.perf_counter() - started + sum(seconds) > patience:
            break
    return best


def free_memory(device: torch.device) -> float:
    """Bytes of memory that are free; infinite if the system does not say."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return float("inf")


def random_synthesis(spec: SynthesisSpec, device: torch.device, dtype: torch.dtype) -> Synthesis:
    """A network of random weights; types of 16 bits are used in its four highest resolutions."""
    torch.manual_seed(0)
    network = Synthesis(spec, HALF_OCTAVES if dtype.itemsize == 2 else 0, dtype)
    for parameter in (*network.parameters(), *network.buffers()):
        torch.nn.init.normal_(parameter)
    return network.to(device).eval().requires_grad_(False)


def is_recorded(graphed: Graphed, w_plus: torch.Tensor) -> bool:
    """Whether further calls are replayed; makes the recording."""
    if w_plus.device.type != "cuda":
        return False
    for _ in range(2):  # the first call is never recorded
        graphed(w_plus)
    return not graphed.failed


def row(
    resolution: int, batch: int, dtype: torch.dtype, device: torch.device, repeat: int, patience: float
) -> str:
    """Measure one line of the table."""
    spec = config_f(resolution)
    network = random_synthesis(spec, device, dtype)
    rates, one = measure_rates(device, dtype), work(spec)
    w_plus = torch.randn(batch, spec.num_layers, _W_DIM, device=device)
    graphed = Graphed(network, network)

    def forward(plain: bool) -> None:
        with torch.no_grad():
            network(w_plus, plain=plain)

    def backward(plain: bool) -> None:
        leaf = w_plus.clone().requires_grad_(True)
        torch.autograd.grad(network(leaf, plain=plain).square().mean(), leaf)

    ways: dict[str, Callable[[], object]] = {
        "forward": partial(forward, False),
        "graph": partial(graphed, w_plus),
        "plain": partial(forward, True),
        "with grad": partial(backward, False),
        "plain with grad": partial(backward, True),
    }
    size = torch.finfo(dtype).bits // 8
    arithmetic = batch * one.products / rates.products
    moved = batch * one.numbers * size
    results: dict[str, float] = {}
    for guesses, memory in ((_FORWARD, 0), (_BACKWARD, _GRADIENT_MEMORY * moved)):
        fits = memory < free_memory(device)
        selected = [way for way, guess in guesses.items() if fits and guess * arithmetic <= patience]
        if "graph" in selected and not is_recorded(graphed, w_plus):
            selected.remove("graph")
        if selected:
            times = least([ways[way] for way in selected], repeat, patience, device)
            results |= zip(selected, times, strict=True)
        graphed.close()
    cells = [*map(results.get, ways), arithmetic, moved / rates.bytes]
    name = str(dtype).removeprefix("torch.")
    shown = "".join(f"{'-':>10}" if seconds is None else f"{seconds * 1e3:10.1f}" for seconds in cells)
    return f"{resolution:5} {batch:5}  {name:8}{shown}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure StyleGAN2's synthesis.")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--sizes", default="256,1024", help="sides in pixels (default: %(default)s)")
    parser.add_argument("--batches", default="1,8", help="images at once (default: %(default)s)")
    parser.add_argument("--types", help="float32, float16 or both (default: float32, on a GPU both)")
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="(default: %(default)s)")
    parser.add_argument(
        "--patience",
        type=float,
        default=90.0,
        metavar="SECONDS",
        help="for a number and its twin (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    device = torch.device(options.device)
    # On a CPU, float16 is emulated, and never faster.
    types = options.types or ("float32,float16" if device.type == "cuda" else "float32")
    if unknown := set(types.split(",")) - _TYPES.keys():
        parser.error(f"there is no type {min(unknown)!r}: choose from {', '.join(_TYPES)}")
    dtypes = [_TYPES[name] for name in types.split(",")]
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{os.cpu_count()} cores"
    sys.stdout.write(
        f"config-f's shape, {name}, {torch.get_num_threads()} threads, torch {torch.__version__}\n"
    )
    columns = ("forward", "graph", "plain", "with grad", "plain", "sums", "memory")
    sys.stdout.write(f"{'px':>5} {'batch':>5}  {'':8}{''.join(f'{column:>10}' for column in columns)}  ms\n")
    for resolution in map(int, options.sizes.split(",")):
        for batch in map(int, options.batches.split(",")):
            for dtype in dtypes:
                sys.stdout.write(row(resolution, batch, dtype, device, options.repeat, options.patience))
                sys.stdout.flush()
    return 0


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


if __name__ == "__main__":
    sys.exit(main())
