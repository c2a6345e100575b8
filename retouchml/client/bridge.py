"""A transport for editors whose Python cannot load ZeroMQ: over a process with the project's own Python.

That process (``bridge_process``) has the socket, and passes messages on over its standard streams. Here is
the editor's end, and the format of the streams: packets of one letter, a count, and so many frames, each with
its length before it.

Threads read and write the streams: no event loop on Windows can watch a pipe, and an upload must not block an
editor.
"""

import collections
import contextlib
import os
import queue
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgpack

from retouchml.client import connector, launch, protocol, sandbox
from retouchml.client.connection_errors import connection_lost
from retouchml.client.transport import ConnectOptions, Frames
from retouchml.errors import DaemonAbsent, RetouchError
from retouchml.set_up_command import set_up_again
from retouchml.system.processes import CREATION_FLAGS

OPEN, OPENED, MESSAGE, ENDED = b"o", b"d", b"m", b"e"
"""Kinds of packets: OPEN has the ``ConnectOptions``, MESSAGE a message, ENDED an error, OPENED nothing."""
_HEAD = struct.Struct("<cI")
_LENGTH = struct.Struct("<Q")
_FRAMES = 1 + protocol.LOOKS
_OPEN_SECONDS = 90.0  # the process may have to start the daemon
_EXIT_SECONDS = 2.0


def write_packet(stream: IO[bytes], kind: bytes, frames: Frames) -> None:
    """Write one packet. Raises OSError if the other end is closed."""
    stream.write(_HEAD.pack(kind, len(frames)))
    for frame in frames:
        stream.write(_LENGTH.pack(memoryview(frame).nbytes))
        stream.write(frame)
    stream.flush()


def read_packet(stream: IO[bytes]) -> "tuple[bytes, list[bytes | memoryview]] | None":
    """The next packet's kind and frames; None at the end of the stream, or if the stream is damaged."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, count = _HEAD.unpack(head)
    if count > _FRAMES:
        return None
    frames: list[bytes | memoryview] = []
    for _ in range(count):
        length = stream.read(_LENGTH.size)
        if len(length) < _LENGTH.size or _LENGTH.unpack(length)[0] > protocol.FRAME_BYTES:
            return None
        frame = stream.read(_LENGTH.unpack(length)[0])
        if len(frame) < _LENGTH.unpack(length)[0]:
            return None
        frames.append(frame)
    return kind, frames


def _interpreter(options: ConnectOptions) -> tuple[list[str], dict[str, str]]:
    """The command of a Python that has ZeroMQ, and its environment.

    Where no engine is, another machine's daemon can still be reached. Raises as ``launch.find_interpreter``.
    """
    try:
        return _interpreter_of_engine()
    except DaemonAbsent:
        found = connector.find() if options.connection_file else None
        if found is None:
            raise
        return found


def _interpreter_of_engine() -> tuple[list[str], dict[str, str]]:
    """The engine's; for a sandbox perhaps one outside of it. Raises as ``launch.find_interpreter``."""
    box = sandbox.current()
    if box is None or launch.is_installed():
        return launch.find_interpreter()
    if not box.may_start:
        raise sandbox.no_daemon(box)
    return launch.find_interpreter_outside(box, ends_with_us=True), dict(os.environ)


