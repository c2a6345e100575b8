"""Faces keep their numbers when more of their photo is known."""

from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.face_numbers import FaceNumbers
from retouchml.client.pixel_format import PixelFormat
from retouchml.look import Look
from retouchml.results import Box, Face, FaceReport

A, B, C = (0, 0, 100, 100), (300, 0, 90, 90), (600, 0, 80, 80)


def faces(*boxes: Box) -> list[Face]:
    return [Face(box, ((0.0, 0.0),) * 68, 3.0) for box in boxes]


def moved(box: Box) -> Box:
    """Where the same face is when it is seen more sharply."""
    return box[0] + 3, box[1] - 2, box[2] + 2, box[3] + 2


def patch(face: int) -> WirePatch:
    return WirePatch(face, (0, 0, 1, 1), PixelFormat(1, 1), bytes(4))


def test_looks_follow_their_faces_when_these_are_found_in_another_order() -> None:
    numbers = FaceNumbers().with_faces(faces(A, B)).with_faces(faces(moved(B), moved(A)))
    assert [face.box for face in numbers.faces] == [moved(A), moved(B)]
    left, right = Look(0.1), Look(0.9)
    assert numbers.sent({0: left, 1: right}) == {1: left, 0: right}
    report = FaceReport(1, A, 3.0, 3.0, 0.1, A)
    back = numbers.received(Rendered((patch(1), patch(0)), (report,), faces=(1,)))
    assert [each.face for each in back.patches] == [0, 1]
    assert (back.report[0].face, back.faces) == (0, (0,))


def test_a_new_face_comes_last_also_if_it_is_the_largest() -> None:
    numbers = FaceNumbers().with_faces(faces(B, C)).with_faces(faces(A, B, C))
    assert [face.box for face in numbers.faces] == [B, C, A]
    assert numbers.sent({0: Look(0.1), 2: Look(0.2)}) == {1: Look(0.1), 0: Look(0.2)}


def test_a_face_that_is_not_found_any_more_keeps_its_number_and_gets_no_look() -> None:
    numbers = FaceNumbers().with_faces(faces(A, B)).with_faces(faces(B))
    assert [face.box for face in numbers.faces] == [A, B]
    assert numbers.sent({0: Look(0.1), 1: Look(0.2)}) == {0: Look(0.2)}
    again = numbers.with_faces(faces(A, B))
    assert again.sent({0: Look(0.1), 1: Look(0.2)}) == {0: Look(0.1), 1: Look(0.2)}


def test_the_nearest_of_two_that_overlap_is_the_same_face() -> None:
    near, far = (10, 0, 100, 100), (45, 0, 100, 100)
    numbers = FaceNumbers().with_faces(faces(A)).with_faces(faces(far, near))
    assert [face.box for face in numbers.faces] == [near, far]


def test_a_number_that_nobody_knows_reaches_the_daemon_which_refuses_it() -> None:
    numbers = FaceNumbers().with_faces(faces(A))
    assert numbers.sent({4: Look(0.5)}) == {4: Look(0.5)}


def test_what_is_said_of_a_face_is_the_newest() -> None:
    sharper = Face(moved(A), ((1.0, 1.0),) * 68, 4.0)
    assert FaceNumbers().with_faces(faces(A)).with_faces([sharper]).faces == (sharper,)
