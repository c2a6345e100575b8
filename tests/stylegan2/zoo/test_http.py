"""Fetching a published network by its address, from a server on this machine."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import stylegan2
from retouchml import paths
from retouchml.errors import Cancelled, DownloadError, ModelCorrupt, UsageError
from stylegan2 import zoo
from stylegan2.zoo import storage
from stylegan2.zoo import table as zoo_table
from stylegan2.zoo.table import Model, ModelFile

DATA = Path(__file__).parents[2] / "data" / "stylegan2"
NETWORK = (DATA / "tf32_resnet.pkl").read_bytes()
OTHER = (DATA / "tf32_cond3.pkl").read_bytes()
NAME = "published"


class Publisher:
    """Serves one file; ``breaks_after`` bytes it falls silent, ``forgets`` makes it ignore ranges.

    tagged: it says which version of the file it sends; heeds: and begins anew where another was asked for;
    shift: how far its parts begin past what was asked for; length: what it says instead of the true one
    """

    def __init__(self) -> None:
        self.content = NETWORK
        self.breaks_after: int | None = None
        self.forgets = False
        self.status = 200
        self.tagged = self.heeds = True
        self.shift, self.length = 0, ""
        self.ranges: list[str | None] = []
        self.sent = 0
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                publisher.answer(self)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    @property
    def tag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        requested, version = request.headers.get("Range"), request.headers.get("If-Range")
        self.ranges.append(requested)
        if self.status != 200:
            request.send_error(self.status)
            return
        other = self.heeds and version is not None and version != self.tag
        whole = requested is None or self.forgets or other
        first = 0 if whole or requested is None else int(requested.removeprefix("bytes=").rstrip("-"))
        begin = 0 if whole else first + self.shift
        size = len(self.content)
        request.send_response(416 if begin >= size else 206 if begin else 200)
        if self.tagged:
            request.send_header("ETag", self.tag)
        if begin:
            span = "*" if begin >= size else f"{begin}-{size - 1}"
            request.send_header("Content-Range", f"bytes {span}/{size}")
        body = self.content[begin:]
        request.send_header("Content-Length", self.length or str(len(body)))
        request.end_headers()
        shown = body if self.breaks_after is None else body[: self.breaks_after]
        self.sent += len(shown)
        request.wfile.write(shown)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    server = Publisher()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def table(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The zoo has one network, at the publisher's address."""
    port = request.getfixturevalue("publisher").server.server_port
    entry = Model(
        name=NAME,
        title="a network",
        kind="generator",
        requirement="",
        archive=f"{NAME}.pkl",
        sha256="",
        size=len(NETWORK),
        licence="",
        source="",
        members=(),
        files=(ModelFile(f"{NAME}.safetensors"),),
        converter="stylegan2",
        revision=1,
        url=f"http://127.0.0.1:{port}/{NAME}.pkl",
    )
    monkeypatch.setattr(zoo_table, "published", lambda: (entry,))


def test_the_real_entry_knows_nvidia_s_address() -> None:
    rows = zoo_table.TABLE.read_text(encoding="utf-8")
    address = "https://nvlabs-fi-cdn.nvidia.com/stylegan2/networks/stylegan2-ffhq-config-f.pkl"
    assert f'name = "stylegan2-ffhq-config-f"' in rows  # noqa: F541
    assert f'url = "{address}"' in rows


def test_a_fetched_network_is_converted_and_loads() -> None:
    stages: list[tuple[str, float]] = []
    zoo.fetch(NAME, progress=lambda stage, part, _left: stages.append((stage, part)))
    zoo.verify(NAME)
    assert [file.name for file in zoo.folder(NAME).iterdir() if file.suffix != ".json"] == [
        f"{NAME}.safetensors"
    ]
    assert {"downloading", "checking", "converting", "done"} <= {stage for stage, _ in stages}
    assert [part for _, part in stages] == sorted(part for _, part in stages)
    generator = stylegan2.load(NAME)
    assert (generator.resolution, generator.w_dim, generator.num_layers) == (32, 64, 8)


def test_fetching_again_downloads_nothing(publisher: Publisher) -> None:
    zoo.fetch(NAME)
    zoo.fetch(NAME)
    assert len(publisher.ranges) == 1


