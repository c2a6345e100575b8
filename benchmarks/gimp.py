"""GIMP's dialog of the filter in the tests' real GIMP: a picture of it, or its clock.

    python -m benchmarks.gimp picture OUT.png [--theme light] [--language de] [--screen 1366x768] [--scale 2]
                                              [--twenty] [--photo FILE] [--dialog] [--keys alt+k]
                                              [--unfolded] [--settings] [--machine] [--older] [--scores]
    python -m benchmarks.gimp clock [--photo FILE ...] [--times 3] [--megapixels 12] [--next]

Both need the GIMP that ``python3 install test --editors`` makes, with ``--next`` the next. The picture shows
the bundled portrait with the real models, or with ``--twenty`` the tests' stand-in with as many faces. The
clock puts each photo's face into a picture of that size, three times the bundled one by default, and prints
seconds beside the goals.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import editor_clock
from benchmarks.editor_clock import FIRST, SLIDERS, Table
from benchmarks.rows import PORTRAIT
from retouchml import sentences, translation
from retouchml.client import settings_page
from tests.daemon.running import until
from tests.editors.gimp.conftest import ROOTS, install
from tests.editors.gimp.dialog_driver import OPEN, Inside, is_gone, leave, plug_ins, press, window
from tests.editors.gimp.running import SCREEN, Gimp, gimp
from tests.editors.gimp.test_results import PICTURE
from tests.stand_in_backend import FACE_ROW

_INSIDE = Path(__file__).with_name("gimp_inside.py")
_FONTS = "RETOUCHML_TEST_FONTS"  # a folder of fonts: the tests' Debian has none for Japanese
_PATIENCE = 900.0  # seconds
_UNFOLD = """
for each in every():
    if type(each).__name__ == "Expander":
        each.set_expanded(True)
answer = None
"""
_SETTINGS = """
from gi.repository import GLib
button = [each for each in every() if type(each).__name__ == "Button" and each.get_label() == %r][-1]
GLib.idle_add(lambda: button.clicked() and False)  # the window has an event loop of its own
answer = None
"""


@contextmanager
def _opened(arguments: argparse.Namespace, backend: str, folder: Path) -> Iterator[Gimp]:
    """GIMP and a daemon, with the user's models and no known face."""
    profile, version = folder / "gimp", "3.2" if arguments.next else "3.0"
    variable, option = ROOTS[version]
    root = os.environ.get(variable)
    if root is None:
        raise SystemExit(f"{variable} names no GIMP: `python3 install test {option}`")
    install(profile, version)
    fonts = os.environ.get(_FONTS)
    if fonts is not None:
        shutil.copytree(fonts, profile / ".local" / "share" / "fonts")
    preferences = f'(theme-color-scheme {arguments.theme})\n(language "{arguments.language}")\n'
    binds = [folder, PORTRAIT.parent, _INSIDE.parent]
    with editor_clock.home(folder, backend, shows_scores=arguments.scores) as home:
        variables = {
            "RETOUCHML_HOME": str(home),
            "RETOUCHML_PORTRAIT": str(PORTRAIT),
            "RETOUCHML_LANGUAGE": arguments.language,
            "RETOUCHML_INSIDE": str(_INSIDE),
            "PYTHONDONTWRITEBYTECODE": "",  # people's plug-ins are compiled once
            "GDK_SCALE": str(arguments.scale),
        }
        with gimp(
            Path(root),
            profile,
            binds,
            version,
            screen=arguments.screen,
            preferences=preferences,
            **variables,
        ) as editor:
            yield editor


def take_picture(arguments: argparse.Namespace) -> None:
    """Write a picture of the screen or of the dialog alone once its preview is there."""
    with tempfile.TemporaryDirectory(prefix="rmlg") as temporary:
        folder = Path(temporary)
        photo = editor_clock.copy_photo(arguments.photo[0], folder)
        source = PICTURE if arguments.twenty else f"image = load({str(photo)!r})"
        with (
            _opened(arguments, FACE_ROW if arguments.twenty else "", folder) as editor,
            editor_clock.machine(arguments.machine, folder / "home"),
        ):
            editor.run(source + OPEN)
            _open_dialog(editor)
            dialog = window(editor, f"^{_title()}$")
            inside = Inside(editor)
            _wait_for_patches(inside)
            if arguments.unfolded:
                inside.run(_UNFOLD)
                editor.ask(f"tool('xdotool', 'windowsize', {dialog!r}, *{arguments.screen.split('x')!r})")
                time.sleep(2.0)
            if arguments.older:
                python, project = editor_clock.make_older(folder / "home")
                record = {"python": str(python), "checkout": str(project)}
                (folder / "home" / "data" / "install.json").write_text(json.dumps(record))
            if arguments.settings:
                inside.run(_SETTINGS % translation.translated("Se_ttings…"))
                dialog = window(editor, f"^{translation.translated(settings_page.TITLE)}$")
                time.sleep(10.0)  # for what another machine answers, and the project
            for keys in arguments.keys:
                press(editor, dialog, keys)
                time.sleep(1.0)
            path = editor.profile / "screen.png"
            what = dialog if arguments.dialog else "root"
            editor.ask(f"tool('import', '-window', {what!r}, {str(path)!r})")
            shutil.copy(path, arguments.out)


