"""Pictures and results at URLs of fsspec: in its memory, and in servers of stores where these can be had."""

import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from PIL import Image

from retouchml.cli.batch import storage as storage_module
from retouchml.cli.batch import urls
from retouchml.cli.batch.journal import FOLDER, Entry
from retouchml.cli.batch.journal import encoded as entry_encoded
from retouchml.cli.batch.storage import Storage
from retouchml.cli.batch.url_journal import UrlJournal
from retouchml.cli.batch.url_stamps import stamp_of
from retouchml.errors import PictureUnreadable, PictureUnwritable, UsageError
from retouchml.system import locks
from tests import stand_in_backend
from tests.retouchml.running import Run, results

NAMES = ("a.png", "b.png", "x/a.png", "x/y/d.png")


class Counting(stand_in_backend.Backend):
    """Counts the pictures that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = 0

    def open(self, pixels: Any, **options: Any) -> stand_in_backend.Photo:
        self.opened += 1
        return super().open(pixels, **options)


def encoded(number: int) -> bytes:
    """A picture with one face, whose last value is its number."""
    pixels = stand_in_backend.picture(1).astype(np.uint8)
    pixels.flat[-1] = number
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary ones."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def memory() -> Iterator[Any]:
    """fsspec's files in memory, with four pictures and what is none."""
    system = fsspec.filesystem("memory")
    for number, name in enumerate(NAMES):
        system.pipe_file(f"/in/{name}", encoded(number))
    system.pipe_file("/in/x/broken.png", b"no picture")
    system.pipe_file("/in/.hidden/a.png", encoded(9))
    system.pipe_file("/in/notes.txt", b"no picture")
    yield system
    for folder in ("/in", "/out"):
        if system.exists(folder):
            system.rm(folder, recursive=True)


def found(system: Any, folder: str) -> list[str]:
    """The results in a folder."""
    names = (name.removeprefix(f"{folder}/") for name in system.find(folder))
    return sorted(name for name in names if ".retouchml" not in name.split("/"))


def retouch(run: Run, *more: object, backend: "Counting | None" = None) -> Any:
    return run("beautify", "memory://in", "--recursive", "-o", "memory://out", *more, backend=backend)


def test_what_is_at_urls_becomes_what_it_becomes_on_a_disk(
    run: Run, memory: Any, temporary: Path, tmp_path: Path
) -> None:
    ran = retouch(run, "--report", "memory://out/report.jsonl", "--json", "memory://out/all.json")
    assert ran.code == 1  # one is broken
    assert found(memory, "/out") == ["a.png", "all.json", "b.png", "report.jsonl", "x/a.png", "x/y/d.png"]
    memory.get("/in/", str(tmp_path / "in"), recursive=True)
    run("beautify", tmp_path / "in", "--recursive", "-o", tmp_path / "here")
    for name in NAMES:
        assert memory.cat_file(f"/out/{name}") == (tmp_path / "here" / name).read_bytes()
    lines = [json.loads(line) for line in memory.cat_file("/out/report.jsonl").splitlines()]
    assert [(each["status"], each["image"], each["output"]) for each in lines] == [
        ("done", "memory://in/a.png", "memory://out/a.png"),
        ("done", "memory://in/b.png", "memory://out/b.png"),
        ("done", "memory://in/x/a.png", "memory://out/x/a.png"),
        ("failed", "memory://in/x/broken.png", None),
        ("done", "memory://in/x/y/d.png", "memory://out/x/y/d.png"),
    ]
    assert lines[3]["error"]["message"].startswith("memory://in/x/broken.png")
    assert json.loads(memory.cat_file("/out/all.json"))[0]["image"] == "memory://in/a.png"
    assert str(temporary) not in ran.err
    assert "memory://in/x/broken.png" in ran.err
    assert list(temporary.iterdir()) == []


def test_a_command_goes_on_where_it_was_stopped(run: Run, memory: Any) -> None:
    retouch(run, "--include", "[ab].png")
    first = Counting()
    assert retouch(run, "--existing", "skip", "--exclude", "broken*", backend=first).code == 0
    assert first.opened == 1  # the pattern is also for the last part of a name
    assert found(memory, "/out") == sorted(NAMES)
    again = Counting()
    retouch(run, "--existing", "skip", "--exclude", "broken*", backend=again)
    assert again.opened == 0
    memory.pipe_file("/in/b.png", encoded(7) + b"more")  # its size tells, within a second
    changed = Counting()
    retouch(run, "--existing", "skip", "--exclude", "broken*", backend=changed)
    assert changed.opened == 1
    others = Counting()
    retouch(run, "--existing", "skip", "--exclude", "broken*", "--strength", "0.9", backend=others)
    assert others.opened == len(NAMES)


