"""The realism guard: a path ends where the network's own discriminator sees its pictures fall off."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import stylegan2
from pipeline.beautify import VERSION, Beautifier, ScorePath
from pipeline.latent_network import LatentNetwork
from pipeline.realism import RealismGuard
from pipeline.training.labelled import ATTRIBUTES
from retouchml.errors import Cancelled
from stylegan2.full_generator import FullGenerator
from stylegan2.loading import read_network
from stylegan2.networks.discriminator import Discriminator
from stylegan2.networks.spec import DiscriminatorSpec

pytestmark = pytest.mark.slow

DATA = Path(__file__).parents[1] / "data" / "stylegan2"
NETWORK = DATA / "tf32_resnet.pkl"


def loaded(path: Path = NETWORK) -> FullGenerator:
    generator = stylegan2.load(path)
    assert isinstance(generator, FullGenerator)
    return generator


def guard_of(generator: FullGenerator) -> RealismGuard:
    guard = RealismGuard.of(generator)
    assert guard is not None
    return guard


def says(logits: Sequence[float]) -> Callable[[RealismGuard, Tensor], float]:
    """A guard that has these logits for codes whose first number counts them."""
    return lambda _guard, w_plus: logits[int(w_plus[0, 0])]


def counted(count: int) -> list[Tensor]:
    return [torch.full((8, 64), float(index)) for index in range(count)]


@pytest.mark.parametrize(
    ("logits", "count"),
    [
        ([5.0, 4.0, 3.1, 6.0], 4),  # never two below the first
        ([5.0, 4.0, 2.9, 6.0], 2),  # what comes after the fall does not count
        ([5.0, 1.0], 1),
        ([5.0, 3.0, 2.0], 2),  # exactly the spread is allowed
        ([5.0], 1),
        ([float("nan"), 1.0, 0.0], 3),
    ],
)
def test_a_path_ends_before_it_is_less_real_by_more_than_the_spread(
    logits: list[float], count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RealismGuard, "logit", says(logits))
    monkeypatch.setattr(RealismGuard, "spread", lambda *_: 2.0)
    assert guard_of(loaded()).believable(counted(len(logits))) == count


def conditional() -> FullGenerator:
    """A network of three classes, with a discriminator of noise that rates each."""
    generator = loaded(DATA / "tf32_cond3.pkl")
    torch.manual_seed(5)
    spec = DiscriminatorSpec((8,) * 4, dense=8, outputs=3, labels=3)
    discriminator = Discriminator(spec).requires_grad_(False)
    for tensor in discriminator.parameters():
        torch.nn.init.normal_(tensor)
    generator.discriminator = discriminator
    return generator


@pytest.mark.parametrize("make", [loaded, conditional])
def test_logits_and_their_spread_are_the_discriminator_s_of_single_pictures(
    make: Callable[[], FullGenerator],
) -> None:
    generator = make()
    guard, discriminator = guard_of(generator), generator.discriminator
    assert discriminator is not None
    w_plus = generator.map(torch.randn(2, generator.z_dim))
    images = generator.synthesize(w_plus)
    labels = torch.eye(3) if discriminator.spec.labels else None
    for code, image in zip(w_plus, images, strict=True):
        repeated = image[None].expand(3, -1, -1, -1)
        # for single pictures there is nothing to compare, and identical ones do not differ: it is the same
        expected = discriminator(repeated if labels is not None else repeated[:1], labels).mean()
        assert guard.logit(code) == pytest.approx(float(expected), abs=1e-4)
    random = generator.random_labels(np.random.default_rng(9), 200)
    others = generator.map(torch.randn(200, generator.z_dim), random)
    spread = float(np.std([guard.logit(code) for code in others]))
    assert guard.spread() == pytest.approx(spread, rel=0.6)
    assert guard.spread() > 0.0


def test_a_guard_of_other_pictures_is_none() -> None:
    generator = loaded()
    generator.discriminator = Discriminator(DiscriminatorSpec((8, 8), dense=8))
    assert RealismGuard.of(generator) is None
    generator.discriminator = None
    assert RealismGuard.of(generator) is None


class Set:
    """An event that has happened."""

    def is_set(self) -> bool:
        return True


def test_it_can_be_stopped_while_it_measures_and_while_it_compares(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = list(loaded().map(torch.randn(3, 64)))
    for _ in range(2):
        with pytest.raises(Cancelled):
            guard_of(loaded()).believable(codes, Set())
        monkeypatch.setattr(RealismGuard, "spread", lambda *_: 2.0)


# ---- in the climb


def beautifier(generator: FullGenerator) -> Beautifier:
    """One that climbs a direction of noise, and recognises everybody as the same."""
    torch.manual_seed(2)
    networks = [LatentNetwork(outputs, generator.w_dim) for outputs in (("rating",), ATTRIBUTES)]
    for network in networks:
        torch.nn.init.normal_(network.linear, std=0.3)
        network.eval().requires_grad_(False)
    same = torch.nn.Module()
    same.forward = lambda _chip: (torch.zeros(1, 128),)  # type: ignore[assignment]
    return Beautifier(generator, networks[0], networks[1], same, lambda _picture: {})  # type: ignore[arg-type]


def climbed(generator: FullGenerator) -> ScorePath:
    start = generator.map(torch.randn(1, generator.z_dim, generator=torch.Generator().manual_seed(3)))[0]
    return beautifier(generator).path(start, torch.zeros(1, 150, 150, 2))


def without_guard() -> FullGenerator:
    network = read_network(NETWORK).without_discriminator()
    return FullGenerator("tf32_resnet", network, torch.device("cpu"))


def test_the_climb_asks_the_guard_where_there_is_one_and_no_one_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = climbed(without_guard())
    assert len(whole.knots) > 3

    asked: list[Tensor] = []

    def third_is_bad(_guard: RealismGuard, w_plus: Tensor) -> float:
        asked.append(w_plus)
        return -1.0 if torch.equal(w_plus, whole.knots[3]) else 1.0

    monkeypatch.setattr(RealismGuard, "logit", third_is_bad)
    monkeypatch.setattr(RealismGuard, "spread", lambda *_: 1.5)
    assert torch.equal(climbed(without_guard()).knots, whole.knots)
    assert asked == []
    guarded = climbed(loaded())
    assert torch.equal(guarded.knots, whole.knots[:3])
    assert torch.equal(guarded.gains, whole.gains[:3])
    assert guarded.score == whole.score


def test_kept_paths_of_guarded_climbs_are_told_from_others() -> None:
    plain, guarded = beautifier(without_guard()), beautifier(loaded())
    assert plain.identity.endswith(f"/{plain.ascent}")
    assert f"/{VERSION}/" in plain.identity
    assert guarded.identity.replace(loaded().identity, without_guard().identity) != plain.identity
    assert replace(plain.ascent) == guarded.ascent