def test_a_download_that_broke_off_is_resumed(publisher: Publisher) -> None:
    publisher.breaks_after = 400_000
    with pytest.raises(DownloadError) as broken:
        zoo.fetch(NAME)
    assert "twice" in broken.value.advice
    assert not zoo.is_installed(NAME)
    publisher.breaks_after = None
    zoo.fetch(NAME)
    assert publisher.ranges == [None, "bytes=400000-"]
    assert publisher.sent == len(NETWORK)
    zoo.verify(NAME)


def test_a_server_that_cannot_resume_is_asked_for_all(publisher: Publisher) -> None:
    publisher.breaks_after = 400_000
    with pytest.raises(DownloadError):
        zoo.fetch(NAME)
    publisher.breaks_after, publisher.forgets = None, True
    zoo.fetch(NAME)
    zoo.verify(NAME)


def broken_off(publisher: Publisher) -> None:
    """Fetch 400,000 bytes, after which the publisher is well again."""
    publisher.breaks_after = 400_000
    with pytest.raises(DownloadError):
        zoo.fetch(NAME)
    publisher.breaks_after = None
    assert paths.models_dir().joinpath(f".{NAME}.download").stat().st_size == 400_000


def fetched() -> str:
    """SHA-256 of what the network was made from."""
    record = storage.read_record(zoo.folder(NAME))
    assert record is not None
    return record.archive


def test_a_file_that_was_replaced_meanwhile_is_fetched_from_its_beginning(publisher: Publisher) -> None:
    broken_off(publisher)
    publisher.content = OTHER
    zoo.fetch(NAME)
    assert publisher.ranges == [None, "bytes=400000-"]
    assert fetched() == hashlib.sha256(OTHER).hexdigest()


def test_a_part_of_another_version_is_never_added(publisher: Publisher) -> None:
    broken_off(publisher)
    publisher.content, publisher.heeds = OTHER, False
    with pytest.raises(DownloadError, match="does not continue"):
        zoo.fetch(NAME)
    zoo.fetch(NAME)
    assert publisher.ranges == [None, "bytes=400000-", None]
    assert fetched() == hashlib.sha256(OTHER).hexdigest()


def test_where_no_version_is_said_and_no_hash_is_known_a_download_begins_anew(publisher: Publisher) -> None:
    publisher.tagged = False
    broken_off(publisher)
    publisher.content = OTHER
    zoo.fetch(NAME)
    assert publisher.ranges == [None, None]
    assert fetched() == hashlib.sha256(OTHER).hexdigest()


