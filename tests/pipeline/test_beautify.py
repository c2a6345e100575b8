"""The way up: it rises evenly, holds what nobody asked to change, and knows when to end."""

import copy
import threading
from dataclasses import replace
from itertools import combinations, pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.ascent import Ascent
from pipeline.attributes import geometric
from pipeline.beautify import Beautifier, ScorePath
from pipeline.identity import chip_frame
from pipeline.identity_metric import IdentityMetric
from pipeline.inversion_target import TARGET
from pipeline.latent_network import LatentFunction, by_octave
from pipeline.networks import Networks
from pipeline.rating_network import RatingNetwork, ensemble_of
from retouchml.errors import Cancelled
from stylegan2.generator import as_picture
from tests.pipeline.synthetic_faces import landmarks

# ---- strength along a path


@pytest.fixture
def path() -> ScorePath:
    """Four knots [1, 2] whose gains are uneven."""
    knots = torch.tensor([[[0.0, 0.0]], [[1.0, 0.0]], [[1.0, 4.0]], [[3.0, 4.0]]])
    return ScorePath(knots, torch.tensor([0.0, 0.1, 0.7, 0.8]), 2.5)


@pytest.mark.parametrize(
    ("strength", "code"),
    [
        (0.0, [0.0, 0.0]),
        (0.125, [1.0, 0.0]),
        (0.5, [1.0, 2.0]),
        (0.875, [1.0, 4.0]),
        (0.9375, [2.0, 4.0]),
        (1.0, [3.0, 4.0]),
    ],
)
def test_strength_is_the_share_of_the_whole_gain(strength: float, code: list[float], path: ScorePath) -> None:
    assert torch.allclose(path.at(strength)[0], torch.tensor(code), atol=1e-5)


def test_strength_zero_is_the_face_itself(path: ScorePath) -> None:
    assert torch.equal(path.at(0.0), path.knots[0])
    assert torch.equal(path.at(-0.5), path.knots[0])


def test_a_path_that_leads_nowhere_is_the_face_at_every_strength() -> None:
    stays = ScorePath(torch.ones(1, 2, 3), torch.zeros(1), 4.0)
    assert torch.equal(stays.at(0.7), stays.knots[0])


# ---- finding one


def test_its_identity_tells_networks_and_settings_apart(networks: Networks) -> None:
    beautifier = networks.beautifier

    def with_parts(
        scorer: LatentFunction, ascent: Ascent, metric: IdentityMetric | None = beautifier._metric
    ) -> str:
        return Beautifier(
            networks.generator,
            scorer,
            networks.edit_applier.attributes,
            networks.recognizer.network,
            lambda _: {},
            ascent,
            metric,
        ).identity

    scorer: Any = beautifier._scorer
    assert with_parts(copy.deepcopy(scorer), Ascent()) == beautifier.identity
    learned = copy.deepcopy(scorer)
    learned.bias.data[0] += 1e-3
    others = {
        with_parts(learned, Ascent()),
        with_parts(scorer, Ascent(gain=1.0)),
        with_parts(scorer, Ascent(), None),
        beautifier.identity,
    }
    assert len(others) == 4


def test_the_path_climbs_the_mean_of_an_ensemble(networks: Networks) -> None:
    flat, steep = (RatingNetwork(1, 120, 4).requires_grad_(False) for _ in range(2))
    flat.bias.fill_(-1.0)
    steep.linear[:, :4, -1] = 1.0
    beautifier = networks.beautifier.with_scorer(ensemble_of([flat, steep]))
    beautifier.ascent = replace(beautifier.ascent, reach=0.4)
    torch.manual_seed(41)
    start = networks.generator.map(torch.randn(1, 512), truncation_psi=0.6)[0]
    grid = chip_frame(landmarks((64.0, 64.0), 30.0)).grid(128, 128)
    path = beautifier.path(start, grid)
    octaves = by_octave(networks.generator.latents.whiten(start)[None], networks.generator.layers)
    assert path.score == pytest.approx((float(steep(octaves)) - 1.0) / 2, abs=1e-4)
    assert len(path.knots) > 1
    assert float(path.gains[-1]) > 0.01


