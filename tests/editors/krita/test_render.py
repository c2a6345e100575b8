"""The choice of pixels in Krita's docker: it reaches the daemon, comes back with its result, and is reset."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.editors.krita import pictures
from tests.editors.krita.running import Krita, until
from tests.editors.krita.test_results import HEIGHT, RIGHT, SOURCE, WIDTH, activate, change, seen
from tests.stand_in_backend import FACE_PAIR


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def canvas(krita: Krita, tmp_path: Path) -> NDArray[Any]:
    noise = np.random.default_rng(5).integers(0, 100, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    pixels = pictures.as_krita(noise, "U8")
    pictures.put(krita, pixels, tmp_path)
    until(lambda: krita.view()["layer"] == SOURCE)
    return pixels


def beautify(krita: Krita) -> None:
    """Do what the button does, and wait: its sentence stays, while the task may pass unseen."""
    krita.run("docker()._controller._notice = None; docker().beautify()")
    until(lambda: (krita.view()["notice"] or "").startswith("Done"))
    krita.wait_for_task()


@pytest.mark.usefixtures("canvas")
def test_the_generator_s_pixels_are_chosen_come_back_with_their_result_and_are_reset(
    krita: Krita, tmp_path: Path
) -> None:
    krita.run("widget('fold_expression').setChecked(False)")  # whatever an earlier test left
    until(lambda: not krita.ask("widget('render').isVisible()"))
    krita.run("widget('fold_expression').setChecked(True)")
    until(lambda: krita.ask("widget('render').isVisible()"))
    titles = "[widget('render').itemText(index) for index in range(widget('render').count())]"
    assert krita.ask(titles) == ["Photograph", "Generated", "Automatic"]
    assert "half a minute" in krita.ask("widget('render').toolTip()")
    krita.run("widget('render').setFocus()")
    krita.press_until("End", lambda: krita.view()["render"] == "auto")  # letters are Krita's own shortcuts
    assert krita.ask("widget('render').currentText()") == "Automatic"
    change(krita, smile=0.8)
    beautify(krita)
    made = seen(krita, tmp_path)
    assert (made[RIGHT] == 255).all()  # so the stand-in shows the generator's pixels
    krita.click_until("reset_expression", lambda: krita.view()["render"] == "photo")
    assert krita.view()["edits"] == {}
    assert krita.ask("widget('render').currentText()") == "Photograph"
    beautify(krita)
    assert not (seen(krita, tmp_path)[RIGHT] == 255).all()
    until(lambda: krita.ask("len(docker()._view.history) == 2"))

    def has_come_back() -> bool:
        shown = krita.view()
        return bool((shown["render"], shown["edits"]) == ("auto", {"smile": 0.8}))

    krita.click_until("past_1", has_come_back)
    krita.wait_for_task()
    beautify(krita)
    change(krita, smile=0.0)
    krita.run("docker()._controller.change_settings(type(docker()._controller.settings)())")
    activate(krita, 1)
    until(lambda: krita.ask("widget('edit_again').isVisible()"))
    krita.run("docker().edit_again()")
    until(has_come_back)
    krita.wait_for_task()
    assert krita.ask("widget('render').currentText()") == "Automatic"
    krita.run("widget('fold_expression').setChecked(False)")
