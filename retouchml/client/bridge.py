"""A way to the daemon where an editor's Python cannot load ZeroMQ: a child with the project's own Python.

The child (``bridge_child``) has the socket, and passes messages on over its standard streams.
Here is the editor's end, which takes the place of ``transport.Line``, and what both ends write into
the streams: parcels of one letter, a count, and so many frames, each with its length before it.

Threads read and write the streams: a pipe can be watched by no event loop on Windows, and an upload must
not stop an editor.
"""

import collections
import contextlib
import queue
import select
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING

import msgpack

from retouchml.client import launch, protocol, sandbox
from retouchml.errors import DaemonAbsent, DaemonGone, RetouchError
from retouchml.system.processes import CREATION_FLAGS

if TYPE_CHECKING:
    from retouchml.client.transport import Line

OPEN, OPENED, MESSAGE, ENDED = b"o", b"d", b"m", b"e"
_HEAD = struct.Struct("<cI")
_LENGTH = struct.Struct("<Q")
_FRAMES = 1 + protocol.LOOKS
_OPEN_SECONDS = 90.0  # the child may have to start the daemon
_LEAVE_SECONDS = 2.0
_GONE = DaemonGone("The way to the daemon broke off.", "Try again.")

Frames = Sequence["bytes | memoryview"]


def line(
    start: bool, connection_file: "Path | None", interpreter: Sequence[str], start_options: Sequence[str]
) -> "Line | BridgeLine":
    """A line to the daemon: ZeroMQ's where this Python has it, else over the bridge."""
    try:
        import zmq.utils.monitor  # noqa: F401 (whether it loads is the question)
    except (ImportError, OSError):
        return BridgeLine(start, connection_file, interpreter, start_options)
    from retouchml.client.transport import Line

    return Line(start, connection_file, interpreter, start_options)


def write_parcel(stream: IO[bytes], kind: bytes, frames: Frames) -> None:
    """Write one parcel. Raises OSError where the other end is gone."""
    stream.write(_HEAD.pack(kind, len(frames)))
    for frame in frames:
        stream.write(_LENGTH.pack(memoryview(frame).nbytes))
        stream.write(frame)
    stream.flush()


def read_parcel(stream: IO[bytes]) -> "tuple[bytes, list[bytes | memoryview]] | None":
    """The next parcel; None at the end of the stream, or where what comes is none."""
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


class BridgeLine:
    """What ``Line`` is, over a child process."""

    def __init__(
        self,
        start: bool,
        connection_file: "Path | None",
        interpreter: Sequence[str],
        start_options: Sequence[str],
    ) -> None:
        self._wish = {
            "start": start,
            "connection_file": "" if connection_file is None else str(connection_file),
            "interpreter": list(interpreter),
            "start_options": list(start_options),
        }
        self._child: subprocess.Popen[bytes] | None = None
        self._arrived: collections.deque[list[bytes | memoryview]] = collections.deque()
        self._leaving: queue.SimpleQueue[tuple[bytes, Frames] | None] = queue.SimpleQueue()
        self._ended: RetouchError | None = None
        self._bell: socket.socket | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a child; the daemon may nevertheless be gone."""
        return self._child is not None

    def open(self) -> None:
        """Start the child and let it connect. Raises DaemonAbsent, Refused or UsageError."""
        app = sandbox.flatpak_app()
        if app:  # the project's own Python is outside the sandbox, too
            raise sandbox.cannot_see_daemon(app)
        command, environment = launch.find_interpreter()
        try:
            child = subprocess.Popen(
                [*command, "-m", "retouchml.client.bridge_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path.home().anchor,
                env=environment,
                creationflags=CREATION_FLAGS,
            )
        except OSError as error:
            raise DaemonAbsent(
                f"{command[0]} cannot be run: {error.strerror}.", "Run `python3 install demo` again."
            ) from error
        self._child, self._ended = child, None
        self._arrived = collections.deque()
        self._leaving = queue.SimpleQueue()
        self._bell, ringer = socket.socketpair()
        for end in (self._bell, ringer):
            end.setblocking(False)
        _in_background(_write_all, child, self._leaving)
        _in_background(self._read_all, child, self._arrived, ringer)
        try:
            self._await_opening()
        except BaseException:
            self.close()
            raise

    def send(self, frames: Frames) -> None:
        """Send a message; its frames must not change until it was answered. Raises DaemonGone."""
        if self._child is None or self._ended is not None:
            raise DaemonGone(_GONE.message, _GONE.advice)
        self._leaving.put((MESSAGE, frames))

    def receive(self) -> "list[bytes | memoryview] | None":
        """A message that has arrived, None where there is none."""
        return self._arrived.popleft() if self._arrived else None

    def wait(self, seconds: float) -> RetouchError | None:
        """Wait for a message or for the connection's end; says why it ended."""
        if self._bell is None:
            return None
        if not self._arrived and self._ended is None:
            select.select([self._bell], [], [], max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            while self._bell.recv(4096):
                pass
        return None if self._arrived else self._ended

    def fileno(self) -> int:
        """A descriptor that becomes readable when something arrived, -1 while closed."""
        return -1 if self._bell is None else self._bell.fileno()

    def close(self) -> None:
        """Close; the child leaves when its input ends."""
        child, self._child = self._child, None
        if child is None:
            return
        self._leaving.put(None)
        _in_background(_see_off, child)
        if self._bell is not None:
            self._bell.close()
            self._bell = None

    def _await_opening(self) -> None:
        self._leaving.put((OPEN, [msgpack.packb(self._wish)]))
        deadline = time.monotonic() + _OPEN_SECONDS
        while not self._arrived and (left := deadline - time.monotonic()) > 0:
            ended = self.wait(left)
            if ended is not None:
                raise ended
        if not self._arrived:
            raise DaemonAbsent("The way to the daemon did not open.", "Run `retouchml doctor`.")
        self._arrived.popleft()

    def _read_all(
        self,
        child: "subprocess.Popen[bytes]",
        arrived: "collections.deque[list[bytes | memoryview]]",
        ringer: socket.socket,
    ) -> None:
        """Runs in a thread: hands over what the child says until it ends, and rings for each."""
        ended: RetouchError = DaemonGone(_GONE.message, _GONE.advice)
        with child.stdout as stream, ringer:  # type: ignore[union-attr]  # it was asked for a pipe
            while (parcel := read_parcel(stream)) is not None:
                kind, frames = parcel
                if kind == ENDED:
                    with contextlib.suppress(RetouchError):
                        ended = protocol.error_from(protocol.unpack(frames[0]))
                    break
                arrived.append(frames)
                _ring(ringer)
            if self._child is child:
                self._ended = ended
            _ring(ringer)


def _write_all(
    child: "subprocess.Popen[bytes]", leaving: "queue.SimpleQueue[tuple[bytes, Frames] | None]"
) -> None:
    """Runs in a thread: writes what is to leave, until there is None."""
    with contextlib.suppress(OSError), child.stdin as stream:  # type: ignore[union-attr]
        while (parcel := leaving.get()) is not None:
            write_parcel(stream, *parcel)


def _see_off(child: "subprocess.Popen[bytes]") -> None:
    try:
        child.wait(_LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _ring(ringer: socket.socket) -> None:
    with contextlib.suppress(OSError):  # full: it rings already; closed: nobody listens any more
        ringer.send(b"!")


def _in_background(work: Callable[..., None], *arguments: object) -> None:
    threading.Thread(target=work, args=arguments, daemon=True, name="retouchml-bridge").start()
