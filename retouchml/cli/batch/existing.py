"""What is done with a picture whose result exists already: ``--existing``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal, get_args

from retouchml.cli.batch.journal import Entry, Stamp, stamp
from retouchml.errors import PictureError, PictureUnreadable

Existing = Literal["fail", "skip", "replace"]
_CLOCK, _LONGEST_WRITE = 2.0, 600.0  # seconds
EXISTING: tuple[Existing, ...] = get_args(Existing)


class Verdict(Enum):
    """What to do with a picture."""

    MAKE = "nothing is there"
    REPLACE = "what is there may be replaced"
    FAIL = "what is there must stay, and that is an error"
    DONE = "it is done, with these settings"
    KEEP = "what is there is not this command's"


@dataclass(frozen=True)
class Judge:
    """Decides for the pictures of one command.

    settings: their digest; started: when the command began. What another command has done since then with the
    same settings is done, whatever ``existing`` says. stamp: of a file, wherever it is
    """

    existing: Existing
    settings: str
    started: float
    stamp: "Callable[[Path], Stamp | None]" = stamp

    def __call__(self, source: Path, results: Mapping[str, Path], entry: "Entry | None") -> Verdict:
        """The verdict on a picture. results: its files by option; entry: what the journal says."""
        present = {option: self.stamp(path) for option, path in results.items()}
        is_done = entry is not None and self._is_done(source, present, entry)
        if is_done and (self.existing == "skip" or self._is_recent(entry)):
            return Verdict.DONE
        if not any(present.values()):
            return Verdict.MAKE
        if self.existing == "replace":
            return Verdict.REPLACE
        if self.existing == "fail":
            return Verdict.FAIL
        ours = entry if entry is not None and entry.picture == source.name else None
        foreign = [
            results[option] for option, found in present.items() if found and not _is_of(ours, option, found)
        ]
        return Verdict.REPLACE if all(map(_is_half, foreign)) else Verdict.KEEP

    def _is_recent(self, entry: "Entry | None") -> bool:
        return entry is not None and entry.time >= self.started

    def _is_done(self, source: Path, present: "Mapping[str, Stamp | None]", entry: Entry) -> bool:
        return (
            entry.done
            and entry.settings == self.settings
            and entry.picture == source.name
            and entry.source == self.stamp(source)
            and all(stamp and entry.results.get(option) == stamp for option, stamp in present.items())
        )


def _is_of(entry: "Entry | None", option: str, found: Stamp) -> bool:
    """Whether a file is what the entry says, or what was written when it was only begun.

    Files appear whole or not at all, so one that a killed command wrote is as old as its entry.
    """
    if entry is None:
        return False
    if entry.done:
        return entry.results.get(option) == found
    return entry.time - _CLOCK <= found[1] / 1e9 <= entry.time + _LONGEST_WRITE


def _is_half(path: Path) -> bool:
    """Whether a file is a part of a picture, which is nobody's result. What cannot be told is none."""
    from pipeline.pictures import read_picture
    from pipeline.pictures.formats import recognise

    try:
        if path.stat().st_size == 0:
            return True
        with path.open("rb") as file:
            recognise(file, path)
    except (OSError, PictureError):
        return False
    try:
        read_picture(path)
    except PictureUnreadable:
        return True
    except PictureError:
        return False
    return False
