"""What cannot work is said at once, in one sentence, before anything slow."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.training import dataset, rater
from retouchml.cli.main import main
from tests.pipeline.training.stand_ins import lay_out

NAMES = [f"{group}{index}.png" for index in range(5) for group in ("AF", "AM", "CF", "CM")]
LABELS = Path("train_test_files") / "All_labels.txt"
FOLD = Path("train_test_files") / "5_folders_cross_validations_files" / "cross_validation_1"


@pytest.fixture(autouse=True)
def nothing_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts to work fails."""

    def slow(*_arguments: object, **_options: object) -> None:
        raise AssertionError("the slow work has begun")

    monkeypatch.setattr(rater, "load_labellers", slow)
    monkeypatch.setattr(dataset, "gather_samples", slow)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Twenty rated photographs."""
    pictures = {name: np.zeros((8, 8, 3), np.uint8) for name in NAMES}
    return lay_out(tmp_path / "data", pictures, [1.0 + 0.2 * i for i in range(20)], NAMES[:4])


def complaint(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a command says that ends with 2."""
    assert main(["train", *map(str, words)]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "Traceback" not in streams.err
    return streams.err.splitlines()[-1]


@pytest.mark.parametrize("part", ["scorer", "edits", "encoder"])
@pytest.mark.parametrize(
    ("option", "value"),
    [("--jobs", "0"), ("--jobs", "-1"), ("--samples", "-5"), ("--samples", "19"), ("--samples", "many")],
)
def test_numbers_that_make_no_sense(
    part: str, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    message = complaint(capsys, part, option, value)
    assert f"argument {option}: {value!r} is not a whole number" in message


@pytest.mark.parametrize("value", ["x", "", "0", "6", "1,1", "1,,2", "1;2"])
def test_folds_that_do_not_exist(value: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "argument --folds" in complaint(capsys, "rater", "--data", data, "--folds", value)


@pytest.mark.parametrize("part", ["scorer", "edits", "encoder", "rater"])
def test_a_part_that_could_not_be_written(
    part: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--data", str(data)] if part == "rater" else []
    assert main(["train", part, *more, "--output", str(data)]) == 1
    assert f"{data} is not an ordinary file." in capsys.readouterr().err


def test_a_folder_that_is_absent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    message = complaint(capsys, "rater", "--data", tmp_path / "nowhere")
    assert str(tmp_path / "nowhere" / LABELS) in message
    assert "No such file or directory" in message


def _drop_labels(data: Path) -> str:
    (data / LABELS).unlink()
    return f"{data / LABELS} cannot be read: No such file or directory."


def _empty_labels(data: Path) -> str:
    (data / LABELS).write_text("\n \n")
    return f"{data / LABELS} names no photograph."


def _binary_labels(data: Path) -> str:
    (data / LABELS).write_bytes(b"\xff\xfe\x00")
    return f"{data / LABELS} cannot be read: it is no text."


def _line(text: str) -> Callable[[Path], str]:
    def spoil(data: Path) -> str:
        lines = (data / LABELS).read_text().splitlines()
        (data / LABELS).write_text("\n".join([*lines[:2], text, *lines[3:]]))
        return f"Line 3 of {data / LABELS} is not a file name and a rating from 1 to 5"

    return spoil


def _drop_photo(data: Path) -> str:
    (data / "Images" / NAMES[2]).unlink()
    return f"{data / 'Images' / NAMES[2]} has a rating, but is not there"


def _drop_fold(data: Path) -> str:
    (data / FOLD / "test_1.txt").unlink()
    return f"{data / FOLD / 'test_1.txt'} cannot be read"


def _mix_parts(data: Path) -> str:
    both = NAMES[7]
    with (data / FOLD / "test_1.txt").open("a") as file:
        file.write(f"{both} 3.0\n")
    return f"{both} is in both parts of fold 1"


@pytest.mark.parametrize(
    "spoil",
    [
        _drop_labels,
        _empty_labels,
        _binary_labels,
        _line("CF0.png"),
        _line("CF0.png three"),
        _line("CF0.png 3.0 4.0"),
        _line("CF0.png nan"),
        _line("CF0.png 5.1"),
        _drop_photo,
        _drop_fold,
        _mix_parts,
    ],
)
def test_a_folder_that_is_not_laid_out_as_it_should(
    spoil: Callable[[Path], str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = spoil(data)
    message = complaint(capsys, "rater", "--data", data, "--folds", "1")
    assert message.startswith(f"retouchml: {expected}")
    assert message.endswith(".")


def test_a_sound_folder_comes_as_far_as_the_slow_work(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "rater", "--data", str(data), "--folds", "1"]) == 1
    assert "AssertionError" in capsys.readouterr().err
