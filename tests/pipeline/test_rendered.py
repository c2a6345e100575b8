"""Which of the generator's pictures a preview and a full patch take."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.rendered import Pictures

CODE, OTHER = torch.zeros(2, 3), torch.ones(2, 3)


class Counted:
    """A generator that notes the sides of its pictures."""

    resolution = 64

    def __init__(self, *, half_is_quick: bool) -> None:
        self.half_is_quick = half_is_quick
        self.sides: list[int] = []

    def render(self, _w_plus: Tensor) -> NDArray[np.float32]:
        self.sides.append(self.resolution)
        return np.zeros((self.resolution, self.resolution, 3), np.float32)

    def synthesize(self, w_plus: Tensor, resolution: int) -> Tensor:
        self.sides.append(resolution)
        return torch.zeros(len(w_plus), 3, resolution, resolution)


def pictures(*, half_is_quick: bool) -> tuple[Pictures, list[int]]:
    generator: Any = Counted(half_is_quick=half_is_quick)
    return Pictures(generator), generator.sides


@pytest.mark.parametrize(("side", "taken"), [(20, 32), (32, 32), (33, 64), (64, 64), (65, 64)])
def test_a_quick_picture_is_taken_that_has_enough_pixels(side: int, taken: int) -> None:
    made, sides = pictures(half_is_quick=True)
    assert made.picture(CODE, side).shape == (taken, taken, 3)
    assert sides == [taken]


def test_where_half_is_not_quick_all_sides_take_one_picture() -> None:
    made, sides = pictures(half_is_quick=False)
    assert made.picture(CODE, 20) is made.picture(CODE, 64)
    made.picture(OTHER, 20)
    assert sides == [64, 64]


def test_the_newest_picture_serves_again_if_it_has_enough_pixels() -> None:
    made, sides = pictures(half_is_quick=True)
    half = made.picture(CODE, 32)
    assert made.picture(CODE, 20) is half
    full = made.picture(CODE, 64)
    assert made.picture(CODE, 20) is full
    assert made.picture(OTHER, 20) is not full
    assert sides == [32, 64, 32]


@pytest.mark.parametrize(("half_is_quick", "taken"), [(True, [32]), (False, [])])
def test_what_a_first_preview_needs_is_made_ready_once(half_is_quick: bool, taken: list[int]) -> None:
    made, sides = pictures(half_is_quick=half_is_quick)
    made.get_ready(CODE)
    made.get_ready(CODE)
    assert sides == taken
    made, sides = pictures(half_is_quick=True)
    made.picture(CODE, 20)
    made.get_ready(CODE)
    assert sides == [32]
