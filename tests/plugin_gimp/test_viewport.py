"""Which part of the layer the preview shows."""

from dataclasses import replace

import pytest

from plugin_gimp.viewport import Viewport, square_around

LAYER = (4000, 3000)
VIEW = Viewport(LAYER, (500, 500), square_around((1500, 1000, 400, 400), 2.5, *LAYER))


def visible(view: Viewport) -> tuple[float, float, float, float]:
    """Left, top, right and bottom on the layer."""
    x, y = view.origin
    return (
        x / view.scale,
        y / view.scale,
        (x + view.size[0]) / view.scale,
        (y + view.size[1]) / view.scale,
    )


def test_at_first_the_whole_face_is_shown() -> None:
    assert visible(VIEW) == (1200, 700, 2200, 1700)


def test_a_wider_window_shows_more_at_the_sides() -> None:
    assert visible(VIEW.sized(1000, 500)) == (700, 700, 2700, 1700)
    assert visible(VIEW.sized(1000, 1000)) == (1200, 700, 2200, 1700)


def test_zoom_keeps_the_middle_and_one_to_one_shows_the_layer_s_own_pixels() -> None:
    assert visible(VIEW.zoomed(2.0)) == (1450, 950, 1950, 1450)
    assert visible(VIEW.at_scale(1.0)) == (1450, 950, 1950, 1450)
    assert VIEW.zoomed(100.0).scale == 2.0
    assert VIEW.zoomed(2.0).panned(9, 9).whole() == VIEW


def test_panning_ends_at_the_layer_s_border_and_comes_back_at_once() -> None:
    view = VIEW.at_scale(1.0)
    assert visible(view.panned(30, -20)) == (1480, 930, 1980, 1430)
    corner = view.panned(-100_000, 100_000)
    assert visible(corner) == (0, 2500, 500, 3000)
    assert visible(corner.panned(10, -10)) == (10, 2490, 510, 2990)


@pytest.mark.parametrize("box", [(0, 0, 400, 400), (3700, 2800, 400, 400), (-50, -50, 300, 300)])
def test_a_face_at_the_border_shows_no_place_outside_the_layer(box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = visible(replace(VIEW, home=square_around(box, 2.5, *LAYER)))
    assert min(left, top) >= 0
    assert right <= LAYER[0]
    assert bottom <= LAYER[1]


def test_a_small_layer_stands_in_the_middle() -> None:
    small = Viewport((100, 50), (400, 400), square_around((0, 0, 100, 50), 1.0, 100, 50))
    assert visible(small) == (25, 0, 75, 50)
    assert visible(small.zoomed(0.5)) == (0, -25, 100, 75)
