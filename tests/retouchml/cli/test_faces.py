"""``retouchml faces``."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import stand_in_backend
from tests.retouchml.running import Run


def test_faces_are_numbered_with_box_and_score(run: Run, portrait: Path) -> None:
    ran = run("faces", portrait)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "0: 4 x 4 pixels at (2, 3), score 3.00",
        "1: 5 x 5 pixels at (12, 3), score 3.10",
    ]


def test_the_json_of_faces_has_the_shape_of_the_design(run: Run, portrait: Path) -> None:
    ran = run("faces", portrait, "--json")
    said = json.loads(ran.out)
    assert (said["image"], said["width"], said["height"]) == (str(portrait), 40, 24)
    assert [(face["box"], face["score"]) for face in said["faces"]] == [
        ([2, 3, 4, 4], 3.0),
        ([12, 3, 5, 5], 3.1),
    ]
    landmarks = said["faces"][0]["landmarks"]
    assert (len(landmarks), landmarks[0], landmarks[-1]) == (68, [0.0, 0.01], [0.99, 1.0])


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_no_face_ends_with_3(option: list[str], run: Run, landscape: Path) -> None:
    ran = run("faces", landscape, *option)
    assert ran.code == 3
    assert ran.err == f"retouchml: No face was found in {landscape}.\n"
    assert ran.out == "" if not option else json.loads(ran.out)["faces"] == []


def test_a_backend_that_raises_for_no_face_makes_no_difference(run: Run, landscape: Path) -> None:
    from retouchml.errors import NoFaceError

    class Strict(stand_in_backend.Backend):
        def open(self, pixels: Any, **_options: Any) -> stand_in_backend.Photo:
            raise NoFaceError("There is nobody.")

    ran = run("faces", landscape, "--json", backend=Strict())
    assert ran.code == 3
    assert json.loads(ran.out)["faces"] == []
