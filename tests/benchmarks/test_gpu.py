"""``benchmarks.gpu``: what it says without a GPU, and its parts on the CPU."""

import math
import sys
from pathlib import Path

import pytest
import torch

from benchmarks import gpu
from benchmarks.gpu import Row, Setting
from stylegan2.precision import Precision
from tests.conftest import at_home

TRIED = Setting(torch.device("cpu"), 1, tiny=True)

# The interface of stylegan2-ada-pytorch, as far as the benchmark uses it.
_OFFICIAL = """
import torch
class SynthesisNetwork(torch.nn.Module):
    def __init__(self, w_dim, side, channels, channel_base, channel_max, num_fp16_res, conv_clamp):
        super().__init__()
        self.num_ws = 2 * (side.bit_length() - 2)
        self.side, self.octaves = side, num_fp16_res
    def forward(self, ws, noise_mode):
        assert noise_mode == "const" and ws.shape == (1, self.num_ws, 512)
        return ws.new_zeros(1, 3, self.side, self.side)
"""


def test_without_a_gpu_it_says_so_and_measures_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("torch finds no GPU with CUDA here, so nothing was measured.")


def test_on_a_cpu_it_can_only_be_tried(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gpu.main(["--device", "cpu"])
    assert "with --tiny" in capsys.readouterr().err


def test_tried_on_a_cpu_it_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert gpu.main(["--device", "cpu", "--tiny", "--repeat", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("the CPU, tiny: no figures")
    names = [line[:58].strip() for line in lines[2:]]
    assert names == [
        "config-f, 64 px, float32",
        "as a graph",
        "config-f, 64 px, float16",
        "as a graph",
        "config-f, 64 px, bfloat16",
        "as a graph",
        "inversion step, 64 px, kernel by kernel",
        "inversion step, 64 px, as a graph",
    ]
    cells = [line[58:].split() for line in lines[2:]]
    for row in (0, 2, 4, 6):
        assert float(cells[row][0]) > 0.0
        assert int(cells[row][1]) > 50  # operations
    assert cells[0][2] == "inf"
    assert 25.0 < float(cells[4][2]) < float(cells[2][2]) < 120.0  # bfloat16 is coarser than float16
    assert cells[1] == ["-", "-", "-", "only", "on", "CUDA"]


def test_the_official_code_runs_beside_ours_and_says_whether_it_has_its_kernels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (
        ("training/__init__.py", ""),
        ("training/networks.py", _OFFICIAL),
        ("torch_utils/__init__.py", ""),
        ("torch_utils/ops/__init__.py", ""),
        ("torch_utils/ops/bias_act.py", "_plugin = None"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(sys, "path", list(sys.path))
    rows = gpu.synthesis_rows(TRIED, tmp_path)
    for name in [name for name in sys.modules if name.split(".")[0] in ("training", "torch_utils")]:
        del sys.modules[name]
    theirs = [row for row in rows if "official" in row.name]
    assert len(theirs) == 2  # it has no bfloat16
    assert all(row.note == "WITHOUT its CUDA kernels, hence slow" for row in theirs)
    shares = [float(row.note) for row in rows if "share" in row.name]
    assert min(shares) > 1.0  # this one does nothing


def test_times_are_medians_of_the_last_rounds_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("benchmarks.gpu.time.perf_counter", lambda: now)
    seconds = iter([0.2, 0.0, 0.01, 0.05])
    ran: list[str] = []

    def slow() -> None:
        nonlocal now
        ran.append("slow")
        now += next(seconds)

    first, second = Setting(torch.device("cpu"), 3, tiny=True).times([slow, lambda: ran.append("quick")])
    assert ran == ["slow", "quick"] * 4
    assert first == pytest.approx(10.0)
    assert second == 0.0


def test_operations_are_counted_where_there_is_no_gpu_to_launch_on() -> None:
    x = torch.ones(3)
    one = TRIED.launches(lambda: x + 1.0)
    assert one >= 1
    assert TRIED.launches(lambda: ((x + 1.0) * 2.0) - 3.0) == 3 * one


def test_equal_images_have_no_noise_and_a_hundredth_of_the_range_is_40_db() -> None:
    image = torch.linspace(-1.0, 1.0, 192).reshape(1, 3, 8, 8)
    assert gpu.decibels(image, image) == math.inf
    assert gpu.decibels(image + 0.02, image) == pytest.approx(40.0)


def test_what_was_not_measured_is_a_dash() -> None:
    assert Row("a", 1.5, 7, 40.0).text().split() == ["a", "1.50", "7", "40.0"]
    assert Row("a", note="only on CUDA").text().split() == ["a", "-", "-", "-", "only", "on", "CUDA"]


def test_the_default_generator_is_measured_in_each_precision_and_layout(real_home: Path) -> None:
    from stylegan2 import zoo

    with at_home(real_home):
        weights = zoo.path("ffhq-mobile", "ffhq-mobile.safetensors")
    tried: tuple[Precision, ...] = ("float32", "bfloat16")  # on a CPU, float16 takes minutes
    rows = gpu.mobile_rows(TRIED, weights, tried)
    assert [row.name.strip() for row in rows] == [
        name
        for precision in tried
        for name in (f"ffhq-mobile, 1024 px, {precision}", "weights contiguous", "weights channels last")
    ]
    assert rows[0].decibels == math.inf
    assert all(row.milliseconds is not None for row in rows)
