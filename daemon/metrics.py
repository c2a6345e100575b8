"""``--metrics HOST:PORT``: the daemon's state over HTTP on loopback, for Prometheus, and ``/healthz``.

The text format of Prometheus (version 0.0.4) is so simple that it needs no library, and ``prometheus_client``
would keep a second set of the numbers that ``status`` has. Everybody on this machine can read it, so it names
nobody. The thread that serves asks the main loop, so an answer also shows that the loop turns.
"""

import collections
import http.server
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from http import HTTPStatus

from daemon.accounts import Account
from retouchml.client import host_port
from retouchml.client.status import Status
from retouchml.errors import DaemonError, UsageError

_log = logging.getLogger(__name__)
_SECONDS_FOR_LOOP = 2.0
_SECONDS_FOR_REQUEST = 2.0
_SECONDS_FOR_THREAD = 2.0
_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "retouchml_"


def parse_loopback(text: str) -> tuple[str, int]:
    """The number and the port in ``HOST:PORT`` of the loopback interface. Raises UsageError."""
    host, port = host_port.parse(text)
    number = "127.0.0.1" if host == "localhost" else host
    if not _is_loopback(number):
        raise UsageError(
            f"{host} is not this machine alone, and metrics have no keys.",
            "Use 127.0.0.1 or [::1]; other machines reach it through SSH.",
        )
    return number, port


def exposition(status: Status, total: Account) -> str:
    """The state as lines of Prometheus. total: of the accounts of all people"""
    lines: list[str] = []
    for name, kind, help_, samples in _families(status, total):
        lines += [f"# HELP {_PREFIX}{name} {help_}", f"# TYPE {_PREFIX}{name} {kind}"]
        lines += [f"{_PREFIX}{name}{labels} {value:.17g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


_Samples = list[tuple[str, float]]


def _families(status: Status, total: Account) -> Iterator[tuple[str, str, str, _Samples]]:
    yield "info", "gauge", "The version of RetouchML.", [(_labels(version=status.software), 1)]
    for name, kind, help_, value in (
        ("uptime_seconds", "gauge", "Seconds since the daemon began.", status.uptime),
        ("resident_bytes", "gauge", "Resident memory of the server.", status.memory),
        ("clients", "gauge", "Programs with photographs or requests.", status.clients),
        ("people", "gauge", "People with photographs or requests.", _present(status)),
        ("photos", "gauge", "Open photographs.", status.photos),
        ("photo_bytes", "gauge", "Memory of open photographs.", status.photo_bytes),
        ("jobs_waiting", "gauge", "Jobs that wait for a worker.", status.queue),
        ("jobs_waiting_limit", "gauge", "Jobs that may wait.", status.queue_limit),
        ("cache_bytes", "gauge", "Size of the cache of inversions.", status.cache_bytes),
        ("job_seconds_total", "counter", "Seconds that workers spent on jobs.", total.seconds),
        ("refused_total", "counter", "Connections without a valid key.", status.refused),
    ):
        yield name, kind, help_, [] if value is None else [("", value)]
    outcomes = [(_labels(outcome="done"), total.jobs), (_labels(outcome="failed"), total.failed)]
    yield "jobs_total", "counter", "Jobs that have ended.", [(labels, float(n)) for labels, n in outcomes]
    workers = [(_labels(worker=str(n), device=each.device), each) for n, each in enumerate(status.workers)]
    yield (
        "worker_busy",
        "gauge",
        "Whether a worker has a job.",
        [(labels, float(each.state in ("busy", "silent"))) for labels, each in workers],
    )
    yield (
        "worker_restarts_total",
        "counter",
        "Workers that were replaced.",
        [(labels, float(each.restarts)) for labels, each in workers],
    )
    yield (
        "worker_resident_bytes",
        "gauge",
        "Resident memory of a worker.",
        [(labels, float(each.memory)) for labels, each in workers if each.memory is not None],
    )
    yield (
        "worker_device_bytes",
        "gauge",
        "Memory of a worker on its device.",
        [(labels, float(each.device_memory)) for labels, each in workers if each.device_memory is not None],
    )


def _present(status: Status) -> int:
    return sum(bool(person.clients) for person in status.people)


def _labels(**labels: str) -> str:
    escaped = {
        name: text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
        for name, text in labels.items()
    }
    return "{" + ",".join(f'{name}="{text}"' for name, text in escaped.items()) + "}"


class Metrics:
    """The HTTP server, in a thread of its own; ``answer`` is called by the main loop."""

    def __init__(self, address: str, wake: Callable[[], None]) -> None:
        """Listen. wake: lets the main loop call ``answer`` soon. Raises UsageError and DaemonError."""
        host, port = parse_loopback(address)
        self._wake = wake
        self._questions: collections.deque[Future[str]] = collections.deque()
        handler = type("Handler", (_Handler,), {"metrics": self})
        try:
            self._server = _Server((host, port), handler)
        except OSError as error:
            raise DaemonError(f"The daemon cannot listen at {address}: {error.strerror}.") from error
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()
        _log.info("metrics are at http://%s/metrics", address)

    def answer(self, text: Callable[[], str]) -> None:
        """Answer what was asked; called in the main thread."""
        while self._questions:
            self._questions.popleft().set_result(text())

    def ask(self) -> "str | None":
        """The state; None if the main loop does not answer."""
        question: Future[str] = Future()
        self._questions.append(question)
        self._wake()
        try:
            return question.result(_SECONDS_FOR_LOOP)
        except TimeoutError:
            return None

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_SECONDS_FOR_THREAD)


class _Server(http.server.HTTPServer):
    """One request at a time, each with a time limit."""

    def __init__(self, address: tuple[str, int], handler: type[http.server.BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, handler)

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that break off."""


class _Handler(http.server.BaseHTTPRequestHandler):
    """``/metrics`` and ``/healthz``; no other path, no other method."""

    metrics: Metrics
    timeout = _SECONDS_FOR_REQUEST
    server_version, sys_version = "retouchml", ""

    def do_GET(self) -> None:
        # a page in a browser whose name was made to lead here must not read it
        if not _is_loopback(self.headers.get("Host", "")):
            self._say(HTTPStatus.MISDIRECTED_REQUEST, "This is for this machine alone.\n")
            return
        if self.path not in ("/metrics", "/healthz"):
            self._say(HTTPStatus.NOT_FOUND, "There are /metrics and /healthz.\n")
            return
        text = self.metrics.ask()
        if text is None:
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, "The daemon does not answer.\n")
        else:
            self._say(HTTPStatus.OK, text if self.path == "/metrics" else "ok\n")

    def log_message(self, *_: object) -> None:
        """Say nothing of what is asked."""

    def _say(self, status: HTTPStatus, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", _TYPE)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _is_loopback(host: str) -> bool:
    """Whether ``HOST`` or ``HOST:PORT`` is the machine itself, by its number or as ``localhost``."""
    bare = host[1:].partition("]")[0] if host.startswith("[") else host
    if host.count(":") == 1:
        bare = host.partition(":")[0]
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return bare == "localhost"
