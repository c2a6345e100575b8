"""The daemon's main loop: sockets, workers, clock and signals. It imports neither torch nor NumPy."""

import contextlib
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType

import zmq

from daemon.answer_sender import AnswerSender
from daemon.metrics import Metrics, exposition
from daemon.options import DaemonOptions
from daemon.requests import RequestHandler
from daemon.runtime_folder import AddressFile
from daemon.scheduler import JobEvent, Scheduler, stopping
from daemon.sessions import Sessions
from daemon.slots import Slot
from daemon.sockets import ClientSockets
from daemon.status import StatusReporter
from daemon.uploads import Uploads
from retouchml import __version__
from retouchml.errors import Cancelled

_log = logging.getLogger(__name__)
_MAX_SECONDS_TO_SLEEP = 10.0
_SECONDS_BETWEEN_ADDRESS_CHECKS = 10.0
_MESSAGES_AT_ONCE = 32
_SECONDS_FOR_RUNNING_JOBS = 3.0
_SECONDS_FOR_WORKERS = 1.0
_SECONDS_AFTER_FAILURE = 0.05
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK")  # where the system has them


class Server:
    """The daemon's main loop, and the objects that it connects."""

    def __init__(self, options: DaemonOptions, address: AddressFile, log: Path) -> None:
        """Bind the sockets. Raises DaemonError, Refused or UsageError.

        log: the daemon's own log file, for ``status``
        """
        self._options = options
        self._address = address
        self._signalled = False
        self._stop_by: float | None = None
        self._address_checked_at = time.monotonic()
        self._wake_reader, self._wake_writer = _socket_pair()
        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._on_signal)
        signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        # before the clients' sockets: whoever can reach the daemon can read these, too
        self._metrics = Metrics(options.metrics, self._wake) if options.metrics else None
        self._sockets = ClientSockets(address, options.tcp, options.advertise)
        self._scheduler = Scheduler(options, log.with_name("worker.log"))
        self._sessions = Sessions(options, self._scheduler)
        self._answers = AnswerSender(self._sockets.send, self._sessions)
        self._uploads = Uploads(self._wake)
        self._reporter = StatusReporter(
            options, self._sessions, self._scheduler, self._sockets.authenticator, log
        )
        self._requests = RequestHandler(
            options,
            self._sessions,
            self._scheduler,
            self._uploads,
            self._answers,
            self._reporter,
            self.stop,
        )

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until a signal, ``shutdown`` or idleness; ``ready`` is called once that begins."""
        _log.info("version %s, process %d", __version__, os.getpid())
        try:
            ready()
            while not self._is_done():
                self._turn()
            for job in self._scheduler.cancel_running():
                self._answers.fail(job, Cancelled("The daemon is stopping and could not wait for this."))
        finally:
            if self._metrics is not None:
                self._metrics.close()
            self._scheduler.close(_SECONDS_FOR_WORKERS)
            self._uploads.close()
            self._sockets.close()
            _log.info("the daemon has stopped")

    def stop(self) -> None:
        """Stop soon: nothing new is taken, running jobs have a few seconds."""
        if self._stop_by is None:
            _log.info("the daemon is stopping")
            self._stop_by = time.monotonic() + _SECONDS_FOR_RUNNING_JOBS
            for job in self._scheduler.refuse_new():
                self._answers.fail(job, stopping())

    def _turn(self) -> None:
        """Wait for the next events, and deal with them."""
        poller = zmq.Poller()
        channels = self._scheduler.channels()
        routers = self._sockets.routers
        authenticator = self._sockets.authenticator
        for each in (*routers, authenticator.socket, self._wake_reader.fileno(), *channels):
            poller.register(each, zmq.POLLIN)
        readable = dict(poller.poll(self._milliseconds_to_sleep()))
        if self._wake_reader.fileno() in readable:
            with contextlib.suppress(BlockingIOError):
                self._wake_reader.recv(4096)
        if authenticator.socket in readable:
            self._guard(authenticator.answer)
        for descriptor, slot in channels.items():
            if descriptor in readable:
                self._guard(self._read_worker, slot)
        for index, router in enumerate(routers):
            if router in readable:
                self._guard(self._handle_requests, index)
        self._guard(self._uploads.finish)
        if self._metrics is not None:
            self._guard(self._metrics.answer, self._exposition)
        now = time.monotonic()
        self._guard(self._answers.ping, now)
        self._guard(self._tick_scheduler, now)
        self._guard(self._tick, now)
        self._guard(self._dispatch)

    def _guard(self, work: Callable[..., None], *arguments: object) -> None:
        """Do a part of a turn; whatever goes wrong in it must not end the daemon and everybody's photos."""
        try:
            work(*arguments)
        except Exception:
            _log.exception("something went wrong in the daemon's loop, which goes on")
            time.sleep(_SECONDS_AFTER_FAILURE)  # it may come again with every turn

    def _exposition(self) -> str:
        return exposition(self._reporter.status(), self._scheduler.accounts.total())

    def _read_worker(self, slot: Slot) -> None:
        self._deliver(self._scheduler.read(slot))

    def _tick_scheduler(self, now: float) -> None:
        self._deliver(self._scheduler.tick(now))

    def _dispatch(self) -> None:
        self._deliver(self._scheduler.dispatch())

    def _deliver(self, events: Iterable[JobEvent]) -> None:
        for event in events:
            try:
                self._answers.deliver(event)
            except Exception:
                _log.exception("an answer could not be sent")
                self._answers.give_up(event.job)

    def _handle_requests(self, index: int) -> None:
        for _ in range(_MESSAGES_AT_ONCE):
            message = self._sockets.receive(index)
            if message is None:
                return
            self._requests.handle(*message)
            del message  # its frames, which may be large

    def _tick(self, now: float) -> None:
        if self._signalled:
            self.stop()
        if now - self._address_checked_at >= _SECONDS_BETWEEN_ADDRESS_CHECKS:
            self._address_checked_at = now
            if not self._address.is_intact():
                _log.warning("the socket was removed or replaced")
                self.stop()
        idle_exit = self._options.idle_exit
        if (
            idle_exit is not None
            and now - self._requests.last_request_at >= idle_exit
            and self._scheduler.is_idle()
        ):
            _log.info("no request for %.0f s", idle_exit)
            self.stop()

    def _milliseconds_to_sleep(self) -> int:
        now = time.monotonic()
        moments = [
            now + _MAX_SECONDS_TO_SLEEP,
            self._address_checked_at + _SECONDS_BETWEEN_ADDRESS_CHECKS,
            self._answers.next_ping(),
            self._scheduler.next_tick(),
            self._stop_by,
        ]
        if self._options.idle_exit is not None and self._scheduler.is_idle():
            moments.append(self._requests.last_request_at + self._options.idle_exit)
        earliest = min(moment for moment in moments if moment is not None)
        return max(0, int(1000 * (earliest - now))) + 1

    def _is_done(self) -> bool:
        if self._stop_by is None:
            return False
        return self._scheduler.is_idle() or time.monotonic() >= self._stop_by

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._wake_writer.send(b"\0")

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number != getattr(signal, "SIGHUP", None):  # the daemon outlives its terminal
            self._signalled = True


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    # sockets, since Windows can wait for nothing else
    reader, writer = socket.socketpair()
    reader.setblocking(False)
    writer.setblocking(False)
    return reader, writer
