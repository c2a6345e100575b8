"""Models from an address of converted files, on a server of this machine: broken, slow, wrong, missing."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from retouchml import paths
from retouchml.errors import Cancelled, DownloadError, ModelCorrupt, UsageError
from retouchml.system.file_names import SETTINGS, hosted_place
from stylegan2 import zoo
from stylegan2.zoo import hosted, http
from stylegan2.zoo import table as zoo_table
from stylegan2.zoo.table import Model, ModelFile
from tests.stylegan2.zoo.local_server import LocalServer

NAME = "small"
FILES = {"a.onnx": b"first" * 5000, "b c.dat": b"second" * 7000}
ORIGINAL = b"original"


class Server(LocalServer):
    """Serves files by path. fault: of one path; "missing", "cut", "wrong" or "silent"."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, str] = {}
        self.asked: list[str] = []
        self.ranges: list[str | None] = []
        super().__init__()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path
        self.asked.append(path)
        self.ranges.append(request.headers.get("Range"))
        fault = next((fault for end, fault in self.faults.items() if path.endswith(end)), "")
        content = self.files.get(path)
        if content is None or fault == "missing":
            request.send_error(404)
            return
        begin = int((self.ranges[-1] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        body = content[begin:] if fault != "wrong" else b"x" * len(content[begin:])
        request.send_response(206 if begin else 200)
        if begin:
            request.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        if fault == "cut":
            body = body[: len(body) // 2]
        if fault == "silent":
            request.wfile.write(body[:10])
            request.wfile.flush()
            self.go_on.wait(60)
            return
        request.wfile.write(body)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The server, with the original file at /original and the converted ones below /models/."""
    made = Server()
    made.files["/original"] = ORIGINAL
    for name, content in FILES.items():
        place = hosted_place(NAME, name, hashlib.sha256(content).hexdigest()).replace(" ", "%20")
        made.files[f"/models/{place}"] = content
    monkeypatch.setenv(hosted.VARIABLE, f"{made.address}/models/")
    yield made
    made.close()


@pytest.fixture(autouse=True)
def table(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The zoo has one model: a file at its own source, which nothing converts, and two at the address."""
    files = tuple(
        ModelFile(name, hashlib.sha256(content).hexdigest(), len(content)) for name, content in FILES.items()
    )
    entry = Model(
        name=NAME,
        title="a model",
        kind="faces",
        requirement="",
        archive="a.onnx",
        sha256=hashlib.sha256(ORIGINAL).hexdigest(),
        size=len(ORIGINAL),
        licence="",
        source="",
        members=(),
        files=(ModelFile("a.onnx"),),
        converted=files,
        url=f"{server.address}/original",
    )
    monkeypatch.setattr(zoo_table, "published", lambda: (entry,))


def _here() -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in zoo.folder(NAME).iterdir() if each.suffix != ".json"}


def _leftovers() -> list[str]:
    return sorted(each.name for each in paths.models_dir().iterdir() if each.name != NAME)


def _without_own_source(server: Server) -> None:
    server.faults["/original"] = "missing"


def test_the_converted_files_come_from_the_address_and_nothing_else_is_asked(server: Server) -> None:
    fractions: list[float] = []
    zoo.fetch(NAME, progress=lambda _stage, fraction, _left: fractions.append(fraction))
    assert _here() == FILES
    assert _leftovers() == []
    assert len(server.asked) == 2
    assert all(path.startswith("/models/small/") for path in server.asked)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    zoo.verify(NAME)
    zoo.fetch(NAME)
    assert len(server.asked) == 2, "what is here is not fetched again"


def test_the_setting_says_the_address_and_the_variable_wins(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = paths.config_dir() / SETTINGS
    file.parent.mkdir(parents=True)
    file.write_text(f'[models]\nurl = "{server.address}/models"\n')
    assert hosted.address() == f"{server.address}/models"
    monkeypatch.delenv(hosted.VARIABLE)
    assert hosted.address() == f"{server.address}/models"
    monkeypatch.setenv(hosted.VARIABLE, "https://models.example/x/")
    assert hosted.address() == "https://models.example/x"
    monkeypatch.setenv(hosted.VARIABLE, "file:///etc")
    with pytest.raises(UsageError, match="no web address"):
        hosted.address()


def test_without_an_address_the_model_comes_from_its_own_source(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(hosted.VARIABLE)
    zoo.fetch(NAME)
    assert _here() == {"a.onnx": ORIGINAL}
    assert server.asked == ["/original"]


@pytest.mark.parametrize("fault", ["missing", "cut", "wrong", "silent"])
@pytest.mark.parametrize("file", ["a.onnx", "b%20c.dat"])
def test_an_address_that_fails_gives_way_to_the_model_s_own_source(
    server: Server, monkeypatch: pytest.MonkeyPatch, fault: str, file: str
) -> None:
    patience = http._TIMEOUT_SECONDS
    if fault == "silent":
        monkeypatch.setattr(http, "_TIMEOUT_SECONDS", 0.3)

    def wait_for_the_own_source(stage: str, _fraction: float, _left: float | None) -> None:
        if stage == "looking elsewhere":
            monkeypatch.setattr(http, "_TIMEOUT_SECONDS", patience)

    server.faults[file] = fault
    zoo.fetch(NAME, progress=wait_for_the_own_source)
    assert _here() == {"a.onnx": ORIGINAL}
    assert server.asked[-1] == "/original"
    assert not [each for each in _leftovers() if ".part-" in each], "no half of a model"
    assert zoo.remove(NAME)
    assert _leftovers() == [], "nor of a file, once the model is removed"


@pytest.mark.parametrize(
    ("fault", "kind", "sentence"),
    [
        ("missing", DownloadError, "does not give b c.dat"),
        ("cut", DownloadError, "broke off"),
        ("wrong", DownloadError, "b c.dat is not the expected file"),
    ],
)
def test_where_both_fail_both_are_said(
    server: Server, fault: str, kind: type[Exception], sentence: str
) -> None:
    server.faults = {"b%20c.dat": fault, "/original": "missing"}
    with pytest.raises(kind) as failed:
        zoo.fetch(NAME)
    assert "does not give a.onnx (answer 404). Before that: " in str(failed.value)
    assert sentence in str(failed.value)
    assert not zoo.is_installed(NAME)


def test_an_interrupted_download_goes_on_where_it_stopped(server: Server) -> None:
    server.faults = {"b%20c.dat": "cut", "/original": "missing"}
    with pytest.raises(DownloadError):
        zoo.fetch(NAME)
    server.faults = {}
    zoo.fetch(NAME)
    assert _here() == FILES
    assert server.ranges[-1] == f"bytes={len(FILES['b c.dat']) // 2}-"


def test_a_damaged_part_is_not_gone_on_with(server: Server) -> None:
    server.faults = {"b%20c.dat": "cut", "/original": "missing"}
    with pytest.raises(DownloadError):
        zoo.fetch(NAME)
    (part,) = paths.models_dir().glob(".small.b c.dat.download")
    part.write_bytes(b"y" * part.stat().st_size)
    server.faults = {"/original": "missing"}
    with pytest.raises((DownloadError, ModelCorrupt), match="not the expected file"):
        zoo.fetch(NAME)
    zoo.fetch(NAME)
    assert _here() == FILES


def test_a_cancelled_fetch_asks_no_other_source(server: Server) -> None:
    cancel = threading.Event()

    def stop(_stage: str, fraction: float, _left: float | None) -> None:
        if fraction > 0.0:
            cancel.set()

    with pytest.raises(Cancelled):
        zoo.fetch(NAME, progress=stop, cancel=cancel)
    assert "/original" not in server.asked
    assert not zoo.is_installed(NAME)


def test_a_copy_that_was_got_elsewhere_asks_no_server(server: Server, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.write_bytes(ORIGINAL)
    zoo.fetch(NAME, source=copy)
    assert (_here(), server.asked) == ({"a.onnx": ORIGINAL}, [])
