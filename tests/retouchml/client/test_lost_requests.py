"""A request that the daemon has lost ends, though the daemon is heard."""

import time
from collections.abc import Callable
from typing import Any

import msgpack
import pytest

from retouchml.client import protocol
from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.status import Status
from retouchml.client.transport import Frames
from retouchml.errors import DaemonLost, RetouchError

PATIENCE = 0.6


class PingingTransport:
    """A daemon that answers ``hello``, and after that only pings."""

    def __init__(self, ping: Callable[[list[int]], dict[str, Any]]) -> None:
        self.is_open = False
        self.requests: list[int] = []
        self._ping = ping
        self._answers: list[bytes] = []

    def open(self) -> None:
        self.is_open = True

    def send(self, frames: Frames) -> None:
        header = msgpack.unpackb(frames[0])
        if header["type"] == "hello":
            fields = {"version": 1, "software": "1", "pid": 1, "instance": "x", "limits": {}}
            self._answers.append(protocol.encode("result", header["id"], fields))
        else:
            self.requests.append(header["id"])

    def receive(self) -> "list[bytes | memoryview] | None":
        return [self._answers.pop(0)] if self._answers else None

    def wait(self, seconds: float) -> RetouchError | None:
        time.sleep(min(seconds, 0.05))
        if self.requests:
            self._answers.append(protocol.encode("ping", 0, self._ping(self.requests)))
        return None

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self.is_open = False


def asked(monkeypatch: pytest.MonkeyPatch, ping: Callable[[list[int]], dict[str, Any]]) -> Call[Status]:
    monkeypatch.setattr(protocol, "SILENCE_SECONDS", PATIENCE)
    client = Client()
    client._transport = PingingTransport(ping)
    return client.status()


def test_a_request_that_no_ping_names_ends_without_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    call = asked(monkeypatch, lambda _: {"open": []})
    with pytest.raises(DaemonLost, match="has lost this request"):
        call.result()


@pytest.mark.parametrize("ping", [lambda ids: {"open": ids}, lambda _: {}], ids=["named", "older daemon"])
def test_a_request_that_the_daemon_knows_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, ping: Callable[[list[int]], dict[str, Any]]
) -> None:
    call = asked(monkeypatch, ping)
    with pytest.raises(DaemonLost, match="did not answer within"):
        call.result(4 * PATIENCE)
