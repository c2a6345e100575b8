"""The server's side of a worker: starts it, talks to it, and sees to it that it is gone in the end."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from daemon.channel import Channel, Message

_LOG_BYTES = 1 << 20
_SECONDS_TO_LEAVE = 2.0
_SEND_BUFFER = 1 << 20  # the largest job fits, so that a worker that is still starting holds up nobody
_CHECKOUT = Path(__file__).parents[1]


class WorkerProcess:
    """A running worker. ``log`` takes what its libraries print."""

    def __init__(self, device: str, engine: str, log: Path) -> None:
        ours, its = socket.socketpair()
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        its.setblocking(True)
        try:
            with its, _opened(log) as output:
                self._process = subprocess.Popen(
                    [*_command(), str(its.fileno()), device, *([engine] if engine else [])],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(its.fileno(),),
                    start_new_session=True,
                    env={**os.environ, "PYTHONPATH": _search_path()},
                )
        except OSError:
            ours.close()
            raise
        self.channel = Channel(ours)
        self.holds: set[str] = set()
        self.ready = False
        self.usage: Mapping[str, Any] = {}
        self._leave_by: float | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def send(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        """Raises ChannelClosed where it is gone or stuck."""
        self.channel.send(message, fds)

    def receive(self) -> list[Message]:
        """Raises ChannelClosed where it is gone."""
        return self.channel.receive()

    def leave(self) -> None:
        """Ask it to end; ``is_gone`` has to be asked until it is."""
        with contextlib.suppress(Exception):
            self.send({"type": "quit"})
        self.channel.close()  # its reader ends the process, whatever the job does
        self._leave_by = time.monotonic() + _SECONDS_TO_LEAVE

    def kill(self) -> None:
        """End it now."""
        self.channel.close()
        self._process.kill()
        self._leave_by = 0.0

    def is_gone(self) -> bool:
        """Whether it ended, and was reaped; kills it where it had its time to leave."""
        if self._process.poll() is not None:
            return True
        if self._leave_by is not None and time.monotonic() > self._leave_by:
            self._process.kill()
        return False

    def wait(self, seconds: float) -> None:
        """Wait for its end for so long, then kill it."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _command() -> list[str]:
    return [sys.executable, "-X", "faulthandler", "-m", "daemon.worker"]


def _search_path() -> str:
    # the daemon may run from a checkout that is not installed
    return os.pathsep.join(filter(None, [str(_CHECKOUT), os.environ.get("PYTHONPATH", "")]))


def _opened(log: Path) -> Any:
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.unlink()
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
