"""uv without pip: a package index on this machine offers wheels, good ones and others."""

import base64
import functools
import hashlib
import http.server
import io
import json
import platform
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from retouchml.setup import fetch_uv, installer

_TAGS = {"linux": "manylinux_2_28_", "darwin": "macosx_11_0_", "win32": "win_"}
_UV = b"#!/bin/sh\necho uv\n"
_NAME = "uv.exe" if sys.platform == "win32" else "uv"


def _wheel(content: bytes = _UV) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("uv/__init__.py", "")
        archive.writestr(f"uv-9.9.9.data/scripts/{_NAME}", content)
    return stream.getvalue()


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder to those who say a user and a password, if it demands them."""

    demanded: "str | None" = None
    breaks_off = False

    def do_GET(self) -> None:
        """Answer with the file, or that the password is missing, or with the half of an answer."""
        if self.headers["Authorization"] != self.demanded:
            self.send_error(401)
        elif self.breaks_off:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n{")
        else:
            super().do_GET()


class Index:
    """A folder that is served as a package index, and the list of the hashes that are taken."""

    def __init__(self, folder: Path, files: Path, address: str) -> None:
        self.folder, self.files, self.address = folder, files, address

    def offer(self, *wheels: "tuple[str, bytes]", listed: bytes) -> None:
        """Offer wheels by name; only the hash of ``listed`` is in the list."""
        page = self.folder / "simple" / "uv"
        page.mkdir(parents=True, exist_ok=True)
        entries = []
        for name, content in wheels:
            (self.folder / name).write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            entries.append({"filename": name, "url": f"../../{name}", "hashes": {"sha256": digest}})
        (page / "index.html").write_text(json.dumps({"files": entries}))
        requirements = self.files / "install" / "requirements"
        requirements.mkdir(parents=True, exist_ok=True)
        hashes = ["0" * 64, hashlib.sha256(listed).hexdigest()]
        lines = " \\\n".join(f"    --hash=sha256:{digest}" for digest in hashes)
        (requirements / "uv.txt").write_text(f"# uv\nuv==9.9.9 \\\n{lines}\n")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """It serves as long as the test runs."""
    folder, files = tmp_path / "index", tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr(installer, "FILES", files)
    for name in ("PIP_CERT", "SSL_CERT_FILE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/simple"
        monkeypatch.setenv("PIP_INDEX_URL", address)
        yield Index(folder, files, address)
        server.shutdown()


def _here() -> str:
    return f"uv-9.9.9-py3-none-{_TAGS[sys.platform]}{platform.machine().lower()}.whl"


def test_the_wheel_of_this_system_is_taken_and_unpacked(index: Index, tmp_path: Path) -> None:
    others = [("uv-9.9.9-py3-none-musllinux_1_1_s390x.whl", b"x"), ("uv-9.9.8-py3-none-any.whl", b"y")]
    index.offer(*others, (_here(), _wheel()), listed=_wheel())
    target = tmp_path / "target"
    target.mkdir()
    assert fetch_uv.fetch(target) == str(target / _NAME)
    assert (target / _NAME).read_bytes() == _UV
    assert [path.name for path in target.iterdir()] == [_NAME]


def test_another_file_than_the_tested_one_is_not_taken(index: Index, tmp_path: Path) -> None:
    index.offer((_here(), _wheel(b"evil")), listed=_wheel())
    assert fetch_uv.fetch(tmp_path) == ""
    # the index names the tested hash, and delivers something else
    index.offer((_here(), _wheel()), listed=_wheel())
    (index.folder / _here()).write_bytes(_wheel(b"evil"))
    assert fetch_uv.fetch(tmp_path) == ""
    assert not (tmp_path / _NAME).exists()


def test_an_index_that_answers_nothing_of_use_gives_none(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.offer(listed=_wheel())
    assert fetch_uv.fetch(tmp_path) == ""
    (index.folder / "simple" / "uv" / "index.html").write_text("<html>no</html>")
    assert fetch_uv.fetch(tmp_path) == ""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert fetch_uv.fetch(tmp_path) == ""


def test_a_password_in_the_address_goes_to_the_index_and_is_not_printed(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Handler, "log_message", lambda *_: None)
    monkeypatch.setattr(Handler, "demanded", "Basic " + base64.b64encode(b"ada:to/ken").decode())
    index.offer((_here(), _wheel()), listed=_wheel())
    assert fetch_uv.fetch(tmp_path) == ""
    for password, found in (("to%2Fken", str(tmp_path / _NAME)), ("to%2Fkens", ""), ("to/ken", "")):
        monkeypatch.setenv("PIP_INDEX_URL", index.address.replace("//", f"//ada:{password}@"))
        assert fetch_uv.fetch(tmp_path) == found
    assert capfd.readouterr() == ("", "")


def test_a_password_in_the_address_goes_to_no_other_host(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.offer((_here(), _wheel()), listed=_wheel())  # it answers 401 to whoever says a password
    page = index.folder / "simple" / "uv" / "index.html"
    elsewhere = index.address.removesuffix("simple") + _here()
    content = json.loads(page.read_text())
    content["files"][0]["url"] = elsewhere

    class Demanding(Handler):
        demanded = "Basic " + base64.b64encode(b"ada:token").decode()

    own = tmp_path / "own" / "simple" / "uv"
    own.mkdir(parents=True)
    (own / "index.html").write_text(json.dumps(content))
    handler = functools.partial(Demanding, directory=str(tmp_path / "own"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PIP_INDEX_URL", f"http://ada:token@127.0.0.1:{server.server_port}/simple")
        assert fetch_uv.fetch(tmp_path) == str(tmp_path / _NAME)
        server.shutdown()


def test_an_answer_that_breaks_off_gives_none(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.offer((_here(), _wheel()), listed=_wheel())
    monkeypatch.setattr(Handler, "breaks_off", True)
    assert fetch_uv.fetch(tmp_path) == ""


def test_the_list_that_is_shipped_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installer, "FILES", Path(__file__).parents[3])
    version, digests = fetch_uv._listed()
    assert version.count(".") == 2
    assert len(digests) > 10
