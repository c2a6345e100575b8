"""The daemon's main loop: sockets, workers, clock and signals. It never imports torch or NumPy."""

import contextlib
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import zmq

from daemon.ledger import Ledger
from daemon.options import Options
from daemon.processes import resident_bytes
from daemon.requests import RequestHandler
from daemon.runtime_folder import AddressFile
from daemon.sockets import ClientSockets
from daemon.uploads import Uploads
from retouchml import __version__
from retouchml.paths import cache_dir

_log = logging.getLogger(__name__)
_LONGEST_SLEEP = 10.0
_SECONDS_BETWEEN_LOOKS_AT_SOCKET = 10.0
_MESSAGES_AT_ONCE = 32
_GRACE = 3.0  # for running jobs, once it has to stop
_SECONDS_FOR_WORKERS = 1.0
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")  # where the system has them
_CACHES = ("searches", "inversions", "paths")  # folders of pipeline.cache, which needs torch


class Server:
    """Made by ``daemon.start``; ``log`` is where it writes."""

    def __init__(self, options: Options, address: AddressFile, log: Path) -> None:
        """Raises DaemonError, Refused or UsageError where a socket cannot be bound."""
        self._options = options
        self._address = address
        self._log_path = log
        self._started = time.monotonic()
        self._name = secrets.token_hex(8)
        self._told_to_leave = False
        self._stop_by: float | None = None
        self._looked_at = self._started
        self._wake_reader, self._wake_writer = _pair()
        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        self._sockets = ClientSockets(address, options.tcp)
        self._ledger = Ledger(options, self._sockets.send, log.with_name("worker.log"))
        self._uploads = Uploads(self._wake)
        self._handler = RequestHandler(options, self._ledger, self._uploads, self._about, self.stop)

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until a signal, ``shutdown`` or idleness; ``ready`` is called once that begins."""
        _log.info("version %s, process %d", __version__, os.getpid())
        try:
            ready()
            while not self._is_done():
                self._turn()
            self._ledger.cancel_all()
        finally:
            self._ledger.pool.stop(_SECONDS_FOR_WORKERS)
            self._uploads.close()
            self._sockets.close()
            _log.info("the daemon has left")

    def stop(self) -> None:
        """Leave soon: nothing new is taken, what runs has a few seconds."""
        if self._stop_by is None:
            _log.info("the daemon is leaving")
            self._stop_by = time.monotonic() + _GRACE
            self._ledger.stop()

    def _turn(self) -> None:
        """Wait for whatever comes first, and deal with it."""
        poller = zmq.Poller()
        channels = self._ledger.pool.channels()
        routers = self._sockets.routers
        for each in (*routers, self._sockets.authenticator.socket, self._wake_reader.fileno(), *channels):
            poller.register(each, zmq.POLLIN)
        arrived = dict(poller.poll(self._milliseconds_to_sleep()))
        if self._wake_reader.fileno() in arrived:
            with contextlib.suppress(BlockingIOError):
                self._wake_reader.recv(4096)
        if self._sockets.authenticator.socket in arrived:
            self._sockets.authenticator.answer()
        for descriptor, place in channels.items():
            if descriptor in arrived:
                self._ledger.pool.read(place)
        for index, router in enumerate(routers):
            if router in arrived:
                self._take_requests(index)
        self._uploads.finish()
        self._tick(time.monotonic())
        self._ledger.pool.dispatch()

    def _take_requests(self, index: int) -> None:
        for _ in range(_MESSAGES_AT_ONCE):
            message = self._sockets.receive(index)
            if message is None:
                return
            key, frames = message
            self._handler.handle(key, frames)

    def _tick(self, now: float) -> None:
        if self._told_to_leave:
            self.stop()
        self._ledger.ping(now)
        self._ledger.pool.tick(now)
        if now - self._looked_at >= _SECONDS_BETWEEN_LOOKS_AT_SOCKET:
            self._looked_at = now
            if not self._address.is_intact():
                _log.warning("the socket was removed or replaced")
                self.stop()
        idle = self._options.idle_exit
        if idle is not None and now - self._handler.last_request >= idle and self._ledger.is_idle():
            _log.info("nobody asked for anything for %.0f s", idle)
            self.stop()

    def _milliseconds_to_sleep(self) -> int:
        now = time.monotonic()
        moments = [
            now + _LONGEST_SLEEP,
            self._looked_at + _SECONDS_BETWEEN_LOOKS_AT_SOCKET,
            self._ledger.next_ping(),
            self._ledger.pool.next_event(),
            self._stop_by,
        ]
        if self._options.idle_exit is not None and self._ledger.is_idle():
            moments.append(self._handler.last_request + self._options.idle_exit)
        earliest = min(moment for moment in moments if moment is not None)
        return max(0, int(1000 * (earliest - now))) + 1

    def _is_done(self) -> bool:
        if self._stop_by is None:
            return False
        return self._ledger.is_idle() or time.monotonic() >= self._stop_by

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_writer.send(b"\0")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number != getattr(signal, "SIGHUP", None):  # the terminal's end is no reason to leave
            self._told_to_leave = True

    def _about(self, request: str) -> dict[str, Any]:
        about: dict[str, Any] = {"software": __version__, "pid": os.getpid(), "instance": self._name}
        if request == "status":
            about |= {
                "uptime": time.monotonic() - self._started,
                "memory": resident_bytes(os.getpid()),
                "cache_bytes": sum(_size_of(cache_dir() / name) for name in _CACHES),
                "log": str(self._log_path),
                "refused": self._sockets.authenticator.refused,
            }
        return about


def _pair() -> tuple[socket.socket, socket.socket]:
    # sockets, since Windows can wait for nothing else
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    return reader, writer


def _size_of(folder: Path) -> int:
    total = 0
    with contextlib.suppress(OSError):
        for entry in os.scandir(folder):
            with contextlib.suppress(OSError):
                total += entry.stat().st_size
    return total
