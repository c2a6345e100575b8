"""GIMP's dialog has the sliders and the scorers that the user trained."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from retouchml.settings import load
from tests.daemon.running import until
from tests.editors import own_parts
from tests.editors.daemons import Daemons
from tests.editors.gimp.dialog_driver import (
    PATIENCE,
    Inside,
    click,
    is_gone,
    is_split,
    open_dialog,
    press,
    preview,
    window,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_controls import SETTINGS
from tests.editors.gimp.test_results import PICTURE
from tests.stand_in_backend import FACE_PAIR

RECORD = 'bytes(image.get_layers()[0].get_parasite("retouchml-result").get_data()).decode()'


@pytest.fixture
def backend(editor_home: Path, all_daemons: Daemons) -> Iterator[str]:
    with own_parts.given(editor_home, all_daemons):
        yield FACE_PAIR


def test_a_slider_and_a_scorer_of_the_users_own_are_listed_and_used(editor: Gimp, editor_home: Path) -> None:
    config = editor_home / "config" / "config.toml"
    config.parent.mkdir(exist_ok=True)
    config.write_text("scores = true\n")
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)), PATIENCE)
    inside = Inside(editor)
    rated = "[name(each) for each in widgets() if name(each).startswith('Score ')]"
    assert until(lambda: any("3.00 to" in each for each in inside.ask(rated)), PATIENCE)
    assert not inside.has(own_parts.TITLE)  # it is folded
    click(editor, dialog, "Your own")
    assert until(lambda: inside.has(own_parts.TITLE), PATIENCE)
    inside.run(f"named({own_parts.TITLE!r})[-1].set_value(50)\nanswer = None")
    try:
        press(editor, dialog, "alt+t")
        settings = window(editor, f"^{SETTINGS}$")
        titles = inside.run("""
from gi.repository import Gtk
box = next(each for each in named("Scorer") if isinstance(each, Gtk.ComboBox))
answer = [row[0] for row in box.get_model()]
box.set_active(1)
""")
        assert titles == ["Standard", "My taste"]
        assert until(lambda: load(config)[0].scorer == own_parts.SCORER)
        press(editor, settings, "Escape")
        # the photo is opened again with it, by which the stand-in finds other scores
        assert until(lambda: any("4.00 to" in each for each in inside.ask(rated)), PATIENCE)
    finally:
        config.unlink()
    press(editor, dialog, "alt+b")
    assert is_gone(editor)
    assert until(lambda: len(editor.ask("names(image)")) == 2, PATIENCE)
    assert f'"{own_parts.SLIDER}": 0.5' in editor.ask(RECORD)
