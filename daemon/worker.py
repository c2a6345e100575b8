"""The worker: a process that does one job after the other for the server that started it.

``python -m daemon.worker DEVICE PRECISION [BACKEND]``, with a socket as its standard input. A thread reads
the socket, so that a cancel is noticed while a job runs, and ends the process when the server has ended.
Another one sends heartbeats while a job runs.
"""

import contextlib
import ctypes
import os
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from daemon.channel import Channel, ChannelClosed
from daemon.memory.blocks import Block
from daemon.worker_messages import (
    Alive,
    CancelJob,
    DoJob,
    ForgetPhoto,
    FromWorker,
    JobDone,
    JobFailed,
    JobPreview,
    JobProgress,
    Quit,
    Ready,
    ToWorker,
    decode_to_worker,
    encode,
)
from retouchml import failures
from retouchml.client.answers import EditList, Opened, Prepared, ProgressNote, Rendered
from retouchml.client.messages import ListEdits, Open, Prepare, Render
from retouchml.errors import RetouchError
from retouchml.settings import PrecisionName
from retouchml.system import surroundings

_SECONDS_BETWEEN_PROGRESS = 0.1
_SECONDS_BETWEEN_HEARTBEATS = 1.0
_PREPARING = ("invert", "beautify")  # stages that take long, and go on for a newer look
_PR_SET_PDEATHSIG = 1  # of prctl(2)


@dataclass(frozen=True)
class _Flags:
    """The flags of one job.

    stop: end at once; superseded: end after the preparation; newer: numbers and requests of jobs that took
    its place, a preview of the last of which is wanted during the preparation
    """

    stop: threading.Event = field(default_factory=threading.Event)
    superseded: threading.Event = field(default_factory=threading.Event)
    newer: "queue.SimpleQueue[tuple[int, Render]]" = field(default_factory=queue.SimpleQueue)


