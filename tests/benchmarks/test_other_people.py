"""The table of groups that the raters have not seen."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.other_people import by_group, main, pulled, read_scores, table


def test_a_group_that_is_rated_lower_than_people_did_has_a_negative_bias() -> None:
    random = np.random.default_rng(0)
    people = random.normal(5.0, 1.5, 400)
    groups = np.array(["a", "b"] * 200)
    said = 0.5 * people + random.normal(0.0, 0.1, 400)  # another scale is no bias
    fair = by_group(said, people, groups)
    assert all(abs(bias) < 0.05 for _, bias in fair.values())
    assert fair["a"][0] > 0.9
    lower = by_group(np.where(groups == "b", said - 0.75, said), people, groups)
    assert lower["b"][1] < -0.2
    assert lower["a"][1] == pytest.approx(-lower["b"][1], abs=0.05)
    assert lower["b"][0] == pytest.approx(fair["b"][0])
    assert lower["all"][0] < fair["all"][0]


def test_two_raters_that_agree_are_left_alone_and_others_are_pulled_to_the_middle() -> None:
    rater = np.array([2.0, 4.0, 2.0, 4.0])
    assert pulled(rater, rater) == pytest.approx(rater)
    judge = np.array([2.0, 4.0, 3.0, 3.0])
    both = (rater + judge) / 2.0
    said = pulled(rater, judge)
    assert said[:2] == pytest.approx(both[:2])
    assert np.all(np.abs(said[2:] - 3.0) < 0.3 * np.abs(both[2:] - 3.0))


def test_scores_are_read_by_name(tmp_path: Path) -> None:
    (tmp_path / "scores.tsv").write_text("file\tmean\tsplit\nfemale/black/a.jpg\t4.5\ttest\n")
    assert read_scores(tmp_path) == {"female/black/a.jpg": 4.5}


def test_a_folder_without_scores_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 1
    assert "scores.tsv" in capsys.readouterr().err


def test_a_table_is_markdown() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
