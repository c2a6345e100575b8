"""Measures what a GPU makes of RetouchML: first face, moved slider, synthesis, precisions, graphs, launches.

    python -m benchmarks.gpu [--official FOLDER] [--model NAME] [--repeat N]
    python -m benchmarks.gpu --device cpu --tiny

``--official`` is a copy of github.com/NVlabs/stylegan2-ada-pytorch; it needs the package requests and, for
its CUDA kernels, ninja and a compiler. Its synthesis network of the same shape, with random weights, is then
measured in the same run, in turns with ours. Without a GPU the command says so and measures nothing; with
``--device cpu --tiny`` it runs on networks that are too small to tell anything, so that the benchmark itself
can be tried. Times are medians, with the device idle before and after.
"""

import argparse
import importlib
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from benchmarks.synthesis import config_f, random_synthesis
from stylegan2.full_generator import FullGenerator
from stylegan2.generator import Generator
from stylegan2.graphed import Graphed
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.networks.spec import SynthesisSpec
from stylegan2.networks.synthesis import Synthesis
from stylegan2.precision import Precision, half_type
from stylegan2.repeated import Repeated

_PORTRAIT = Path(__file__).parents[1] / "pipeline" / "portrait" / "astronaut.png"
_PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "bfloat16")
_SIDE, _TINY_SIDE = 1024, 64  # pixels; of the images of config-f's shape
_TINY = SynthesisSpec(512, (32, 32, 16, 8, 8))
_STEP_SIDES, _TINY_STEP_SIDES = (64, 128, 256), (64,)
_STRENGTHS = (0.3, 0.5, 0.7, 0.9)
_WARM_UPS = 5  # calls before those that count; the second one of a shape is recorded as a graph
# What a host asks of a driver, as the profiler names it.
_LAUNCHES = ("cudaLaunchKernel", "cuLaunchKernel", "cudaGraphLaunch", "cudaMemcpyAsync", "cudaMemsetAsync")


@dataclass(frozen=True)
class Row:
    """A line of the table; None for what cannot be measured here."""

    name: str
    milliseconds: float | None = None
    launches: int | None = None
    decibels: float | None = None  # peak signal to noise against float32
    note: str = ""

    def text(self) -> str:
        """The line in columns."""
        cells = [
            "-" if self.milliseconds is None else f"{self.milliseconds:.2f}",
            "-" if self.launches is None else str(self.launches),
            "-" if self.decibels is None else f"{self.decibels:.1f}",
        ]
        return f"{self.name:58}" + "".join(f"{cell:>10}" for cell in cells) + f"  {self.note}".rstrip() + "\n"


@dataclass(frozen=True)
class Setting:
    """What is measured, and where."""

    device: torch.device
    repeat: int
    tiny: bool

    def wait(self) -> None:
        """Return when the device is idle."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def times(self, ways: Sequence[Callable[[], object]], warm_ups: int = _WARM_UPS) -> list[float]:
        """The median milliseconds of each way; they take turns."""
        seconds: list[list[float]] = [[] for _ in ways]
        for _ in range((1 if self.tiny else warm_ups) + self.repeat):
            for index, way in enumerate(ways):
                self.wait()
                start = time.perf_counter()
                way()
                self.wait()
                seconds[index].append(time.perf_counter() - start)
        return [1e3 * statistics.median(each[-self.repeat :]) for each in seconds]

    def launches(self, way: Callable[[], object]) -> int:
        """How often a way asks the driver for a kernel, copy or graph; on a CPU, its operations."""
        activities = [ProfilerActivity.CPU]
        if self.device.type == "cuda":
            activities.append(ProfilerActivity.CUDA)
        self.wait()
        with profile(activities=activities) as record:
            way()
            self.wait()
        events = record.events() or []
        if self.device.type == "cuda":
            return sum(event.name.startswith(_LAUNCHES) for event in events)
        return sum(event.name.startswith("aten::") and not event.cpu_children for event in events)


def decibels(image: Tensor, expected: Tensor) -> float:
    """The peak signal to noise of an image against another one.

    The peak is the range of that one, since a network of random weights makes no image of [-1, 1].
    """
    image, expected = image.double(), expected.double()
    error = float((image - expected).square().mean())
    peak = float(expected.max() - expected.min())
    return math.inf if error == 0.0 else 10.0 * math.log10(peak**2 / error)


def synthesis_rows(setting: Setting, official: Path | None) -> list[Row]:
    """config-f's shape: one image by precision, with and without a graph, and by the official code."""
    side = _TINY_SIDE if setting.tiny else _SIDE
    spec, device = _TINY if setting.tiny else config_f(side), setting.device
    torch.manual_seed(1)
    w_plus = torch.randn(1, spec.num_layers, spec.w_dim, device=device)
    rows, expected = [], None
    for precision in _PRECISIONS:
        network = random_synthesis(spec, device, half_type(precision) or torch.float32)
        graphed = Graphed(network, network)
        plain, replayed = partial(_image, network, w_plus), partial(_image, graphed, w_plus)
        ways: list[Callable[[], object]] = [plain, replayed]
        theirs = None if official is None else official_synthesis(official, side, precision, device)
        if theirs is not None:
            ways.append(partial(_official_image, theirs[0], w_plus))
        times = setting.times(ways)
        image = plain()
        expected = image if expected is None else expected
        title, quality = f"config-f, {side} px, {precision}", decibels(image, expected)
        rows.append(Row(title, times[0], setting.launches(plain), quality))
        if graphed.failed or device.type != "cuda":
            rows.append(Row("  as a graph", note="no graph" if device.type == "cuda" else "only on CUDA"))
        else:
            rows.append(
                Row("  as a graph", times[1], setting.launches(replayed), decibels(replayed(), image))
            )
        if theirs is not None:
            row = Row("  the official code", times[2], setting.launches(ways[2]), note=theirs[1])
            rows += [row, Row("  ours, best, as a share of it", note=f"{min(times[:2]) / times[2]:.2f}")]
        graphed.close()
    return rows


