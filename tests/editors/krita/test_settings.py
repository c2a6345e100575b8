"""The settings in real Krita: values are kept, commands run, and the keys reach every control."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retouchml.settings import load
from tests.editors.krita.running import Krita, until
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


def test_tab_reaches_every_control_and_each_has_a_name_and_a_key(krita: Krita, dialog: Path) -> None:
    until(lambda: krita.ask("widget('copy').isEnabled()"))
    names = ["device", "engine", "language", "keep_alive", "clear", "said", "close"]
    names += krita.ask("[each.objectName() for each in widget('retouchml_settings')._buttons]")
    krita.run("widget('device').setFocus()")
    until(lambda: krita.ask("widget('device').hasFocus()"))
    seen = {"device"}
    for _ in range(2 * len(names)):
        krita.screen.do("key", "Tab")
        seen.add(krita.ask("app.activeWindow() and widget('retouchml_settings').focusWidget().objectName()"))
    assert set(names) <= seen
    unnamed = f"[n for n in {names} if not (widget(n).accessibleName() or widget(n).property('text'))]"
    assert krita.ask(unnamed) == []
    keys = krita.ask(
        "[each.shortcut().toString() for each in [*widget('retouchml_settings')._buttons, widget('close')]]"
    )
    assert "" not in keys
    assert len(set(keys)) == len(keys)
