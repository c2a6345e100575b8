"""A scorer recovers known functions of the code from ratings and their gradients."""

import pytest
import torch

from pipeline.latent_network import OCTAVES
from pipeline.training.rating_fit import RatedCodes, Recipe, fit_scorer

WIDTH = 30
SMALL = Recipe(components=WIDTH, hidden=16, members=2, epochs=15, batch=64)


def codes(count: int, noise: float = 0.0) -> RatedCodes:
    """A bent function of two octaves, 3 ± 0.5, and its gradients."""
    random = torch.Generator().manual_seed(4)
    octaves = torch.randn(count, OCTAVES, WIDTH, generator=random)
    ways = torch.randn(2, WIDTH, generator=random) / WIDTH**0.5
    leaf = octaves.clone().requires_grad_(True)
    ratings = 3.0 + 0.4 * leaf[:, 1] @ ways[0] + 0.4 * torch.tanh(leaf[:, 3] @ ways[1])
    (gradients,) = torch.autograd.grad(ratings.sum(), leaf)
    gradients = gradients + noise * torch.randn(gradients.shape, generator=random)
    return RatedCodes(octaves, ratings.detach(), gradients.half())


def test_a_known_function_is_recovered() -> None:
    known, seen = codes(1500), []
    network, explained = fit_scorer(known, SMALL, lambda done, total: seen.append((done, total)))
    assert seen == [(epoch, 30) for epoch in range(1, 31)]
    assert explained > 0.9
    assert network.outputs == ("rating", "rating")
    assert not any(parameter.requires_grad for parameter in network.parameters())
    fresh = torch.randn(200, OCTAVES, WIDTH, generator=torch.Generator().manual_seed(9))
    assert float(network.values(fresh).mean()) == pytest.approx(3.0, abs=0.2)


def test_rough_gradients_tell_more_than_ratings_alone() -> None:
    few = codes(300, noise=0.05)
    _, with_gradients = fit_scorer(few, SMALL)
    alone = Recipe(components=WIDTH, hidden=16, members=2, epochs=15, batch=64, gradients=0.0)
    _, without = fit_scorer(few, alone)
    assert with_gradients > without + 0.1


def test_the_hold_out_teaches_nothing() -> None:
    noise = codes(400)
    random = torch.Generator().manual_seed(1)
    ratings = torch.randn(400, generator=random)
    _, explained = fit_scorer(RatedCodes(noise.octaves, ratings, torch.zeros_like(noise.gradients)), SMALL)
    assert explained < 0.1