class Climb:
    """A generated face, and the way up from it."""

    def __init__(self, networks: Networks, seed: int) -> None:
        torch.manual_seed(seed)
        self.networks = networks
        self.start = networks.generator.map(torch.randn(1, 512), truncation_psi=0.6)[0]
        with torch.no_grad():
            picture = as_picture(networks.generator.synthesize(self.start[None], TARGET)[0])
        self.grid = chip_frame(networks.finder.landmarks_in_crop(picture)).grid(TARGET, TARGET)
        self.told: list[tuple[str, float]] = []
        self.path = networks.beautifier.path(
            self.start, self.grid, progress=lambda stage, fraction, _: self.told.append((stage, fraction))
        )

    def values(self, code: Tensor) -> dict[str, float]:
        """Attributes of a code, in standard deviations."""
        network = self.networks.edit_applier.attributes
        v = self.networks.generator.latents.whiten(code)[None]
        outputs = network(by_octave(v, self.networks.generator.layers))[0]
        return dict(zip(network.outputs, outputs.tolist(), strict=True))

    def shown(self, code: Tensor) -> dict[str, float]:
        """Expression and pose in the generator's picture of a code, in standard deviations."""
        with torch.no_grad():
            picture = as_picture(self.networks.generator.synthesize(code[None], 512)[0])
        measured = geometric(self.networks.finder.landmarks_in_crop(picture))
        network = self.networks.edit_applier.attributes
        spread = dict(zip(network.outputs, network.deviation.tolist(), strict=True))
        return {name: value / spread[name] for name, value in measured.items()}

    def descriptor(self, code: Tensor) -> Tensor:
        """Of the generator's own picture of a code."""
        with torch.no_grad():
            picture = self.networks.generator.synthesize(code[None], 128)
            chip = torch.nn.functional.grid_sample(picture * 0.5 + 0.5, self.grid, align_corners=False)
            descriptor: Tensor = self.networks.recognizer.network(chip)[0][0]
        return descriptor


@pytest.fixture(scope="module", params=[41, 42])
def climb(request: pytest.FixtureRequest, networks: Networks) -> Climb:
    return Climb(networks, request.param)


def test_the_first_knot_is_the_face_to_the_bit(climb: Climb) -> None:
    assert torch.equal(climb.path.knots[0], climb.start)
    assert float(climb.path.gains[0]) == 0.0


def test_the_score_rises_with_every_knot(climb: Climb) -> None:
    assert len(climb.path.knots) == len(climb.path.gains) > 2
    assert bool((climb.path.gains[1:] > climb.path.gains[:-1]).all())
    assert float(climb.path.gains[-1]) > 0.15


def test_the_score_is_on_the_raters_scale(climb: Climb) -> None:
    assert 1.0 < climb.path.score < 5.0


def test_equal_steps_of_strength_have_about_equal_effect(climb: Climb) -> None:
    beautifier = climb.networks.beautifier
    whiten = climb.networks.generator.latents.whiten
    score = beautifier._climber().score
    scores = [score(whiten(climb.path.at(s))) for s in (0.0, 0.25, 0.5, 0.75, 1.0)]
    rises = [b - a for a, b in pairwise(scores)]
    whole = float(climb.path.gains[-1])
    assert sum(rises) == pytest.approx(whole, abs=0.02)
    assert all(rise == pytest.approx(whole / 4, rel=0.35) for rise in rises)


def test_expression_and_pose_hardly_drift_in_the_picture(climb: Climb) -> None:
    before, after = climb.shown(climb.start), climb.shown(climb.path.knots[-1])
    for name in climb.networks.beautifier.ascent.held:
        if name in before:
            assert abs(after[name] - before[name]) < 0.5


