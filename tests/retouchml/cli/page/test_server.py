"""What the page's server refuses, asked without a browser."""

import http.client
import json
import socket
from contextlib import ExitStack
from typing import Any

import pytest

from retouchml.cli.page import server as page_server
from retouchml.cli.page.server import PageServer
from tests.retouchml.cli.page.conftest import RunningPage, Serve


def ask(
    page: RunningPage, path: str, body: "bytes | None" = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers and the content of an answer; names of headers have _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", page.server.server_port, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET" if body is None else "POST", path, body, named)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def message(page: RunningPage, **fields: Any) -> bytes:
    """An answer to the open question, with some fields replaced."""
    _, _, content = ask(page, f"/{page.server.token}/state")
    return json.dumps({"question": json.loads(content)["question"], "choice": "yes", **fields}).encode()


def sent(page: RunningPage) -> dict[str, str]:
    """The headers that the page's own messages have."""
    return {"Content_Type": "application/json", "Origin": page.server.origin}


def test_the_page_answers_who_knows_the_address(serve: Serve) -> None:
    page = serve()
    status, headers, content = ask(page, f"/{page.server.token}/")
    assert status == 200
    assert content.startswith(b"<!doctype html>")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert ask(page, f"/{page.server.token}/answer", message(page), **sent(page))[0] == 200
    assert page.choices == ["yes"]


def test_only_loopback_is_listened_at(serve: Serve) -> None:
    assert serve().server.socket.getsockname()[0] == "127.0.0.1"


def test_addresses_differ_each_time_and_cannot_be_guessed(serve: Serve) -> None:
    tokens = {serve().server.token for _ in range(3)}
    assert len(tokens) == 3
    assert min(map(len, tokens)) >= 32


@pytest.mark.parametrize("path", ["/", "/state", "/x/state", "/{token}", "/{token}x/state", "*"])
def test_nothing_is_told_without_the_secret(path: str, serve: Serve) -> None:
    page = serve()
    status, _, content = ask(page, path.format(token=page.server.token))
    assert (status, b"question" in content) == (404, False)


def test_an_address_that_is_none_is_refused(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    page = serve()
    with socket.create_connection(("127.0.0.1", page.server.server_port), timeout=10) as connection:
        host = f"127.0.0.1:{page.server.server_port}"
        connection.sendall(f"GET http://[ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b" 400 " in connection.recv(64)
    assert capfd.readouterr().err == ""


def test_a_port_can_be_used_again_at_once(serve: Serve) -> None:
    page = serve()
    with socket.create_connection(("127.0.0.1", page.server.server_port), timeout=10):
        ask(page, f"/{page.server.token}/state")
        page.server.close()
    PageServer(page.server.get, page.server.post, page.server.server_port).server_close()


@pytest.mark.parametrize("host", ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_name_that_was_rebound_to_this_machine_is_refused(host: str, serve: Serve) -> None:
    page = serve()
    host = host.format(port=page.server.server_port)
    assert ask(page, f"/{page.server.token}/state", Host=host)[0] == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1", "http://localhost:{port}"]
)
def test_other_origins_are_refused(origin: str, serve: Serve) -> None:
    page = serve()
    origin = origin.format(port=page.server.server_port)
    headers = {**sent(page), "Origin": origin}
    assert ask(page, f"/{page.server.token}/answer", message(page), **headers)[0] == 403
    assert ask(page, f"/{page.server.token}/state", Origin=origin)[0] == 403
    assert ask(page, f"/{page.server.token}/state", Sec_Fetch_Site="cross-site")[0] == 403
    assert page.choices == []


def test_a_form_of_another_page_cannot_answer(serve: Serve) -> None:
    page = serve()
    path = f"/{page.server.token}/answer"
    assert ask(page, path, message(page), Content_Type="application/json")[0] == 403  # no origin
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert ask(page, path, message(page), **{**sent(page), "Content_Type": kind})[0] == 415
    assert page.choices == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"[" * 2000, 400),
        (b"{}", 400),
        (b'{"question": 1, "choice": "yes"}', 400),
        (b'{"question": "", "choice": {}}', 400),
        (b'{"question": "x", "choice": "perhaps"}', 400),
        (b'{"question": "x", "choice": "yes"}', 409),
        (b" " * 3000, 413),
    ],
)
def test_messages_that_make_no_sense_change_nothing(body: bytes, status: int, serve: Serve) -> None:
    page = serve()
    assert ask(page, f"/{page.server.token}/answer", body, **sent(page))[0] == status
    assert page.choices == []


def test_faces_that_are_not_shown_are_not_rendered(serve: Serve) -> None:
    page = serve()
    for number, status in (("0", 200), ("1", 200), ("2", 404), ("-1", 404), ("0x0", 404), ("..", 404)):
        assert ask(page, f"/{page.server.token}/face/{number}")[0] == status


def test_long_addresses_and_a_missing_length_are_refused(serve: Serve) -> None:
    page = serve()
    assert ask(page, f"/{page.server.token}/{'x' * 300}")[0] == 414
    request = (
        f"POST /{page.server.token}/answer HTTP/1.1\r\nHost: 127.0.0.1:{page.server.server_port}\r\n"
        f"Origin: {page.server.origin}\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", page.server.server_port), timeout=20) as connection:
        connection.sendall(request.encode())
        assert b" 411 " in connection.recv(200)


def test_connections_beyond_the_limit_are_closed(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_server, "_MOST_CONNECTIONS", 2)
    page = serve()
    address = ("127.0.0.1", page.server.server_port)
    with ExitStack() as closing:
        connections = [closing.enter_context(socket.create_connection(address, timeout=20)) for _ in range(3)]
        assert connections[2].recv(1) == b""


def test_a_full_disk_is_said_and_nothing_is_lost(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    page = serve()
    body = message(page)

    def full(*_arguments: Any, **_options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("retouchml.system.files.write_atomically", full)
    status, _, content = ask(page, f"/{page.server.token}/answer", body, **sent(page))
    assert status == 500
    assert "No space left on device" in json.loads(content)["error"]
    monkeypatch.undo()
    assert ask(page, f"/{page.server.token}/answer", body, **sent(page))[0] == 200
    assert page.choices == ["yes"]
