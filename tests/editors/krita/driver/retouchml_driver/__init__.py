"""A plug-in for the tests alone: runs Python that arrives over a socket, on Krita's main thread.

A message is a 4-byte little-endian length and UTF-8 text: source one way, JSON the other. What the source
leaves in ``answer`` comes back; ``RETOUCHML_DRIVER`` names the socket, and nothing happens where it is unset.
"""

import json
import os
import socket
import struct
import time
import traceback
from contextlib import suppress
from typing import Any

from krita import Krita
from PyQt5.QtCore import QObject, QSocketNotifier, Qt, QTimer

_LENGTH = struct.Struct("<I")


class Pulse(QObject):
    """Measures for how long the event loop was away: a quick timer's beats, in two ways.

    ``away``: as the clock goes, less the time in which other programs had the processor; Krita's waiting for
    its own threads is in it. ``work``: the processor time of this thread, which holds on a busy machine too.
    """

    def __init__(self) -> None:
        super().__init__()
        self._away: list[float] = []
        self._work: list[float] = []
        self._last = clock(), time.thread_time()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        """Begin anew."""
        self._away, self._work = [], []
        self._last = clock(), time.thread_time()
        self._timer.start(2)

    def stop(self) -> dict[str, float]:
        """The longest gaps between two beats, in seconds."""
        self._timer.stop()
        return {"away": max(self._away), "work": max(self._work)}

    def _beat(self) -> None:
        now = clock(), time.thread_time()
        self._away.append(now[0] - self._last[0])
        self._work.append(now[1] - self._last[1])
        self._last = now


def clock() -> float:
    """Seconds, less those that this thread spent waiting for a processor (proc(5), schedstat)."""
    with open("/proc/thread-self/schedstat") as file:  # noqa: PTH123 (a hundred times a second)
        waited = int(file.read().split()[1])
    return time.perf_counter() - waited / 1e9


class Driver(QObject):
    """Answers one connection at a time."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._names: dict[str, Any] = {"app": Krita.instance(), "pulse": Pulse(), "clock": clock}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._accepts = QSocketNotifier(self._listener.fileno(), QSocketNotifier.Read, self)
        self._accepts.activated.connect(self._accept)

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        # an exception here would end Krita: a test that gave up does not listen any more
        with connection, suppress(OSError, struct.error):
            (length,) = _LENGTH.unpack(connection.recv(_LENGTH.size, socket.MSG_WAITALL))
            source = connection.recv(length, socket.MSG_WAITALL).decode()
            reply = json.dumps(self._run(source)).encode()
            connection.sendall(_LENGTH.pack(len(reply)) + reply)

    def _run(self, source: str) -> dict[str, Any]:
        self._names["answer"] = None
        try:
            exec(compile(source, "<test>", "exec"), self._names)
        except Exception:
            return {"error": traceback.format_exc()}
        return {"answer": self._names["answer"]}


if os.environ.get("RETOUCHML_DRIVER"):
    driver = Driver(os.environ["RETOUCHML_DRIVER"])
