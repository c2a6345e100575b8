"""The journal of a folder of results, in this process and between processes."""

import subprocess
from pathlib import Path

import pytest

from retouchml.cli.batch.journal import FOLDER, Entry, Journal, Taken, digest, stamp
from tests.retouchml.running import environment, python

HOLDER = """
import sys
from pathlib import Path
from retouchml.cli.batch.journal import Journal
with Journal(Path(sys.argv[1])) as journal, journal.claimed("a.png"):
    print("claimed", flush=True)
    sys.stdin.read()
"""


def entry(name: str = "a.png", size: int = 1) -> Entry:
    return Entry(name, name, "settings", (2, 3), {"output": (size, 5)}, 6.5)


def lines(folder: Path) -> Path:
    return folder / FOLDER / "journal.jsonl"


def test_another_journal_of_the_folder_reads_what_was_added_meanwhile(tmp_path: Path) -> None:
    one, other = Journal(tmp_path), Journal(tmp_path)
    assert other.entry("a.png") is None
    one.add(entry())
    one.add(entry("b.png"))
    assert other.entry("a.png") == entry()
    one.add(entry(size=9))
    assert other.entry("a.png") == entry(size=9)
    assert other.entry("b.png") == entry("b.png")


def test_half_a_line_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    Journal(tmp_path).add(entry())
    with lines(tmp_path).open("ab") as file:
        file.write(b'[]\n{"version": 99, "name": "a.png"}\n{"version": 1, "name": "b.p')
    journal = Journal(tmp_path)
    assert journal.entry("a.png") == entry()
    journal.add(entry("c.png"))
    fresh = Journal(tmp_path)
    assert [fresh.entry(name) for name in ("a.png", "b.png", "c.png")] == [entry(), None, entry("c.png")]


def test_a_journal_that_was_emptied_is_read_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.add(entry())
    assert journal.entry("a.png") is not None
    lines(tmp_path).write_bytes(b"")
    assert journal.entry("a.png") is None


def test_a_line_that_is_too_long_hides_none_after_it(tmp_path: Path) -> None:
    Journal(tmp_path).add(entry())
    with lines(tmp_path).open("ab") as file:
        file.write(b"x" * 200_000 + b"\n")
    journal = Journal(tmp_path)
    journal.add(entry("b.png"))
    fresh = Journal(tmp_path)
    assert [fresh.entry(name) for name in ("a.png", "b.png")] == [entry(), entry("b.png")]


def test_nothing_stays_where_nothing_was_noted(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal, journal.claimed("a.png"):
        assert (tmp_path / FOLDER).is_dir()
    assert list(tmp_path.iterdir()) == []


def test_a_picture_at_which_another_process_works_is_taken_until_that_ends(tmp_path: Path) -> None:
    pipe = subprocess.PIPE
    child = subprocess.Popen(python(HOLDER, tmp_path), env=environment(), stdin=pipe, stdout=pipe, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "claimed\n"
        journal = Journal(tmp_path)
        with pytest.raises(Taken), journal.claimed("a.png"):
            pytest.fail("it was claimed twice")
        with journal.claimed("b.png"):
            pass
        child.kill()  # the system releases its lock
        with journal.claimed("a.png", wait=True):
            pass
    finally:
        child.kill()
        child.communicate()


def test_settings_are_the_same_whatever_their_order() -> None:
    assert digest({"a": 1.0, "b": [2]}) == digest({"b": [2], "a": 1.0})
    assert digest({"a": 1.0}) != digest({"a": 1.5})


def test_a_stamp_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    assert stamp(path) is None
    path.write_bytes(b"1")
    before = stamp(path)
    path.write_bytes(b"12")
    assert stamp(path) != before
