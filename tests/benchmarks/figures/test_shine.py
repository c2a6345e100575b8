"""The figure of shine, on synthetic skin."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.figures.shine import shine_left, shiny_share

_SIZE = 256
_SKIN = np.ones((_SIZE, _SIZE), np.bool_)


def skin(radius: int, lighter: float = 14.0, chroma: float = 0.6) -> NDArray[np.float32]:
    """Skin with a disc that is lighter and has a share of its chroma."""
    colors = np.full((_SIZE, _SIZE, 3), (60.0, 14.0, 18.0), np.float32)
    disc = np.zeros((_SIZE, _SIZE), np.uint8)
    cv2.circle(disc, (128, 128), radius, 1, -1)
    colors[disc > 0] = (60.0 + lighter, 14.0 * chroma, 18.0 * chroma)
    return np.asarray(cv2.cvtColor(colors, cv2.COLOR_Lab2RGB), np.float32)


def test_the_share_is_the_area_of_what_is_lighter_and_paler() -> None:
    assert shiny_share(skin(20), _SKIN) == pytest.approx(np.pi * 20**2 / _SIZE**2, rel=0.05)


@pytest.mark.parametrize(("lighter", "chroma"), [(14.0, 1.05), (-10.0, 0.5), (0.0, 0.5)])
def test_light_with_its_colour_and_pale_shade_do_not_shine(lighter: float, chroma: float) -> None:
    assert shiny_share(skin(20, lighter, chroma), _SKIN) == 0.0


def test_half_the_area_left_is_a_half() -> None:
    before, after = skin(28), skin(20)
    assert shine_left(before, after, _SKIN) == pytest.approx(0.5, abs=0.05)
    assert shine_left(before, skin(28, 3.0, 0.95), _SKIN) == 0.0


def test_a_face_without_shine_says_nothing() -> None:
    assert shine_left(skin(1), skin(1), _SKIN) is None
    assert shine_left(skin(28), skin(28), ~_SKIN) is None
