"""What was ticked stays ticked, and what was not stays out, where faces are selection anew."""

from dataclasses import replace

import pytest

from plugin_krita.face_selection import FaceSelection, transfer
from retouchml.look import Look
from retouchml.picture_looks import PictureLooks

LEFT, MIDDLE, RIGHT = (10, 10, 100, 100), (200, 10, 100, 100), (400, 10, 100, 100)


def test_at_first_every_face_is_ticked_and_the_first_one_shown() -> None:
    assert transfer(FaceSelection(), [LEFT, RIGHT]) == FaceSelection((LEFT, RIGHT), frozenset({0, 1}), 0)


def test_of_a_group_only_the_largest_face_is_ticked_at_first() -> None:
    boxes = [(100 * place, 0, 90 - place, 90) for place in range(4)]
    assert transfer(FaceSelection(), boxes[:3]).ticked == {0, 1, 2}
    assert transfer(FaceSelection(), boxes).ticked == {0}


def test_faces_in_another_order_keep_their_own_ticks() -> None:
    old = FaceSelection((LEFT, MIDDLE, RIGHT), frozenset({0, 2}), 2)
    assert transfer(old, [MIDDLE, RIGHT, LEFT]) == FaceSelection((MIDDLE, RIGHT, LEFT), frozenset({1, 2}), 1)


@pytest.mark.parametrize(("shift", "is_ticked"), [(0, True), (32, True), (34, False), (100, False)])
def test_a_face_is_the_same_where_the_boxes_share_more_than_half_of_their_union(
    shift: int, is_ticked: bool
) -> None:
    old = FaceSelection((LEFT, RIGHT), frozenset({0}), 0)  # not all: what is new is not ticked
    moved = (10 + shift, 10, 100, 100)  # intersection over union is (100 - shift) / (100 + shift)
    assert transfer(old, [moved]).ticked == (frozenset({0}) if is_ticked else frozenset())


def test_boxes_that_share_exactly_half_are_of_two_faces() -> None:
    old = FaceSelection(((0, 0, 100, 100), RIGHT), frozenset({0}), 0)
    assert transfer(old, [(0, 0, 100, 50)]).ticked == frozenset()
    assert transfer(old, [(0, 0, 100, 51)]).ticked == frozenset({0})


def test_boxes_apart_on_both_axes_do_not_overlap() -> None:
    old = FaceSelection(((0, 0, 10, 10), RIGHT), frozenset({0}), 0)
    assert transfer(old, [(19, 19, 10, 10)]).ticked == frozenset()


@pytest.mark.parametrize(
    ("ticked", "expected"), [({0, 1}, {0, 1, 2}), ({0}, {1}), ({1}, {2}), (set[int](), set[int]())]
)
def test_a_new_face_is_ticked_only_where_all_old_ones_were(ticked: set[int], expected: set[int]) -> None:
    old = FaceSelection((LEFT, RIGHT), frozenset(ticked), 0)
    assert transfer(old, [MIDDLE, LEFT, RIGHT]).ticked == expected


@pytest.mark.parametrize("nearer_first", [True, False])
def test_of_two_faces_in_the_place_of_one_the_nearer_is_that_one(nearer_first: bool) -> None:
    old = FaceSelection((LEFT, RIGHT), frozenset({0}), 0)
    nearer, farther = (12, 10, 100, 100), (30, 10, 100, 100)
    selection = transfer(old, [nearer, farther] if nearer_first else [farther, nearer])
    assert selection.ticked == {0 if nearer_first else 1}
    assert selection.shown == (0 if nearer_first else 1)


def test_the_first_face_is_shown_where_the_shown_one_is_gone() -> None:
    old = FaceSelection((LEFT, MIDDLE, RIGHT), frozenset({0, 1, 2}), 2)
    assert transfer(old, [LEFT, MIDDLE]).shown == 0


def test_a_face_that_was_there_before_keeps_its_look() -> None:
    looks = PictureLooks(Look(0.1), {1: Look(0.9)}, is_same=False)
    old = FaceSelection((LEFT, RIGHT), frozenset({0, 1}), looks=looks)
    assert transfer(old, [RIGHT, MIDDLE, LEFT]).looks == replace(looks, own={0: Look(0.9)})


def test_a_layer_without_faces_leaves_nothing_ticked() -> None:
    assert transfer(FaceSelection((LEFT, RIGHT), frozenset({1}), 1), []) == FaceSelection()
