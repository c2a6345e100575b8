"""Files of answers: labels of single faces, and ratings of pairs. docs/taste.md describes them.

JSON with a format and a version, for this user alone, written whole after each answer.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from retouchml.errors import RetouchError, UsageError
from retouchml.system import files

Kind = Literal["labels", "ratings"]
YES, NO, SKIP = "yes", "no", "skip"
LEFT, RIGHT, TIE = "left", "right", "tie"
CHOICES: dict[Kind, tuple[str, ...]] = {"labels": (YES, NO, SKIP), "ratings": (LEFT, RIGHT, TIE, SKIP)}
VERSION = 1
LARGEST_FACE = 10_000_000

_FORMATS: dict[Kind, str] = {"labels": "retouchml-labels", "ratings": "retouchml-ratings"}
_FIELDS: dict[Kind, tuple[str, ...]] = {"labels": ("face",), "ratings": ("left", "right")}
_MOST = 50_000  # answers
_LARGEST = 16 << 20  # bytes
_LONGEST = 200  # characters of a text
_PRIVATE = 0o600


@dataclass(frozen=True)
class Answer:
    """An answer. faces: the number of the face, or those of left and right; choice: one of ``CHOICES``."""

    faces: tuple[int, ...]
    choice: str


@dataclass(frozen=True)
class Answers:
    """The content of a file.

    question: what was asked, in the user's own words; model, space: the generator and its latent space; seed:
    of the faces
    """

    kind: Kind
    model: str
    space: str
    seed: int
    question: str = ""
    answers: tuple[Answer, ...] = ()

    def with_answer(self, answer: Answer) -> "Answers":
        """These and one more."""
        return replace(self, answers=(*self.answers, answer))

    def without_last(self) -> "Answers":
        """These without the last one."""
        return replace(self, answers=self.answers[:-1])

    @property
    def counted(self) -> tuple[Answer, ...]:
        """Those that say something."""
        return tuple(answer for answer in self.answers if answer.choice != SKIP)


def write(path: Path, answers: Answers) -> None:
    """Write a file, whole or not at all, readable by this user alone. Raises RetouchError."""
    names = _FIELDS[answers.kind]
    content = {
        "format": _FORMATS[answers.kind],
        "version": VERSION,
        "question": answers.question,
        "model": answers.model,
        "latent_space": answers.space,
        "seed": answers.seed,
        "answers": [
            {**dict(zip(names, each.faces, strict=True)), "answer": each.choice} for each in answers.answers
        ],
    }
    try:
        files.write_atomically(path, (json.dumps(content, indent=1) + "\n").encode(), _PRIVATE)
    except OSError as error:
        raise RetouchError(f"{path} cannot be written: {error.strerror}.", "Choose another file.") from error


def read(path: Path, kind: Kind) -> Answers:
    """Read a file. Raises UsageError if it is missing or something else."""
    try:
        content: Any = json.loads(files.read_bounded(path, _LARGEST))
    except FileNotFoundError as error:
        raise UsageError(
            f"{path} is not there.", "`retouchml label` and `retouchml rate` make one."
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or "it is no JSON"
        raise UsageError(f"{path} cannot be read: {reason}.") from error
    if not isinstance(content, dict) or content.get("format") != _FORMATS[kind]:
        raise UsageError(f"{path} holds no {kind}.", f"Its format has to be {_FORMATS[kind]}.")
    if content.get("version") != VERSION:
        raise UsageError(f"{path} is of version {content.get('version')!r:.20}.", "Update RetouchML.")
    try:
        return _answers(content, kind)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} is damaged: {error}.", "Restore an earlier copy of it.") from error


def _answers(content: dict[str, Any], kind: Kind) -> Answers:
    model, space, question = (_text(content, name) for name in ("model", "latent_space", "question"))
    listed = content["answers"]
    if not isinstance(listed, list) or len(listed) > _MOST:
        raise ValueError("its answers are no list, or too many")
    seed = _number(content["seed"], (1 << 63) - 1)
    return Answers(kind, model, space, seed, question, tuple(_answer(each, kind) for each in listed))


def _answer(entry: Any, kind: Kind) -> Answer:
    faces = tuple(_number(entry[name], LARGEST_FACE) for name in _FIELDS[kind])
    if entry["answer"] not in CHOICES[kind] or len(set(faces)) < len(faces):
        raise ValueError("an answer makes no sense")
    return Answer(faces, entry["answer"])


def _text(content: dict[str, Any], name: str) -> str:
    value = content[name]
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise ValueError(f"{name} is no short text")
    return value


def _number(value: Any, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise ValueError("a number is out of range")
    return value
