"""One works on while GIMP's dialog computes: results wait for each other, and each can be taken out again."""

import json
from pathlib import Path

import pytest

from tests.daemon.running import Daemon, until
from tests.editors.gimp.dialog_driver import (
    Inside,
    is_split,
    open_dialog,
    plug_ins,
    pointer,
    press,
    preview,
    reset,
    type_,
)
from tests.editors.gimp.running import Gimp
from tests.editors.gimp.test_results import PICTURE
from tests.editors.gimp.test_views import amounts
from tests.stand_in_backend import HELD_PAIR


@pytest.fixture
def backend() -> str:
    return HELD_PAIR


@pytest.fixture
def dialog(editor: Gimp, go: Path) -> str:
    """The dialog, which shows its faces and has none of them inverted."""
    _main, dialog = open_dialog(editor, PICTURE)
    assert until(lambda: is_split(preview(editor, dialog)))
    reset(editor, dialog)
    return dialog


def apply(editor: Gimp, dialog: str, strength: int) -> None:
    """Set the strength, press Apply, and see that the result is awaited."""
    press(editor, dialog, "alt+s")
    type_(editor, str(strength))
    press(editor, dialog, "alt+a")
    assert until(lambda: any(f"Strength {strength}" in job for job in jobs(editor)))


def jobs(editor: Gimp) -> list[str]:
    """The names of the buttons that take a result out."""
    names = Inside(editor).ask("[name(each) for each in widgets() if name(each).startswith('Cancel: ')]")
    return list(names)


def made(editor: Gimp) -> list[float]:
    """The strengths of the results that were made, the last one first."""
    text = editor.run("""
kept = image.get_parasite("retouchml-history")
answer = kept and bytes(kept.get_data()).decode()
""")
    return [each["record"]["faces"][0]["look"]["strength"] for each in json.loads(text or "[]")]


def test_results_are_made_one_after_the_other(editor: Gimp, dialog: str, go: Path) -> None:
    apply(editor, dialog, 95)
    apply(editor, dialog, 20)
    assert jobs(editor) == ["Cancel: At work: Strength 95", "Cancel: Waiting: Strength 20"]
    go.touch()
    assert until(lambda: made(editor) == [0.2, 0.95])
    assert until(lambda: amounts(editor) == pytest.approx([0.2, 0.2], abs=0.02))
    assert until(lambda: jobs(editor) == [])


def test_each_can_be_taken_out_and_the_dialog_goes_on(editor: Gimp, dialog: str, go: Path) -> None:
    apply(editor, dialog, 95)
    apply(editor, dialog, 20)
    apply(editor, dialog, 40)  # takes the place of one whose result it would replace
    assert jobs(editor) == ["Cancel: At work: Strength 95", "Cancel: Waiting: Strength 40"]
    take_out(editor, dialog, jobs(editor)[0])
    assert until(lambda: jobs(editor) == ["Cancel: At work: Strength 40"])
    go.touch()
    assert until(lambda: made(editor) == [0.4])
    assert until(lambda: amounts(editor) == pytest.approx([0.4, 0.4], abs=0.02))
    go.unlink()
    apply(editor, dialog, 90)
    take_out(editor, dialog, jobs(editor)[0])
    assert until(lambda: jobs(editor) == [])
    go.touch()
    assert until(lambda: Inside(editor).has("Ready"))
    assert made(editor) == [0.4]


def test_two_pictures_are_retouched_at_once(editor: Gimp, daemon: Daemon, dialog: str, go: Path) -> None:
    press(editor, dialog, "alt+b")
    editor.run(f"""
first = image
{PICTURE.strip()}
import threading
outcome = []
threading.Thread(target=lambda: outcome.append(beautify(base, strength=1.0)), daemon=True).start()
answer = None
""")
    assert until(lambda: len(plug_ins(editor)) == 2)
    go.touch()
    assert until(lambda: not plug_ins(editor))
    assert editor.ask("[len(names(each)) for each in (first, image)]") == [2, 2]


def take_out(editor: Gimp, dialog: str, name: str) -> None:
    """Click on a button of the list."""
    pointer(editor, dialog, Inside(editor).place(name), click=True)
