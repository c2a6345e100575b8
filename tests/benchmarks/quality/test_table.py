"""The table of figures: which way is worse, what a goal says, and the file that keeps rows."""

import math
from dataclasses import fields
from pathlib import Path

import pytest

from benchmarks.quality.row import FIGURES, Row
from benchmarks.quality.table import Measured, read_rows, totals
from retouchml.errors import UsageError
from tests.benchmarks.quality.rows import measured


def line_of(table: str, name: str) -> str:
    (line,) = (line for line in table.splitlines() if line.split()[0] == name)
    return line


def cells(table: str, name: str) -> list[str]:
    return line_of(table, name).split()[1:5]


def test_every_figure_of_a_row_is_in_the_table_in_order() -> None:
    assert [figure.name for figure in FIGURES] == [field.name for field in fields(Row)]
    lines = totals([measured()]).splitlines()
    assert [line.split()[0] for line in lines[1:-1]] == [figure.name for figure in FIGURES]


def test_the_worst_is_in_the_direction_that_counts() -> None:
    rows = [measured("a", gain=0.3, leak=1.0, across=0.5), measured("b", gain=-0.1, leak=3.0, across=-0.9)]
    table = totals([*rows, measured("c", gain=0.1, leak=2.0, across=0.1)])
    assert cells(table, "gain") == ["0.100", "0.100", "-0.100", "3"]
    assert cells(table, "leak") == ["2.000", "2.000", "3.000", "3"]
    assert cells(table, "across") == ["0.500", "0.500", "-0.900", "3"]
    assert line_of(table, "leak").endswith("worst: b")
    assert table.splitlines()[-1] == "positive gain: 67% of 3 photos"


def test_each_goal_is_judged_by_its_own_statistic() -> None:
    table = totals([measured(identity=0.2, across=0.1), measured(identity=0.45, across=-2.5)])
    assert "median ≤ 0.25: no, worst ≤ 0.4: no, 1 of 2" in line_of(table, "identity")
    assert "worst ≤ 2: no, 1 of 2" in line_of(table, "across")
    assert "worst ≥ 0.95: yes" in line_of(table, "sharpness")
    assert "worst ≥ 0.95: no, 2 of 2" in totals([measured(sharpness=0.9), measured(sharpness=0.94)])


def test_the_gain_has_its_goal_at_strength_1_alone() -> None:
    assert "mean ≥ 0.35: yes" in line_of(totals([measured(gain=0.4)]), "gain")
    assert "≥" not in line_of(totals([measured(gain=0.4, strength=0.5)]), "gain")


def test_spots_are_pooled_over_faces() -> None:
    table = totals([measured(spots=30.0, spots_left=0.1), measured(spots=3.0, spots_left=1.0)])
    assert "pooled (0.182) ≤ 0.2: yes" in line_of(table, "spots_left")


def test_what_was_not_measured_is_left_out_of_the_totals() -> None:
    rows = [measured("a", teeth=math.nan, behind=math.nan), measured("b", teeth=0.4, behind=math.nan)]
    table = totals(rows)
    assert cells(table, "teeth") == ["0.400", "0.400", "0.400", "1"]
    assert line_of(table, "teeth").endswith("worst: b")
    assert "behind" not in table


def test_photos_without_a_row_are_listed_with_the_reason() -> None:
    table = totals([Measured("crowd.jpg", 1.0, None, "no face"), measured()])
    assert table.startswith("crowd.jpg is left out at strength 1: no face\n")
    assert totals([Measured("crowd.jpg", 1.0, None, "no face")]).count("\n") == 1


def test_rows_come_back_from_their_file(tmp_path: Path) -> None:
    rows = [
        measured("a.jpg", 0.5, gain=0.25, untouched=False),
        Measured("b.jpg", 0.5, None, "no face"),
        measured("c.jpg", 0.5, teeth=math.nan),
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(each.as_line() + "\n" for each in rows))
    assert "NaN" not in file.read_text()
    again = read_rows([file, file])
    assert again[:2] == rows[:2]
    assert again[2].row is not None
    assert math.isnan(again[2].row.teeth)
    assert len(again) == 6


def test_a_row_of_an_older_file_lacks_what_was_not_measured_then() -> None:
    again = Measured.of_line('{"photo": "a.jpg", "strength": 1, "gain": 0.5, "untouched": true}')
    assert again.row is not None
    assert again.row.gain == 0.5
    assert math.isnan(again.row.leak)


@pytest.mark.parametrize(
    "text", ["photo gain", '{"photo": "a.jpg"}', '{"photo": "a.jpg", "strength": 1}', "3"]
)
def test_what_is_no_row_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(UsageError, match="no row of figures"):
        read_rows([file])
    with pytest.raises(UsageError, match="cannot be read"):
        read_rows([tmp_path / "missing"])
