"""The looks of a picture's faces: the same for all, or each its own."""

from retouchml.look import Look
from retouchml.picture_looks import PictureLooks

WEAK, MEDIUM, STRONG = Look(0.2), Look(0.6), Look(1.0)


def test_at_first_a_slider_changes_every_face() -> None:
    looks = PictureLooks(WEAK).changed(1, STRONG)
    assert looks.looks([0, 1, 2]) == {0: STRONG, 1: STRONG, 2: STRONG}


def test_each_face_its_own_look_leaves_the_others_as_they_were() -> None:
    looks = PictureLooks(WEAK).each_its_own().changed(1, STRONG).changed(2, MEDIUM)
    assert looks.looks([0, 1, 2, 3]) == {0: WEAK, 1: STRONG, 2: MEDIUM, 3: WEAK}
    assert not looks.is_same


def test_the_shown_face_s_look_is_applied_to_all() -> None:
    looks = PictureLooks(WEAK).each_its_own().changed(1, STRONG).same_as(1)
    assert looks == PictureLooks(STRONG)
    assert looks.changed(0, MEDIUM).look(1) == MEDIUM


def test_looks_that_differ_stay_each_its_own() -> None:
    assert PictureLooks.of({2: WEAK, 3: WEAK}) == PictureLooks(WEAK)
    looks = PictureLooks.of({0: WEAK, 3: STRONG})
    assert not looks.is_same
    assert looks.looks([0, 3]) == {0: WEAK, 3: STRONG}
