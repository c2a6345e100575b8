"""The journal of a folder of results at a URL: an object for each picture, since no store appends.

It is read once, in which its objects are fetched several at a time. There are no locks: commands that work
into one folder at the same time need shards of their own.
"""

import hashlib
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import TracebackType

from retouchml.cli.batch import urls
from retouchml.cli.batch.journal import FOLDER, Entry, Stamp, decoded, encoded
from retouchml.errors import PictureUnreadable, PictureUnwritable

_AT_ONCE = 16
_SUFFIX = ".json"
_LONGEST_ENTRY = 1 << 16  # bytes


class UrlJournal:
    """As ``Journal``; its methods may be called from several threads."""

    def __init__(self, folder: str, files: Mapping[str, Stamp]) -> None:
        """folder: the URL of the results; files: what is in it, by name.

        Raises PictureUnreadable, and PictureUnwritable if nothing can be written there.
        """
        self._folder = f"{folder}/{FOLDER}"
        self._lock = threading.Lock()
        # the command finds out now, not at the end of its first picture; each has a name of its own
        self._probe = f"{self._folder}/probe-{secrets.token_hex(8)}"
        urls.write(self._probe, b"RetouchML can write here.\n")
        noted = {
            name: each
            for name, each in files.items()
            if name.startswith(f"{FOLDER}/") and name.endswith(_SUFFIX) and each[0] <= _LONGEST_ENTRY
        }
        with ThreadPoolExecutor(_AT_ONCE, "journal") as threads:
            read = threads.map(lambda name: self._read(f"{folder}/{name}", noted[name]), noted)
            self._entries = {entry.name: entry for entry in read if entry is not None}

    def __enter__(self) -> "UrlJournal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(PictureUnwritable):  # who may write need not be allowed to remove
            urls.remove(self._probe)

    def entry(self, name: str) -> "Entry | None":
        """The newest on a picture, as far as it was there when the command began."""
        with self._lock:
            return self._entries.get(name)

    def add(self, entry: Entry) -> None:
        """Write an entry over the one before. Raises PictureUnwritable."""
        key = hashlib.sha256(os.fsencode(entry.name)).hexdigest()[:32]
        urls.write(f"{self._folder}/{key}{_SUFFIX}", encoded(entry))
        with self._lock:
            self._entries[entry.name] = entry

    @contextmanager
    def claimed(self, _name: str, *, wait: bool = False) -> Iterator[str]:  # noqa: ARG002 (as Journal's)
        """A block for work at a picture, without a lock."""
        yield ""

    @staticmethod
    def _read(url: str, stamp: Stamp) -> "Entry | None":
        """An entry, with the store's time in place of that of the machine which wrote it."""
        try:
            entry = decoded(urls.read(url))
        except PictureUnreadable:
            if urls.stamp(url) is None:  # another command has taken it away meanwhile
                return None
            raise
        return entry if entry is None or stamp[1] <= 0 else replace(entry, time=stamp[1] / 1e9)