def test_the_report_at_a_url_is_continued(run: Run, memory: Any) -> None:
    for _ in range(2):
        retouch(run, "--include", "a.png", "--existing", "skip", "--report", "memory://out/report.jsonl")
    lines = memory.cat_file("/out/report.jsonl").splitlines()
    assert [json.loads(line)["status"] for line in lines] == ["done", "done", "skipped", "skipped"]


def test_what_another_program_put_there_stays(run: Run, memory: Any) -> None:
    memory.pipe_file("/out/a.png", b"another's")
    ran = retouch(run, "--include", "a.png")
    assert ran.code == 1
    assert "memory://out/a.png exists already" in ran.err
    ran = retouch(run, "--include", "a.png", "--existing", "skip")
    assert ran.code == 0
    assert "memory://out/a.png: It was not made by this command" in ran.err
    assert memory.cat_file("/out/a.png") == b"another's"
    assert retouch(run, "--include", "a.png", "--force").code == 0
    assert memory.cat_file("/out/a.png") != b"another's"


def test_what_a_killed_command_left_is_made_again(run: Run, memory: Any) -> None:
    """It was begun, and its result was written, wholly or in part, but not noted."""
    with UrlJournal("memory://out", {}) as journal:
        journal.add(Entry("a.png", "a.png", "settings", (1, 1), time=1.0))
    memory.pipe_file("/out/a.png", b"half of it")
    assert run("beautify", "memory://in", "-o", "memory://out", "--existing", "skip").code == 0
    assert load(memory, "/out/a.png").shape == (24, 40, 3)


def load(system: Any, path: str) -> Any:
    with Image.open(io.BytesIO(system.cat_file(path))) as image:
        return np.array(image)


def test_disks_and_urls_go_together(run: Run, memory: Any, portrait: Path, tmp_path: Path) -> None:
    assert run("beautify", portrait, "memory://in/b.png", "-o", tmp_path / "out").code == 0
    assert results(tmp_path / "out") == ["b.png", "portrait.png"]
    assert run("beautify", portrait, "-o", "memory://out/new/", "--layer", "memory://out/layers").code == 0
    assert found(memory, "/out") == ["layers/portrait.png", "new/portrait.png"]
    (tmp_path / "list").write_text(f"memory://in/x/y/d.png\n{portrait.as_uri()}\n")
    assert run("beautify", "--files-from", tmp_path / "list", "-o", tmp_path / "listed").code == 0
    assert results(tmp_path / "listed") == ["d.png", "portrait.png"]


