"""The docker in real Krita, driven by the mouse, against a real daemon with the real models."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from retouchml.sliders import BY_NAME
from tests.daemon.running import Daemon, is_alive
from tests.editors.krita import pictures
from tests.editors.krita.running import Krita, until

LAYERS = ["Background", "Background (retouched)"]
_DAEMON_PID = "(client := docker()._controller._connection.client) and client.welcome.pid"


def beautify(krita: Krita) -> dict[str, object]:
    """Press the button and wait; what the docker shows."""
    until(lambda: krita.view()["layer"] == "Background")
    krita.run("docker()._controller._notice = None; docker()._controller.update()")
    until(lambda: krita.view()["notice"] is None)  # of an earlier result
    krita.click("beautify")
    until(lambda: krita.view()["task"] == "beautify" or krita.view()["notice"])
    return krita.wait_for_task()


def undo(krita: Krita) -> None:
    krita.run("app.action('edit_undo').trigger()")


@pytest.mark.parametrize("depth", ["U8", "U16", "F16", "F32"])
def test_beautify_adds_a_layer_that_changes_the_face_alone_and_undo_takes_it_back_to_the_bit(
    krita: Krita, portrait: NDArray[np.uint8], tmp_path: Path, depth: str
) -> None:
    before = pictures.as_krita(portrait, depth)
    pictures.put(krita, before, tmp_path, depth)
    shown = beautify(krita)
    assert shown["notice"] == "Done: the result is a new layer above."
    assert krita.ask("layers()") == LAYERS
    result = pictures.result(krita, before, depth, tmp_path)
    _, _, width, height = result.box
    assert 100 < width < 300
    assert 100 < height < 300
    assert result.changed.sum() > 2000
    assert result.changed_outside == 0
    layer = pictures.read(krita, "doc.topLevelNodes()[1]", depth, tmp_path)
    assert krita.ask("doc.topLevelNodes()[1].colorDepth()") == depth
    inside = layer[layer[..., 3] != 0][:, :3].astype(np.float64)
    steps = inside / 257 if depth == "U16" else inside * (255 if depth.startswith("F") else 1)
    is_fine = np.abs(steps - np.rint(steps)).max() > 0.2
    assert is_fine == (depth != "U8")  # a way through 8 bits would leave whole steps of them
    undo(krita)
    until(lambda: krita.ask("layers()") == ["Background"])
    assert pictures.read(krita, "doc", depth, tmp_path).tobytes() == before.tobytes()


def test_grey_and_cmyk_keep_their_colour_model(
    krita: Krita, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    pictures.put(krita, pictures.as_krita(portrait, "U8"), tmp_path)
    for model in ("GRAYA", "CMYKA"):
        krita.run(f"doc.setColorSpace({model!r}, 'U8', app.profiles({model!r}, 'U8')[0]); doc.waitForDone()")
        before = pictures.read(krita, "doc", "U8", tmp_path)
        beautify(krita)
        assert krita.ask("layers()") == LAYERS
        assert krita.ask("doc.topLevelNodes()[1].colorModel()") == model
        result = pictures.result(krita, before, "U8", tmp_path)
        assert result.changed.sum() > 1000
        assert result.changed_outside == 0
        undo(krita)
        until(lambda: krita.ask("layers()") == ["Background"])


def test_a_selection_limits_the_result(krita: Krita, portrait: NDArray[np.uint8], tmp_path: Path) -> None:
    before = pictures.as_krita(portrait, "U8")
    pictures.put(krita, before, tmp_path)
    krita.run("chosen = Selection(); chosen.select(0, 0, 220, 512, 255); doc.setSelection(chosen)")
    beautify(krita)
    changed = pictures.result(krita, before, "U8", tmp_path).changed
    assert changed[:, :220].sum() > 500
    assert changed[:, 220:].sum() == 0


def test_the_result_may_have_a_transparency_mask(
    krita: Krita, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    before = pictures.as_krita(portrait, "U8")
    pictures.put(krita, before, tmp_path)
    until(lambda: krita.view()["layer"] == "Background")
    krita.click("mask", 0.05)
    until(lambda: krita.ask("docker()._mask.isChecked()"))
    beautify(krita)
    until(
        lambda: (
            krita.ask("[each.type() for each in doc.topLevelNodes()[1].childNodes()]") == ["transparencymask"]
        )
    )
    assert pictures.result(krita, before, "U8", tmp_path).changed.sum() > 2000


def test_without_a_face_the_docker_says_so_and_what_to_do(krita: Krita, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    pictures.put(krita, pictures.as_krita(noise, "U8"), tmp_path)
    shown = beautify(krita)
    assert shown["notice"] == "No face was found on this layer."
    assert krita.ask("layers()") == ["Background"]


@pytest.mark.usefixtures("starts_python")
def test_work_is_begun_anew_once_after_a_killed_daemon_and_the_start_button_brings_another(
    krita: Krita, daemon: Daemon, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    before = pictures.as_krita(portrait[:, ::-1] // 2, "U8")
    pictures.put(krita, before, tmp_path)
    until(lambda: krita.view()["layer"] == "Background")
    krita.click("beautify")
    until(lambda: krita.view()["stage"] == "invert")
    daemon.process.kill()
    daemon.process.wait()
    old = (None, daemon.process.pid)
    pid = until(lambda: (new := krita.ask(_DAEMON_PID)) not in old and new)  # the plug-in started another
    until(lambda: krita.view()["stage"] == "invert")
    os.kill(pid, signal.SIGKILL)
    shown = until(lambda: (view := krita.view())["task"] is None and view)
    assert shown["notice"] == "The connection to the daemon was lost."
    assert shown["daemon"] == "off"
    assert krita.ask("layers()") == ["Background"]
    krita.click("start")
    until(lambda: krita.view()["daemon"] == "ready")
    pid = krita.ask(_DAEMON_PID)
    assert is_alive(pid)
    os.kill(pid, signal.SIGTERM)
    until(lambda: krita.view()["daemon"] == "off")


def test_sliders_and_reset_do_what_they_say(
    krita: Krita, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    pictures.put(krita, pictures.as_krita(portrait, "U8"), tmp_path)
    krita.enter_until("slider_strength", "80", lambda: krita.view()["strength"] == 0.8)
    krita.click("fold_expression")
    until(lambda: krita.ask("widget('slider_smile').isVisible()"))
    krita.click("slider_smile")
    krita.press_until("Up", lambda: krita.view()["edits"].get("smile", 0) != 0)
    krita.click("reset_expression")
    until(lambda: krita.view()["edits"] == {})


@pytest.mark.usefixtures("small_picture")
def test_a_slider_that_follows_the_strength_moves_with_it_until_it_is_set(krita: Krita) -> None:
    def strength_becomes(hundredths: int) -> None:
        krita.enter_until(
            "slider_strength", str(hundredths), lambda: krita.view()["strength"] == hundredths / 100
        )

    teeth, row = "widget('slider_teeth').value()", BY_NAME["teeth"]
    assert row.full is not None
    assert krita.ask(teeth) == round(100 * row.default)
    strength_becomes(100)
    assert krita.ask(teeth) == round(100 * row.full)
    krita.click("fold_eyes_and_teeth")
    until(lambda: krita.ask("widget('slider_teeth').isVisible()"))
    krita.enter_until("slider_teeth", "0", lambda: krita.view()["edits"] == {"teeth": 0.0})
    strength_becomes(50)
    assert krita.ask(teeth) == 0
    krita.click("reset_eyes_and_teeth")
    until(lambda: krita.ask(teeth) == round(100 * row.default))
    krita.click("fold_eyes_and_teeth")


@pytest.mark.usefixtures("small_picture")
def test_every_slider_s_name_and_number_can_be_read(krita: Krita) -> None:
    cut = krita.run("""