class Worker:
    """The loop that reads jobs, does them and answers."""

    def __init__(self, channel: Channel, device: str, precision: PrecisionName, backend: str) -> None:
        """backend: "module:function" that makes backends in place of the pipeline, "" for the pipeline."""
        from daemon.executor import Executor  # here, since it imports NumPy and OpenCV

        self._channel = channel
        self._sending = threading.Lock()
        self._executor = Executor(device, backend, precision)
        self._messages: queue.SimpleQueue[tuple[ToWorker, list[Block]]] = queue.SimpleQueue()
        self._flags: dict[int, _Flags] = {}
        self._working = threading.Event()

    def run(self) -> None:
        """Work until the server says quit, or has ended."""
        for loop in (self._read, self._beat):
            threading.Thread(target=loop, daemon=True).start()
        self._send(Ready(os.getpid()))
        while True:
            message, blocks = self._next_message()
            if isinstance(message, Quit):
                return
            if isinstance(message, ForgetPhoto):
                self._executor.forget(message.photo)
            elif isinstance(message, DoJob):
                self._working.set()
                self._do(message, blocks)
                self._working.clear()

    def _next_message(self) -> tuple[ToWorker, list[Block]]:
        """Wait for the next message; meanwhile compute ahead, and free a closed photo after long."""
        photos = self._executor.photos
        left = photos.seconds_of_closed()
        if left == 0.0:
            photos.forget_closed()
            left = None
        while (rest := self._executor.rest_before_ahead) is not None:
            with contextlib.suppress(queue.Empty):
                return self._messages.get(timeout=rest)
            self._executor.do_ahead()
        with contextlib.suppress(queue.Empty):
            return self._messages.get(timeout=left)
        photos.forget_closed()
        return self._messages.get()

    def _beat(self) -> None:
        try:
            while True:
                self._working.wait()
                self._send(Alive())
                time.sleep(_SECONDS_BETWEEN_HEARTBEATS)
        except ChannelClosed:
            os._exit(0)

    def _read(self) -> None:
        try:
            while True:
                for fields, blocks in self._channel.receive():
                    message = decode_to_worker(fields)
                    if isinstance(message, CancelJob):
                        self._cancel(message)
                        continue
                    if isinstance(message, DoJob):
                        self._flags[message.job] = _Flags()
                    self._messages.put((message, blocks))
        except ChannelClosed:
            os._exit(0)
        except BaseException:  # a worker that hears nothing any more is of no use
            traceback.print_exc()
            os._exit(1)

    def _cancel(self, message: CancelJob) -> None:
        flags = self._flags.get(message.job)
        if flags is not None:
            if message.newer is not None:
                flags.newer.put(message.newer)
            flags.superseded.set()
            if not message.keep:
                flags.stop.set()

    def _do(self, message: DoJob, blocks: list[Block]) -> None:
        from daemon.executor import usage

        job = message.job
        try:
            answer = self._answer(message, blocks)
            frames = _frames_of(answer)
            sizes = tuple(len(frame) for frame in frames)
            self._send(JobDone(job, answer.fields(), sizes, usage(self._executor)), frames)
        except ChannelClosed:
            os._exit(0)
        except BaseException as error:
            if not isinstance(error, RetouchError):
                error = RetouchError(failures.explain(error)[0])
            self._send(JobFailed(job, error, usage(self._executor)))
        finally:
            del self._flags[job]

    def _answer(self, message: DoJob, blocks: list[Block]) -> Opened | Prepared | Rendered | EditList:
        request, photo, flags = message.request, message.photo, self._flags[message.job]
        progress = _JobProgressCall(self, message.job)
        if blocks and message.picture is not None:
            place = message.picture, message.model, message.device
            self._executor.take(
                photo,
                blocks[0],
                *place,
                message.icc,
                message.at,
                message.scorer,
                message.parts,
                flags.stop,
            )
        if isinstance(request, ListEdits):
            return self._executor.list_edits(message.model, message.device, progress)
        if isinstance(request, Open):
            return self._executor.open(photo, progress, flags.stop)
        if isinstance(request, Prepare):
            return self._executor.prepare(photo, request.faces, progress, flags.stop)

        def send_preview(preview: Rendered) -> None:
            self._send_preview(message.job, preview)

        return self._executor.render(request, progress, flags.stop, flags.superseded, send_preview)

    def _send_preview(self, job: int, preview: Rendered) -> None:
        frames = _frames_of(preview)
        sizes = tuple(len(frame) for frame in frames)
        self._send(JobPreview(job, preview.fields(), sizes), frames)

    def show_newer(self, job: int) -> None:
        """Send a preview of the job that took the place of this one, whose preparation goes on."""
        newer, flags = None, self._flags[job]
        while not flags.newer.empty():
            newer = flags.newer.get()
        if newer is None:
            return
        number, render = newer
        with contextlib.suppress(RetouchError):  # of its looks; that job will say it
            preview = self._executor.at_once(render)
            if preview is not None:
                self._send_preview(number, preview)

    def _send(self, message: FromWorker, frames: Sequence[memoryview] = ()) -> None:
        """Send a message, with its data frames in one block."""
        block = Block.of(frames) if frames else None
        try:
            with self._sending:
                self._channel.send(encode(message), [block] if block else [])
        finally:
            if block:
                block.close()

    def send_progress(self, job: int, note: ProgressNote) -> None:
        """Tell the server how far a job is."""
        self._send(JobProgress(job, note))


class _JobProgressCall:
    """The pipeline's progress call for a job; sends ten notes a second at most, and every new stage.

    Between the steps of a preparation, it shows the newer look for which that goes on.
    """

    def __init__(self, worker: Worker, job: int) -> None:
        self._worker = worker
        self._job = job
        self._sent_at = 0.0
        self._stage = ""

    def __call__(self, stage: str, fraction: float, remaining: float | None) -> None:
        if stage in _PREPARING:
            self._worker.show_newer(self._job)
        now = time.monotonic()
        if stage == self._stage and now - self._sent_at < _SECONDS_BETWEEN_PROGRESS:
            return
        self._sent_at, self._stage = now, stage
        seconds = None if remaining is None else float(remaining)
        note = ProgressNote(stage, min(max(float(fraction), 0.0), 1.0), seconds)
        self._worker.send_progress(self._job, note)


def _frames_of(answer: Opened | Prepared | Rendered | EditList) -> list[memoryview]:
    return [memoryview(frame) for frame in answer.frames] if isinstance(answer, Rendered) else []


def _socket_from_stdin() -> socket.socket:
    if sys.platform == "win32":
        server = socket.fromshare(sys.stdin.buffer.read())
    else:
        server = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)  # no library is to read from the socket
    os.close(null)
    return server


def _die_with_the_server() -> None:
    """Let Linux end this process with its parent, even while it is stopped and reads no socket."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Work for the server at the other end of the socket."""
    surroundings.settle()
    _die_with_the_server()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides when to stop
    device, precision, *backend = sys.argv[1:]
    Worker(
        Channel(_socket_from_stdin()), device, cast(PrecisionName, precision), backend[0] if backend else ""
    ).run()
    # nothing is left to tidy up, and Python's shutdown with torch loaded takes long
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
