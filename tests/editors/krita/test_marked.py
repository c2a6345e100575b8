"""A face that was missed is marked in real Krita: with a selection and the button beside the faces."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.editors.krita import pictures
from tests.editors.krita.running import Krita, until
from tests.stand_in_backend import FACE_PAIR

SOURCE, RESULT = "Background", "Background (retouched)"
MISSED = np.s_[20:50, 145:175]
_SELECT = "chosen = Selection(); chosen.select(145, 20, 30, 30, 255); doc.setSelection(chosen)"


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def canvas(krita: Krita, tmp_path: Path) -> NDArray[Any]:
    """A picture whose two faces were found, and are not ticked."""
    pixels = np.random.default_rng(5).integers(0, 100, (160, 320, 3)).astype(np.uint8)
    picture = pictures.as_krita(pixels, "U8")
    pictures.put(krita, picture, tmp_path)
    until(lambda: krita.view()["layer"] == SOURCE)
    krita.click_until("find", lambda: krita.view()["faces"] is not None)
    krita.wait_for_task()
    krita.click_until("none", lambda: not any(ticked for ticked, _ in krita.view()["faces"]))
    return picture


def beautify(krita: Krita) -> None:
    krita.click_until("beautify", lambda: krita.ask("layers()") == [SOURCE, RESULT])
    krita.wait_for_task()


def test_a_face_where_the_selection_is_joins_the_others_and_comes_back_with_its_result(
    krita: Krita, canvas: NDArray[Any], tmp_path: Path
) -> None:
    krita.run(_SELECT)
    krita.click_until("mark", lambda: len(krita.view()["faces"]) == 3)
    krita.wait_for_task()
    assert krita.view()["faces"] == [[False, False], [False, False], [True, True]]
    until(lambda: krita.ask("doc.selection() is None"))  # it would limit the result
    until(lambda: krita.view()["preview"])
    beautify(krita)
    changed = (pictures.read(krita, "doc", "U8", tmp_path) != canvas).any(-1)
    assert changed[MISSED].all()
    changed[MISSED] = False
    assert not changed.any()
    file = str(tmp_path / "marked.kra")
    krita.run(f"doc.setBatchmode(True); doc.saveAs({file!r}); doc.waitForDone()")
    krita.settle()
    krita.run("clean_up()")
    until(lambda: krita.ask("len(pictures())") == 0)
    krita.run(f"doc = app.openDocument({file!r}); app.activeWindow().addView(doc)")
    until(lambda: krita.view()["layer"] == SOURCE)
    krita.run("doc.setActiveNode(doc.topLevelNodes()[1]); doc.waitForDone()")
    until(lambda: krita.ask("widget('edit_again').isVisible()"))
    krita.click_until("edit_again", lambda: krita.view()["faces"] is not None)
    krita.wait_for_task()
    assert krita.view()["faces"] == [[False, False], [False, False], [True, True]]


@pytest.mark.usefixtures("canvas")
def test_without_a_selection_a_sentence_asks_for_one(krita: Krita) -> None:
    krita.click_until("mark", lambda: krita.view()["notice"] == "Select the face in the picture first.")
    assert len(krita.view()["faces"]) == 2


@pytest.mark.usefixtures("canvas")
def test_a_face_that_is_known_already_is_shown(krita: Krita) -> None:
    krita.run("chosen = Selection(); chosen.select(220, 60, 40, 40, 255); doc.setSelection(chosen)")
    krita.click_until("mark", lambda: krita.view()["notice"] == "That face is among them already.")
    assert krita.view()["faces"] == [[False, False], [True, True]]
