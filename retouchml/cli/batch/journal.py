"""The journal of a folder of results: what was begun and done there, with which settings.

It is a hidden folder among the results: lines of JSON that are only ever added, and a lock file for each
picture at which a command works. So a command that is run again knows what is whole, what a changed setting
makes out of date, and what another command does at the same time. A lock is the operating system's, and ends
with the process that holds it. File systems without locks are used as if nobody else were there.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from retouchml.system import locks

FOLDER = ".retouchml"
_LINES, _LOCK = "journal.jsonl", "journal.lock"
_VERSION = 1
_LONGEST_LINE = 1 << 16

Stamp = tuple[int, int]
"""Size and time of change (ns) of a file: another stamp, another content."""


def stamp(path: Path) -> "Stamp | None":
    """The stamp of a file; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def digest(settings: Mapping[str, Any]) -> str:
    """A text that is the same for the same settings, which are JSON."""
    text = json.dumps(settings, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Entry:
    """What is known of a picture.

    name: of its result, below the folder; picture: its own name; source: its stamp; results: stamps of what
    was written, by option, empty as long as it is only begun; time: when, in seconds since 1970
    """

    name: str
    picture: str
    settings: str
    source: Stamp
    results: Mapping[str, Stamp] = field(default_factory=dict)
    time: float = 0.0

    @property
    def done(self) -> bool:
        """Whether the results were written."""
        return bool(self.results)


class Taken(Exception):
    """Another command works at that picture."""


class Journal:
    """The journal of one folder of results, which exists; its methods may be called from several threads.

    Leaving the block removes what it made if nothing was noted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER
        self._read_until = 0
        self._entries: dict[str, Entry] = {}

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not (self._folder / _LINES).exists():
            with suppress(OSError):
                (self._folder / _LOCK).unlink(missing_ok=True)
                self._folder.rmdir()

    def entry(self, name: str) -> "Entry | None":
        """The newest on a picture, other commands' included. Raises OSError."""
        self._read()
        return self._entries.get(name)

    def add(self, entry: Entry) -> None:
        """Append an entry. Raises OSError."""
        with locks.exclusive(self._folder / _LOCK), (self._folder / _LINES).open("ab") as file:
            # a process that was killed may have left half a line
            half = file.tell() > 0 and not _ends_a_line(self._folder / _LINES)
            file.write(b"\n" * half + encoded(entry) + b"\n")
        self._entries[entry.name] = entry

    @contextmanager
    def claimed(self, name: str, *, wait: bool = False) -> Iterator[str]:
        """A block in which no other command works at a picture; the name of that claim, "" without locks.

        wait: until another one is done with it, instead of raising Taken. Raises OSError.
        """

        def give_up() -> None:
            if not wait:
                raise Taken(name)

        key = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
        with locks.exclusive(self._folder / f"{key}.lock", poll=give_up, remove=True) as lock:
            yield f"{os.path.realpath(self._folder)}\0{name}" if lock is not None else ""

    def _read(self) -> None:
        with suppress(FileNotFoundError), (self._folder / _LINES).open("rb") as file:
            if os.fstat(file.fileno()).st_size < self._read_until:  # somebody has emptied it
                self._read_until = 0
                self._entries.clear()
            file.seek(self._read_until)
            size, begins = 0, True  # of a line that is read in parts, and whether the next part begins one
            for part in iter(lambda: file.readline(_LONGEST_LINE), b""):
                size, ends = size + len(part), part.endswith(b"\n")
                if not ends:
                    begins = False  # too long for an entry, or it is still being written
                    continue
                self._read_until += size
                entry = decoded(part) if begins else None
                size, begins = 0, True
                if entry is not None:
                    self._entries[entry.name] = entry


def now() -> float:
    """The time for an entry."""
    return time.time()


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def encoded(entry: Entry) -> bytes:
    """The line of an entry, without its end."""
    return json.dumps({"version": _VERSION, **asdict(entry)}, allow_nan=False).encode()


def decoded(line: bytes) -> "Entry | None":
    """The entry in a line; None for what is not one, or of another version."""
    try:
        values = json.loads(line)
        if values["version"] != _VERSION:
            return None
        return Entry(
            str(values["name"]),
            str(values["picture"]),
            str(values["settings"]),
            _stamp(values["source"]),
            {str(option): _stamp(each) for option, each in values["results"].items()},
            float(values["time"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _stamp(values: Any) -> Stamp:
    size, changed = values
    return int(size), int(changed)
