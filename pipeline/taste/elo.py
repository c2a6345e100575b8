"""Lists of Elo numbers: what other tools made of many comparisons, as CSV.

The first line names the columns. One of ``face``, ``image``, ``file``, ``name`` or ``picture`` names a
picture beside the list, one of ``elo``, ``rating`` or ``score`` is its number. Other columns do not matter.
"""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

from retouchml.errors import UsageError
from retouchml.system import files

_FACES = ("face", "image", "file", "name", "picture")
_ELOS = ("elo", "rating", "score")
_SUFFIXES = ("", ".jpg", ".jpeg", ".png", ".webp")
_LARGEST = 8 << 20  # bytes
_FEWEST = 20  # faces
PER_DECADE = 400.0
"""Elo points by which the odds of winning are ten times as high."""


@dataclass(frozen=True)
class EloList:
    """Pictures with their numbers. pictures: [N] files; elos: [N]"""

    pictures: tuple[Path, ...]
    elos: tuple[float, ...]


def read(path: Path) -> EloList:
    """Read a list; pictures are beside it. Raises UsageError."""
    try:
        text = files.read_bounded(path, _LARGEST).decode("utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text)))
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is no CSV"
        raise UsageError(f"{path} cannot be read: {reason}.") from error
    columns = {name.strip().lower(): name for name in (rows[0] if rows else {}) if isinstance(name, str)}
    face, elo = (
        next((columns[name] for name in names if name in columns), None) for names in (_FACES, _ELOS)
    )
    if face is None or elo is None:
        raise UsageError(
            f"{path} has no columns for pictures and their numbers.",
            "Its first line has to name them, such as image,elo.",
        )
    pictures, elos = [], []
    for line, row in enumerate(rows, 2):
        pictures.append(_picture(path, line, row[face] or ""))
        elos.append(_elo(path, line, row[elo] or ""))
    if len(pictures) < _FEWEST:
        raise UsageError(f"{path} has only {len(pictures)} pictures.", f"{_FEWEST} are needed at least.")
    return EloList(tuple(pictures), tuple(elos))


def _picture(path: Path, line: int, name: str) -> Path:
    for suffix in _SUFFIXES:
        found = path.parent / f"{name.strip()}{suffix}"
        if name.strip() and found.is_file():
            return found
    raise UsageError(f"Line {line} of {path} names a picture that is not there: {name!r:.80}.")


def _elo(path: Path, line: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"Line {line} of {path} has no number: {text!r:.80}.")
    return value
