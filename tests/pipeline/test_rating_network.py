"""The standard scorer's network: its gradient, its members, its files."""

from pathlib import Path

import pytest
import torch

from pipeline.latent_network import OCTAVES, LatentNetwork, save_learned
from pipeline.rating_network import RatingNetwork, ensemble_of, load_scorer
from retouchml.errors import LatentSpaceMismatch, ModelCorrupt
from tests.pipeline.training.stand_ins import WIDTH, SmallGenerator


def network(seed: int, members: int = 1) -> RatingNetwork:
    """One with random weights, whose unit is 0.5 rating points around 3."""
    torch.manual_seed(seed)
    made = RatingNetwork(members, 8, 5)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_()
        made.mean.fill_(3.0)
        made.deviation.fill_(0.5)
    return made


def codes(count: int, width: int = 8) -> torch.Tensor:
    return torch.randn(count, OCTAVES, width, generator=torch.Generator().manual_seed(7))


def test_its_own_gradient_is_that_of_torch() -> None:
    made, octaves = network(1, members=3), codes(4).requires_grad_(True)
    ratings, gradients = made.with_gradient(octaves)
    assert torch.equal(ratings, made(octaves))
    for member in range(3):
        (expected,) = torch.autograd.grad(made(octaves)[:, member].sum(), octaves)
        assert torch.allclose(gradients[:, member], expected, atol=1e-5)


def test_an_ensemble_says_what_each_of_its_members_says() -> None:
    members, octaves = [network(seed) for seed in range(3)], codes(20)
    whole, alone = ensemble_of(members), torch.cat([member.values(octaves) for member in members], 1)
    assert whole.outputs == ("rating",) * 3
    assert torch.allclose(whole.values(octaves), alone, atol=1e-5)


def test_only_the_components_that_vary_most_matter() -> None:
    made, octaves = network(1), codes(5, WIDTH)
    changed = octaves.clone()
    changed[..., : WIDTH - 8] += 1.0
    assert torch.equal(made(changed), made(octaves))
    assert torch.equal(made(octaves), made(octaves[..., -8:]))


def written(path: Path, made: RatingNetwork | LatentNetwork, space: str = "small-w") -> Path:
    """The file of a scorer."""
    facts = {"kind": "scorer", "latent_space": space, "outputs": ",".join(made.outputs)}
    save_learned(path, {f"network.{name}": t for name, t in made.state_dict().items()}, facts)
    return path


def test_a_scorer_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = network(2, members=2)
    read = load_scorer(written(tmp_path / "s.safetensors", made), SmallGenerator())
    assert torch.equal(read.values(codes(3)), made.values(codes(3)))


def test_a_scorer_of_earlier_versions_is_still_read(tmp_path: Path) -> None:
    torch.manual_seed(1)
    made = LatentNetwork(("rating", "rating"), WIDTH).requires_grad_(False)
    made.readout.normal_()
    read = load_scorer(written(tmp_path / "s.safetensors", made), SmallGenerator())
    assert read.outputs == ("rating", "rating")
    assert torch.equal(read.values(codes(3, WIDTH)), made.values(codes(3, WIDTH)))


def test_a_scorer_of_another_space_or_shape_is_refused(tmp_path: Path) -> None:
    made = network(2)
    with pytest.raises(LatentSpaceMismatch):
        load_scorer(written(tmp_path / "a.safetensors", made, "another"), SmallGenerator())
    made.bias = torch.nn.Parameter(torch.zeros(7))
    with pytest.raises(ModelCorrupt) as refused:
        load_scorer(written(tmp_path / "b.safetensors", made), SmallGenerator())
    assert "retouchml train scorer" in refused.value.advice
