"""ONNX Runtime: its renderer draws what torch draws, and it is silent before it is imported."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from retouchml.errors import ModelCorrupt
from stylegan2 import zoo
from stylegan2.generator import Generator
from stylegan2.onnx import OnnxRenderer, export
from tests.conftest import at_home

_PROGRAM = """
import importlib.abc, os, sys

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "onnxruntime":
            print("loaded with", os.environ.get("ORT_DISABLE_TELEMETRY"))
        return None

sys.meta_path.insert(0, Watch())
import stylegan2.onnx
"""


class Small(nn.Module):
    """w_plus [1, 2, 12] → image [1, 3, 4, 4]."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Linear(24, 48)

    def forward(self, w_plus: Tensor) -> Tensor:
        return torch.tanh(self.layer(w_plus.flatten(1))).reshape(-1, 3, 4, 4)


def test_an_exported_network_gives_the_same_picture() -> None:
    network = Small()
    renderer = OnnxRenderer(export(network, 2, 12))
    w_plus = torch.randn(2, 12)
    with torch.no_grad():
        expected = network(w_plus[None])[0].numpy()
    image = renderer(w_plus.numpy())
    assert (image.shape, image.dtype.name) == ((3, 4, 4), "float32")
    assert np.allclose(image, expected, atol=1e-6)


def test_codes_in_any_layout_or_precision_are_taken() -> None:
    renderer = OnnxRenderer(export(Small(), 2, 12), threads=1)
    w_plus = np.random.default_rng(0).standard_normal((12, 2))
    assert np.allclose(
        renderer(w_plus.T),  # type: ignore[arg-type]
        renderer(np.ascontiguousarray(w_plus.T, np.float32)),
        atol=1e-6,
    )


def test_the_default_model_s_picture_equals_torch_s(generator: Generator, real_home: Path) -> None:
    with at_home(real_home):
        renderer = OnnxRenderer(zoo.path("ffhq-mobile", "ffhq-mobile.onnx"))
    torch.manual_seed(3)
    w_plus = generator.map(torch.randn(1, 512), truncation_psi=0.7)
    with torch.no_grad():
        expected = generator.synthesize(w_plus)[0].numpy()
    assert float(np.abs(renderer(w_plus[0].numpy()) - expected).max()) < 1e-4


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x08\x07" * 100])
def test_a_file_that_is_no_network_is_corrupt(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    for source in (path, content):
        with pytest.raises(ModelCorrupt) as corrupt:
            OnnxRenderer(source)
        assert "retouchml models fetch" in corrupt.value.advice


def test_a_missing_file_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt):
        OnnxRenderer(tmp_path / "none.onnx")


def test_whoever_loads_it_first_has_it_report_to_nobody() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["loaded with 1"]
