"""How long a daemon may be silent, and a request that it has lost, though it is heard."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgpack
import pytest

from retouchml.client import messages, protocol
from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.status import Status
from retouchml.client.transport import Frames
from retouchml.errors import DaemonLost, RetouchError

PATIENCE = 15.0


class PingingTransport:
    """A daemon that answers ``hello``, and after that only pings; its seconds pass while it is waited for."""

    def __init__(self, ping: Callable[[list[int]], dict[str, Any]]) -> None:
        self.now = 0.0
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
        self.now += min(seconds, 0.5)
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
    client._transport = transport = PingingTransport(ping)
    tell_time(monkeypatch, transport)
    return client.status()


def tell_time(monkeypatch: pytest.MonkeyPatch, transport: PingingTransport) -> None:
    """Let clients have no other clock than the transport's."""
    clock = SimpleNamespace(monotonic=lambda: transport.now, sleep=lambda _: None)
    for module in ("client", "call"):
        monkeypatch.setattr(f"retouchml.client.{module}.time", clock)


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


_UPLOAD = bytes(20_000_000)  # four seconds at the slowest speed that is reckoned with


class ScheduledTransport(PingingTransport):
    """A daemon that says each thing at its moment, by a clock that goes on only while it is waited for."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, says: dict[float, Callable[[list[int]], bytes]]
    ) -> None:
        super().__init__(lambda _: {})
        self._says = says
        tell_time(monkeypatch, self)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for moment in [moment for moment in self._says if moment <= self.now]:
            self._answers.append(self._says.pop(moment)(self.requests))


def uploaded(
    monkeypatch: pytest.MonkeyPatch, says: dict[float, Callable[[list[int]], bytes]]
) -> tuple[Call[str], ScheduledTransport]:
    """A small request, and a large upload behind it."""
    monkeypatch.setattr(protocol, "SILENCE_SECONDS", 1.0)
    client = Client()
    client._transport = transport = ScheduledTransport(monkeypatch, says)
    client.request(messages.GetStatus(), lambda _fields, _frames: "small")
    call = client.request(messages.GetStatus(), lambda _fields, _frames: "large", [_UPLOAD])
    return call, transport


def test_an_answer_that_comes_while_pixels_are_sent_does_not_shorten_their_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call, _ = uploaded(
        monkeypatch,
        {
            0.5: lambda ids: protocol.encode("result", ids[0], {}),
            4.5: lambda ids: protocol.encode("result", ids[1], {}),
        },
    )
    assert call.result() == "large"


def test_a_daemon_that_has_the_pixels_is_not_waited_for_as_if_they_were_on_their_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call, transport = uploaded(monkeypatch, {0.5: lambda ids: protocol.encode("ping", 0, {"open": ids})})
    with pytest.raises(DaemonLost, match="does not answer any more"):
        call.result()
    assert transport.now < 2.0
