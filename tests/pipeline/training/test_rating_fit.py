"""A scorer recovers known functions of the code from ratings and their gradients."""

import pytest
import torch

from pipeline.latent_network import OCTAVES
from pipeline.training.fitting import split
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
    network, [explained] = fit_scorer([known], SMALL, lambda done, total: seen.append((done, total)))
    assert seen == [(epoch, 30) for epoch in range(1, 31)]
    assert explained > 0.9
    assert network.outputs == ("rating", "rating")
    assert not any(parameter.requires_grad for parameter in network.parameters())
    fresh = torch.randn(200, OCTAVES, WIDTH, generator=torch.Generator().manual_seed(9))
    assert float(network.values(fresh).mean()) == pytest.approx(3.0, abs=0.2)


def test_members_differ_and_their_mean_errs_less_than_they_do() -> None:
    known = codes(300, noise=0.05)
    network, [explained] = fit_scorer([known], SMALL)
    assert not torch.equal(network.linear[0], network.linear[1])
    _, test = split(300)
    said, truth = network.values(known.octaves[test]), known.ratings[test]
    errors = (said - truth[:, None]).square().mean(0)
    error = float((said.mean(1) - truth).square().mean())
    assert error < float(errors.mean())
    assert explained == pytest.approx(1.0 - error / float(truth.var()), abs=1e-3)


def test_rough_gradients_tell_more_than_ratings_alone() -> None:
    few = codes(300, noise=0.05)
    _, [with_gradients] = fit_scorer([few], SMALL)
    alone = Recipe(components=WIDTH, hidden=16, members=2, epochs=15, batch=64, gradients=0.0)
    _, [without] = fit_scorer([few], alone)
    assert with_gradients > without + 0.1


def test_the_hold_out_teaches_nothing() -> None:
    noise = codes(400)
    random = torch.Generator().manual_seed(1)
    ratings = torch.randn(400, generator=random)
    known = RatedCodes(noise.octaves, ratings, noise.gradients)
    learns_by_heart = Recipe(
        components=WIDTH, hidden=64, members=1, epochs=150, batch=64, decay=0.0, gradients=0.0
    )
    network, [explained] = fit_scorer([known], learns_by_heart)
    train, _ = split(400)
    said = network.values(noise.octaves[train]).mean(1)
    assert float(torch.corrcoef(torch.stack([said, ratings[train]]))[0, 1]) > 0.9
    assert explained < 0.1
