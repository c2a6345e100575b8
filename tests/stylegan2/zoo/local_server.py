"""A web server of this machine for tests of fetching."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalServer:
    """Serves in a thread until ``close``. go_on: ends answers that are held back."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def address(self) -> str:
        """Without a slash at its end."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer a GET."""
        raise AssertionError

    def close(self) -> None:
        """Stop, and let answers end that are held back."""
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
