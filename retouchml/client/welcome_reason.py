"""Why a plug-in that came as a zip shows its welcome page: no engine, an older one, or somebody asked for it.

Where another machine does the work, no engine is needed, but what connects to it (``connector``).

Only a zip's plug-in carries ``retouchml.setup``, so it is imported late.
"""

import contextlib
import json
import os
import re
import time
from dataclasses import dataclass
from enum import Enum

from retouchml import __version__, paths
from retouchml.client import connector, launch, machines_page
from retouchml.errors import DaemonAbsent, RetouchError
from retouchml.system.file_names import INSTALL_RECORD
from retouchml.system.files import read_bounded

_PUT_OFF = "update-put-off"
_PUT_OFF_SECONDS = 24 * 3600.0
_LONGEST_RECORD = 1 << 16  # bytes


class Why(Enum):
    """What the page is for."""

    MISSING = "missing"
    OLDER = "older"
    CONNECT = "connect"
    ASKED = "asked"
    ASKED_FIRST = "asked first"
    """Asked for where no engine is, since another machine does the work."""

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked for the page."""
        return self in (Why.ASKED, Why.ASKED_FIRST)


@dataclass(frozen=True)
class Reason:
    """Why the page is shown.

    there: the version of the engine that is here, "" for none; machine: the one that does the work, if there
    is nothing yet that connects to it
    """

    why: Why
    there: str = ""
    machine: str = ""


def is_possible() -> bool:
    """Whether this plug-in can set the engine up by itself."""
    try:
        from retouchml.setup import installer
    except ImportError:  # put there by a set-up, which brought the engine
        return False
    return installer.is_here()


def find() -> "Reason | None":
    """Why the page is to be shown of itself; None if all is as it should be."""
    if not is_possible():
        return None
    try:
        launch.find_interpreter()
    except DaemonAbsent:
        return _without_engine()
    except RetouchError:  # there is one, and its trouble is another
        return None
    there = _version_of_own_engine()
    is_older = bool(there) and _order(there) < _order(__version__)
    return Reason(Why.OLDER, there) if is_older and not _is_put_off() else None


def asked() -> Reason:
    """The reason for somebody who asked for the page."""
    return Reason(Why.ASKED_FIRST if machines_page.is_alone() else Why.ASKED)


def _without_engine() -> "Reason | None":
    other = machines_page.chosen()
    if not other:
        return Reason(Why.MISSING)
    return None if connector.can_connect() else Reason(Why.CONNECT, machine=other)


def put_off() -> None:
    """Do not ask for the update of an older engine again today."""
    with contextlib.suppress(OSError):
        paths.cache_dir().mkdir(parents=True, exist_ok=True)
        (paths.cache_dir() / _PUT_OFF).write_text(__version__, encoding="utf-8")


def _is_put_off() -> bool:
    file = paths.cache_dir() / _PUT_OFF
    try:
        age = time.time() - file.stat().st_mtime
        return age < _PUT_OFF_SECONDS and file.read_text(encoding="utf-8") == __version__
    except (OSError, ValueError):
        return False


def _version_of_own_engine() -> str:
    """The version of an engine that a light set-up made, as this one would; "" for a checkout's, or none."""
    try:
        record = json.loads(read_bounded(paths.data_dir() / INSTALL_RECORD, _LONGEST_RECORD).decode("utf-8"))
        is_own = record["checkout"] == os.fspath(paths.data_dir() / "engine")
        return str(record["version"]) if is_own else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _order(version: str) -> list[int]:
    """What to compare versions by."""
    return [int(number) for number in re.findall(r"\d+", version)]
