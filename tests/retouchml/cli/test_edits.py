"""``retouchml edits``."""

import json
from typing import Any

import pytest

from retouchml.cli import edits
from retouchml.sliders import SKIN, SLIDERS, Slider
from tests import stand_in_backend
from tests.retouchml.running import Run


def words(line: str) -> str:
    """The line without what aligns its columns."""
    return " ".join(line.split())


def test_edits_are_listed_by_group_with_their_ranges_and_defaults(run: Run) -> None:
    lines = run("edits").out.splitlines()
    assert lines[0] == "Retouch"
    assert words(lines[1]) == "strength 0 to 1 0.5 how much is retouched; 0 leaves the face as it is"
    assert "smile -1 to 1 0 mouth corners up, or down" in map(words, lines)
    rows = [line for line in lines if line.startswith("  ")]
    assert [row.split()[0] for row in rows] == [slider.name for slider in SLIDERS]


def test_a_slider_that_follows_the_strength_has_two_defaults(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    teeth = Slider("teeth", "Teeth", SKIN.name, 0.0, 1.0, 0.3, "teeth whiter", 0.6)
    monkeypatch.setattr(edits, "SLIDERS", (teeth,))
    monkeypatch.setattr(edits, "in_group", lambda group: (teeth,) if group == SKIN else ())
    out = run("edits").out
    assert "teeth 0 to 1 0.3 | 0.6 teeth whiter" in map(words, out.splitlines())
    assert "follows the strength until it is set" in out
    assert json.loads(run("edits", "--json").out)[0]["full"] == 0.6


def test_edits_as_json(run: Run) -> None:
    by_name = {edit["name"]: edit for edit in json.loads(run("edits", "--json").out)}
    assert list(by_name) == [slider.name for slider in SLIDERS]
    assert by_name["age"] == {
        "name": "age",
        "low": -1.0,
        "high": 1.0,
        "description": "older, or younger",
        "group": "expression",
        "default": 0.0,
        "full": None,
    }


def test_edits_need_no_model_whichever_is_named(run: Run) -> None:
    class Absent(stand_in_backend.Backend):
        @property
        def edits(self) -> Any:  # type: ignore[override]
            raise AssertionError("a backend was asked")

    options = ["--model", "ffhq-mobile", "--device", "cpu"]
    ran = run("edits", *options, backend=Absent())
    assert (ran.code, ran.out) == (0, run("edits").out)