def official_synthesis(
    folder: Path, side: int, precision: Precision, device: torch.device
) -> tuple[Any, str] | None:
    """The official synthesis network of config-f's shape with random weights, and which kernels it has.

    None for a precision that it does not have. Its code runs, so the folder must be one that you trust.
    """
    if precision == "bfloat16":
        return None
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    networks = importlib.import_module("training.networks")
    octaves = 4 if precision == "float16" else 0
    network = networks.SynthesisNetwork(512, side, 3, 32768, 512, octaves, conv_clamp=256)
    network.to(device).eval().requires_grad_(False)
    ran = network(torch.zeros(1, network.num_ws, 512, device=device), noise_mode="const")
    assert ran.shape[-1] == side
    operations = importlib.import_module("torch_utils.ops.bias_act")
    has_kernels = getattr(operations, "_plugin", None) is not None
    return network, "with its CUDA kernels" if has_kernels else "WITHOUT its CUDA kernels, hence slow"


def mobile_rows(setting: Setting, weights: Any, precisions: Sequence[Precision] = _PRECISIONS) -> list[Row]:
    """ffhq-mobile at full size, by precision, graph and memory layout. weights: its file"""
    rows, expected = [], None
    for precision in precisions:
        generator = MobileGenerator("ffhq-mobile", weights, setting.device, precision=precision)
        w_plus = generator.latents.mean.expand(1, generator.num_layers, -1)
        generator.graphed.enabled = False
        plain = partial(_image, generator.synthesize, w_plus)
        rows.append(Row(f"ffhq-mobile, 1024 px, {precision}", setting.times([plain])[0]))
        image = plain()
        expected = image if expected is None else expected
        rows[-1] = Row(
            rows[-1].name, rows[-1].milliseconds, setting.launches(plain), decibels(image, expected)
        )
        for layout in (torch.contiguous_format, torch.channels_last):
            generator.lay_out(layout)
            name = "channels last" if layout == torch.channels_last else "contiguous"
            rows.append(Row(f"  weights {name}", setting.times([plain])[0]))
        if setting.device.type == "cuda":
            generator.lay_out(generator.layout)
            generator.graphed.enabled = True
            rows.append(Row("  as a graph", setting.times([plain])[0], setting.launches(plain)))
            generator.graphed.close()
    return rows


def step_rows(setting: Setting, generator: Generator, recognition: Any, sides: Sequence[int]) -> list[Row]:
    """A step of an inversion at each size, kernel by kernel and as a graph."""
    from pipeline.inversion_step import Descent
    from pipeline.inversion_target import Target

    rows = []
    landmarks = np.random.default_rng(0).uniform(64.0, 192.0, (68, 2))
    crop = np.random.default_rng(0).random((256, 256, 3), np.float32)
    target = Target.of(crop, landmarks, recognition, setting.device, frozenset(sides))
    start = torch.zeros(generator.w_dim, device=setting.device)
    most = 64 + 2 * setting.repeat
    for title, make_step in (("kernel by kernel", None), ("as a graph", Repeated)):
        descent = Descent(generator, target, start, most, make_step)
        for side in sides:
            if make_step is not None and setting.device.type != "cuda":
                rows.append(Row(f"inversion step, {side} px, {title}", note="only on CUDA"))
                continue
            descent.state.begin([0.001] * most, offsets=True)
            step = descent.step(side)
            (milliseconds,) = setting.times([step])
            rows.append(Row(f"inversion step, {side} px, {title}", milliseconds, setting.launches(step)))
        descent.close()
    return rows


