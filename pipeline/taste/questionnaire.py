"""The questions of ``retouchml label`` and ``retouchml rate``, one after the other; every answer is kept.

The next question is chosen while the one before is still open, so that its pictures are ready. Several
threads, and several pages of a browser, may ask for the state: an answer to a question that is not open any
more changes nothing.
"""

import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.taste import answers as answer_files
from pipeline.taste.answers import CHOICES, Answer, Answers

Faces = tuple[int, ...]
Choose = Callable[[Answers, Sequence[Faces]], Faces]
"""The faces of a next question, from the answers so far and the questions that are open already."""


@dataclass(frozen=True)
class State:
    """What a page shows.

    question: its name, another one each time it is asked; faces: numbers of those to show; upcoming: of those
    that come next; counted: answers that say something; answered: with those that were skipped
    """

    question: str
    faces: Faces
    upcoming: Faces
    counted: int
    answered: int


class Questionnaire:
    """The open questions and the answers to earlier ones."""

    def __init__(self, path: Path, answers: Answers, choose: Choose) -> None:
        """path: the file that is written after each answer."""
        self._path = path
        self._answers = answers
        self._choose = choose
        self._open: list[Faces] = []
        self._name = ""
        self._lock = threading.Lock()
        self._ask()

    @property
    def state(self) -> State:
        """The state as it is now."""
        with self._lock:
            return self._state()

    def answer(self, question: str, choice: str) -> State | None:
        """Keep an answer and go on; None, and nothing happens, if that question is not the open one.

        Raises ValueError for a choice that there is not, RetouchError if the file cannot be written.
        """
        if choice not in CHOICES[self._answers.kind]:
            raise ValueError(choice)
        with self._lock:
            if not secrets.compare_digest(question.encode(), self._name.encode()):
                return None
            self._keep(self._answers.with_answer(Answer(self._open[0], choice)))
            self._open.pop(0)
            self._ask()
            return self._state()

    def undo(self, question: str) -> State | None:
        """Ask the last answered question again, and forget its answer; as ``answer``, None if it is not so.

        question: the one that is open
        """
        with self._lock:
            if not secrets.compare_digest(question.encode(), self._name.encode()):
                return None
            if self._answers.answers:
                last = self._answers.answers[-1]
                self._keep(self._answers.without_last())
                self._open.insert(0, last.faces)
                self._name = secrets.token_hex(8)
            return self._state()

    def _keep(self, answers: Answers) -> None:
        answer_files.write(self._path, answers)
        self._answers = answers

    def _ask(self) -> None:
        while len(self._open) < 2:
            self._open.append(self._choose(self._answers, self._open))
        self._name = secrets.token_hex(8)

    def _state(self) -> State:
        counted, answered = len(self._answers.counted), len(self._answers.answers)
        return State(self._name, self._open[0], self._open[1], counted, answered)


def next_face(answers: Answers, asked: Sequence[Faces]) -> Faces:
    """The next face to label: in order of their numbers."""
    seen = [face for each in answers.answers for face in each.faces] + [
        face for each in asked for face in each
    ]
    return (max(seen, default=-1) + 1,)
