"""What makes another person of a face: learned from gradients, and avoided on the way up."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.identity_metric import IdentityMetric, LayerMetric, load_metric
from pipeline.latent_network import OCTAVES, save_learned, trained_part
from retouchml.errors import ModelCorrupt
from stylegan2.generator import StyleLayer
from tests.pipeline.training.stand_ins import WIDTH, SmallGenerator

COMPONENTS = 6


def random_gradients(count: int, ways: Tensor) -> Tensor:
    """Gradients [N, 9, C] that mostly lie along ``ways`` [K, 9, C]."""
    random = torch.Generator().manual_seed(3)
    along = torch.randn(count, len(ways), generator=random) * 5.0
    noise = torch.randn(count, *ways.shape[1:], generator=random) * 0.1
    return torch.einsum("nk,kow->now", along, ways) + noise


@pytest.fixture
def ways() -> Tensor:
    """Two directions of unit length at right angles."""
    numbers = torch.randn(OCTAVES * COMPONENTS, 2, generator=torch.Generator().manual_seed(1))
    flat: Tensor = torch.linalg.qr(numbers)[0]
    return flat.T.reshape(2, OCTAVES, COMPONENTS)


@pytest.fixture
def metric(ways: Tensor) -> IdentityMetric:
    return IdentityMetric.of_gradients(random_gradients(500, ways), 2)


def test_the_directions_that_move_the_descriptor_are_found(metric: IdentityMetric, ways: Tensor) -> None:
    found, sought = metric.directions.flatten(1), ways.flatten(1)
    assert torch.allclose(found @ found.T, torch.eye(2), atol=1e-4)
    assert float((found @ sought.T).square().sum()) == pytest.approx(2.0, abs=0.01)
    assert metric.explained(random_gradients(40, ways)) > 0.97
    # all of the variance lies along two of the directions
    assert float(metric.strengths.mean()) == pytest.approx(OCTAVES * COMPONENTS / 2, rel=0.05)


def test_a_gradient_along_them_is_eased_and_one_across_them_stays(
    metric: IdentityMetric, ways: Tensor
) -> None:
    along, across = ways[0], torch.randn(OCTAVES, COMPONENTS, generator=torch.Generator().manual_seed(5))
    across = across - torch.einsum("kow,k->ow", ways, torch.einsum("ow,kow->k", across, ways))
    gradients = torch.zeros(2, OCTAVES, WIDTH)
    gradients[:, :, -COMPONENTS:] = torch.stack([along, across])
    strength = float(metric.strengths.mean())
    eased = metric.eased(gradients, ease=strength)
    assert float(eased[0].norm()) == pytest.approx(0.5, abs=0.05)
    assert float((eased[1] - gradients[1]).norm()) < 0.05 * float(gradients[1].norm())
    assert torch.allclose(metric.eased(gradients, ease=1e9), gradients, atol=1e-5)


def test_components_that_it_does_not_know_stay(metric: IdentityMetric) -> None:
    gradients = torch.randn(3, OCTAVES, WIDTH)
    eased = metric.eased(gradients, ease=0.1)
    assert torch.equal(eased[..., :-COMPONENTS], gradients[..., :-COMPONENTS])


def test_layers_of_an_octave_move_alike(metric: IdentityMetric) -> None:
    generator: Any = SmallGenerator()
    generator.layers = tuple(StyleLayer(index, side, "conv") for index, side in enumerate((4, 8, 8, 16)))
    gradients = torch.randn(2, 4, WIDTH)
    eased = LayerMetric(metric, generator).eased(gradients, ease=0.5)
    by_octave = torch.zeros(2, OCTAVES, WIDTH)
    by_octave[:, 0], by_octave[:, 1], by_octave[:, 2] = (
        gradients[:, 0],
        gradients[:, 1] + gradients[:, 2],
        gradients[:, 3],
    )
    expected = metric.eased(by_octave, 0.5)
    assert torch.allclose(eased[:, 1], eased[:, 2])
    assert torch.allclose(eased, expected[:, [0, 1, 1, 2]], atol=1e-6)


def written(metric: IdentityMetric, space: str) -> Path:
    """Where retouching looks for the metric of the small generator."""
    path = trained_part("identity", SmallGenerator().latents.name)
    tensors = {f"network.{name}": tensor for name, tensor in metric.state_dict().items()}
    save_learned(path, tensors, {"kind": "identity", "latent_space": space})
    return path


def test_a_file_is_read_back(metric: IdentityMetric) -> None:
    written(metric, SmallGenerator().latents.name)
    loaded = load_metric(SmallGenerator())
    assert loaded is not None
    assert torch.equal(loaded.directions, metric.directions)


def test_a_network_of_another_space_has_none(metric: IdentityMetric) -> None:
    assert load_metric(SmallGenerator()) is None  # the shipped one is for another
    written(metric, "another-w")
    assert load_metric(SmallGenerator()) is None


def test_a_damaged_file_is_no_metric(metric: IdentityMetric) -> None:
    path = written(metric, SmallGenerator().latents.name)
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ModelCorrupt) as caught:
        load_metric(SmallGenerator())
    assert "retouchml train identity" in caught.value.explain()
    save_learned(
        path,
        {"network.directions": torch.zeros(2, 4, 3), "network.strengths": torch.ones(2)},
        {"kind": "identity", "latent_space": SmallGenerator().latents.name},
    )
    with pytest.raises(ModelCorrupt):
        load_metric(SmallGenerator())
