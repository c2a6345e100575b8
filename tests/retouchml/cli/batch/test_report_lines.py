"""The report that grows line by line."""

import json
import os
import threading
from pathlib import Path

import pytest

from retouchml.cli.batch.report_lines import opened
from retouchml.errors import UsageError


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_is_there_as_soon_as_it_is_added(tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    with opened(path, extend=False) as lines:
        assert lines is not None
        lines.add("done", {"image": "a.png", "notes": ["x"]}, str(Path("out/a.png")))
        lines.add("failed", {"image": "b.png"}, None)
        assert read(path) == [
            {"version": 1, "status": "done", "output": "out/a.png", "image": "a.png", "notes": ["x"]},
            {"version": 1, "status": "failed", "output": None, "image": "b.png", "notes": []},
        ]


@pytest.mark.parametrize("rest", [b"", b'{"version": 1, "ima', b"x" * 200_000])
def test_a_report_is_extended_behind_its_last_whole_line(rest: bytes, tmp_path: Path) -> None:
    path = tmp_path / "report.jsonl"
    path.write_bytes(b'{"version": 1, "status": "done", "image": "a.png"}\n' + rest)
    with opened(path, extend=True) as lines:
        assert lines is not None
        lines.add("no_face", {"image": "b.png"}, None)
    assert [line["image"] for line in read(path)] == ["a.png", "b.png"]


@pytest.mark.parametrize("content", [b'{"name": "mine"}', b"a note\n", b'{"version": 1, "mine": 1}\n{"x"'])
def test_another_file_is_neither_cut_nor_extended(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is no report"), opened(path, extend=True):
        pytest.fail("it was opened")
    assert path.read_bytes() == content


def test_without_a_file_there_is_no_report() -> None:
    with opened(None, extend=True) as lines:
        assert lines is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_report_may_go_into_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    with opened(pipe, extend=True) as lines:
        assert lines is not None
        lines.add("done", {"image": "a.png"}, None)
    reader.join(30)
    assert json.loads(got[0])["image"] == "a.png"
