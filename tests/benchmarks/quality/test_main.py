"""``python -m benchmarks.quality``: what it refuses, and what it does without models."""

from pathlib import Path

import pytest

from benchmarks.quality import __main__ as command
from benchmarks.second_recognizer import SecondRecognizer
from tests.benchmarks.quality.rows import measured


@pytest.mark.parametrize(
    "wrong",
    [
        ["--count", "0"],
        ["--columns", "0"],
        ["--side", "-1"],
        ["--edit", "redness"],
        ["--edit", "halo=1"],
        ["--strength", "2"],
        [],
    ],
)
def test_bad_usage_is_refused_before_anything_is_loaded(
    wrong: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "Retoucher", lambda: pytest.fail("the slow work has begun"))
    with pytest.raises(SystemExit) as stopped:
        command.main(["photo.png", *wrong] if wrong else [])
    assert stopped.value.code == 2


@pytest.mark.parametrize("option", ["--data", "--folder"])
def test_a_folder_of_another_layout_is_one_sentence(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main([option, str(tmp_path / "missing")])
    assert stopped.value.code == 2
    assert "cannot be read: No such file or directory." in capsys.readouterr().err


def test_kept_rows_give_the_table_without_any_photograph(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PixelRater", lambda _: pytest.fail("a model was loaded"))
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for file, value in zip(files, (0.2, 0.6), strict=True):
        file.write_text(measured(gain=value).as_line() + "\n")
    assert command.main(["--table", *map(str, files)]) == 0
    (shown,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("gain "))
    assert shown.split()[1:5] == ["0.400", "0.400", "0.200", "2"]


def test_without_the_second_recogniser_it_says_how_to_fetch_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(tmp_path))
    assert command._second() is None
    assert "python -m benchmarks.second_recognizer" in capsys.readouterr().out
    with pytest.raises(Exception, match="not fetched"):
        SecondRecognizer()
