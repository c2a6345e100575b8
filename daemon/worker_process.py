"""The server's side of a worker: starts the process, talks to it, and makes sure that it ends."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, cast

from daemon.channel import Channel
from daemon.memory.blocks import Block
from daemon.options import DaemonOptions
from daemon.watchdog import Watchdog
from daemon.worker_messages import FromWorker, Quit, ToWorker, Usage, decode_from_worker, encode
from retouchml.system.processes import CREATION_FLAGS, python_command, python_environment

_LOG_BYTES = 1 << 20
_SECONDS_TO_STOP = 2.0
_SECONDS_TO_DIE = 1.0  # a process that is killed ends at once, unless the system itself is stuck
_SEND_BUFFER = 1 << 20  # fits the largest job, so that a worker that still starts does not block the server


class WorkerProcess:
    """A running worker.

    photos: names of those that it has; ready: whether it has started; usage: of its last message; watchdog:
    whether it hangs
    """

    def __init__(self, device: str, options: DaemonOptions, log: Path) -> None:
        """Start it. Raises OSError.

        log: the file that takes what its libraries print
        """
        server_end, worker_end = socket.socketpair()
        server_end.setblocking(False)
        server_end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        worker_end.setblocking(True)
        of_worker = (device, options.precision, *([options.backend] if options.backend else []))
        arguments = ["-X", "faulthandler", "-m", "daemon.worker", *of_worker]
        try:
            with worker_end, _open_log(log) as output:
                self._process, self.channel = _start(
                    python_command(*arguments), server_end, worker_end, output
                )
        except OSError:
            server_end.close()
            raise
        self.photos: set[str] = set()
        self.ready = False
        self.usage = Usage()
        self.watchdog = Watchdog(options, self.pid, time.monotonic())
        self._kill_at: float | None = None

    @property
    def pid(self) -> int:
        """The pid of the process."""
        return self._process.pid

    def send(self, message: ToWorker, blocks: Sequence[Block] = ()) -> None:
        """Send a message. Raises ChannelClosed if the worker has ended or is stuck."""
        self.channel.send(encode(message), blocks)

    def receive(self) -> list[tuple[FromWorker, Block | None]]:
        """The messages that have arrived, each with its block of data frames if it has one.

        Raises ChannelClosed if the worker has ended, and whatever a malformed message leads to.
        """
        arrived = self.channel.receive()
        try:
            return [(decode_from_worker(fields), blocks[0] if blocks else None) for fields, blocks in arrived]
        except BaseException:
            for _, blocks in arrived:
                for block in blocks:
                    block.close()
            raise

    def stop(self) -> None:
        """Ask it to exit; call ``has_ended`` until it has."""
        with contextlib.suppress(Exception):
            self.send(Quit())
        self.channel.close()  # the worker's reading thread ends the process, whatever the job does
        self._kill_at = time.monotonic() + _SECONDS_TO_STOP

    def kill(self) -> None:
        """End it now."""
        self.channel.close()
        self._process.kill()
        self._kill_at = 0.0

    def has_ended(self) -> bool:
        """Whether it has ended and was reaped; kills it if its time to stop is over."""
        if self._process.poll() is not None:
            return True
        if self._kill_at is not None and time.monotonic() > self._kill_at:
            self._process.kill()
        return False

    def wait(self, seconds: float) -> None:
        """Wait so long for its end, then kill it; one that a dead file system holds ends with that one."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_SECONDS_TO_DIE)


if sys.platform == "win32":
    from daemon.memory import windows

    def _start(
        command: list[str], server_end: socket.socket, worker_end: socket.socket, output: IO[bytes]
    ) -> tuple["subprocess.Popen[bytes]", Channel]:
        for end in (server_end, worker_end):  # Windows makes socket pairs of TCP
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
            with cast(IO[bytes], process.stdin) as stdin:
                stdin.write(worker_end.share(process.pid))
            return process, Channel(server_end, windows.open_process(process.pid))
        except OSError:
            process.kill()
            raise

else:

    def _start(
        command: list[str], server_end: socket.socket, worker_end: socket.socket, output: IO[bytes]
    ) -> tuple["subprocess.Popen[bytes]", Channel]:
        # the socket is the worker's standard input
        process = subprocess.Popen(
            command,
            stdin=worker_end.fileno(),
            stdout=output,
            stderr=output,
            env=python_environment(),
            start_new_session=True,
            creationflags=CREATION_FLAGS,
        )
        return process, Channel(server_end)


def _open_log(log: Path) -> IO[bytes]:
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        with contextlib.suppress(PermissionError):  # on Windows, where another worker writes to it
            log.unlink()
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
