"""What a scorer learns from: ratings of the default generator's pictures, and their gradients."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import stylegan2
from pipeline.latent_network import OCTAVES
from pipeline.rater import FeatureRater
from pipeline.training import code_pictures, rated
from pipeline.training.labellers import load_finder, load_recognizer
from pipeline.training.rated import RATED
from pipeline.training.sampling import draw, picture_of
from stylegan2.generator import StyleLayer
from tests.conftest import at_home
from tests.pipeline.training.stand_ins import WIDTH, SmallGenerator, labellers


@pytest.mark.parametrize("largest", [256, 1024, 2048])
def test_a_gradient_comes_for_every_octave_that_a_network_has(
    largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator: Any = SmallGenerator()
    sides = [4 << octave for octave in range(largest.bit_length() - 2)]
    generator.layers = tuple(StyleLayer(index, side, "conv") for index, side in enumerate(sides))
    generator.synthesize = lambda w_plus, side: (
        w_plus[:, :, :3].mean(1)[..., None, None].expand(1, 3, side, side)
    )
    rater = SimpleNamespace(rate_image=lambda image, landmarks: image.mean())
    monkeypatch.setattr(rated, "FeatureRater", lambda recognizer: rater)
    monkeypatch.setattr(rated, "load_recognizer", lambda device: None)
    monkeypatch.setattr(code_pictures, "load_finder", lambda: labellers().finder)
    w = generator.map(torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(2)))[:, 0].numpy() * 0.1
    *_, rating, gradient = RATED.measure(generator)(w, 64)
    assert np.isfinite(rating)
    assert gradient.shape == (OCTAVES, WIDTH)
    moved = np.abs(gradient.astype(np.float32)).max(1) > 0
    assert moved.tolist() == [octave < len(sides) for octave in range(OCTAVES)]


def test_the_rating_is_the_raters_own_and_rises_along_its_gradient(real_home: Path) -> None:
    with at_home(real_home):
        generator = stylegan2.load("ffhq-mobile", "cpu")
        measure, finder, rater = RATED.measure(generator), load_finder(), FeatureRater(load_recognizer())
    rises = []
    for w, _ in draw(generator, 3, 5):
        *_, rating, gradient = measure(w[[0, 0]], 2048)
        picture = picture_of(generator, w, 2048)
        assert float(rating) == pytest.approx(
            rater.rate(picture, finder.landmarks_in_crop(picture)), abs=0.05
        )
        assert gradient.shape == (OCTAVES, generator.w_dim)
        # up in the coarse octaves alone, as the second code of a mixed sample tells
        way = torch.from_numpy(gradient.astype(np.float32))[:4].sum(0)
        v = generator.latents.whiten(torch.from_numpy(w[0]))
        up = generator.latents.unwhiten(v + 0.05 * way / way.norm()).numpy()
        *_, risen, _ = measure(np.stack([up, w[0]]), 64)
        rises.append((float(risen) - float(rating)) / (0.05 * float(way.norm())))
    assert np.median(rises) == pytest.approx(1.0, abs=0.35)
