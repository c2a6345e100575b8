"""The report that is written line by line: ``--report FILE.jsonl``.

A line is written when its picture is done and all before it are, so the order is that of the pictures, and a
command that is killed leaves the lines of all that it did. docs/cli.md describes a line.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from retouchml.cli.report import Json
from retouchml.system import files

VERSION = 1
Status = Literal["done", "no_face", "failed", "skipped"]


class ReportLines:
    """An open report; the file may be a pipe."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, status: Status, item: Json, output: "Path | None") -> None:
        """Write the line on a picture. output: its result, None if there is none. Raises OSError."""
        line = {"version": VERSION, "status": status, "output": None if output is None else str(output)}
        text = json.dumps({**line, "notes": [], **item}, allow_nan=False)
        # one write, so that lines of two commands never mix
        self._file.write(text.encode() + b"\n")
        self._file.flush()


@contextmanager
def opened(path: "Path | None", *, extend: bool) -> "Iterator[ReportLines | None]":
    """The report in a file; None for None. extend: keep the lines of an earlier command. Raises OSError."""
    if path is None:
        yield None
        return
    with path.open("ab" if extend else "wb") as file:
        if extend:
            _drop_half_line(path)
        try:
            yield ReportLines(file)
        finally:
            with suppress(OSError):  # a pipe or a device cannot be synchronised
                os.fsync(file.fileno())


def _drop_half_line(path: Path) -> None:
    """Cut off what a killed command left of a line."""
    with suppress(OSError), files.open_regular(path) as file:
        size = file.seek(0, os.SEEK_END)
        position = size
        while position > 0:
            start = max(position - (1 << 16), 0)
            file.seek(start)
            block = file.read(position - start)
            end = block.rfind(b"\n")
            if end >= 0:
                position = start + end + 1
                break
            position = start
        if position < size:
            os.truncate(path, position)
