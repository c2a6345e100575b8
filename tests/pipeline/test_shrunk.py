"""Fields with fewer pixels are means of the whole ones."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.carried import Carried
from pipeline.open_mouth import OpenMouth
from pipeline.shrunk import coarse_factor, shrunk, with_fields_shrunk
from pipeline.window import Window


@dataclass(frozen=True)
class Several:
    """Fields of one size, and others."""

    field: NDArray[np.float32]
    color: NDArray[np.float32]
    other: NDArray[np.float32]
    number: float


def ramp(height: int, width: int, channels: int) -> NDArray[np.float32]:
    return np.arange(height * width * channels, dtype=np.float32).reshape(height, width, channels)


@pytest.mark.parametrize("factor", [2, 4])
def test_each_pixel_is_the_mean_of_a_square(factor: int) -> None:
    field = ramp(8, 16, 3)
    expected = field.reshape(8 // factor, factor, 16 // factor, factor, 3).mean((1, 3))
    assert np.allclose(shrunk(field, factor), expected)


def test_only_fields_of_the_given_size_shrink() -> None:
    whole = Several(ramp(8, 16, 1)[..., 0], ramp(8, 16, 3), ramp(4, 4, 1), 0.5)
    small = with_fields_shrunk(whole, (8, 16), 2)
    assert small.field.shape == (4, 8)
    assert small.color.shape == (4, 8, 3)
    assert small.other is whole.other
    assert small.number == 0.5


def test_motion_is_counted_in_the_smaller_pixels() -> None:
    flow, light = np.full((8, 16, 2), 6.0, np.float32), np.full((8, 16), 3.0, np.float32)
    mouth = OpenMouth(
        Window(4, 0, 12, 8),
        np.ones((8, 8), np.float32),
        np.ones((8, 8, 3), np.float32),
        ramp(8, 8, 1)[..., 0],
    )
    small = Carried(flow, light, mouth).shrunk(4)
    assert np.array_equal(small.flow, np.full((2, 4, 2), 1.5, np.float32))
    assert np.array_equal(small.light, np.full((2, 4), 3.0, np.float32))
    assert small.mouth is not None
    assert small.mouth.window == Window(1, 0, 3, 2)
    assert small.mouth.pixels.shape == (2, 2, 3)
    assert small.mouth.teeth is not None
    assert np.allclose(small.mouth.teeth, ramp(8, 8, 1).reshape(2, 4, 2, 4).mean((1, 3)))


def test_enlarged_motion_is_counted_in_the_larger_pixels_and_shrinks_back_to_itself() -> None:
    y, x = (axis.astype(np.float32) for axis in np.mgrid[0:16, 0:24])
    wave = np.asarray(np.sin(x / 6.0) + np.cos(y / 5.0), np.float32)
    small = Carried(np.dstack([wave, 2.0 * wave]), wave)
    large = small.enlarged(2)
    assert large.flow.shape == (32, 48, 2)
    assert large.flow[..., 0].max() == pytest.approx(2.0 * wave.max(), rel=0.05)
    again = large.shrunk(2)
    assert np.abs(again.flow - small.flow).max() < 0.05
    assert np.abs(again.light - small.light).max() < 0.05


@pytest.mark.parametrize(("size", "factor"), [(256, 1), (832, 1), (896, 2), (1024, 2)])
def test_only_large_crops_have_pixels_to_spare(size: int, factor: int) -> None:
    assert coarse_factor(size) == factor


def test_what_lies_between_two_is_their_weighted_sum() -> None:
    one, other = (Carried(ramp(4, 4, 2) * gain, ramp(4, 4, 1)[..., 0] * gain) for gain in (1.0, 3.0))
    between = one.towards(other, 0.25)
    assert np.allclose(between.flow, 1.5 * one.flow)
    assert np.allclose(between.light, 1.5 * one.light)


def test_what_is_carried_counts_its_memory() -> None:
    flow, light = np.zeros((8, 16, 2), np.float32), np.zeros((8, 16), np.float32)
    mouth = OpenMouth(Window(0, 0, 4, 4), np.zeros((4, 4), np.float32), np.zeros((4, 4, 3), np.float32))
    assert Carried(flow, light).nbytes == 4 * 8 * 16 * 3
    assert Carried(flow, light, mouth).nbytes == 4 * (8 * 16 * 3 + 4 * 4 * 4)
