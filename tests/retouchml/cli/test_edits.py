"""``retouchml edits``."""

import json
from typing import Any

from retouchml.sliders import EDITS
from tests import stand_in_backend
from tests.retouchml.running import Run


def test_edits_are_listed_with_their_ranges(run: Run) -> None:
    lines = run("edits").out.splitlines()
    assert lines[:2] == ["smile  -1 to 1  mouth corners up, or down", "age    -1 to 1  older, or younger"]
    assert len(lines) == len(EDITS)


def test_edits_as_json(run: Run) -> None:
    assert json.loads(run("edits", "--json").out)[1] == {
        "name": "age",
        "low": -1.0,
        "high": 1.0,
        "description": "older, or younger",
    }


def test_edits_need_no_model_whichever_is_named(run: Run) -> None:
    class Absent(stand_in_backend.Backend):
        @property
        def edits(self) -> Any:  # type: ignore[override]
            raise AssertionError("a backend was asked")

    options = ["--model", "ffhq-mobile", "--device", "cpu"]
    ran = run("edits", *options, backend=Absent())
    assert (ran.code, ran.out) == (0, run("edits").out)
