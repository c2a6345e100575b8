"""The reports of ``--json``: Python's own numbers, and null for a figure that is not finite."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from retouchml.cli.console import Console
from retouchml.errors import RetouchError
from retouchml.look_change import ChosenLook
from retouchml.results import Face, FaceReport

Json = dict[str, Any]
STDOUT = "-"
NO_PATCH = [0, 0, 0, 0]
"""The patch of a face that did not change."""


class Maker(Protocol):
    """What made a picture: a backend, or what is noted of it."""

    @property
    def model(self) -> str:
        """The generator's name."""

    @property
    def device(self) -> str:
        """What computed."""


def picture(
    source: Path,
    maker: Maker,
    seconds: Mapping[str, float],
    faces: Sequence[Json],
    notes: Sequence[str] = (),
) -> Json:
    """The report on one picture; notes: sentences on what its files lost or changed."""
    return {
        "image": str(source),
        "model": maker.model,
        "device": maker.device,
        "seconds": {stage: number(value, 3) for stage, value in seconds.items()},
        "faces": list(faces),
        "notes": list(notes),
    }


def failure(source: Path, error: BaseException, sentence: str) -> Json:
    """The report on a picture that could not be retouched."""
    code = error.code if isinstance(error, RetouchError) else RetouchError.code
    return {"image": str(source), "error": {"code": code, "message": sentence}}


def retouched_face(report: FaceReport) -> Json:
    """A face that was retouched."""
    return {
        "face": int(report.face),
        "box": _integers(report.box),
        "score_before": number(report.score_before),
        "score_after": number(report.score_after),
        "score_uncertainty": _number_or_none(report.score_uncertainty),
        "identity_distance": number(report.identity_distance),
        "patch": _integers(report.patch),
    }


def untouched_face(index: int, face: Face) -> Json:
    """A face that was chosen and stays as it is: its patch is empty."""
    same = FaceReport(index, face.box, face.score, face.score, 0.0, (0, 0, 0, 0), face.score_uncertainty)
    return retouched_face(same)


def chosen_look(chosen: ChosenLook) -> Json:
    """The look of a face: the preset from which it started, and the value of every slider."""
    return {
        "preset": chosen.preset,
        "look": {name: number(value) for name, value in chosen.look.values.items()},
        "render": chosen.look.render,
    }


def detected_face(face: Face) -> Json:
    """A face as ``retouchml faces`` reports it."""
    return {
        "box": _integers(face.box),
        "landmarks": [[number(x, 2), number(y, 2)] for x, y in face.landmarks],
        "score": number(face.score),
        "score_uncertainty": _number_or_none(face.score_uncertainty),
        **quality(face),
    }


def quality(face: Face) -> Json:
    """How well a picture shows a face, what is held back there, and why the rater knows no such faces."""
    measures = asdict(face.quality)
    trust, notes, outside = (measures.pop(name) for name in ("trust", "notes", "outside"))
    return {
        "score_outside": list(outside),
        "quality": {
            **{name: number(value, 3) for name, value in measures.items()},
            "trust": {kind: number(value, 3) for kind, value in trust.items()},
            "notes": list(notes),
        },
    }


def number(value: float, digits: int = 4) -> float | None:
    """``value`` rounded, as Python's own float; None if it is not finite, as JSON has no NaN."""
    return round(float(value), digits) if math.isfinite(value) else None


def _number_or_none(value: float | None) -> float | None:
    return None if value is None else number(value)


def text(value: Json | Sequence[Json]) -> str:
    """``value`` as JSON in ASCII, which can hold a file name in an unknown encoding."""
    return json.dumps(value, indent=2, allow_nan=False)


@dataclass(frozen=True)
class Destination:
    """Where ``--json`` goes. file: an ordinary file, which is written whole; stream: a device or a pipe."""

    file: Path | None = None
    stream: Path | None = None
    on_stdout: bool = False

    @classmethod
    def of(cls, option: str | None) -> "Destination":
        """The destination that the option's value names, None if it was not given."""
        if option is None:
            return cls()
        if option == STDOUT:
            return cls(on_stdout=True)
        path = Path(option)
        return cls(stream=path) if is_stream(path) else cls(file=path)

    def say(self, value: Json | Sequence[Json], console: Console) -> None:
        """Write the report, unless it goes to an ordinary file. Raises OSError."""
        if self.on_stdout:
            console.print(text(value))
        elif self.stream is not None:
            self.stream.write_text(text(value) + "\n", encoding="utf-8")


def is_stream(path: Path) -> bool:
    """Whether ``path`` exists and is a device or a pipe, which is written to rather than replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _integers(values: Sequence[int]) -> list[int]:
    return [int(value) for value in values]
