"""Files of answers: kept whole, for this user alone, and checked when they are read."""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from pipeline.taste import answers as answer_files
from pipeline.taste.answers import Answer, Answers
from retouchml.errors import RetouchError, UsageError

LABELS = Answers("labels", "small", "w", 7, "round", (Answer((3,), "yes"), Answer((4,), "skip")))
RATINGS = Answers("ratings", "small", "w", 7, "mine", (Answer((3, 9), "left"), Answer((2, 1), "tie")))


@pytest.mark.parametrize("answers", [LABELS, RATINGS], ids=lambda answers: answers.kind)
def test_what_is_written_is_read_again(answers: Answers, tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    answer_files.write(path, answers)
    assert answer_files.read(path, answers.kind) == answers
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_skipped_faces_do_not_count() -> None:
    assert [answer.faces for answer in LABELS.counted] == [(3,)]
    assert len(RATINGS.counted) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"format": "retouchml-labels"},
        {"version": 2},
        {"version": None},
        {"seed": -1},
        {"seed": "7"},
        {"seed": 1 << 70},
        {"model": 5},
        {"question": "x" * 300},
        {"answers": {}},
        {"answers": [5]},
        {"answers": [{"left": 1, "right": 2}]},
        {"answers": [{"left": 1, "right": 1, "answer": "left"}]},
        {"answers": [{"left": 1, "right": 2, "answer": "yes"}]},
        {"answers": [{"left": 1, "right": 2, "answer": []}]},
        {"answers": [{"left": True, "right": 2, "answer": "left"}]},
        {"answers": [{"left": 1.5, "right": 2, "answer": "left"}]},
        {"answers": [{"left": 1, "right": 1 << 40, "answer": "left"}]},
    ],
    ids=str,
)
def test_a_changed_file_is_refused_in_a_sentence(change: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    answer_files.write(path, RATINGS)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError, match=r"answers\.json"):
        answer_files.read(path, "ratings")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'"x"'])
def test_what_is_no_such_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    path.write_bytes(content)
    with pytest.raises(UsageError):
        answer_files.read(path, "labels")


def test_a_missing_file_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        answer_files.read(tmp_path / "none.json", "labels")
    assert "retouchml label" in error.value.advice


def test_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(RetouchError, match="cannot be written"):
        answer_files.write(tmp_path / "gone" / "answers.json", LABELS)
