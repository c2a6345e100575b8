"""The worker: a process that does one job after the other for the server that started it.

``python -m daemon.worker DEVICE [ENGINE]``, with a socket as its standard input. A thread reads the socket,
so that a cancel is seen while a job runs, and ends the process when the server is gone.
"""

import os
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from daemon.channel import Channel, ChannelClosed, Message
from daemon.memory.blocks import Block
from retouchml import failures
from retouchml.client.messages import Prepare, Render
from retouchml.client.pixel_format import format_from
from retouchml.errors import RetouchError

_SECONDS_BETWEEN_PROGRESS = 0.1


class Worker:
    """Reads jobs, does them, answers."""

    def __init__(self, channel: Channel, device: str, engine: str) -> None:
        from daemon.executor import Executor

        self._channel = channel
        self._sending = threading.Lock()
        self._executor = Executor(device, engine)
        self._jobs: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._events: dict[int, tuple[threading.Event, threading.Event]] = {}

    def run(self) -> None:
        """Work until the server says quit, or is gone."""
        threading.Thread(target=self._read, daemon=True).start()
        self._send({"type": "ready", "pid": os.getpid()})
        while True:
            message, blocks = self._jobs.get()
            if message["type"] == "quit":
                return
            if message["type"] == "forget":
                self._executor.forget(message["photo"])
                continue
            self._do(message, blocks)

    def _read(self) -> None:
        try:
            while True:
                for message, blocks in self._channel.receive():
                    if message["type"] == "cancel":
                        self._cancel(message["job"], keep=message["keep"])
                        continue
                    if message["type"] == "job":
                        self._events[message["job"]] = (threading.Event(), threading.Event())
                    self._jobs.put((message, blocks))
        except ChannelClosed:
            os._exit(0)

    def _cancel(self, job: int, *, keep: bool) -> None:
        events = self._events.get(job)
        if events is not None:
            stop, superseded = events
            superseded.set()
            if not keep:
                stop.set()

    def _do(self, message: dict[str, Any], blocks: list[Block]) -> None:
        from daemon.executor import usage

        job = message["job"]
        try:
            answer = self._answer(message, blocks)
            self._send_answer("done", job, answer, usage=usage(self._executor))
        except ChannelClosed:
            os._exit(0)
        except BaseException as error:
            if isinstance(error, RetouchError):
                code, sentence, advice = error.code, error.message, error.advice
            else:
                code, sentence, advice = RetouchError.code, failures.explain(error)[0], ""
            failed = {"type": "failed", "job": job, "code": code, "message": sentence, "advice": advice}
            self._send({**failed, "usage": usage(self._executor)})
        finally:
            del self._events[job]

    def _answer(self, message: dict[str, Any], blocks: list[Block]) -> Any:
        job, kind, fields = message["job"], message["kind"], message["fields"]
        stop, superseded = self._events[job]
        progress = _Progress(self, job)
        name = message["photo"]
        if blocks:
            picture = format_from(message["picture"])
            self._executor.take(name, blocks[0], picture, message["model"], message["device"])
        if kind == "edits":
            return self._executor.edits(message["model"], message["device"], progress)
        if kind == "open":
            return self._executor.open(name, progress, stop)
        if kind == "prepare":
            return self._executor.prepare(name, Prepare.from_fields(fields).faces, progress, stop)
        return self._executor.render(
            Render.from_fields(fields),
            progress,
            stop,
            superseded,
            lambda answer: self._send_answer("preview", job, answer),
        )

    def _send_answer(self, type_: str, job: int, answer: Any, **more: Any) -> None:
        frames = [memoryview(frame).cast("B") for frame in answer.frames]
        message = {
            "type": type_,
            "job": job,
            "fields": answer.fields,
            "sizes": [len(frame) for frame in frames],
        }
        block = Block.of(frames) if frames else None
        try:
            self._send({**message, **more}, [block] if block else [])
        finally:
            if block:
                block.close()

    def _send(self, message: dict[str, Any], blocks: Sequence[Block] = ()) -> None:
        with self._sending:
            self._channel.send(message, blocks)

    def send_progress(self, job: int, stage: str, fraction: float, remaining: float | None) -> None:
        """Tell the server."""
        fields = {"stage": stage, "fraction": float(fraction), "remaining": remaining}
        self._send({"type": "progress", "job": job, **fields})


class _Progress:
    """The pipeline's progress call; passes on ten a second, and every new stage."""

    def __init__(self, worker: Worker, job: int) -> None:
        self._worker = worker
        self._job = job
        self._sent_at = 0.0
        self._stage = ""

    def __call__(self, stage: str, fraction: float, remaining: float | None) -> None:
        now = time.monotonic()
        if stage == self._stage and now - self._sent_at < _SECONDS_BETWEEN_PROGRESS:
            return
        self._sent_at, self._stage = now, stage
        left = None if remaining is None else float(remaining)
        self._worker.send_progress(self._job, stage, min(max(float(fraction), 0.0), 1.0), left)


def _socket() -> socket.socket:
    if sys.platform == "win32":
        its = socket.fromshare(sys.stdin.buffer.read())
    else:
        its = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)  # no library is to read from it
    os.close(null)
    return its


def main() -> None:
    """Work for the server at the other end of the socket."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server decides
    device, *engine = sys.argv[1:]
    Worker(Channel(_socket()), device, engine[0] if engine else "").run()
    # nothing is left to tidy up, and interpreter shutdown with torch loaded takes long
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
