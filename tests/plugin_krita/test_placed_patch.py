"""Where a patch lies in the part of a layer that is shown."""

import pytest

from plugin_krita.placed_patch import placed
from retouchml.client.answers import WirePatch
from retouchml.client.pixel_format import PixelFormat
from retouchml.results import Box


def patch(box: Box, width: int, height: int) -> WirePatch:
    return WirePatch(0, box, PixelFormat(width, height), bytes(4 * width * height))


def test_a_whole_patch_of_its_own_size_lies_on_the_layer_s_pixels() -> None:
    place = placed(patch((13, 20, 40, 30), 40, 30), (10, 10, 100, 100), 2)
    assert place is not None
    assert place.part == (1, 0, 39, 30)  # every second pixel, counted from the box
    assert place.stride == 2
    assert place.covers == (14, 20, 40, 30)


def test_a_reduced_patch_covers_as_much_as_the_whole_one() -> None:
    place = placed(patch((10, 20, 400, 300), 100, 75), (0, 0, 500, 500), 4)
    assert place is not None
    assert (place.part, place.stride) == ((0, 0, 100, 75), 1)
    assert place.covers == pytest.approx((10, 20, 400, 300))


def test_only_what_is_in_the_box_is_taken() -> None:
    place = placed(patch((0, 0, 400, 400), 100, 100), (100, 200, 50, 50), 1)
    assert place is not None
    assert place.part == (25, 50, 13, 13)
    assert place.covers == pytest.approx((100, 200, 52, 52))


def test_a_patch_beside_the_box_is_not_shown() -> None:
    assert placed(patch((0, 0, 10, 10), 10, 10), (10, 0, 50, 50), 1) is None
