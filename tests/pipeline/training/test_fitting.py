"""Fits recover functions that are known, and say honestly how far to believe them."""

import numpy as np
import pytest
import torch

from pipeline.latent_network import OCTAVES
from pipeline.training.fitting import fit_latent_network, octaves_of, ridge, split
from pipeline.training.sampling import Samples
from tests.pipeline.training.stand_ins import WIDTH, SmallGenerator, samples


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_hold_out_is_disjoint_complete_and_always_the_same() -> None:
    train, test = split(205)
    assert len(test) == 20
    assert sorted([*train, *test]) == list(range(205))
    assert np.array_equal(test, split(205)[1])


def test_a_known_function_of_one_octave_is_recovered() -> None:
    octaves = random(3000, OCTAVES, 8)
    way = random(8, seed=1)
    targets = torch.stack([5.0 + 2.0 * octaves[:, 3] @ way, random(3000, seed=2)], 1)
    network, explained = fit_latent_network(
        ("known", "noise"), octaves, targets, components=8, epochs=12, rate=1e-2
    )
    assert explained["known"] > 0.95
    assert explained["noise"] < 0.1
    assert int(network.octave_weights()[0].argmax()) == 3
    fresh = random(200, OCTAVES, 8, seed=3)
    expected = 5.0 + 2.0 * fresh[:, 3] @ way
    assert float((network.values(fresh)[:, 0] - expected).abs().mean()) < 0.15 * float(expected.std())


def test_only_the_components_that_vary_most_are_used() -> None:
    octaves = random(400, OCTAVES, 8)
    network, explained = fit_latent_network(
        ("hidden",), octaves, octaves[:, 0, :1], components=5, epochs=2, rate=1e-2
    )
    assert float(network.linear[:, :3].abs().max()) == 0.0
    assert float(network.hidden_weight[:, :3].abs().max()) == 0.0
    assert float(network.linear[:, 3:].abs().min()) > 0.0
    assert explained["hidden"] < 0.1  # what it depends on was not shown
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_octaves_take_the_second_code_from_the_crossover_on() -> None:
    generator = SmallGenerator()
    base = samples(generator, 1)
    w = np.stack([base.w[:, 0], base.w[:, 0] + 1.0], 1)
    mixed = Samples(w, np.array([32], np.int32))
    octaves = octaves_of(mixed, generator.latents)
    assert octaves.shape == (1, OCTAVES, WIDTH)
    first, second = generator.latents.whiten(torch.from_numpy(w[0]))
    assert torch.allclose(octaves[0, :3], first.expand(3, -1))  # 4 to 16 px
    assert torch.allclose(octaves[0, 3:], second.expand(6, -1))
    assert torch.equal(octaves_of(mixed, generator.latents, 5), octaves[..., -5:])


def test_a_linear_regression_is_recovered_and_a_penalty_shrinks_it() -> None:
    x, way = random(300, 6), random(6, 2, seed=1)
    x = x - x.mean(0)
    assert torch.allclose(ridge(x, x @ way, 0.0), way, atol=1e-4)
    # The same for white inputs: every coefficient is divided by 1 + the penalty.
    white = torch.linalg.qr(x)[0] * 300**0.5
    assert torch.allclose(ridge(white, white @ way, 1.0), way / 2.0, atol=1e-4)
    twice = ridge(torch.cat([x, x]), torch.cat([x, x]) @ way, 0.5)
    assert torch.allclose(twice, ridge(x, x @ way, 0.5), atol=1e-4)  # the penalty is per sample


def test_two_outputs_need_two_columns() -> None:
    with pytest.raises(RuntimeError):
        fit_latent_network(("a", "b"), random(30, OCTAVES, 8), random(30, 3), components=8, epochs=1)
