"""The overall progress of a retouch: never falls, and ends near 1, whatever is told in which order."""

from collections.abc import Iterator
from itertools import product

import pytest

from retouchml.progress import STAGES, FaceStage, OverallProgress, describe, title

Told = tuple[str, float]
STEPS = (0.0, 0.3, 0.6, 0.9, 1.0)


def retouch(
    faces: int,
    cached: frozenset[tuple[int, str]] = frozenset(),
    *,
    one_by_one: bool = False,
    is_rare: bool = False,
) -> Iterator[Told]:
    """What the front ends are told of a photograph with so many faces.

    cached: numbers and stages of faces that were seen before, which are not told; one_by_one: each face is
    rendered before the next is inverted, else all are inverted first; is_rare: with the stages that most
    retouches do without
    """
    each_face = [stage.name for stage in STAGES if stage.each_face and (is_rare or not stage.is_rare)]
    for stage in STAGES:
        if not stage.each_face:
            yield from ((stage.name, fraction) for fraction in STEPS)
        elif stage.name == each_face[0]:
            for names in [each_face] if one_by_one else [each_face[:-1], each_face[-1:]]:
                for face, name in product(range(faces), names):
                    if (face, name) not in cached:
                        yield from ((name, (face + fraction) / faces) for fraction in STEPS)


def overall(told: Iterator[Told]) -> list[float]:
    progress = OverallProgress()
    return [progress.update(stage, fraction) for stage, fraction in told]


@pytest.mark.parametrize("is_rare", [False, True])
@pytest.mark.parametrize("one_by_one", [False, True])
@pytest.mark.parametrize("faces", [1, 2, 3, 7])
def test_with_several_faces_it_never_falls_and_ends_at_1(faces: int, one_by_one: bool, is_rare: bool) -> None:
    fractions = overall(retouch(faces, one_by_one=one_by_one, is_rare=is_rare))
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == pytest.approx(1.0)


def test_each_of_two_faces_has_about_half_of_the_slow_work() -> None:
    told = list(retouch(2))
    fractions = overall(iter(told))
    begin, middle, end = (
        fractions[told.index(each)] for each in (("invert", 0.0), ("invert", 0.5), ("render", 0.0))
    )
    assert end - begin > 0.6
    assert fractions[told.index(("beautify", 0.5))] - begin == pytest.approx((end - begin) / 2.0)
    assert begin < middle < end


def test_a_face_that_is_ready_before_the_next_is_inverted_leaves_the_others_their_part() -> None:
    told = list(retouch(2, one_by_one=True))
    fractions = overall(iter(told))
    begin, ready, end = (
        fractions[told.index(each)] for each in (("invert", 0.0), ("render", 0.5), ("render", 1.0))
    )
    assert ready - begin == pytest.approx((end - begin) / 2.0)


@pytest.mark.parametrize(
    "cached",
    [
        {(0, "invert")},
        {(1, "invert")},
        {(0, "invert"), (0, "beautify")},
        {(0, "invert"), (0, "beautify"), (1, "invert"), (1, "beautify")},
    ],
    ids=["first inverted", "second inverted", "first ready", "both ready"],
)
def test_faces_seen_before_leave_no_gap(cached: set[tuple[int, str]]) -> None:
    fractions = overall(retouch(2, frozenset(cached)))
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_a_retouch_in_this_process_ends_near_1() -> None:
    """It has no daemon to connect to, and the pipeline does not write."""
    names = ("detect", "invert", "beautify", "render")
    fractions = overall(each for each in retouch(2) if each[0] in names)
    assert fractions == sorted(fractions)
    assert fractions[-1] > 0.95


def test_a_stage_that_is_not_known_changes_nothing_and_has_its_name_as_title() -> None:
    progress = OverallProgress()
    before = progress.update("invert", 0.5)
    assert progress.update("paint", 0.1) == before
    assert title("paint") == "paint"
    assert title("invert") == "Measuring the face"


def test_a_fraction_out_of_range_is_clipped() -> None:
    progress = OverallProgress()
    assert progress.update("read", -1.0) == 0.0
    assert progress.update("write", 7.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("remaining", "shown"),
    [
        (None, "Retouching"),
        (0.4, "Retouching"),
        (1.0, "Retouching, about 1 s"),
        (7.6, "Retouching, about 8 s"),
    ],
)
def test_a_stage_is_shown_with_the_seconds_that_remain(remaining: float | None, shown: str) -> None:
    assert describe("render", remaining) == shown


def test_a_stage_of_one_of_several_faces_says_which() -> None:
    assert FaceStage("invert", 2, 3) == "invert"
    assert describe(FaceStage("invert", 2, 3), None) == "Measuring the face, face 2 of 3"
    assert describe(FaceStage("invert", 2, 3), 4.0) == "Measuring the face, face 2 of 3, about 4 s"
    assert describe(FaceStage("invert", 1, 1), None) == "Measuring the face"


def test_a_stage_is_shown_in_the_language_of_the_user() -> None:
    german = {"Retouching": "Retusche", "{stage}, about {seconds} s": "{stage}, etwa {seconds} s"}
    assert describe("render", 3.0, german.__getitem__) == "Retusche, etwa 3 s"


def test_a_stage_that_most_retouches_do_without_counts_once_it_begins() -> None:
    usual, rare = OverallProgress(), OverallProgress()
    rare.update("tune", 0.0)  # it is told before the others that there will be one
    assert rare.update("beautify", 1.0) < 0.5 < 0.85 < usual.update("beautify", 1.0)
    assert 0.5 < rare.update("tune", 0.8) < usual.update("render", 0.0)
    late = OverallProgress()
    assert late.update("tune", 0.0) <= late.update("tune", 0.5) < late.update("render", 1.0) < 1.0
