"""Where the files of a command are: on this machine, or at URLs.

For each URL stands a path below a temporary folder of this machine. A picture is copied there when its turn
comes, and its results from there when they are whole; all that works with files does not notice. What is
said to people and in reports names the URL.
"""

import itertools
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any

from retouchml.cli.batch import temporary, urls
from retouchml.cli.batch.journal import Journal, Stamp, stamp
from retouchml.cli.batch.url_journal import UrlJournal
from retouchml.errors import PictureError, PictureUnwritable, UsageError

_NO_HOST = "@"  # stands for the empty one of hdfs:///folder
_COPY = "@"  # ends the names of folders with one copy each
_SECONDS_BETWEEN, _SHARE_OF_TIME = 30.0, 20.0  # copies of a report that grows: that, or so many times its own


class Storage:
    """The files of one command; leaving the block removes the copies."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._closing = ExitStack()
        self._numbers = itertools.count(1)
        self._copies: dict[Path, Path] = {}
        self._known: dict[Path, Stamp] = {}
        self._listed: dict[Path, dict[str, Stamp]] = {}

    def __enter__(self) -> "Storage":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    @property
    def has_urls(self) -> bool:
        """Whether any file is at a URL."""
        return self._folder is not None

    def local(self, text: str) -> Path:
        """The path of a file, or the one that stands for a URL. Raises UsageError."""
        if not urls.is_url(text):
            return Path(text)
        if (file := urls.local_file(text)) is not None:
            return file
        urls.check(text)
        scheme, rest = urls.split(text)
        scheme = urls.canonical(scheme)
        parts = rest.rstrip("/").split("/")
        if not parts[0]:
            parts = parts[1:] if scheme == "memory" else [_NO_HOST, *parts[1:]]
        if any(part in ("", ".", "..") for part in parts):
            raise UsageError(f"{text} has a part without a name.", "Leave out `//`, `.` and `..`.")
        if self._folder is None:
            self._folder = self._closing.enter_context(temporary.folder())
        return self._folder.joinpath(scheme, *parts)

    def is_remote(self, path: Path) -> bool:
        """Whether it stands for a URL."""
        return self._folder is not None and path.is_relative_to(self._folder)

    def url(self, path: Path) -> str:
        """What the path stands for."""
        scheme, *parts = self._below(path)
        return f"{scheme}://{'/'.join('' if part == _NO_HOST else part for part in parts)}"

    def place(self, path: Path) -> PurePath:
        """Where it is, as a relative path: scheme, host or bucket, and folders."""
        return PurePath(*(part for part in self._below(path) if part != _NO_HOST))

    def _below(self, path: Path) -> tuple[str, ...]:
        assert self._folder is not None
        parts = path.relative_to(self._folder).parts
        return parts[1:] if parts[0].endswith(_COPY) else parts

    def told(self, value: Any) -> Any:
        """A text, or JSON, with URLs in place of the paths that stand for them."""
        if self._folder is None:
            return value
        if isinstance(value, str):
            above = re.escape(str(self._folder))
            with_host = re.sub(rf"{above}[/\\](?:\d+{_COPY}[/\\])?([a-z0-9+.-]+)[/\\]", r"\1://", value)
            return with_host.replace(f"://{_NO_HOST}/", ":///")
        if isinstance(value, dict):
            return {key: self.told(each) for key, each in value.items()}
        return [self.told(each) for each in value] if isinstance(value, list) else value

    def source(self, text: str) -> Path:
        """As ``local``; a folder at a URL is one here, too. Raises UsageError, PictureUnreadable."""
        path = self.local(text)
        if self.is_remote(path) and urls.is_folder(self.url(path)):
            path.mkdir(parents=True, exist_ok=True)
        return path

    def files(self, folder: Path, *, recursive: bool) -> Iterator[Path]:
        """All files of a folder at a URL. Raises PictureUnreadable; OSError, at its end, for further names
        that no file here can have."""
        unnamed = []
        for name, found in urls.files(self.url(folder), recursive=recursive).items():
            if any(part in ("", ".", "..", _NO_HOST) for part in name.split("/")) or "\0" in name:
                unnamed.append(name)
                continue
            path = folder / name
            self._known[path] = found
            yield path
        if unnamed:
            raise OSError(None, "a part of its name is empty or has dots alone", str(folder / unnamed[0]))

    def stamp(self, path: Path) -> "Stamp | None":
        """The stamp of a file; None if there is none. Raises PictureUnreadable."""
        if not self.is_remote(path):
            return stamp(path)
        if path not in self._known:
            if any(folder in self._listed for folder in path.parents):
                return None
            found = urls.stamp(self.url(path))
            if found is None:
                return None
            self._known[path] = found
        return self._known[path]

    def open_results(self, folders: Iterable[Path]) -> None:
        """Look at what there is in the folders of results. Raises PictureUnreadable."""
        for folder in folders:
            if self.is_remote(folder):
                self._listed[folder] = urls.files(self.url(folder), recursive=True)
                self._known |= {folder / name: each for name, each in self._listed[folder].items()}

    def journal(self, folder: Path) -> "Journal | UrlJournal":
        """The journal of a folder of results that was opened. Raises PictureUnreadable, PictureUnwritable."""
        if not self.is_remote(folder):
            return Journal(folder)
        return UrlJournal(self.url(folder), self._listed[folder])

    def fetch(self, path: Path) -> Path:
        """Copy a picture to this machine if it is at a URL; where it is then. Raises PictureUnreadable.

        Each copy has a folder of its own, as some disks do not tell ``A.png`` from ``a.png``.
        """
        if self._folder is None or not self.is_remote(path):
            return path
        copy = self._folder / f"{next(self._numbers)}{_COPY}" / path.relative_to(self._folder)
        self._copies[path] = copy
        copy.parent.mkdir(parents=True, exist_ok=True)
        urls.fetch(self.url(path), copy)
        return copy

    def deliver(self, paths: Iterable[Path]) -> None:
        """Copy results to their URLs. Raises PictureUnwritable."""
        for path in filter(self.is_remote, paths):
            urls.deliver(path, self.url(path))
            found = urls.stamp(self.url(path))
            if found is not None:
                self._known[path] = found

    def drop(self, paths: Iterable[Path]) -> None:
        """Remove the copies on this machine of what is at URLs."""
        for path in filter(self.is_remote, paths):
            with suppress(OSError):
                path.unlink()
            copy = self._copies.pop(path, None)
            if copy is not None and self._folder is not None:
                number = copy.relative_to(self._folder).parts[0]
                shutil.rmtree(self._folder / number, ignore_errors=True)

    @contextmanager
    def kept(self, path: "Path | None") -> "Iterator[Callable[[], None]]":
        """A block in which a file here grows that is at a URL: what there is comes here before, and goes
        there after it, and now and then when the function is called. Raises PictureError, also if another
        command has written there meanwhile; that a copy in between fails is no error."""
        if path is None or not self.is_remote(path):
            yield lambda: None
            return
        url, due = self.url(path), time.monotonic() + _SECONDS_BETWEEN
        path.parent.mkdir(parents=True, exist_ok=True)
        there = urls.stamp(url, fresh=True)
        if there is not None:
            urls.fetch(url, path)
        fetched = stamp(path)
        # the size of a copy that failed, of which it is not known whether it is there
        sent: int | None = None
        is_others = False

        def deliver() -> None:
            nonlocal there, sent, is_others
            now = urls.stamp(url, fresh=True)
            is_others = now != there and (sent is None or (now is not None and now[0] != sent))
            if is_others:
                raise PictureUnwritable(
                    f"Another command has written {url} meanwhile, and its content stays.",
                    "Give each shard a report of its own.",
                )
            there, sent = now, path.stat().st_size
            urls.deliver(path, url)
            there, sent = urls.stamp(url, fresh=True), None

        def save() -> None:
            nonlocal due
            if time.monotonic() < due:
                return
            started = time.monotonic()
            try:
                deliver()
            except PictureError:  # the store may answer again; the last copy must succeed
                if is_others:
                    raise
            due = time.monotonic() + max(_SECONDS_BETWEEN, _SHARE_OF_TIME * (time.monotonic() - started))

        try:
            yield save
        except BaseException:
            if stamp(path) not in (None, fetched):
                with suppress(PictureError):  # the first error says more
                    deliver()
            raise
        if stamp(path) not in (None, fetched):
            deliver()