def test_what_no_landmark_shows_hardly_drifts_in_the_network_s_judgement(climb: Climb) -> None:
    before, after = climb.values(climb.start), climb.values(climb.path.knots[-1])
    assert all(abs(after[name] - before[name]) < 0.15 for name in ("male", "glasses"))
    assert abs(after["age"] - before["age"]) < 0.5


def test_it_ends_before_the_person_is_another(climb: Climb) -> None:
    first, last = climb.descriptor(climb.start), climb.descriptor(climb.path.knots[-1])
    assert float((last - first).norm()) <= climb.networks.beautifier.ascent.identity + 0.02


def test_no_picture_is_made_twice(climb: Climb, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, asked = climb.networks.generator, list[Tensor]()
    synthesize = generator.synthesize

    def counted(w_plus: Tensor, *arguments: Any) -> Tensor:
        asked.append(w_plus[0])
        return synthesize(w_plus, *arguments)

    monkeypatch.setattr(generator, "synthesize", counted)
    again = climb.networks.beautifier.path(climb.start, climb.grid)
    assert torch.equal(again.knots, climb.path.knots)
    assert len(asked) > 3
    assert not any(torch.equal(one, other) for one, other in combinations(asked, 2))


def test_a_hasty_path_goes_the_same_way_in_half_as_many_steps(climb: Climb) -> None:
    beautifier = climb.networks.beautifier
    before = beautifier.identity
    hasty = beautifier.hasty().path(climb.start, climb.grid)
    assert beautifier.identity == before
    assert len(hasty.knots) <= len(climb.path.knots) // 2 + 1
    one, other = ((path.at(0.6) - path.at(0.0)).flatten() for path in (climb.path, hasty))
    assert float(torch.cosine_similarity(one, other, dim=0)) > 0.9


def test_the_finest_layers_stay(climb: Climb) -> None:
    finest = climb.networks.beautifier.ascent.finest
    for layer in climb.networks.generator.layers:
        moved = float((climb.path.knots[-1] - climb.start)[layer.index].abs().max())
        assert (moved > 1e-3) == (layer.resolution <= finest)


def test_progress_rises_to_its_end(climb: Climb) -> None:
    fractions = [fraction for _, fraction in climb.told]
    assert {stage for stage, _ in climb.told} == {"beautify"}
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_a_stricter_bound_on_identity_ends_the_way_earlier(climb: Climb) -> None:
    networks = climb.networks
    beautifier = networks.beautifier
    strict = Beautifier(
        networks.generator,
        beautifier._scorer,
        beautifier._attributes,
        networks.recognizer.network,
        beautifier._measure,
        replace(beautifier.ascent, identity=0.08),
    )
    path = strict.path(climb.start, climb.grid)
    assert len(path.knots) < len(climb.path.knots)
    assert torch.equal(path.knots[0], climb.start)


@pytest.mark.parametrize(("shell", "grows"), [(0.1, False), (3.0, True)])
def test_a_code_grows_no_longer_than_samples_are(shell: float, grows: bool, climb: Climb) -> None:
    networks = climb.networks
    beautifier = networks.beautifier
    other = Beautifier(
        networks.generator,
        beautifier._scorer,
        beautifier._attributes,
        networks.recognizer.network,
        beautifier._measure,
        replace(beautifier.ascent, shell=shell),
    )
    path = other.path(climb.start, climb.grid)
    free = [layer.index for layer in networks.generator.layers if layer.resolution <= other.ascent.finest]
    norms = networks.generator.latents.whiten(path.knots)[:, free].norm(dim=2)
    assert len(norms) > 1
    assert (float((norms / norms[0]).max()) > 1.001) == grows


def test_the_climb_stops_when_asked(climb: Climb) -> None:
    cancel = threading.Event()
    calls = []

    def progress(_stage: str, fraction: float, _remaining: float | None) -> None:
        calls.append(fraction)
        cancel.set()

    with pytest.raises(Cancelled):
        climb.networks.beautifier.path(climb.start, climb.grid, progress=progress, cancel=cancel)
    assert len(calls) == 1
