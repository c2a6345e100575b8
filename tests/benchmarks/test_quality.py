"""``benchmarks.quality``: the choice of photographs, the table and the contact sheet."""

import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from benchmarks import quality
from benchmarks.quality import Row, choose_photos, sheet, totals, without_local_sliders
from retouchml import Look

GROUPS = ("AF", "AM", "CF", "CM")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Folds 1 and 2 test five photographs of each group, but only two of CM."""
    for number in (1, 2):
        part = (
            tmp_path / "train_test_files" / "5_folders_cross_validations_files" / f"cross_validation_{number}"
        )
        part.mkdir(parents=True)
        names = [
            f"{group}{number}{index}.jpg 3.0"
            for group in GROUPS
            for index in range(2 if group == "CM" else 5)
        ]
        (part / f"test_{number}.txt").write_text("\n".join(names))
        (part / f"train_{number}.txt").write_text("\n".join(f"{group}9.jpg 3.0" for group in GROUPS))
    return tmp_path


def test_the_chosen_are_the_same_each_time_and_in_whatever_order_the_fold_lists_them(data: Path) -> None:
    first = choose_photos(data, 8)
    listing = next(data.rglob("test_1.txt"))
    listing.write_text("\n".join(reversed(listing.read_text().splitlines())))
    assert choose_photos(data, 8) == first
    assert choose_photos(data, 4) == first[:4]
    assert len(set(first)) == 8
    assert {path.parent for path in first} == {data / "Images"}


@pytest.mark.parametrize("count", [1, 2, 4, 6, 7, 8])
def test_the_chosen_are_balanced_by_group_to_within_one(count: int, data: Path) -> None:
    names = [path.name[:2] for path in choose_photos(data, count)]
    counts = [names.count(group) for group in GROUPS]
    assert sum(counts) == count
    assert max(counts) - min(counts) <= 1


def test_only_test_photographs_are_chosen_and_no_more_than_there_are(data: Path) -> None:
    everything = choose_photos(data, 100)
    assert len(everything) == 17
    assert not any("9" in path.stem for path in everything)


def test_those_passed_over_first_are_none_of_the_others(data: Path) -> None:
    assert choose_photos(data, 4, skip=4) == choose_photos(data, 8)[4:]


def test_each_fold_has_its_own(data: Path) -> None:
    assert not set(choose_photos(data, 100)) & set(choose_photos(data, 100, 2))


def row(gain: float, **more: object) -> Row:
    values = {field.name: 1.0 for field in fields(Row)}
    return Row(**{**values, "gain": gain, "untouched": True, **more})


def test_totals_are_mean_median_lowest_and_highest() -> None:
    table = totals([row(0.3), row(-0.1), row(0.1), row(0.5, untouched=False)]).splitlines()
    assert table[0].split() == ["mean", "median", "lowest", "highest"]
    assert [line.split()[0] for line in table[1:-1]] == [field.name for field in fields(Row)]
    cells = {line.split()[0]: line.split()[1:] for line in table[1:-1]}
    assert cells["gain"] == ["0.200", "0.200", "-0.100", "0.500"]
    assert cells["untouched"] == ["0.750", "1.000", "0.000", "1.000"]
    assert table[-1] == "gain is positive for 75% of 4 photos"


def test_the_sheet_puts_pairs_in_rows_and_leaves_the_rest_black() -> None:
    def pair(before: float, after: float) -> np.ndarray:
        halves = [np.full((32, 32, 3), value, np.float32) for value in (before, after)]
        return np.hstack(halves)

    drawn = sheet([pair(0.2, 0.4), pair(0.6, 0.8), pair(1.0, 2.0)], 2, 16)
    assert drawn.shape == (32, 64, 3)
    assert drawn.dtype == np.uint8
    cells = drawn.reshape(2, 16, 4, 16, 3).transpose(0, 2, 1, 3, 4).reshape(8, -1)
    assert (cells == cells[:, :1]).all()
    assert cells[:, 0].tolist() == [51, 102, 153, 204, 255, 255, 0, 0]


def test_what_was_not_measured_is_left_out_of_the_totals() -> None:
    table = totals([row(0.3, teeth=math.nan, behind=math.nan), row(0.1, teeth=0.5, behind=math.nan)])
    cells = {line.split()[0]: line.split()[1:] for line in table.splitlines()[1:-1]}
    assert cells["teeth"] == ["0.500"] * 4
    assert "behind" not in cells


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
    monkeypatch.setattr(quality, "Retoucher", lambda: pytest.fail("the slow work has begun"))
    with pytest.raises(SystemExit) as stopped:
        quality.main(["photo.png", *wrong] if wrong else [])
    assert stopped.value.code == 2


def test_a_look_without_local_sliders_keeps_path_shape_and_expression() -> None:
    look = Look(0.8, 0.6, {"marks": 1.0, "jaw": 0.5, "smile": -0.5})
    without = without_local_sliders(look)
    assert (without.strength, without.texture) == (0.8, 0.6)
    kept = {name: value for name, value in without.values.items() if value}
    assert set(kept) == {"strength", "texture", "jaw", "smile"}


def test_a_folder_of_another_layout_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        quality.main(["--data", str(tmp_path)])
    assert stopped.value.code == 2
    assert "cannot be read: No such file or directory." in capsys.readouterr().err
