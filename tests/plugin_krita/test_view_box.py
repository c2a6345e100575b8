"""Which part of a layer the preview shows."""

import pytest

from plugin_krita.view_box import Viewpoint, fitting_scale, surroundings

ROOM, FACE, LAYER = (420, 210), (400, 300, 100, 100), (1000, 800)


def test_at_first_the_whole_face_fits_and_the_room_is_filled() -> None:
    assert fitting_scale(ROOM, FACE) == pytest.approx(1.0)
    assert Viewpoint().box(ROOM, FACE, LAYER) == (240, 245, 420, 210)


def test_at_100_percent_a_pixel_of_the_layer_is_one_of_the_screen() -> None:
    view = Viewpoint(1.0)
    assert view.box((100, 60), FACE, LAYER)[2:] == (100, 60)


@pytest.mark.parametrize("face", [(0, 0, 50, 50), (960, 780, 40, 20)])
def test_what_is_shown_stays_within_the_layer(face: tuple[int, int, int, int]) -> None:
    x, y, width, height = Viewpoint(0.9).box(ROOM, face, LAYER)
    assert x >= 0
    assert y >= 0
    assert x + width <= LAYER[0]
    assert y + height <= LAYER[1]


def test_a_small_layer_is_shown_whole() -> None:
    assert Viewpoint(0.1).box(ROOM, (20, 20, 10, 10), (50, 40)) == (0, 0, 50, 40)


def test_to_zoom_changes_the_scale_within_limits() -> None:
    nearer = Viewpoint().zoomed(2.0, ROOM, FACE)
    assert nearer.scale == pytest.approx(2.0)
    for _ in range(20):
        nearer = nearer.zoomed(2.0, ROOM, FACE)
    assert nearer.scale == 8.0
    farther = nearer
    for _ in range(20):
        farther = farther.zoomed(0.5, ROOM, FACE)
    assert farther.scale == pytest.approx(0.5)


def test_what_is_shown_moves_with_the_hand_as_far_as_the_layer_goes() -> None:
    view = Viewpoint(2.0)
    moved = view.moved((-40.0, 20.0), ROOM, FACE, LAYER)
    before, after = view.box(ROOM, FACE, LAYER), moved.box(ROOM, FACE, LAYER)
    assert (after[0] - before[0], after[1] - before[1]) == (20, -10)
    far = view.moved((1e6, 1e6), ROOM, FACE, LAYER)
    assert far.box(ROOM, FACE, LAYER)[:2] == (0, 0)
    assert far.moved((-2.0, 0.0), ROOM, FACE, LAYER).box(ROOM, FACE, LAYER)[:2] == (1, 0)


def test_the_surroundings_of_a_face_end_with_the_layer() -> None:
    assert surroundings(FACE, LAYER) == (345, 245, 210, 210)
    assert surroundings((0, 0, 100, 100), LAYER) == (0, 0, 155, 155)


def test_a_face_at_the_edge_is_moved_at_once() -> None:
    view, face = Viewpoint(1.0), (0, 0, 20, 20)
    before = view.box(ROOM, face, LAYER)
    moved = view.moved((-5.0, -5.0), ROOM, face, LAYER).box(ROOM, face, LAYER)
    assert (moved[0] - before[0], moved[1] - before[1]) == (5, 5)
