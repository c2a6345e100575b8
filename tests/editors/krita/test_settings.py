"""The settings in real Krita: values are kept, commands run, and the keys reach every control."""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from retouchml.settings import load
from tests.editors.krita import pictures
from tests.editors.krita.running import Krita, until
from tests.editors.missing_model import NAME, missing_model
from tests.stand_in_backend import FACE_PAIR

_SHOWN = "[each for each in docker().findChildren(QWidget, 'retouchml_settings') if each.isVisible()]"
_SAID = "widget('said').toPlainText()"


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def dialog(krita: Krita, small_picture: None, editor_home: Path) -> Iterator[Path]:
    """The open settings; the file in which they are kept."""
    krita.click_until("settings", lambda: krita.ask(f"len({_SHOWN})") == 1)
    yield editor_home / "config" / "config.toml"
    krita.run(f"for each in {_SHOWN}: each.close()")
    until(lambda: krita.ask("len(docker().findChildren(QWidget, 'retouchml_settings'))") == 0)
    (editor_home / "config" / "config.toml").unlink(missing_ok=True)


@pytest.mark.usefixtures("starts_python")
def test_models_are_listed_and_values_are_kept(krita: Krita, dialog: Path) -> None:
    until(lambda: "ffhq" in krita.ask(_SAID))
    assert krita.ask("widget('note').text()").startswith("RetouchML ")
    krita.run("widget('device').setFocus()")
    until(lambda: krita.ask("widget('device').hasFocus()"))
    krita.screen.do("key", "Down")
    until(lambda: load(dialog)[0].device == "cpu")
    until(lambda: krita.ask("widget('note').text()").startswith("Kept."))
    krita.click_until("language", lambda: krita.ask("widget('language').view().isVisible()"))
    krita.screen.do("key", "Down", "Down", "Return")
    until(lambda: load(dialog)[0].language == "de")


@pytest.mark.usefixtures("starts_python")
def test_diagnostics_come_into_the_clipboard(krita: Krita, dialog: Path) -> None:
    until(lambda: krita.ask("widget('copy').isEnabled()"))
    krita.click("copy")
    until(lambda: krita.ask("widget('note').text()") == "The diagnostics are in the clipboard.")
    krita.run("from PyQt5.QtWidgets import QApplication")
    text = krita.ask("QApplication.clipboard().text()")
    assert text.startswith("RetouchML ")
    assert "Krita" in text.splitlines()[0]
    assert "python" in text


NEWER = """#!/bin/sh
case "$*" in
*--version) echo retouchml 99.0.0 ;;
*/install*) echo "$*" > "{done}" ;;
esac
"""
INSTALLER = """
import pathlib, sys
pathlib.Path({done!r}).write_text(" ".join(sys.argv))
"""


@pytest.fixture
def project(krita: Krita, dialog: Path) -> Iterator[Path]:
    """The settings, and an installed project of the next version; ``done`` has its installer's arguments."""
    krita.run("widget('retouchml_settings').close()")
    until(lambda: krita.ask(f"len({_SHOWN})") == 0)
    folder, record = dialog.parents[1] / "project", dialog.parents[1] / "data" / "install.json"
    before = record.read_bytes()
    (folder / "install").mkdir(parents=True)
    # another Python than the environment's own sets it up again
    (folder / "install" / "__main__.py").write_text(INSTALLER.format(done=str(folder / "done")))
    python = folder / "python"
    python.write_text(NEWER.format(done=folder / "done"))
    python.chmod(0o755)
    record.write_text(json.dumps({"python": str(python), "checkout": str(folder)}))
    krita.click_until("settings", lambda: krita.ask(f"len({_SHOWN})") == 1)
    # what was found moves the buttons
    until(lambda: krita.ask("widget('copy').isEnabled() and widget('update').isVisible()"))
    yield folder
    record.write_bytes(before)
    shutil.rmtree(folder)


@pytest.mark.usefixtures("starts_python")
def test_a_plug_in_older_than_the_project_is_updated_by_a_button(krita: Krita, project: Path) -> None:
    assert "older than RetouchML 99.0.0" in krita.ask("widget('note').text()")
    krita.click("update")
    updated = "The plug-in is updated. Restart the editor."
    until(lambda: krita.ask("widget('note').text()") == updated)
    assert (project / "done").read_text().split() == [str(project / "install"), "krita"]
    assert not krita.ask("widget('update').isVisible()")


@pytest.mark.usefixtures("starts_python")
def test_the_project_is_set_up_again_by_a_button(krita: Krita, project: Path) -> None:
    krita.click("set_up_again")
    until(lambda: krita.ask(_SAID).startswith("RetouchML is set up."))
    assert (project / "done").read_text().split() == [str(project / "install"), "demo", "--repair"]


