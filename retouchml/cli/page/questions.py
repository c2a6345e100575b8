"""The page's content: the open question, its faces, and what an answer does."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retouchml.cli.page.server import Reply
from retouchml.errors import RetouchError
from retouchml.translation import counted, joined, language, marked, translated

if TYPE_CHECKING:
    from pipeline.taste.faces import DrawnFaces
    from pipeline.taste.questionnaire import Questionnaire, State

_FOLDER = Path(__file__).parent
_FILES = {"": "index.html", "page.js": "page.js", "page.css": "page.css"}
_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css"}
_UNDO = "undo"


@dataclass(frozen=True)
class Choice:
    """An answer.

    keys: as browsers name them; shown: the key that its button names; aside: whether it is no real answer;
    stacked: its title where one face is above the other, "" for the same
    """

    title: str
    keys: tuple[str, ...]
    shown: str
    aside: bool = False
    stacked: str = ""


_SKIP = Choice(marked("Skip"), ("s",), "S", aside=True)
_BACK = Choice(marked("Undo"), ("u", "Backspace"), "U", aside=True)
LABELS = {
    "no": Choice(marked("No"), ("n", "ArrowLeft"), "N"),
    "yes": Choice(marked("Yes"), ("y", "ArrowRight"), "Y"),
    "skip": _SKIP,
    _UNDO: _BACK,
}
RATINGS = {
    "left": Choice(marked("Left"), ("ArrowLeft", "1"), "←", stacked=marked("Above")),
    "tie": Choice(marked("Equal"), ("ArrowDown", " ", "2"), "↓"),
    "right": Choice(marked("Right"), ("ArrowRight", "3"), "→", stacked=marked("Below")),
    "skip": _SKIP,
    _UNDO: _BACK,
}
_ALTS = {
    1: (marked("A generated face"),),
    2: (marked("The face on the left"), marked("The face on the right")),
}


class Questions:
    """Answers the page's requests from a questionnaire."""

    def __init__(
        self,
        questionnaire: "Questionnaire",
        faces: "DrawnFaces",
        question: str,
        choices: Mapping[str, Choice],
        goal: int,
    ) -> None:
        """question: what people read above the faces; goal: answers that are enough."""
        self._questionnaire = questionnaire
        self._faces = faces
        self._question = question
        self._choices = choices
        self._goal = goal

    def get(self, place: str) -> "Reply | None":
        """The answer for a place."""
        if place in _FILES:
            path = _FOLDER / _FILES[place]
            return Reply(path.read_bytes(), _TYPES[path.suffix])
        state = self._questionnaire.state
        if place == "state":
            return Reply.of_json({**self._fields(state), "texts": self._texts(len(state.faces))})
        folder, _, number = place.partition("/")
        shown = {str(face): face for face in (*state.faces, *state.upcoming)}
        if folder == "face" and number in shown:
            return Reply(self._faces.picture(shown[number]), "image/jpeg")
        return None

    def post(self, place: str, fields: Mapping[str, Any]) -> "Reply | None":
        """The answer to a message."""
        question, choice = fields.get("question"), fields.get("choice")
        if place != "answer":
            return None
        if not isinstance(question, str) or not isinstance(choice, str) or choice not in self._choices:
            return Reply(b"400 Bad Request\n", "text/plain", HTTPStatus.BAD_REQUEST)
        try:
            if choice == _UNDO:
                state = self._questionnaire.undo(question)
            else:
                state = self._questionnaire.answer(question, choice)
        except RetouchError as error:
            reason = joined(error.message, error.advice)
            return Reply.of_json({"error": reason}, HTTPStatus.INTERNAL_SERVER_ERROR)
        if state is None:
            return Reply.of_json(self._fields(self._questionnaire.state), HTTPStatus.CONFLICT)
        return Reply.of_json(self._fields(state))

    def _fields(self, state: "State") -> dict[str, Any]:
        count = counted("{number} answer", "{number} answers", state.counted)
        if state.counted < self._goal:
            count += " · " + translated("{goal} are enough").format(goal=self._goal)
        else:
            count += " · " + translated("Enough: close this page, and press Ctrl-C in the terminal.")
        return {
            "question": state.question,
            "faces": state.faces,
            "upcoming": state.upcoming,
            "counted": state.counted,
            "answered": state.answered,
            "goal": self._goal,
            "count": count,
        }

    def _texts(self, faces: int) -> dict[str, Any]:
        choices = {
            name: {
                "title": translated(choice.title),
                "keys": choice.keys,
                "shown": choice.shown,
                "aside": choice.aside,
                "stacked": translated(choice.stacked or choice.title),
            }
            for name, choice in self._choices.items()
        }
        return {
            "language": language().replace("_", "-"),
            "title": f"{self._question} · RetouchML",
            "question": self._question,
            "choices": choices,
            "alts": [translated(text) for text in _ALTS[faces]],
            "keys": translated("The keys are on the buttons. Every answer is kept at once."),
            "stale": translated("This was answered already, in another window. Here is the next one."),
            "lost": translated(
                "RetouchML does not answer. Start the command again, and open its new address."
            ),
        }
