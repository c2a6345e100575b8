"""Directions of others, on a generator whose attributes are known."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.directions import change, main, read_direction, slider_direction
from benchmarks.edit_table import MEASURED
from pipeline.edits import EditApplier
from pipeline.latent_network import by_octave
from tests.benchmarks.test_edit_table import applier as applier
from tests.pipeline.training.stand_ins import WIDTH, SmallGenerator


def codes(count: int) -> Tensor:
    return torch.randn(count, WIDTH, generator=torch.Generator().manual_seed(3))


def test_a_step_is_measured_forth_and_back() -> None:
    generator = SmallGenerator()

    def measure(code: Tensor) -> NDArray[np.floating]:
        return np.asarray(code.mean(0)[: len(MEASURED)].numpy() + 7.0)

    step = torch.zeros(WIDTH)
    step[1], step[3] = 0.5, -2.0
    found = change(measure, codes(3), step, generator)
    assert found.shape == (3, len(MEASURED))
    assert found[:, 1] == pytest.approx(0.5, abs=1e-5)
    assert found[:, 3] == pytest.approx(-2.0, abs=1e-5)
    assert found[:, [0, 2, 4]] == pytest.approx(0.0, abs=1e-5)


def test_a_slider_s_direction_moves_its_own_attribute_up(applier: EditApplier) -> None:
    generator = SmallGenerator()
    starts = codes(4)
    found = slider_direction("smile", starts, applier, generator)
    assert float(found.norm()) == pytest.approx(1.0)

    def smile(code: Tensor) -> float:
        v = generator.latents.whiten(code).expand(generator.num_layers, -1)
        return float(applier.attributes(by_octave(v[None], generator.layers))[0, MEASURED.index("smile")])

    assert smile(starts[0] + found) > smile(starts[0]) + 0.1
    assert smile(starts[0] - found) < smile(starts[0]) - 0.1


def test_a_file_is_read_as_a_direction_of_unit_length(tmp_path: Path) -> None:
    torch.save(torch.full((1, 4), 3.0), tmp_path / "age.pt")
    attribute, direction = read_direction(f"age={tmp_path / 'age.pt'}", 4)
    assert attribute == "age"
    assert direction.tolist() == pytest.approx([0.5] * 4)


def test_what_is_no_direction_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.pt").write_bytes(pickle.dumps(print))
    torch.save([1, 2], tmp_path / "two.pt")
    torch.save(torch.zeros(512), tmp_path / "zero.pt")
    for text, said in (
        ("charm=x.pt", "names no direction"),
        (f"age={tmp_path / 'missing.pt'}", "cannot be read"),
        (f"age={tmp_path / 'list.pt'}", "cannot be read"),
        (f"age={tmp_path / 'two.pt'}", "holds no direction"),
        (f"age={tmp_path / 'zero.pt'}", "holds no direction of 512 numbers"),
        (f"male={tmp_path / 'zero.pt'}", "names no direction"),
    ):
        assert main([text]) == 1
        assert said in capsys.readouterr().err
