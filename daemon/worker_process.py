"""The server's side of a worker: starts it, talks to it, and sees to it that it is gone in the end."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, cast

from daemon.channel import Channel, Message
from daemon.memory.blocks import Block
from daemon.processes import python_command, python_environment
from retouchml.system.processes import CREATION_FLAGS

_LOG_BYTES = 1 << 20
_SECONDS_TO_LEAVE = 2.0
_SEND_BUFFER = 1 << 20  # the largest job fits, so that a worker that is still starting holds up nobody


class WorkerProcess:
    """A running worker. ``log`` takes what its libraries print."""

    def __init__(self, device: str, engine: str, log: Path) -> None:
        ours, its = socket.socketpair()
        ours.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        its.setblocking(True)
        try:
            with its, _opened(log) as output:
                self._process, self.channel = _started(
                    python_command(
                        "-X", "faulthandler", "-m", "daemon.worker", device, *([engine] if engine else [])
                    ),
                    ours,
                    its,
                    output,
                )
        except OSError:
            ours.close()
            raise
        self.holds: set[str] = set()
        self.ready = False
        self.usage: Mapping[str, Any] = {}
        self._leave_by: float | None = None

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def send(self, message: Mapping[str, Any], blocks: Sequence[Block] = ()) -> None:
        """Raises ChannelClosed where it is gone or stuck."""
        self.channel.send(message, blocks)

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


if sys.platform == "win32":
    from daemon.memory import windows

    def _started(
        command: list[str], ours: socket.socket, its: socket.socket, output: IO[bytes]
    ) -> tuple["subprocess.Popen[bytes]", Channel]:
        for end in (ours, its):  # Windows makes socket pairs of TCP
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=python_environment(),
            start_new_session=True,
            creationflags=CREATION_FLAGS,
        )
        try:
            with cast(IO[bytes], process.stdin) as words:
                words.write(its.share(process.pid))
            return process, Channel(ours, windows.opened(process.pid))
        except OSError:
            process.kill()
            raise

else:

    def _started(
        command: list[str], ours: socket.socket, its: socket.socket, output: IO[bytes]
    ) -> tuple["subprocess.Popen[bytes]", Channel]:
        # the worker finds the socket as its standard input
        process = subprocess.Popen(
            command,
            stdin=its.fileno(),
            stdout=output,
            stderr=output,
            env=python_environment(),
            start_new_session=True,
            creationflags=CREATION_FLAGS,
        )
        return process, Channel(ours)


def _opened(log: Path) -> IO[bytes]:
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        with contextlib.suppress(PermissionError):  # on Windows, where another worker writes to it
            log.unlink()
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
