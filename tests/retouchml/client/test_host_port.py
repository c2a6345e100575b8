"""Addresses of machines, and which of the numbers of a name is taken."""

import socket
import threading
import time
from typing import Any

import pytest

from retouchml.client import host_port
from retouchml.errors import NameUnknown, UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpu.example.org:5555", ("gpu.example.org", 5555)),
        ("localhost:1", ("localhost", 1)),
        ("192.0.2.7:65535", ("192.0.2.7", 65535)),
        ("[::1]:5555", ("::1", 5555)),
    ],
)
def test_an_address_is_read_and_written(text: str, expected: tuple[str, int]) -> None:
    assert host_port.parse(text) == expected
    endpoint = host_port.endpoint(*expected)
    assert endpoint == f"tcp://{text}"
    assert host_port.of_endpoint(endpoint) == expected


@pytest.mark.parametrize(
    "text",
    ["", "a", "a:", ":1", "a:0", "a:65536", "a:-1", "a:1e3", "a:²", "a b:1", "::1:5", "[::1]", "300.1.1.1:5"],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no HOST:PORT"):
        host_port.parse(text)


def test_of_several_numbers_the_first_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        answers = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))
            for number in ("127.0.0.2", "127.0.0.1", "127.0.0.3")
        ]
        ask = socket.getaddrinfo

        def known(host: str, *rest: Any, **more: Any) -> Any:
            return answers if host == "gpu.example.org" else ask(host, *rest, **more)

        monkeypatch.setattr(socket, "getaddrinfo", known)
        tried = host_port.reachable(f"tcp://gpu.example.org:{port}", 5.0)
    assert tried == (f"tcp://127.0.0.1:{port}", 4)


def test_a_silent_name_server_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: release.wait(60) and [])
    begun = time.monotonic()
    with pytest.raises(NameUnknown, match=r"The name gpu\.example\.org is not known"):
        host_port.reachable("tcp://gpu.example.org:5555", 0.1)
    assert time.monotonic() - begun < 30
    release.set()
