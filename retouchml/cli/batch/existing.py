"""What is done with a picture whose result exists already: ``--existing``."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal, get_args

from retouchml.cli.batch.journal import Entry, Stamp, stamp
from retouchml.errors import PictureError

Existing = Literal["fail", "skip", "replace"]
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
    same settings is done, whatever ``existing`` says.
    """

    existing: Existing
    settings: str
    started: float

    def __call__(self, source: Path, results: Mapping[str, Path], entry: "Entry | None") -> Verdict:
        """The verdict on a picture. results: its files by option; entry: what the journal says."""
        present = {option: stamp(path) for option, path in results.items()}
        is_done = entry is not None and self._is_done(source, present, entry)
        if is_done and (self.existing == "skip" or self._is_recent(entry)):
            return Verdict.DONE
        if not any(present.values()):
            return Verdict.MAKE
        if self.existing == "replace":
            return Verdict.REPLACE
        if self.existing == "fail":
            return Verdict.FAIL
        foreign = (
            results[option]
            for option, found in present.items()
            if found is not None and (entry is None or found != entry.results.get(option))
        )
        if entry is not None and not entry.done:
            # this batch was killed between beginning and the journal: its files appear whole or not at all
            return Verdict.REPLACE
        return Verdict.KEEP if any(map(_is_whole, foreign)) else Verdict.REPLACE

    def _is_recent(self, entry: "Entry | None") -> bool:
        return entry is not None and entry.time >= self.started

    def _is_done(self, source: Path, present: "Mapping[str, Stamp | None]", entry: Entry) -> bool:
        return (
            entry.done
            and entry.settings == self.settings
            and entry.source == stamp(source)
            and all(stamp and entry.results.get(option) == stamp for option, stamp in present.items())
        )


def _is_whole(path: Path) -> bool:
    """Whether a file is a picture that can be read to its end: half a file is nobody's result."""
    from pipeline.pictures import read_picture

    try:
        read_picture(path)
    except PictureError:
        return False
    return True
