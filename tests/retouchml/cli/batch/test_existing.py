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
    return Entry("result.png", "settings", before, {"output": after}, time)


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


def test_what_was_only_begun_may_be_replaced(source: Path, result: Path) -> None:
    entry = replace(done(source, result, STARTED - 1), results={})
    assert verdict("skip", source, result, entry) is Verdict.REPLACE


def test_a_file_that_nobody_noted_is_kept_if_it_is_whole(source: Path, result: Path) -> None:
    assert verdict("skip", source, result, None) is Verdict.KEEP
    result.write_bytes(result.read_bytes()[:-20])
    assert verdict("skip", source, result, None) is Verdict.REPLACE
