"""A web server for one page of one user: on loopback, and only for who knows the address.

What it refuses: another host name than its own, as a page that rebinds its name to this machine would send;
another origin; another site that embeds it; an address without the secret; long requests; many at once. It
reads no file that a request names, and writes nothing by itself.
"""

import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_HOST = "127.0.0.1"
_LONGEST_BODY = 2048  # bytes
_LONGEST_PATH = 256
_SECONDS = 15  # that a connection may say nothing
_MOST_CONNECTIONS = 32
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Reply:
    """An answer to a request."""

    content: bytes
    type: str
    status: HTTPStatus = HTTPStatus.OK

    @classmethod
    def of_json(cls, fields: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> "Reply":
        """Fields as JSON."""
        return cls(json.dumps(fields).encode(), "application/json", status)


Get = Callable[[str], "Reply | None"]
"""The answer for a place below the address, "" for the page itself; None if there is nothing."""
Post = Callable[[str, Mapping[str, Any]], "Reply | None"]
"""The same for a message with fields."""


class PageServer(ThreadingHTTPServer):
    """Serves one page at an address that holds a secret."""

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would let two programs have one port

    def __init__(self, get: Get, post: Post, port: int = 0) -> None:
        """port: 0 for one that is free. Raises OSError if it is taken."""
        super().__init__((_HOST, port), _Handler)
        self.token = secrets.token_urlsafe(24)
        self.get, self.post = get, post
        self.is_closing = False
        self._room = threading.BoundedSemaphore(_MOST_CONNECTIONS)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{_HOST}:{self.server_port}"

    @property
    def address(self) -> str:
        """What a browser opens."""
        return f"{self.origin}/{self.token}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin to answer, unless too many connections are open."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away; all else is a mistake of ours, and is shown."""
        import sys

        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def begin(self) -> None:
        """Serve in a thread of its own until ``close``."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()

    def close(self) -> None:
        """Stop serving, also over connections that are open."""
        self.is_closing = True
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: PageServer
    protocol_version = "HTTP/1.1"
    server_version = "RetouchML"
    sys_version = ""
    timeout = _SECONDS

    def do_GET(self) -> None:
        """Answer a request for a place."""
        place = self._place()
        if place is not None:
            self._send(self.server.get(place))

    def do_POST(self) -> None:
        """Answer a message."""
        place = self._place()
        if place is None:
            return
        if self.headers.get("Origin") != self.server.origin:
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        if self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            return
        fields = self._fields()
        if fields is not None:
            self._send(self.server.post(place, fields))

    def _place(self) -> "str | None":
        """The place below the secret; None if the request was refused."""
        headers = self.headers
        try:
            url = urlsplit(self.path)
        except ValueError:
            self._refuse(HTTPStatus.BAD_REQUEST)
            return None
        head, below, place = url.path.removeprefix("/").partition("/")
        site = headers.get("Sec-Fetch-Site", "none")
        if headers.get_all("Host") != [f"{_HOST}:{self.server.server_port}"] or url.netloc:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        elif (
            site not in ("none", "same-origin")
            or headers.get("Origin", self.server.origin) != self.server.origin
        ):
            self._refuse(HTTPStatus.FORBIDDEN)
        elif self.server.is_closing:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
        elif len(self.path) > _LONGEST_PATH:
            self._refuse(HTTPStatus.REQUEST_URI_TOO_LONG)
        elif not below or not secrets.compare_digest(head.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            return place
        return None

    def _fields(self) -> "dict[str, Any] | None":
        """The message's fields; None if the request was refused."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or "Transfer-Encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
            return None
        if len(length) > 6 or int(length) > _LONGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        try:
            fields = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            self._refuse(HTTPStatus.BAD_REQUEST)
            return None
        return fields

    def _send(self, reply: "Reply | None") -> None:
        if reply is None:
            self._refuse(HTTPStatus.NOT_FOUND)
            return
        self.send_response(reply.status)
        for name, value in {**_HEADERS, "Content-Type": reply.type}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.content)))
        self.end_headers()
        self.wfile.write(reply.content)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._send(Reply(f"{status.value} {status.phrase}\n".encode(), "text/plain; charset=utf-8", status))

    def setup(self) -> None:
        """Prepare the connection; small answers are sent at once."""
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)

    def log_message(self, *_arguments: Any) -> None:
        """Write no log: the address is secret."""
