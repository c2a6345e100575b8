"""``benchmarks.naming``: pairs of a moved slider, and how many of them were named."""

import json
from pathlib import Path

import cv2
import pytest

from benchmarks.naming import Moved, main, read_answers, table
from retouchml.errors import UsageError
from tests.conftest import PORTRAIT

KEY = {
    "001": Moved("smile", "+"),
    "002": Moved("age", "-"),
    "003": Moved("smile", "-"),
    "004": Moved("age", "+"),
}


def test_a_slider_is_named_with_its_direction_or_without() -> None:
    answers = read_answers("pair\tslider\tdirection\n1\tsmile\t+\n002\tage\t+\n3\tmouth\t-\n004\t?\n")
    assert answers["004"] == Moved("?", "?")
    lines = table(answers, KEY).splitlines()
    assert lines[0].split() == ["age", "named", "1,", "with", "direction", "0", "of", "2", "?", "1"]
    assert lines[1].split() == ["smile", "named", "1,", "with", "direction", "1", "of", "2", "mouth", "1"]
    assert lines[2].split() == ["all", "with", "direction", "1", "of", "4"]


@pytest.mark.parametrize("line", ["1\tsmile", "1\tsmile\tup", "1", "1\tsmile\t+\tmore"])
def test_a_line_that_is_no_answer_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match="is no answer"):
        read_answers(line)


def test_each_pair_needs_one_answer() -> None:
    with pytest.raises(UsageError, match="one for each pair"):
        table({"001": Moved("smile", "+")}, KEY)


def test_pairs_are_made_and_the_key_alone_says_what_was_moved(
    tmp_path: Path, real_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RETOUCHML_HOME", str(real_home))
    folder = tmp_path / "pairs"
    sliders = "jaw,eye_size"  # of shape: no inversion
    assert (
        main(["make", str(folder), "--sliders", sliders, "--faces", "1", "--side", "128", str(PORTRAIT)]) == 0
    )
    key = json.loads((folder / "key.json").read_text())["pairs"]
    assert sorted(each["slider"] for each in key.values()) == ["eye_size", "jaw"]
    for name in key:
        pair = cv2.imread(str(folder / f"pair-{name}.png"))
        assert pair is not None
        before, after = pair[:, :128], pair[:, -128:]
        assert (before != after).any()
    lines = [f"{name}\t{each['slider']}\t{each['direction']}\n" for name, each in key.items()]
    (folder / "answers.tsv").write_text("".join(lines))
    capsys.readouterr()
    assert main(["count", str(folder)]) == 0
    assert "with direction 2 of 2" in capsys.readouterr().out
    assert main(["make", str(folder), str(PORTRAIT)]) == 1
    assert "is not empty" in capsys.readouterr().err
