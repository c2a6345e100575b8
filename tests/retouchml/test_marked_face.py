"""The marked face is chosen by its place, not by its turn."""

import pytest

from retouchml.marked_face import marked_face
from retouchml.results import Box

LEFT, RIGHT = (10, 10, 100, 100), (400, 10, 100, 100)


@pytest.mark.parametrize(("place", "expected"), [((20, 0, 90, 120), 0), ((390, 0, 90, 120), 1)])
def test_the_one_that_overlaps_the_place_is_meant_wherever_it_comes(place: Box, expected: int) -> None:
    assert marked_face(place, [LEFT, RIGHT]) == expected
    assert marked_face(place, [RIGHT, LEFT]) == 1 - expected


def test_of_two_that_overlap_it_the_one_that_shares_more_is_meant() -> None:
    large, small = (0, 0, 400, 400), (380, 380, 40, 40)
    assert marked_face((370, 370, 60, 60), [large, small]) == 1
    assert marked_face((100, 100, 300, 300), [small, large]) == 1


def test_where_none_overlaps_the_nearest_is_meant() -> None:
    assert marked_face((120, 10, 30, 30), [RIGHT, LEFT]) == 1
    assert marked_face((350, 10, 30, 30), [RIGHT, LEFT]) == 0
