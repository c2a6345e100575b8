"""A set-up that is cancelled while a Python is fetched for it."""

import contextlib
import http.server
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from retouchml.setup import fetch_uv, installer
from retouchml.setup.job import Phase, SetupJob

PATIENCE = 120.0  # seconds before a test gives up


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SetupJob:
    """In an editor, on a machine without a Python and without uv."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/usr/bin/krita")
    return SetupJob(tmp_path / "data", find=lambda _wanted, _brought: "")


def _wait(condition: "Callable[[], object]") -> bool:
    end = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


class Endless(http.server.BaseHTTPRequestHandler):
    """Answers with a byte every 20 ms, and no end."""

    asked = threading.Event()

    def do_GET(self) -> None:
        """Answer until the other side hangs up."""
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
        self.asked.set()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b" ")
                time.sleep(0.02)


def test_cancel_ends_a_slow_download_of_uv(
    job: SetupJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer, "FILES", tmp_path)
    fetch_uv.requirements().parent.mkdir(parents=True)
    fetch_uv.requirements().write_text(f"uv==9.9.9 \\\n    --hash=sha256:{'0' * 64}\n")
    for name in ("PIP_CERT", "SSL_CERT_FILE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
        job.start()
        assert Endless.asked.wait(PATIENCE)
        assert job.state.phase is Phase.RUNNING
        job.cancel()
        assert _wait(lambda: job.state.phase is Phase.STOPPED), job.state
        server.shutdown()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_cancel_ends_a_uv_that_fetches_a_python(job: SetupJob, tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text(
        f"#!/bin/sh\necho $$ > {tmp_path}/new\n/bin/mv {tmp_path}/new {tmp_path}/pid\nexec /bin/sleep 1000\n"
    )
    uv.chmod(0o755)
    job.start()
    assert _wait((tmp_path / "pid").exists)
    job.cancel()
    assert _wait(lambda: job.state.phase is Phase.STOPPED), job.state
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
