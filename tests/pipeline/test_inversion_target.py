"""What an inversion compares: colours and gradients on several scales, most of all in the face."""

import pytest
import torch

from pipeline.inversion_target import face_weight, octaves, picture_loss
from tests.pipeline.synthetic_faces import landmarks


def test_equal_pictures_have_no_loss_and_a_shifted_one_has() -> None:
    torch.manual_seed(0)
    picture = torch.rand(1, 3, 32, 32)
    weight = torch.ones(1, 1, 32, 32)
    assert float(picture_loss(picture, octaves(picture, weight, 3))) == 0.0
    assert float(picture_loss(picture.roll(2, 3), octaves(picture, weight, 3))) > 0.1


def test_what_has_no_weight_does_not_count() -> None:
    target = torch.zeros(1, 3, 32, 32)
    picture = target.clone()
    picture[..., :, 16:] = 1.0
    weight = torch.zeros(1, 1, 32, 32)
    weight[..., :8] = 1.0
    assert float(picture_loss(picture, octaves(target, weight, 2))) == 0.0
    assert float(picture_loss(picture, octaves(target, torch.ones_like(weight), 2))) > 0.3


def test_an_even_difference_of_colour_costs_itself_at_every_scale() -> None:
    target = torch.zeros(1, 3, 32, 32)
    loss = picture_loss(target + 0.25, octaves(target, torch.ones(1, 1, 32, 32), 4))
    assert float(loss) == pytest.approx(0.25, abs=1e-6)


def test_the_face_weighs_and_the_corners_do_not() -> None:
    points = landmarks((128.0, 140.0), 56.0)
    weight = face_weight(points, 256)
    assert weight.shape == (256, 256)
    for x, y in (points[27], points[30], points[51]):
        assert weight[round(y), round(x)] > 0.9
    assert max(weight[0, 0], weight[0, -1], weight[-1, 0], weight[-1, -1]) < 0.01