def test_results_may_lie_below_the_pictures_but_not_among_them(run: Run, memory: Any) -> None:
    for _ in range(2):
        ran = run("beautify", "memory://in", "--recursive", "-o", "memory://in/done", "--existing", "skip")
        assert ran.code == 1  # the broken one
        assert found(memory, "/in/done") == sorted(NAMES)
    ran = run("beautify", "memory://in", "-o", "memory://in/")
    assert ran.code == 2
    assert "memory://in is a folder of pictures to retouch, and cannot take the results" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["nowhere://b/a.png", "-o", "out"], 2, "nowhere:// is no address that fsspec knows"),
        (["memory://", "-o", "out"], 2, "names no folder and no file"),
        (["memory://in/../a.png", "-o", "out"], 2, "has a part without a name"),
        (["zip://a.png::memory://in.zip", "-o", "out"], 2, "is a chain of URLs"),
        (["sftp://anna:secret@host/in", "-o", "out"], 2, "The address of host has a password"),
        (["zip://a.png::sftp://anna:secret@host/in", "-o", "out"], 2, "The address of host has a password"),
        (["--watch", "sftp://anna:secret@host/in", "-o", "out"], 2, "The address of host has a password"),
        (
            ["--files-from", "sftp://anna:secret@host/in", "-o", "out"],
            2,
            "The address of host has a password",
        ),
        (["https://secret@host/a.jpg", "-o", "out"], 2, "The address of host has a password"),
        (["https://host/a.jpg?X-Amz-Signature=secret", "-o", "out"], 2, "The address of host has a query"),
        (["abfs://bucket/a.jpg?sig=secret", "-o", "out"], 2, "The address of bucket has a query"),
        (["s3://buck[et/a", "-o", "out"], 2, "s3://buck[et/a is no address."),
        (["--watch", "memory://in", "-o", "out"], 2, "`--watch` is for this machine"),
        (["--files-from", "memory://list", "-o", "out"], 2, "`--files-from` is for this machine"),
        (
            ["memory://in/gone.png", "-o", "memory://out"],
            1,
            "memory://in/gone.png cannot be read: there is no",
        ),
        (
            ["memory://in/x/y/gone", "-o", "memory://out"],
            1,
            "cannot be read: there is no such file or folder",
        ),
    ],
)
def test_what_is_wrong_with_a_url_is_said(
    run: Run,
    memory: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: "list[str]",
    code: int,
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("beautify", *arguments)
    assert (ran.code, ran.err.count("\n")) == (code, 1)
    assert reason in ran.err
    assert "secret" not in ran.err


def test_a_place_that_takes_no_results_is_found_out_before_the_work(
    run: Run, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(type(memory), "pipe_file", refuse)
    backend = Counting()
    ran = retouch(run, backend=backend)
    assert ran.code == 1
    assert "cannot be written: Access Denied. Check the address" in ran.err
    assert backend.opened == 0


def test_without_fsspec_it_says_how_to_get_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)  # as if it were not installed
    ran = run("beautify", "s3://bucket/in", "-o", tmp_path / "out")
    assert ran.code == 2
    assert "`pip install 'retouchml[ray]'` installs it" in ran.err


def test_a_missing_package_of_a_store_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smbclient", None)  # as if it were not installed
    with (
        pytest.raises(UsageError, match=r"smb:// needs a further package: .*smbprotocol"),
        Storage() as storage,
    ):
        storage.local("smb://host/in")


def test_a_name_that_no_file_here_can_have_is_told_of(run: Run, memory: Any) -> None:
    memory.store["/in/x/../b.png"] = memory.store["/in/b.png"]
    try:
        ran = retouch(run, "--exclude", "broken*")
    finally:
        del memory.store["/in/x/../b.png"]
    assert ran.code == 1
    assert "a part of its name" in ran.err
    assert found(memory, "/out") == sorted(NAMES)


@pytest.mark.processes
@pytest.mark.filterwarnings("ignore")  # of the servers' packages
def test_a_bucket_of_a_store(run: Run, bucket: tuple[str, Any], temporary: Path) -> None:
    scheme, system = bucket
    for number in range(5):
        system.pipe_file(f"photos/in/{number}.png", encoded(number))
    arguments = [
        "beautify",
        f"{scheme}://photos/in",
        "-o",
        f"{scheme}://photos/out",
        "--report",
        f"{scheme}://photos/report.jsonl",
    ]
    assert run(*arguments, "--include", "[0-2].png").code == 0
    backend = Counting()
    ran = run(*arguments, "--existing", "skip", backend=backend)
    assert (ran.code, ran.err, backend.opened) == (0, "", 2)
    system.invalidate_cache()
    assert found(system, "photos/out") == [f"{number}.png" for number in range(5)]
    lines = [json.loads(line) for line in system.cat_file("photos/report.jsonl").splitlines()]
    assert [each["status"] for each in lines] == ["done"] * 3 + ["skipped"] * 3 + ["done"] * 2
    assert list(temporary.iterdir()) == []
    ran = run("beautify", f"{scheme}://no-such-bucket/in", "-o", f"{scheme}://photos/out")
    assert ran.code == 1
    assert f"{scheme}://no-such-bucket/in cannot be read" in ran.err
    ran = run("beautify", f"{scheme}://photos/in", "-o", f"{scheme}://no-such-bucket/out")
    assert ran.code == 1
    assert f"{scheme}://no-such-bucket/out" in ran.err
    if scheme == "s3":
        assert "bucket does not exist" in ran.err


def test_errors_of_writing_are_pictures_errors(memory: Any, tmp_path: Path) -> None:
    with pytest.raises(PictureUnwritable, match="memory://out/a cannot be written"):
        urls.deliver(tmp_path / "gone", "memory://out/a")


def test_a_list_with_milliseconds_tells_the_same_as_a_single_file(
    run: Run, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with MinIO, whose HEAD has whole seconds."""
    info = type(memory).info

    def whole(self: Any, path: str, **options: Any) -> Any:
        said = dict(info(self, path, **options))
        if said["type"] == "file":
            said["created"] = said["created"].replace(microsecond=0)
        return said

    monkeypatch.setattr(type(memory), "info", whole)
    assert retouch(run, "--include", "[ab].png").code == 0
    again = Counting()
    ran = retouch(run, "--include", "[ab].png", "--existing", "skip", backend=again)
    assert (ran.code, ran.err, again.opened) == (0, "", 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mtime", 1704164645.25),
        ("LastModified", datetime(2024, 1, 2, 3, 4, 5, 123000, tzinfo=UTC)),
        ("updated", "2024-01-02T03:04:05.123Z"),
        ("modify", "20240102030405"),
        ("modificationTime", 1704164645123),
        ("Last-Modified", "Tue, 02 Jan 2024 03:04:05 GMT"),
    ],
)
def test_the_time_of_a_file_is_read_as_each_store_writes_it(name: str, value: object) -> None:
    assert stamp_of({"size": 3, name: value, "ETag": "x"}) == (3, 1704164645 * 10**9)


def test_a_tag_tells_a_change_where_no_time_does() -> None:
    first, second = (stamp_of({"size": None, "ETag": tag, "modify": "Jan 2"})[1] for tag in ("a", "b"))
    assert first != second
    assert max(first, second) < 0
    assert stamp_of({"size": 1}) == (1, 0)


def test_two_shards_may_begin_and_end_at_once(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with UrlJournal("memory://out", {}), UrlJournal("memory://out", {}):
        assert len(memory.find("/out")) == 2
    assert memory.find("/out") == []

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("Access Denied")

    with monkeypatch.context() as patch:
        patch.setattr(type(memory), "rm_file", refuse)
        with UrlJournal("memory://out", {}):
            pass


def test_an_entry_of_a_journal_that_is_too_long_is_passed_over(memory: Any) -> None:
    content = entry_encoded(Entry("a.png", "a.png", "settings", (1, 1), time=1.0))
    for number, more in enumerate((b"", b" " * (1 << 16))):
        memory.pipe_file(f"/out/{FOLDER}/a.json", content + more)
        with UrlJournal("memory://out", urls.files("memory://out", recursive=True)) as journal:
            assert (journal.entry("a.png") is None) == bool(number)


def test_the_report_has_its_end_whatever_stops_the_batch(memory: Any) -> None:
    with Storage() as storage:
        path = storage.local("memory://out/report.jsonl")

        def write() -> None:
            with storage.kept(path):
                path.write_bytes(b"line")
                raise PictureUnwritable("The disk is full.")

        with pytest.raises(PictureUnwritable, match="disk"):
            write()
    assert memory.cat_file("/out/report.jsonl") == b"line"


def test_a_copy_of_the_report_in_between_may_fail(
    run: Run, memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "_SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(storage_module, "_SHARE_OF_TIME", 0.0)
    deliver, failed = urls.deliver, []

    def refuse_twice(source: Path, url: str) -> None:
        if url.endswith(".jsonl") and len(failed) < 2:
            failed.append(url)
            if len(failed) == 2:  # it is there, but the answer is lost
                deliver(source, url)
            raise PictureUnwritable("The store is away.")
        deliver(source, url)

    monkeypatch.setattr(urls, "deliver", refuse_twice)
    ran = retouch(run, "--exclude", "broken*", "--report", "memory://out/report.jsonl")
    assert (ran.code, len(failed)) == (0, 2)
    assert len(memory.cat_file("/out/report.jsonl").splitlines()) == len(NAMES)


@pytest.mark.parametrize("in_between", [True, False])
def test_two_commands_do_not_write_over_each_others_report(
    memory: Any, monkeypatch: pytest.MonkeyPatch, in_between: bool
) -> None:
    monkeypatch.setattr(storage_module, "_SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(storage_module, "_SHARE_OF_TIME", 0.0)
    with Storage() as storage:
        path = storage.local("memory://out/report.jsonl")

        def write() -> None:
            with storage.kept(path) as save:
                path.write_bytes(b"line")
                save()
                path.write_bytes(b"lines")
                save()
                memory.pipe_file("/out/report.jsonl", b"another's")
                if in_between:
                    save()
                    pytest.fail("It went on.")

        with pytest.raises(PictureUnwritable, match="Another command has written memory://out/re") as told:
            write()
    assert told.value.advice == "Give each shard a report of its own."
    assert memory.cat_file("/out/report.jsonl") == b"another's"


def test_a_store_has_one_name(run: Run, memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As S3 has s3 and s3a: a picture is not overwritten by its other name."""
    monkeypatch.setattr(type(memory), "protocol", ("memory", "memo"))
    fsspec.register_implementation("memo", type(memory), clobber=True)
    before = memory.cat_file("/in/a.png")
    ran = run("beautify", "memo://in/a.png", "-o", "memory://in/", "--force")
    assert "memory://in/a.png is an input, which is never written to" in ran.err
    assert (ran.code, memory.cat_file("/in/a.png")) == (2, before)
    assert [urls.canonical(scheme) for scheme in ("local", "http", "https")] == ["file", "http", "https"]


def test_equal_names_on_a_disk_and_at_a_url_stay_apart(run: Run, memory: Any, tmp_path: Path) -> None:
    picture = tmp_path / "album" / "b.png"
    picture.parent.mkdir()
    picture.write_bytes(encoded(5))
    for count in (3, 0):  # the names are the same again
        backend = Counting()
        ran = run(
            *["beautify", picture, "memory://in/b.png", "memory://in/a.png", "-o", tmp_path / "out"],
            *["--existing", "skip"],
            backend=backend,
        )
        assert (ran.code, backend.opened) == (0, count)
    assert results(tmp_path / "out") == ["b.png", "memory/in/a.png", "memory/in/b.png"]
    assert run("beautify", "memory://in/a.png", "memory://in/x/a.png", "-o", tmp_path / "shared").code == 0
    assert results(tmp_path / "shared") == ["a.png", "x/a.png"]


def test_a_result_appears_whole_where_there_are_folders(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urls, "_WITH_FOLDERS", ("memory",))
    (tmp_path / "result").write_bytes(b"result")
    put = type(memory).put_file

    def half(self: Any, _source: str, path: str, **_: object) -> None:
        self.pipe_file(path, b"res")
        raise OSError("The line broke")

    monkeypatch.setattr(type(memory), "put_file", half)
    with pytest.raises(PictureUnwritable, match="The line broke"):
        urls.deliver(tmp_path / "result", "memory://out/new/a.png")
    assert memory.find("/out") == []
    monkeypatch.setattr(type(memory), "put_file", put)
    for content in (b"result", b"another"):
        (tmp_path / "result").write_bytes(content)
        urls.deliver(tmp_path / "result", "memory://out/new/a.png")
        assert memory.find("/out") == ["/out/new/a.png"]
        assert memory.cat_file("/out/new/a.png") == content


def test_what_has_no_end_is_not_fetched_to_its_end(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a web server that does not say how much it sends."""
    monkeypatch.setattr(type(memory), "size", lambda *_: None)
    urls.fetch("memory://in/a.png", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == memory.cat_file("/in/a.png")
    monkeypatch.setattr(urls, "_LARGEST_FILE", 10)
    with pytest.raises(PictureUnreadable, match="larger than 1 GiB"):
        urls.fetch("memory://in/a.png", tmp_path / "b.png")


def test_where_a_server_leads_is_not_repeated_with_its_signature() -> None:
    error = OSError("404, message='Not Found', url='https://host/a.jpg?Signature=secret'")
    with pytest.raises(PictureUnreadable, match="Not Found") as told, urls._reading("https://host/a.jpg"):
        raise error
    assert "secret" not in told.value.message
    assert "https://host/a.jpg'" in told.value.message


def test_names_that_differ_in_case_alone_have_files_of_their_own(memory: Any, temporary: Path) -> None:
    memory.pipe_file("/in/A.png", encoded(8))
    with Storage() as storage:
        pictures = [storage.local(f"memory://in/{name}.png") for name in ("a", "A")]
        copies = [storage.fetch(path) for path in pictures]
        assert len({str(copy.parent).lower() for copy in copies}) == 2
        assert [copy.read_bytes() for copy in copies] == [encoded(0), encoded(8)]
        assert [storage.told(f"{copy} is broken.") for copy in copies] == [
            "memory://in/a.png is broken.",
            "memory://in/A.png is broken.",
        ]
        assert storage.url(copies[1]) == "memory://in/A.png"
        storage.drop(pictures)
        assert not any(file.suffix == ".png" for file in temporary.rglob("*"))


def test_photographs_that_a_killed_command_left_are_removed(memory: Any, temporary: Path) -> None:
    left, at_work, young = (temporary / f"retouchml-urls-{name}" for name in ("left", "at-work", "young"))
    for folder in (left, at_work, young):
        (folder / "memory").mkdir(parents=True)
        (folder / "memory" / "a.png").write_bytes(memory.cat_file("/in/a.png"))
    with locks.exclusive(at_work / ".lock"), Storage() as storage:
        for folder in (left, at_work):
            os.utime(folder, (time.time() - 3600,) * 2)
        storage.local("memory://in")
        assert not left.exists()
        assert at_work.exists()
        assert young.exists()
        assert len(list(temporary.iterdir())) == 3
    assert sorted(temporary.iterdir()) == [at_work, young]


def test_the_slash_of_a_folder_on_this_machine_is_kept(run: Run, portrait: Path, tmp_path: Path) -> None:
    assert run("beautify", portrait, "-o", (tmp_path / "new").as_uri() + "/").code == 0
    assert results(tmp_path / "new") == ["portrait.png"]
