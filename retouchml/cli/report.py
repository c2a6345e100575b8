"""What ``--json`` writes: plain numbers of Python, and null where a figure is not finite."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from retouchml.backend import Backend
from retouchml.errors import RetouchError
from retouchml.results import Face, FaceReport

Json = dict[str, Any]
NO_PATCH = [0, 0, 0, 0]
"""The patch of a face that was left alone."""


def picture(source: Path, engine: Backend, seconds: Mapping[str, float], faces: Sequence[Json]) -> Json:
    """The report on one picture."""
    return {
        "image": str(source),
        "model": engine.model,
        "device": engine.device,
        "seconds": {step: number(spent, 3) for step, spent in seconds.items()},
        "faces": list(faces),
    }


def failure(source: Path, error: BaseException, sentence: str) -> Json:
    """What stands in a list of reports for a picture that could not be retouched."""
    code = error.code if isinstance(error, RetouchError) else RetouchError.code
    return {"image": str(source), "error": {"code": code, "message": sentence}}


def retouched_face(done: FaceReport) -> Json:
    """A face that was retouched."""
    return _face(done.face, done.box, done.score_before, done.score_after, done.identity_distance, done.patch)


def untouched_face(index: int, face: Face) -> Json:
    """A face that was asked for and stays as it is: its patch is empty."""
    return _face(index, face.box, face.score, face.score, 0.0, NO_PATCH)


def found_face(face: Face) -> Json:
    """A face as ``retouchml faces`` reports it."""
    return {
        "box": _integers(face.box),
        "landmarks": [[number(x, 2), number(y, 2)] for x, y in face.landmarks],
        "score": number(face.score),
    }


def number(value: float, digits: int = 4) -> float | None:
    """``value`` rounded, as Python's own float; None if it is not finite, for JSON knows no NaN."""
    return round(float(value), digits) if math.isfinite(value) else None


def text(value: Json | Sequence[Json]) -> str:
    """``value`` as JSON, in ASCII: a file name in no known encoding survives that."""
    return json.dumps(value, indent=2, allow_nan=False)


def is_stream(path: Path) -> bool:
    """Whether ``path`` is there and is a device or a pipe, which is written to rather than replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _face(
    index: int,
    box: Sequence[int],
    before: float,
    after: float,
    identity_distance: float,
    patch: Sequence[int],
) -> Json:
    return {
        "face": int(index),
        "box": _integers(box),
        "score_before": number(before),
        "score_after": number(after),
        "identity_distance": number(identity_distance),
        "patch": _integers(patch),
    }


def _integers(values: Sequence[int]) -> list[int]:
    return [int(value) for value in values]