def measure(arguments: argparse.Namespace) -> None:
    """Print the seconds of every step, with one face and with three."""
    table = Table()
    with tempfile.TemporaryDirectory(prefix="rmlg") as temporary:
        folder = Path(temporary)
        counts = (1, 3) * arguments.times
        photos = list(editor_clock.write_photos(arguments.photo, counts, folder, arguments.megapixels))
        with _opened(arguments, "", folder) as editor:
            _warm_up(editor)
            for count, photo in photos:
                editor.run(f"image = load({str(photo)!r})" + OPEN)
                for kind in ("new", "known"):
                    _measure_dialog(editor, f"{count} face{'s' * (count > 1)}, {kind}", table)
                    press(editor, window(editor, f"^{_title()}$"), "Escape")
                    assert is_gone(editor, f"^{_title()}$")
                editor.run("display.delete()\nanswer = None")
    print(table.text(), end="")


def _warm_up(editor: Gimp) -> None:
    """Let the daemon load its models, and GIMP open its menus once."""
    editor.run("image = load()" + OPEN)
    _open_dialog(editor)
    _wait_for_patches(Inside(editor))
    press(editor, window(editor, f"^{_title()}$"), "Escape")
    assert is_gone(editor, f"^{_title()}$")
    editor.run("display.delete()\nanswer = None")


def _measure_dialog(editor: Gimp, kind: str, table: Table) -> None:
    pressed = _open_dialog(editor)
    inside = Inside(editor)
    _wait_for_patches(inside)
    events: dict[str, Any] = inside.ask("kept['events']")
    paints = events["paints"]

    def note(name: str, seconds: float) -> None:
        table.note(f"{kind}: {name}", seconds)

    note("menu to dialog", paints[0] - pressed)
    note(f"menu to {FIRST}", _after(events["patches"][0][0], paints) - pressed)
    note("menu to last preview", _after(events["patches"][-1][0], paints) - pressed)
    if kind.endswith("known"):
        for slider in SLIDERS:
            note(f"slider {slider} to changed preview", _move(inside, slider))
    gaps = inside.ask("kept['events']['gaps']")
    for name, column in (("longest own turn, processor time", 2), ("longest turn, by the clock", 1)):
        note(name, max((gap[column] for gap in gaps), default=0.0))


def _move(inside: Inside, slider: str) -> float:
    """Seconds from a moved slider to a preview that has its effect."""
    before = inside.run(f"""
events = kept["events"]
row = [each for each in every() if name(each) == {slider!r} and hasattr(each, "get_adjustment")][-1]
adjustment = row.get_adjustment()
middle = (adjustment.get_lower() + adjustment.get_upper()) / 2
answer = [len(events["patches"]), time.monotonic()]
adjustment.set_value(adjustment.get_value() + (15 if adjustment.get_value() < middle else -15))
""")
    count, start = int(before[0]), before[1]
    assert until(lambda: inside.ask("len(kept['events']['patches'])") > count, _PATIENCE)
    _wait_for_patches(inside, count)
    events = inside.ask("kept['events']")
    return _after(events["patches"][count][0], events["paints"]) - float(start)


def _after(moment: float, paints: Sequence[float]) -> float:
    """When it was painted."""
    return min((paint for paint in paints if paint > moment), default=moment)


def _open_dialog(editor: Gimp) -> float:
    """Choose the filter in the menu; when its key was pressed."""
    main = window(editor, "RGB color.*GIMP")
    leave(editor)
    pressed = [0.0]

    def starts() -> bool:
        before = set(plug_ins(editor))
        press(editor, main, "Escape", "Escape")
        for key in ("alt+r", "Up", "Right"):
            editor.ask(f"tool('xdotool', 'key', {key!r})")
            time.sleep(0.7)  # a menu opens
        pressed[0] = float(
            editor.run(f"answer = time.monotonic()\ntool('xdotool', 'key', '--delay', '0', {_key()!r})")
        )
        return until(lambda: bool(set(plug_ins(editor)) - before), 20)

    assert until(starts, _PATIENCE), "the menu does not start the filter"
    window(editor, f"^{_title()}$")  # the process must not be asked before: it is starting
    return pressed[0]


def _title() -> str:
    """The dialog's title in its language."""
    return translation.translated(sentences.BEAUTIFY)


def _key() -> str:
    """The filter's key in the menu, which is sorted by titles."""
    label = translation.translated("_Beautify…")
    return label[label.index("_") + 1].lower()


def _wait_for_patches(inside: Inside, known: int = 0) -> None:
    """Wait for the last patches of full size, and until they are painted."""
    last = f"any(each[1] for each in kept['events']['patches'][{known}:])"
    assert until(lambda: bool(inside.ask(last)), _PATIENCE)
    time.sleep(0.5)


def main() -> None:
    """Run the command."""
    options = editor_clock.Options.of("GIMP's dialog in real GIMP: a picture, or its clock", SCREEN)
    for each in (options.picture, options.clock):
        each.add_argument("--next", action="store_true")
    options.picture.add_argument("--dialog", action="store_true", help="the dialog alone")
    options.picture.add_argument("--keys", nargs="*", default=[])
    arguments = options.read()
    translation.use(arguments.language)
    (take_picture if arguments.what == "picture" else measure)(arguments)


if __name__ == "__main__":
    main()
