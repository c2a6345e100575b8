"""A package index on this machine, in place of pip's and of PyTorch's own."""

import functools
import html
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, unquote

from tests.install.packaging.small_light import SmallLight

PATIENCE = 120.0


class Handler(http.server.SimpleHTTPRequestHandler):
    """A package index (PEP 503) over a folder of wheels.

    half: of files whose name begins so, only the half is delivered; is_over: set when the rest may be
    missing: until then the connection stays open; stated: SHA-256 that the index states, by file name
    """

    half = ""
    stated: ClassVar[dict[str, str]] = {}
    is_half_sent = threading.Event()
    is_over = threading.Event()

    def do_GET(self) -> None:
        """Answer with a list of files, a file, or the half of one."""
        parts = unquote(self.path).strip("/").split("/")
        files = sorted(Path(self.directory).glob("*.whl"))
        if parts[0] in ("simple", "whl"):
            links = "".join(map(self._link, files))
            content = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        else:
            content = next((file.read_bytes() for file in files if file.name == parts[-1]), b"")
        is_cut = bool(self.half) and parts[-1].startswith(self.half)
        self.send_response(200 if content else 404)
        self.send_header("Content-Type", "text/html" if parts[0] in ("simple", "whl") else "application/zip")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if is_cut else content)
        if is_cut:
            self.wfile.flush()
            self.is_half_sent.set()
            self.is_over.wait()

    def _link(self, file: Path) -> str:
        digest = self.stated.get(file.name)
        fragment = f"#sha256={digest}" if digest else ""
        return f'<a href="/{quote(file.name)}{fragment}">{html.escape(file.name)}</a>'

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serve(made: SmallLight) -> Iterator[str]:
    """Let a light installation's packages come over HTTP while the block runs; the index's address."""
    Handler.half, Handler.stated = "", {}
    Handler.is_half_sent.clear()
    Handler.is_over.clear()
    handler = functools.partial(Handler, directory=str(made.packages))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        builds = made.files / "install" / "environment" / "torch_build.py"
        builds.write_text(builds.read_text().replace("https://download.pytorch.org", address))
        made.changes["PIP_INDEX_URL"] = f"{address}/simple"
        made.changes["PIP_RETRIES"] = "0"
        made.changes["PIP_DEFAULT_TIMEOUT"] = "1000"  # seconds; half of a file is all that comes for a while
        for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
            del made.changes[name]
        try:
            yield f"{address}/simple"
        finally:
            Handler.is_over.set()
            server.shutdown()
