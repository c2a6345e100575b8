"""Which pictures a command retouches, from files, folders and lists, and the name of each below the results.

The names do not depend on what is done already, so that a command which is run again finds its results.
"""

import codecs
import hashlib
import io
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from retouchml.cli.batch.storage import Storage
from retouchml.errors import PictureError, PictureUnreadable, PictureUnsupported, UsageError

_LONGEST_LIST = 1 << 28  # bytes of a list of names


@dataclass(frozen=True)
class Input:
    """A picture to retouch, and its name below the folder of the results."""

    path: Path
    name: PurePath


@dataclass(frozen=True)
class Selection:
    """Which of the pictures that were found are taken.

    include, exclude: patterns of the shell for the name below the results, or for its last part; upper and
    lower case are the same. shard: (i, n) takes the i-th of n parts, i from 1; a picture's part depends on
    its name alone.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    shard: tuple[int, int] = (1, 1)

    def takes(self, name: PurePath) -> bool:
        """Whether the picture of that name is taken."""
        if self.include and not _matches(name, self.include):
            return False
        return not _matches(name, self.exclude) and shard_of(name, self.shard[1]) == self.shard[0]


def shard_of(name: PurePath, shards: int) -> int:
    """The part, from 1, that a name belongs to: SHA-256 of it with ``/`` between its folders, modulo."""
    digest = hashlib.sha256(os.fsencode(name.as_posix())).digest()
    return int.from_bytes(digest[:8], "big") % shards + 1


def collect(
    paths: Sequence[Path],
    listed: Iterable[Path] = (),
    *,
    recursive: bool = False,
    without: Sequence[Path] = (),
    storage: "Storage | None" = None,
    on_unreadable: Callable[[OSError], None],
) -> tuple[Input, ...]:
    """The pictures among ``paths``, in the folders among them, and in a list; each once.

    recursive: also those in folders below; without: folders that are passed over; storage: knows the folders
    at URLs; on_unreadable: is told of a folder that cannot be listed

    What is in a folder keeps its place there, below the folder's own name if several paths are given. A
    listed name keeps its folders if it is relative; any other picture has its bare name. Where two would have
    the same name, all keep their place below the folder that they share.
    """
    several = len(paths) > 1 or bool(listed)
    passed_over = {_key(folder) for folder in without}
    found: dict[str, Input] = {}
    for path in paths:
        if path.is_dir():
            above = PurePath(_absolute(path).name) if several else PurePath()
            if storage is not None and storage.is_remote(path):
                pictures = _pictures_elsewhere(storage, path, recursive, passed_over, on_unreadable)
            else:
                pictures = _pictures_in(path, recursive, passed_over, on_unreadable)
            for picture in pictures:
                found.setdefault(_key(picture), Input(picture, above / picture.relative_to(path)))
        else:
            found.setdefault(_key(path), Input(path, PurePath(path.name)))
    for path in listed:
        is_below = not path.is_absolute() and ".." not in path.parts
        found.setdefault(_key(path), Input(path, PurePath(path) if is_below else PurePath(path.name)))
    return _distinct(tuple(found.values()), storage)


def read_list(stream_or_file: "Path | None", local: Callable[[str], Path] = Path) -> list[Path]:
    """The names in a file, or on standard input for None: one in a line, or NUL after each.

    local: the path of a name, which may be a URL

    Raises PictureUnreadable, and UsageError for a list that is too long.
    """
    try:
        if stream_or_file is None:
            content = sys.stdin.buffer.read(_LONGEST_LIST + 1)
        else:
            with stream_or_file.open("rb") as file:
                content = file.read(_LONGEST_LIST + 1)
    except OSError as error:
        reason = f"The list {stream_or_file} cannot be read: {error.strerror}."
        raise PictureUnreadable(reason, "Check its name.") from error
    if len(content) > _LONGEST_LIST:
        raise UsageError("The list of pictures is longer than 256 MiB.", "Split it.")
    if stream_or_file is not None and _is_picture(content):
        raise UsageError(
            f"{stream_or_file} is a picture, and no list of pictures.", "Leave out `--files-from`."
        )
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as PowerShell writes it
        content = os.fsencode(content.decode("utf-16", "replace"))
    content = content.removeprefix(codecs.BOM_UTF8)
    names = content.split(b"\0") if b"\0" in content else content.splitlines()
    return [local(os.fsdecode(name)) for name in names if name.strip()]


def _is_picture(content: bytes) -> bool:
    """Whether this is no list: a picture file by its first bytes, some of which no text has.

    A name may begin as a picture does, such as ``BMW/1.jpg``.
    """
    from pipeline.pictures.formats import recognise

    if not any(byte < 32 and byte not in b"\0\t\n\r" for byte in content[:512]):
        return False
    try:
        recognise(io.BytesIO(content), Path("list"))
    except PictureError as error:
        return isinstance(error, PictureUnsupported)
    return True


def _pictures_in(
    folder: Path, recursive: bool, passed_over: set[str], on_unreadable: Callable[[OSError], None]
) -> Iterator[Path]:
    """Its pictures by their suffixes, in order; hidden ones and links to folders are passed over."""
    from pipeline.pictures import READABLE_SUFFIXES

    for parent, folders, files in os.walk(folder, onerror=on_unreadable):
        here = Path(parent)
        folders[:] = sorted(
            name
            for name in folders
            if recursive and not name.startswith(".") and _key(here / name) not in passed_over
        )
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in READABLE_SUFFIXES:
                yield here / name


def _pictures_elsewhere(
    storage: Storage,
    folder: Path,
    recursive: bool,
    passed_over: set[str],
    on_unreadable: Callable[[OSError], None],
) -> Iterator[Path]:
    """As ``_pictures_in``, of a folder at a URL."""
    from pipeline.pictures import READABLE_SUFFIXES

    found = []
    try:
        for path in storage.files(folder, recursive=recursive):
            below = path.relative_to(folder)
            if any(part.startswith(".") for part in below.parts):
                continue
            is_result = any(_key(folder / each) in passed_over for each in list(below.parents)[:-1])
            if not is_result and path.suffix.lower() in READABLE_SUFFIXES:
                found.append(below)
    except OSError as error:
        on_unreadable(error)
    for below in sorted(found, key=lambda each: [*((1, part) for part in each.parts[:-1]), (0, each.name)]):
        yield folder / below


def _distinct(inputs: Sequence[Input], storage: "Storage | None") -> tuple[Input, ...]:
    counts = Counter(os.path.normcase(each.name) for each in inputs)
    if len(counts) == len(inputs):
        return tuple(inputs)
    here = [each for each in inputs if storage is None or not storage.is_remote(each.path)]
    places: dict[Path, PurePath] = {}
    if storage is not None:
        places = {each.path: storage.place(each.path) for each in inputs if storage.is_remote(each.path)}
    try:
        if here:
            absolute = {each.path: _absolute(each.path) for each in here}
            shared = Path(os.path.commonpath([path.parent for path in absolute.values()]))
            places |= {path: each.relative_to(shared) for path, each in absolute.items()}
        else:
            shared_place = os.path.commonpath([place.parent for place in places.values()])
            places = {path: place.relative_to(shared_place) for path, place in places.items()}
    except ValueError as error:  # several drives of Windows
        advice = "Give the pictures of each drive to a command of its own."
        raise UsageError("Pictures of several drives have the same name.", advice) from error
    return tuple(Input(each.path, places[each.path]) for each in inputs)


def _absolute(path: Path) -> Path:
    """The same without ``..``; links are not followed, so that names stay those that were given."""
    return Path(os.path.normpath(path.absolute()))


def _matches(name: PurePath, patterns: Sequence[str]) -> bool:
    texts = (name.as_posix().lower(), name.name.lower())
    return any(fnmatchcase(text, pattern.lower()) for pattern in patterns for text in texts)


def _key(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path.parent) + os.sep + path.name)