def test_tab_reaches_every_control_and_each_has_a_name_and_a_key(krita: Krita, dialog: Path) -> None:
    until(lambda: krita.ask("widget('copy').isEnabled()"))
    names = ["device", "engine", "scores", "language", "keep_alive", "clear", "said", "close"]
    names += krita.ask("[each.objectName() for each in widget('retouchml_settings')._buttons]")
    krita.run("widget('device').setFocus()")
    until(lambda: krita.ask("widget('device').hasFocus()"))
    focused = "app.activeWindow() and widget('retouchml_settings').focusWidget().objectName()"
    seen = ["device"]
    for _ in range(2 * len(names)):
        krita.screen.do("key", "Tab")
        with suppress(AssertionError):  # the display loses keys on a busy machine
            until(lambda: krita.ask(focused) != seen[-1], 10.0)
        seen.append(krita.ask(focused))
    assert set(names) <= set(seen)
    unnamed = f"[n for n in {names} if not (widget(n).accessibleName() or widget(n).property('text'))]"
    assert krita.ask(unnamed) == []
    keys = krita.ask(
        "[each.shortcut().toString() for each in [*widget('retouchml_settings')._buttons, widget('close')]]"
    )
    assert "" not in keys
    assert len(set(keys)) == len(keys)


def test_scores_come_below_the_preview_once_they_are_switched_on(
    krita: Krita, dialog: Path, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(5).integers(0, 100, (160, 320, 3)).astype(np.uint8)
    pictures.put(krita, pictures.as_krita(pixels, "U8"), tmp_path)
    until(lambda: krita.view()["layer"] == "Background")
    krita.run("docker()._controller.find_faces()")
    until(lambda: krita.view()["preview"])
    krita.wait_for_task()
    score = "widget('score').isVisible() and widget('score').text()"
    assert not krita.ask(score)
    krita.click("scores", 0.1)
    until(lambda: krita.ask(score) == "Score 3.00 to 3.25 ± 0.25 · identity distance 0.12")
    assert load(dialog)[0].scores
    # nothing of it is cut where the preview has the least room
    krita.run("sizes = widget('splitter').sizes(); widget('splitter').setSizes([1, 9999])")
    rows = "[widget('score').height(), widget('score').heightForWidth(widget('score').width())]"
    assert until(lambda: krita.ask("widget('preview').height()") < 200)
    height, needed = krita.ask(rows)
    assert height >= needed
    assert krita.ask("widget('score').y() >= widget('preview').geometry().bottom()")
    krita.run("widget('splitter').setSizes(sizes)")
    greys = krita.run("""
from PyQt5.QtGui import qGray
seen = widget("score").grab().toImage()
answer = sorted({qGray(seen.pixel(x, y)) for x in range(seen.width()) for y in range(seen.height())})
""")
    assert greys[-1] - greys[0] > 50  # it can be read
    # it says that the next one is measured, which may take less time than to ask for it
    krita.run("""
line = widget("score")
line.seen = []
line.setText = lambda words: (line.seen.append(words), type(line).setText(line, words))
docker()._change(look=docker()._controller.settings.look.with_values({"strength": 0.9}))
""")
    until(lambda: any("…" in words for words in krita.ask("widget('score').seen")))
    until(lambda: "…" not in krita.ask("widget('score').text()"))
    krita.click("scores", 0.1)
    until(lambda: not krita.ask("widget('score').isVisible()"))
    assert not load(dialog)[0].scores


@pytest.mark.usefixtures("starts_python")
def test_a_missing_model_is_fetched_and_all_are_verified_by_buttons(
    krita: Krita, dialog: Path, editor_home: Path
) -> None:
    idle = "widget('copy').isEnabled()"
    until(lambda: krita.ask(idle))
    with missing_model(editor_home) as model:
        krita.click("models_verify")
        until(lambda: "ffhq-mobile is intact." in krita.ask(_SAID) and krita.ask(idle))
        assert NAME not in krita.ask(_SAID)
        krita.click("models_fetch")
        until(lambda: f"{NAME} is in {model}." in krita.ask(_SAID) and krita.ask(idle))
        krita.click("models_verify")
        until(lambda: f"{NAME} is intact." in krita.ask(_SAID) and krita.ask(idle))
        file = next(model.glob("*.onnx"))
        file.write_bytes(bytes(file.stat().st_size))
        krita.click("models_verify")
        until(lambda: f"{NAME} is damaged" in krita.ask(_SAID) and krita.ask(idle))
