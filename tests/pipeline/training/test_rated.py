"""What a scorer learns from: ratings of the default generator's pictures, and their gradients."""

from pathlib import Path

import numpy as np
import pytest
import torch

import stylegan2
from pipeline.latent_network import OCTAVES
from pipeline.rater import FeatureRater
from pipeline.training.labellers import load_finder, load_recognizer
from pipeline.training.rated import RATED
from pipeline.training.sampling import draw, picture_of
from tests.conftest import at_home


def test_the_rating_is_the_raters_own_and_rises_along_its_gradient(real_home: Path) -> None:
    with at_home(real_home):
        generator = stylegan2.load("ffhq-mobile", "cpu")
        measure, finder, rater = RATED.measure(generator), load_finder(), FeatureRater(load_recognizer())
    rises = []
    for w, _ in draw(generator, 3, 5):
        rating, gradient = measure(w[[0, 0]], 2048)
        picture = picture_of(generator, w, 2048)
        assert float(rating) == pytest.approx(
            rater.rate(picture, finder.landmarks_in_crop(picture)), abs=0.05
        )
        assert gradient.shape == (OCTAVES, generator.w_dim)
        # up in the coarse octaves alone, as the second code of a mixed sample tells
        way = torch.from_numpy(gradient.astype(np.float32))[:4].sum(0)
        v = generator.latents.whiten(torch.from_numpy(w[0]))
        up = generator.latents.unwhiten(v + 0.05 * way / way.norm()).numpy()
        risen, _ = measure(np.stack([up, w[0]]), 64)
        rises.append((float(risen) - float(rating)) / (0.05 * float(way.norm())))
    assert np.median(rises) == pytest.approx(1.0, abs=0.35)
