"""Questions: answered once each, undone, and gone on with after an end."""

import threading
from pathlib import Path

import pytest

from pipeline.taste import answers as answer_files
from pipeline.taste.answers import Answers
from pipeline.taste.questionnaire import Questionnaire, next_face

NONE = Answers("labels", "small", "w", 7)


def begun(path: Path, answers: Answers = NONE) -> Questionnaire:
    return Questionnaire(path, answers, next_face)


def choices(path: Path) -> list[tuple[tuple[int, ...], str]]:
    return [(each.faces, each.choice) for each in answer_files.read(path, "labels").answers]


def test_every_answer_is_kept_at_once(tmp_path: Path) -> None:
    asked = begun(tmp_path / "a.json")
    assert (asked.state.faces, asked.state.upcoming) == ((0,), (1,))
    state = asked.answer(asked.state.question, "yes")
    assert state is not None
    assert (state.faces, state.upcoming, state.answered) == ((1,), (2,), 1)
    assert choices(tmp_path / "a.json") == [((0,), "yes")]


def test_an_answer_to_a_question_that_is_over_changes_nothing(tmp_path: Path) -> None:
    asked = begun(tmp_path / "a.json")
    first = asked.state.question
    asked.answer(first, "yes")
    assert asked.answer(first, "no") is None
    assert asked.undo(first) is None
    assert asked.answer("é", "no") is None
    assert choices(tmp_path / "a.json") == [((0,), "yes")]


def test_undo_asks_the_last_question_again(tmp_path: Path) -> None:
    asked = begun(tmp_path / "a.json")
    for choice in ("yes", "skip"):
        asked.answer(asked.state.question, choice)
    state = asked.undo(asked.state.question)
    assert state is not None
    assert (state.faces, state.upcoming, state.answered) == ((1,), (2,), 1)
    asked.answer(state.question, "no")
    assert choices(tmp_path / "a.json") == [((0,), "yes"), ((1,), "no")]
    assert asked.state.faces == (2,)  # nothing was asked twice or left out


def test_undo_without_an_answer_does_nothing(tmp_path: Path) -> None:
    asked = begun(tmp_path / "a.json")
    state = asked.state
    assert asked.undo(state.question) == state


def test_a_new_start_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    asked = begun(path)
    for _ in range(3):
        asked.answer(asked.state.question, "no")
    again = begun(path, answer_files.read(path, "labels"))
    assert (again.state.faces, again.state.answered) == ((3,), 3)
    again.undo(again.state.question)
    assert again.state.faces == (2,)


def test_an_unknown_choice_is_refused(tmp_path: Path) -> None:
    asked = begun(tmp_path / "a.json")
    with pytest.raises(ValueError, match="left"):
        asked.answer(asked.state.question, "left")


def test_many_threads_answer_each_question_once(tmp_path: Path) -> None:
    asked = begun(tmp_path / "a.json")
    taken: list[tuple[int, ...]] = []

    def work() -> None:
        for _ in range(10):
            state = asked.state
            if asked.answer(state.question, "yes") is not None:
                taken.append(state.faces)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [(number,) for number in range(len(taken))]
    assert len(choices(tmp_path / "a.json")) == len(taken)
