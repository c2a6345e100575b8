"""The report that is written line by line: ``--report FILE.jsonl``.

A line is written when its picture is done and all before it are, so the order is that of the pictures, and a
command that is killed leaves the lines of all that it did. docs/cli.md describes a line.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from retouchml.cli.report import Json
from retouchml.errors import PictureUnwritable, RetouchError, UsageError
from retouchml.system import files
from retouchml.translation import marked

VERSION = 1
_LONGEST_LINE, _BLOCK = 1 << 20, 1 << 16
_GO_ON = marked("What is done stays: give the same command with `--existing skip` when there is room.")
Status = Literal["done", "no_face", "failed", "skipped"]


class ReportUnwritable(RetouchError):
    """A line of the report cannot be written, which ends the command: no picture's line may be missing."""


class ReportLines:
    """An open report; the file may be a pipe."""

    def __init__(self, file: BinaryIO, on_line: Callable[[], None]) -> None:
        self._file, self._on_line = file, on_line

    def add(self, status: Status, item: Json, output: "str | None") -> None:
        """Write the line on a picture. output: its result, None if there is none. Raises ReportUnwritable."""
        line = {"version": VERSION, "status": status, "output": output}
        text = json.dumps({**line, "notes": [], **item}, allow_nan=False)
        try:
            # one write, so that lines of two commands never mix
            self._file.write(text.encode() + b"\n")
            self._file.flush()
            self._on_line()
        except PictureUnwritable as error:
            raise ReportUnwritable(error.message, error.advice) from error
        except OSError as error:
            raise ReportUnwritable(f"The report cannot be written: {error.strerror}.", _GO_ON) from error


@contextmanager
def opened(
    path: "Path | None", *, extend: bool, on_line: Callable[[], None] = lambda: None
) -> "Iterator[ReportLines | None]":
    """The report in a file; None for None.

    extend: keep the lines of an earlier command; on_line: called after each line. Raises OSError, and
    UsageError for a file to extend that has other lines.
    """
    if path is None:
        yield None
        return
    if extend:
        _drop_half_line(path)
    elif path.is_file():
        os.truncate(path, 0)
    # appended to in any case, so that two commands cannot write over each other's lines
    with path.open("ab") as file:
        try:
            yield ReportLines(file, on_line)
        finally:
            with suppress(OSError):  # a pipe or a device cannot be synchronised
                os.fsync(file.fileno())


def _drop_half_line(path: Path) -> None:
    """Cut off what a killed command left of a line of a report."""
    if not path.is_file():
        return
    with files.open_regular(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        first = file.readline(_LONGEST_LINE)
        if size and not _is_line(first):
            raise UsageError(f"{path} is no report that can be extended.", "Name another file.")
        position = size
        while position > 0:
            start = max(position - _BLOCK, 0)
            file.seek(start)
            end = file.read(position - start).rfind(b"\n")
            if end >= 0:
                position = start + end + 1
                break
            position = start
    if position < size:
        os.truncate(path, position)


def _is_line(line: bytes) -> bool:
    """Whether these bytes are a line of a report, or begin as one does that was never finished."""
    start = f'{{"version": {VERSION}, "status": "'.encode()
    return line.startswith(start) or start.startswith(line)
