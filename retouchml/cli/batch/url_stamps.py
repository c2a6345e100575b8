"""The stamp of a file in a store, from what fsspec tells of it.

Each store names and writes the time of change otherwise.
"""

import calendar
import zlib
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from retouchml.cli.batch.journal import Stamp

# of several stores; webhdfs' is in milliseconds
_TIMES = (
    "mtime",
    "LastModified",
    "last_modified",
    "updated",
    "modified",
    "modify",
    "modificationTime",
    "Last-Modified",
    "created",
)


def stamp_of(info: "dict[str, Any]") -> Stamp:
    """In whole seconds: what a store tells of one file has no more, though its lists may."""
    size = int(info.get("size") or 0)
    for name in _TIMES:
        if (seconds := _seconds(info.get(name))) > 0:
            return size, (seconds // 1000 if name == "modificationTime" else seconds) * 1_000_000_000
    tag = info.get("ETag")
    # negative, so that nobody takes it for a time
    return size, -zlib.crc32(str(tag).encode()) if tag else 0


def _seconds(value: Any) -> int:
    """Since 1970, from what a store says: a number, a date, or the text of one; 0 for anything else."""
    if isinstance(value, str):
        value = _date(value)
    if isinstance(value, datetime):
        return calendar.timegm(value.utctimetuple())  # UTC where it says none
    return int(value) if isinstance(value, int | float) else 0


def _date(text: str) -> "datetime | None":
    for read in (_date_of_ftp, datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError):
            return read(text)
    return None


def _date_of_ftp(text: str) -> datetime:
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S")  # in UTC