def test_a_known_hash_lets_a_download_go_on_without_a_version(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = replace(zoo_table.published()[0], sha256=hashlib.sha256(NETWORK).hexdigest())
    monkeypatch.setattr(zoo_table, "published", lambda: (pinned,))
    publisher.tagged = False
    broken_off(publisher)
    zoo.fetch(NAME)
    assert publisher.ranges == [None, "bytes=400000-"]
    zoo.verify(NAME)


def test_a_part_that_begins_past_what_is_there_is_refused(publisher: Publisher) -> None:
    broken_off(publisher)
    publisher.shift = 1000
    with pytest.raises(DownloadError, match="does not continue"):
        zoo.fetch(NAME)
    publisher.shift = 0
    zoo.fetch(NAME)
    assert fetched() == hashlib.sha256(NETWORK).hexdigest()


@pytest.mark.parametrize("length", ["many", "-1", "9" * 30, "١٢"])
def test_a_length_that_is_no_number_does_not_matter(length: str, publisher: Publisher) -> None:
    publisher.length = length.encode().decode("latin-1")
    zoo.fetch(NAME)
    assert fetched() == hashlib.sha256(NETWORK).hexdigest()


def test_removing_a_model_removes_a_download_that_was_begun(publisher: Publisher) -> None:
    broken_off(publisher)
    assert zoo.remove(NAME)
    assert [path for path in paths.models_dir().iterdir() if path.suffix != ".lock"] == []
    assert not zoo.remove(NAME)


def test_cancelling_keeps_what_is_there(publisher: Publisher) -> None:
    stop = threading.Event()

    def progress(stage: str, _part: float, _left: float | None) -> None:
        if stage == "downloading":
            stop.set()

    with pytest.raises(Cancelled):
        zoo.fetch(NAME, progress=progress, cancel=stop)
    zoo.fetch(NAME)
    assert publisher.ranges[1] is not None
    zoo.verify(NAME)


def test_the_first_hash_is_kept_and_another_file_is_refused(publisher: Publisher) -> None:
    zoo.fetch(NAME)
    zoo.remove(NAME)
    publisher.content = NETWORK[:-1] + b"!"
    with pytest.raises(ModelCorrupt, match="SHA-256") as refused:
        zoo.fetch(NAME)
    assert str(paths.models_dir() / f".{NAME}.sha256") in refused.value.advice
    publisher.content = NETWORK
    zoo.fetch(NAME)
    zoo.verify(NAME)


def test_a_file_that_is_no_network_is_refused(publisher: Publisher) -> None:
    publisher.content = b"<html>Quota exceeded</html>"
    with pytest.raises(ModelCorrupt):
        zoo.fetch(NAME)
    assert not zoo.is_installed(NAME)
    publisher.content = NETWORK
    zoo.fetch(NAME)


def test_an_address_that_is_gone_says_how_to_go_on(publisher: Publisher) -> None:
    publisher.status = 404
    with pytest.raises(DownloadError, match="404") as gone:
        zoo.fetch(NAME)
    assert "retouchml models import" in gone.value.advice


def test_offline_is_said_plainly(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = zoo_table.published()[0]
    for url, said in (
        ("http://127.0.0.1:1/x.pkl", "cannot be reached"),
        ("http://nowhere.invalid/x.pkl", "offline"),
    ):
        monkeypatch.setattr(zoo_table, "published", lambda url=url: (Model(**{**vars(entry), "url": url}),))
        with pytest.raises(DownloadError, match=said):
            zoo.fetch(NAME)


@pytest.fixture
def plain_file(monkeypatch: pytest.MonkeyPatch) -> Model:
    """The zoo has one model that is used as it is published, with a known hash."""
    entry = zoo_table.published()[0]
    sha256 = hashlib.sha256(NETWORK).hexdigest()
    files = (ModelFile(entry.archive, sha256, len(NETWORK)),)
    plain = replace(entry, kind="faces", sha256=sha256, files=files, converter="", revision=0)
    monkeypatch.setattr(zoo_table, "published", lambda: (plain,))
    return plain


def test_a_file_that_needs_no_conversion_is_stored_as_it_is_published(plain_file: Model) -> None:
    zoo.fetch(NAME)
    assert zoo.path(NAME, plain_file.archive).read_bytes() == NETWORK
    assert [each.name for each in paths.models_dir().iterdir() if not each.name.startswith(".")] == [NAME]


def test_another_file_than_the_published_one_is_refused(plain_file: Model, publisher: Publisher) -> None:
    publisher.content = NETWORK[:-1] + b"?"
    with pytest.raises(ModelCorrupt):
        zoo.fetch(NAME)
    assert not zoo.is_installed(NAME)


def test_a_copy_got_elsewhere_replaces_the_download(
    plain_file: Model, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.status = 404
    with pytest.raises(DownloadError) as gone:
        zoo.fetch(NAME)
    assert f"models fetch {NAME} --from FILE" in gone.value.advice
    copy = tmp_path / "copy"
    copy.write_bytes(NETWORK)
    zoo.fetch(NAME, source=copy)
    assert zoo.path(NAME, plain_file.archive).read_bytes() == NETWORK
    assert copy.read_bytes() == NETWORK


@pytest.mark.parametrize(
    ("content", "error"),
    [(NETWORK[:-1], UsageError), (NETWORK[:-1] + b"?", ModelCorrupt), (None, UsageError)],
)
def test_a_copy_of_something_else_is_refused(
    content: bytes | None, error: type[Exception], plain_file: Model, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    if content is not None:
        copy.write_bytes(content)
    with pytest.raises(error):
        zoo.fetch(NAME, source=copy)
    assert not zoo.is_installed(NAME)