bars = [row._bar for row in docker()._look._rows.values()]
narrowest = docker().widget().minimumWidth()
answer = [
    bar.prefix()
    for bar in bars
    if bar.fontMetrics().boundingRect(bar.prefix() + "-100").width() > narrowest - 70
]""")
    assert krita.ask("len(bars)") > 20
    assert cut == []


@pytest.mark.usefixtures("small_picture")
def test_a_slider_is_dragged_and_its_own_button_unsets_it(krita: Krita) -> None:
    x, y = krita.ask("place_of('slider_strength', 0.3, 0.5)")
    end = krita.ask("place_of('slider_strength', 0.8, 0.5)")
    krita.screen.do("mousemove", x, y)
    krita.screen.do("mousedown", 1)
    until(lambda: 0.2 < krita.view()["strength"] < 0.4)
    krita.screen.do("mousemove", *end)
    until(lambda: krita.view()["strength"] > 0.7)
    krita.screen.do("mouseup", 1)
    dragged = krita.view()["strength"]
    krita.screen.do("mousemove", x, y)
    assert krita.view()["strength"] == dragged
    krita.click("reset_strength")
    until(lambda: krita.view()["strength"] == BY_NAME["strength"].default)
    until(lambda: not krita.ask("widget('reset_strength').isVisible()"))


@pytest.mark.usefixtures("small_picture")
def test_a_preset_sets_the_sliders_and_its_name_is_shown_as_long_as_they_are_its_own(krita: Krita) -> None:
    assert krita.ask("widget('preset').text()") == "Natural"
    krita.click("preset")
    until(lambda: krita.ask("widget('preset_menu').isVisible()"))
    titles = krita.ask("[each.text() for each in widget('preset_menu').actions()]")
    assert titles[:3] == ["Natural", "Clean", "Studio"]
    chosen = "(widget('preset_menu').activeAction() or widget('layer')).text()"
    while (title := krita.ask(chosen)) != "Strong":

        def has_moved(title: str = title) -> bool:
            return bool(krita.ask(chosen) != title)

        krita.screen.do("key", "Down")
        with suppress(AssertionError):  # the display loses keys on a busy machine
            until(has_moved, 10.0)
    krita.screen.do("key", "Return")
    until(lambda: krita.ask("widget('preset').text()") == "Strong")
    assert (krita.view()["strength"], krita.view()["edits"]) == (1.0, {})
    krita.run("docker()._change(look=docker()._controller.settings.look.with_values({'texture': 0.1}))")
    until(lambda: krita.ask("widget('preset').text()") == "Own values")


@pytest.mark.usefixtures("small_picture")
def test_a_look_is_saved_as_a_preset_renamed_and_deleted(krita: Krita) -> None:
    def choose(title: str) -> None:
        krita.click("preset")
        until(lambda: krita.ask("widget('preset_menu').isVisible()"))
        krita.run(
            f"chosen = next(a for a in widget('preset_menu').actions() if a.text() == {title!r})\n"
            "QTimer.singleShot(0, chosen.trigger); widget('preset_menu').close()"
        )

    def type_title(title: str) -> None:
        until(
            lambda: krita.ask(
                "any(each.isVisible() for each in docker().findChildren(QWidget, 'preset_title'))"
            )
        )
        krita.screen.do("key", "ctrl+a")
        krita.screen.do("type", title)
        krita.screen.do("key", "Return")

    krita.run("docker()._change(look=docker()._controller.settings.look.with_values({'smile': 0.3}))")
    choose("Save as…")
    type_title("My evening")
    until(lambda: krita.ask("widget('preset').text()") == "My evening")
    choose("Rename…")
    type_title("My night")
    until(lambda: krita.ask("widget('preset').text()") == "My night")
    choose("Delete")
    until(
        lambda: krita.ask(
            "any(each.isVisible() for each in docker().findChildren(QWidget, 'preset_question'))"
        )
    )
    krita.screen.do("key", "alt+y")
    until(lambda: krita.ask("widget('preset').text()") == "Own values")
    assert krita.view()["notice"] is None


def test_an_exception_in_a_slot_becomes_a_sentence_and_never_a_window(
    krita: Krita, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    pictures.put(krita, pictures.as_krita(portrait, "U8"), tmp_path)
    until(lambda: krita.view()["layer"] == "Background")
    krita.run("docker()._controller._tasks.find_faces = None")
    try:
        krita.click("find")
        shown = until(lambda: (view := krita.view())["notice"] and view)
    finally:
        krita.run("del docker()._controller._tasks.find_faces")
    assert shown["notice"].startswith("This should not have happened (TypeError")
    assert krita.screen.windows("Script error") == []