def retouch_rows(setting: Setting, model: str) -> list[Row]:
    """The first and the next face, and a moved slider, with and without graphs."""
    from pipeline.pictures import read_picture
    from pipeline.retoucher import Retoucher
    from retouchml.look import Look

    pixels = read_picture(_PORTRAIT).pixels
    rows = []
    for graphs in (True, False):
        retoucher = Retoucher(model, str(setting.device), cache=False, graphs=graphs)
        looks = cycle(Look(strength=strength) for strength in _STRENGTHS)

        def face(retoucher: Retoucher = retoucher, looks: Any = looks) -> Any:
            photo = retoucher.open(pixels)
            photo.render({0: next(looks)})
            return photo

        note = "with graphs" if graphs else "without graphs"
        for title in ("the first face of a process", "the next face"):
            setting.wait()
            start = time.perf_counter()
            photo = face()
            setting.wait()
            rows.append(Row(title, 1e3 * (time.perf_counter() - start), note=note))
            rows += [Row(f"  of these: {step}", 1e3 * each) for step, each in photo.seconds.items()]
        move = partial(_move, photo, looks)
        rows.append(Row("a moved slider", setting.times([move])[0], setting.launches(move), note=note))
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure what a GPU makes of RetouchML.")
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N, or cpu with --tiny (default: cuda)")
    parser.add_argument("--tiny", action="store_true", help="small networks, to try the benchmark itself")
    parser.add_argument("--official", type=Path, metavar="FOLDER", help="a copy of stylegan2-ada-pytorch")
    parser.add_argument("--model", default="ffhq-mobile", metavar="NAME", help="(default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=10, metavar="N", help="(default: %(default)s)")
    options = parser.parse_args(arguments)
    device = torch.device(options.device)
    if options.repeat < 1:
        parser.error("--repeat must be at least 1")
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.stderr.write(
            "torch finds no GPU with CUDA here, so nothing was measured. "
            "`--device cpu --tiny` tries the benchmark itself.\n"
        )
        return 1
    if device.type == "cpu" and not options.tiny:
        parser.error("on a CPU the benchmark can only be tried, with --tiny")
    setting = Setting(device, options.repeat, options.tiny)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU, tiny: no figures"
    sys.stdout.write(f"{name}, torch {torch.__version__}, CUDA {torch.version.cuda}\n")
    sys.stdout.write(f"{'':58}{'ms':>10}{'launches':>10}{'dB':>10}\n")
    _print(synthesis_rows(setting, options.official))
    if options.tiny:
        _print(step_rows(setting, _tiny_generator(device), _no_features, _TINY_STEP_SIDES))
        return 0
    from pipeline.networks import load_networks
    from stylegan2 import zoo

    _print(mobile_rows(setting, zoo.path("ffhq-mobile", "ffhq-mobile.safetensors")))
    networks = load_networks(options.model, str(device), graphs=False)
    _print(step_rows(setting, networks.generator, networks.recognizer.network, _STEP_SIDES))
    del networks
    _print(retouch_rows(setting, options.model))
    return 0


def _print(rows: Sequence[Row]) -> None:
    sys.stdout.writelines(row.text() for row in rows)
    sys.stdout.flush()


def _image(network: Callable[[Tensor], Tensor], w_plus: Tensor) -> Tensor:
    with torch.no_grad():
        return network(w_plus)


def _official_image(network: Any, w_plus: Tensor) -> Tensor:
    with torch.no_grad():
        image: Tensor = network(w_plus, noise_mode="const")
    return image


def _move(photo: Any, looks: Any) -> None:
    photo.render({0: next(looks)})


def _tiny_generator(device: torch.device) -> Generator:
    """A generator of random weights and 64 px."""
    from stylegan2.formats.network_file import NetworkFile
    from stylegan2.networks.mapping import Mapping
    from stylegan2.networks.spec import GeneratorSpec, MappingSpec

    spec = GeneratorSpec(MappingSpec(16, (16, 16)), SynthesisSpec(16, (16, 16, 8, 8, 8)))
    torch.manual_seed(0)
    tensors = {}
    for part, module in (("mapping", Mapping(spec.mapping)), ("synthesis", Synthesis(spec.synthesis))):
        for name, tensor in module.state_dict().items():
            tensors[f"{part}.{name}"] = torch.randn_like(tensor)
    return FullGenerator("tiny", NetworkFile("tiny", spec, None, tensors), device)


def _no_features(chips: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Stands for the recognition network, which small pictures are not shown."""
    return chips.mean((2, 3)), [chips] * 5


if __name__ == "__main__":
    sys.exit(main())