class BridgeTransport:
    """A ``Transport`` over a process that has ZeroMQ."""

    def __init__(self, options: ConnectOptions) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self._arrived: collections.deque[list[bytes | memoryview]] = collections.deque()
        self._outgoing: queue.SimpleQueue[tuple[bytes, Frames] | None] = queue.SimpleQueue()
        self._error: RetouchError | None = None
        self._wake_reader: socket.socket | None = None  # readable when something has arrived

    @property
    def is_open(self) -> bool:
        """Whether there is a process; the daemon may have stopped nevertheless."""
        return self._process is not None

    def open(self) -> None:
        """Start the process and let it connect. Raises as ``discovery.find``."""
        command, environment = _interpreter(self._options)
        try:
            process = subprocess.Popen(
                [*command, "-m", "retouchml.client.bridge_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path.home().anchor,
                env=environment,
                creationflags=CREATION_FLAGS,
            )
        except OSError as error:
            raise DaemonAbsent(f"{command[0]} cannot be run: {error.strerror}.", set_up_again()) from error
        self._process, self._error = process, None
        self._arrived = collections.deque()
        self._outgoing = queue.SimpleQueue()
        self._wake_reader, wake_writer = socket.socketpair()
        for end in (self._wake_reader, wake_writer):
            end.setblocking(False)
        _in_background(_write_all, process, self._outgoing)
        _in_background(self._read_all, process, self._arrived, wake_writer)
        try:
            self._wait_until_opened()
        except BaseException:
            self.close()
            raise

    def send(self, frames: Frames) -> None:
        """Send a message, whose frames must not change until it was answered. Raises DaemonLost."""
        if self._process is None or self._error is not None:
            raise connection_lost()
        self._outgoing.put((MESSAGE, frames))

    def receive(self) -> "list[bytes | memoryview] | None":
        """A message that has arrived; None if there is none."""
        return self._arrived.popleft() if self._arrived else None

    def wait(self, seconds: float) -> "RetouchError | None":
        """Wait for a message or for the end of the connection; the reason if it ended."""
        if self._wake_reader is None:
            return None
        if not self._arrived and self._error is None:
            select.select([self._wake_reader], [], [], max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            while self._wake_reader.recv(4096):
                pass
        return None if self._arrived else self._error

    def fileno(self) -> int:
        """A descriptor that becomes readable when something has arrived; -1 while closed."""
        return -1 if self._wake_reader is None else self._wake_reader.fileno()

    def close(self) -> None:
        """Close; the process exits when its input ends."""
        process, self._process = self._process, None
        if process is None:
            return
        self._outgoing.put(None)
        _in_background(_reap, process)
        if self._wake_reader is not None:
            self._wake_reader.close()
            self._wake_reader = None

    def _wait_until_opened(self) -> None:
        self._outgoing.put((OPEN, [msgpack.packb(self._options.fields())]))
        deadline = time.monotonic() + _OPEN_SECONDS
        while not self._arrived and (remaining := deadline - time.monotonic()) > 0:
            error = self.wait(remaining)
            if error is not None:
                raise error
        if not self._arrived:
            raise DaemonAbsent("The connection to the daemon could not be opened.", "Run `retouchml doctor`.")
        self._arrived.popleft()

    def _read_all(
        self,
        process: "subprocess.Popen[bytes]",
        arrived: "collections.deque[list[bytes | memoryview]]",
        wake_writer: socket.socket,
    ) -> None:
        """Runs in a thread: reads packets until the process ends, and wakes the client for each."""
        error: RetouchError = connection_lost()
        with process.stdout as stream, wake_writer:  # type: ignore[union-attr]  # it was asked for a pipe
            while (packet := read_packet(stream)) is not None:
                kind, frames = packet
                if kind == ENDED:
                    with contextlib.suppress(RetouchError):
                        error = protocol.error_from(protocol.unpack(frames[0]))
                    break
                arrived.append(frames)
                _wake(wake_writer)
            if self._process is process:
                self._error = error
            _wake(wake_writer)


def _write_all(
    process: "subprocess.Popen[bytes]", outgoing: "queue.SimpleQueue[tuple[bytes, Frames] | None]"
) -> None:
    """Runs in a thread: writes packets until a None."""
    with contextlib.suppress(OSError), process.stdin as stream:  # type: ignore[union-attr]
        while (packet := outgoing.get()) is not None:
            write_packet(stream, *packet)


def _reap(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(_EXIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wake(wake_writer: socket.socket) -> None:
    with contextlib.suppress(OSError):  # full: it is readable already; closed: nobody waits
        wake_writer.send(b"!")


def _in_background(work: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True, name="retouchml-bridge").start()
