"""Faces that were chosen stay chosen, and no others are, when a layer is sent again."""

from plugin_krita.choosing import carried

LEFT, RIGHT, FAR = (0, 0, 100, 100), (200, 0, 100, 100), (400, 0, 100, 100)
MOVED = (10, 5, 100, 100)


def test_an_unticked_face_stays_unticked_in_whatever_order_they_are_found() -> None:
    assert carried([LEFT, RIGHT], {1}, 1, [LEFT, RIGHT]) == ({1}, 1)
    assert carried([LEFT, RIGHT], {1}, 1, [RIGHT, LEFT]) == ({0}, 0)


def test_a_face_that_moved_a_little_is_the_same() -> None:
    assert carried([LEFT, RIGHT], {1}, 0, [RIGHT, MOVED]) == ({0}, 1)


def test_a_new_face_is_ticked_where_all_were() -> None:
    assert carried([LEFT], {0}, 0, [LEFT, FAR]) == ({0, 1}, 0)
    assert carried([LEFT, RIGHT], {0}, 0, [LEFT, RIGHT, FAR]) == ({0}, 0)


def test_at_first_all_are_ticked() -> None:
    assert carried([], frozenset(), 0, [LEFT, RIGHT]) == ({0, 1}, 0)


def test_of_faces_that_are_gone_nothing_is_left() -> None:
    assert carried([LEFT, RIGHT], {0}, 0, [RIGHT]) == (frozenset(), 0)
    assert carried([LEFT], {0}, 0, []) == (frozenset(), 0)
