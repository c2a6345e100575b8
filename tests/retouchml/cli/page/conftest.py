"""Pages over faces that cost nothing, in threads of the test."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.taste import answers as answer_files
from pipeline.taste.answers import Answers, Kind
from pipeline.taste.questionnaire import Questionnaire, next_face
from retouchml.cli.page.questions import LABELS, RATINGS, Questions
from retouchml.cli.page.server import PageServer


class PaintedFaces:
    """Pictures of one colour for each number."""

    def picture(self, number: int) -> bytes:
        """A JPEG of 512 px."""
        file = io.BytesIO()
        Image.new("RGB", (512, 512), (number * 37 % 256, number * 91 % 256, 128)).save(file, "JPEG")
        return file.getvalue()


def next_pair(answers: Answers, asked: Any) -> tuple[int, int]:
    """Pairs of new faces, in order."""
    (first,) = next_face(answers, asked)
    return first, first + 1


@dataclass
class RunningPage:
    """A page that is served, and the file of its answers."""

    server: PageServer
    file: Path
    kind: Kind

    @property
    def address(self) -> str:
        """What a browser opens."""
        return self.server.address

    @property
    def choices(self) -> list[str]:
        """The answers that the file holds."""
        return [each.choice for each in answer_files.read(self.file, self.kind).answers]


Serve = Callable[..., RunningPage]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Begins to serve a page; called again with the same file, it goes on there."""
    with ExitStack() as closing:

        def begin(kind: Kind = "labels", file: Path | None = None) -> RunningPage:
            file = file or tmp_path / f"{kind}.json"
            if not file.exists():
                answer_files.write(file, Answers(kind, "small", "small-w", 1, "round"))
            choose, choices = (next_face, LABELS) if kind == "labels" else (next_pair, RATINGS)
            questionnaire = Questionnaire(file, answer_files.read(file, kind), choose)
            faces: Any = PaintedFaces()
            page = Questions(questionnaire, faces, "Is this face round?", choices, 10)
            server = PageServer(page.get, page.post)
            server.begin()
            closing.callback(server.close)
            return RunningPage(server, file, kind)

        yield begin
