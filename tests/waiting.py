"""How tests let the work of a stand-in wait: for a gate that they open, or for a while."""

import os
import time
from pathlib import Path

from retouchml.errors import Cancelled
from retouchml.progress import Cancel, Progress

HELD = 255
"""In place of tenths of a second: a face of ``FaultyBackend`` is prepared once ``open_gate`` was called."""


def open_gate(number: int = 1, home: Path | None = None) -> None:
    """Let what waits at a gate, or comes there later, go on. home: RETOUCHML_HOME of the daemon"""
    (_home(home) / f"gate-{number}").touch()


def held(number: int = 1, home: Path | None = None) -> int:
    """How many workers have come to a gate."""
    return sum(1 for _ in _home(home).glob(f"held-{number}-*"))


def _home(home: Path | None) -> Path:
    return home or Path(os.environ["RETOUCHML_HOME"])


def hold(number: int, cancel: Cancel | None, progress: Progress | None = None) -> None:
    """Wait at a gate. Raises Cancelled."""
    (_home(None) / f"held-{number}-{os.getpid()}").touch()
    while not (_home(None) / f"gate-{number}").exists():
        if progress is not None:
            progress("invert", 0.5, 1.0)
        nap(0.02, cancel)


def nap(seconds: float, cancel: Cancel | None) -> None:
    """Wait so long. Raises Cancelled."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if cancel is not None and cancel.is_set():
            raise Cancelled("Stopped on request; nothing was changed.")
        time.sleep(0.005)
