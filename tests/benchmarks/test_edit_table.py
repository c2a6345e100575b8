"""The table of what sliders move, on a generator whose attributes are known."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.edit_table import MEASURED, changes, main, steps, table
from pipeline.appearance import APPEARANCE
from pipeline.edits import EditApplier
from pipeline.latent_network import LatentNetwork, by_octave
from pipeline.taste.judgement import Joined
from retouchml.errors import ModelMissing
from tests.pipeline.training.stand_ins import WIDTH, SmallGenerator


def network(names: tuple[str, ...]) -> LatentNetwork:
    """Each of some measures is a component of the code, in units of two standard deviations."""
    found = LatentNetwork(names, WIDTH).requires_grad_(False)
    found.linear.copy_(torch.eye(WIDTH)[[MEASURED.index(name) for name in names]])
    found.deviation.fill_(2.0)
    return found


@pytest.fixture
def applier() -> EditApplier:
    """One whose networks know all that is measured."""
    found = EditApplier(SmallGenerator(), network(MEASURED[: -len(APPEARANCE)]))
    found.appearance = network(APPEARANCE)
    return found


def test_what_instruments_see_is_told_per_standard_deviation(applier: EditApplier) -> None:
    generator = SmallGenerator()

    def measure(code: Tensor) -> NDArray[np.floating]:
        v = generator.latents.whiten(code)
        octaves = by_octave(v[None], generator.layers)
        seen = 2.0 * Joined((applier.attributes, applier.appearance))(octaves)[0].numpy()
        seen[MEASURED.index("age")] += 0.5 * seen[MEASURED.index("smile")]
        return np.asarray(seen)

    starts = [torch.randn(9, WIDTH, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2)]
    found = changes(generator, applier, measure, starts)
    assert set(found) == set(steps()) >= {"smile", "age", "yaw"}
    smile = found["smile"].mean(0)
    assert smile[MEASURED.index("smile")] == pytest.approx(1.0, abs=0.02)
    assert smile[MEASURED.index("age")] == pytest.approx(0.5, abs=0.02)
    assert smile[MEASURED.index("brows")] == pytest.approx(0.0, abs=0.02)
    hair = found["hair_lightness"].mean(0)
    assert hair[MEASURED.index("hair_lightness")] == pytest.approx(1.0, abs=0.02)
    assert hair[MEASURED.index("beard")] == pytest.approx(0.0, abs=0.02)


def test_the_table_marks_what_a_slider_is_for_and_what_may_move_along() -> None:
    one = np.zeros((4, len(MEASURED)))
    one[:, MEASURED.index("smile")] = [1.0, 1.2, -0.2, 0.8]
    one[:, MEASURED.index("mouth_open")] = 0.3
    one[:, MEASURED.index("yaw")] = -0.1
    row = table({"smile": one}).splitlines()[2]
    cells = dict(
        zip(("slider", *MEASURED, "its way"), (c.strip() for c in row.split("|")[1:-1]), strict=True)
    )
    assert cells["smile"] == "**+0.70**"
    assert cells["mouth_open"] == "(+0.30)"
    assert cells["yaw"] == "-0.10"
    assert cells["its way"] == "75%"


def test_the_command_gives_torch_its_threads_back() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        with pytest.raises(ModelMissing):
            main([])  # the test's home has no models
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)
