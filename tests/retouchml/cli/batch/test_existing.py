"""What is done where a result exists."""

from dataclasses import replace
from pathlib import Path

import pytest

from retouchml.cli.batch.existing import EXISTING, Existing, Judge, Verdict
from retouchml.cli.batch.journal import Entry, stamp
from tests import stand_in_backend
from tests.retouchml.running import save

STARTED = 100.0


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return save(tmp_path / "source.png", stand_in_backend.picture(1))


@pytest.fixture
def result(tmp_path: Path) -> Path:
    return save(tmp_path / "result.png", stand_in_backend.picture(2))


def done(source: Path, result: Path, time: float) -> Entry:
    before, after = stamp(source), stamp(result)
    assert before is not None
    assert after is not None
    return Entry("result.png", source.name, "settings", before, {"output": after}, time)


def verdict(existing: Existing, source: Path, result: Path, entry: "Entry | None") -> Verdict:
    return Judge(existing, "settings", STARTED)(source, {"output": result}, entry)


@pytest.mark.parametrize("existing", EXISTING)
def test_what_another_command_has_done_since_this_one_began_is_done(
    existing: Existing, source: Path, result: Path
) -> None:
    assert verdict(existing, source, result, done(source, result, STARTED + 1)) is Verdict.DONE


@pytest.mark.parametrize(
    ("existing", "expected"), [("fail", Verdict.FAIL), ("skip", Verdict.DONE), ("replace", Verdict.REPLACE)]
)
def test_what_was_done_before_it_began_is_as_the_option_says(
    existing: Existing, expected: Verdict, source: Path, result: Path
) -> None:
    assert verdict(existing, source, result, done(source, result, STARTED - 1)) is expected


@pytest.mark.parametrize("existing", EXISTING)
def test_where_nothing_is_all_is_made(existing: Existing, source: Path, result: Path) -> None:
    entry = done(source, result, STARTED + 1)
    result.unlink()
    assert verdict(existing, source, result, entry) is Verdict.MAKE


def test_other_settings_do_not_count_as_done(source: Path, result: Path) -> None:
    entry = replace(done(source, result, STARTED + 1), settings="others")
    assert verdict("skip", source, result, entry) is Verdict.REPLACE
    assert verdict("fail", source, result, entry) is Verdict.FAIL


def test_what_a_killed_command_wrote_may_be_replaced_and_what_is_older_or_newer_stays(
    source: Path, result: Path
) -> None:
    written = result.stat().st_mtime
    begun = replace(done(source, result, written), results={})
    assert verdict("skip", source, result, begun) is Verdict.REPLACE
    for time in (written + 60, written - 6000):
        assert verdict("skip", source, result, replace(begun, time=time)) is Verdict.KEEP


def test_the_result_of_another_picture_stays(source: Path, result: Path) -> None:
    entry = replace(done(source, result, STARTED - 1), picture="other.png")
    assert verdict("skip", source, result, entry) is Verdict.KEEP


@pytest.mark.parametrize("content", [b"8BPS" + bytes(100), b"a note", b"%PDF-1.7"])
def test_what_is_no_part_of_a_picture_stays(content: bytes, source: Path, result: Path) -> None:
    result.write_bytes(content)
    assert verdict("skip", source, result, None) is Verdict.KEEP


def test_a_file_that_nobody_noted_is_kept_if_it_is_whole(source: Path, result: Path) -> None:
    assert verdict("skip", source, result, None) is Verdict.KEEP
    result.write_bytes(result.read_bytes()[:-20])
    assert verdict("skip", source, result, None) is Verdict.REPLACE
