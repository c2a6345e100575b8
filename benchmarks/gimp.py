"""GIMP's dialog of the filter in the tests' real GIMP: a picture of it, or its clock.

    python -m benchmarks.gimp picture OUT.png [--theme light] [--language de] [--screen 1366x768] [--scale 2]
                                              [--twenty] [--photo FILE] [--dialog] [--keys alt+k]
    python -m benchmarks.gimp clock [--photo FILE ...] [--times 3]

Both need the GIMP that ``python3 install test --editors`` makes. The picture shows the bundled portrait with
the real models, or with ``--twenty`` the tests' stand-in with as many faces. The clock puts each photo's face
into 12 megapixels, three times the bundled one by default, and prints seconds.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageEnhance, ImageOps

from benchmarks.rows import PORTRAIT, Row
from retouchml import paths, sentences, translation
from tests.daemon import running
from tests.daemon.running import until
from tests.editors.gimp.conftest import ROOTS, install
from tests.editors.gimp.dialog_driver import OPEN, Inside, is_gone, leave, plug_ins, press, window
from tests.editors.gimp.running import SCREEN, Gimp, gimp
from tests.editors.gimp.test_results import PICTURE
from tests.stand_in_backend import FACE_ROW

_VERSION = "3.0"
_SIZE = 4000, 3000
_FACE = 1300  # pixels of a photo's width there
_INSIDE = Path(__file__).with_name("gimp_inside.py")
_FONTS = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")  # the tests' Debian has no Japanese
_SLIDERS = ("Strength", "Texture", "Blemishes", "Teeth", "Smile")
_PATIENCE = 900.0  # seconds


@contextmanager
def _opened(arguments: argparse.Namespace, backend: str, folder: Path) -> Iterator[Gimp]:
    """GIMP and a daemon, with the user's models and no known face."""
    home, profile = folder / "home", folder / "gimp"
    models = paths.data_dir() / "models"
    (home / "data").mkdir(parents=True)
    (home / "data" / "models").symlink_to(models)
    root = os.environ.get(ROOTS[_VERSION][0])
    if root is None:
        raise SystemExit(f"{ROOTS[_VERSION][0]} names no GIMP: `python3 install test {ROOTS[_VERSION][1]}`")
    install(profile, _VERSION)
    if _FONTS.is_file():
        (profile / ".local/share/fonts").mkdir(parents=True)
        shutil.copy(_FONTS, profile / ".local/share/fonts")
    os.environ["RETOUCHML_HOME"] = str(home)
    daemon = running.start("--device", "cpu", backend=backend)
    variables = {
        "RETOUCHML_HOME": str(home),
        "RETOUCHML_PORTRAIT": str(PORTRAIT),
        "RETOUCHML_LANGUAGE": arguments.language,
        "RETOUCHML_INSIDE": str(_INSIDE),
        "PYTHONDONTWRITEBYTECODE": "",  # people's plug-ins are compiled once
        "GDK_SCALE": str(arguments.scale),
    }
    preferences = f'(theme-color-scheme {arguments.theme})\n(language "{arguments.language}")\n'
    binds = [folder, PORTRAIT.parent, _INSIDE.parent]
    try:
        with gimp(
            Path(root),
            profile,
            binds,
            _VERSION,
            screen=arguments.screen,
            preferences=preferences,
            **variables,
        ) as editor:
            yield editor
    finally:
        daemon.close()


def take_picture(arguments: argparse.Namespace) -> None:
    """Write a picture of the screen or of the dialog alone once its preview is there."""
    with tempfile.TemporaryDirectory(prefix="rmlg") as temporary:
        folder = Path(temporary)
        photo = folder / "photo.png"
        shutil.copy(arguments.photo[0], photo)
        source = PICTURE if arguments.twenty else f"image = load({str(photo)!r})"
        with _opened(arguments, FACE_ROW if arguments.twenty else "", folder) as editor:
            editor.run(source + OPEN)
            _open_dialog(editor)
            dialog = window(editor, f"^{_title()}$")
            _wait_for_patches(Inside(editor))
            for keys in arguments.keys:
                press(editor, dialog, keys)
                time.sleep(1.0)
            path = editor.profile / "screen.png"
            what = dialog if arguments.dialog else "root"
            editor.ask(f"tool('import', '-window', {what!r}, {str(path)!r})")
            shutil.copy(path, arguments.out)


def measure(arguments: argparse.Namespace) -> None:
    """Print the seconds of every step, with one face and with three."""
    table: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="rmlg") as temporary:
        folder = Path(temporary)
        photos = []
        for number, count in enumerate((1, 3) * arguments.times):
            photos.append((count, folder / f"{number}.png"))
            _write_photo(arguments.photo, count, number, photos[-1][1])
        with _opened(arguments, "", folder) as editor:
            _warm_up(editor)
            for count, photo in photos:
                editor.run(f"image = load({str(photo)!r})" + OPEN)
                for kind in ("new", "known"):
                    _measure_dialog(editor, f"{count} face{'s' * (count > 1)}, {kind}", table)
                    press(editor, window(editor, f"^{_title()}$"), "Escape")
                    assert is_gone(editor, f"^{_title()}$")
                editor.run("display.delete()\nanswer = None")
    print(f"{'':58}   median    least     most")
    for name, values in table.items():
        print(Row(name, tuple(values)).text(), end="")


def _warm_up(editor: Gimp) -> None:
    """Let the daemon load its models, and GIMP open its menus once."""
    editor.run("image = load()" + OPEN)
    _open_dialog(editor)
    _wait_for_patches(Inside(editor))
    press(editor, window(editor, f"^{_title()}$"), "Escape")
    assert is_gone(editor, f"^{_title()}$")
    editor.run("display.delete()\nanswer = None")


def _measure_dialog(editor: Gimp, kind: str, table: dict[str, list[float]]) -> None:
    pressed = _open_dialog(editor)
    inside = Inside(editor)
    _wait_for_patches(inside)
    events: dict[str, Any] = inside.ask("kept['events']")
    paints = events["paints"]

    def note(name: str, seconds: float) -> None:
        table.setdefault(f"{kind}: {name}", []).append(seconds)

    note("menu to dialog", paints[0] - pressed)
    note("menu to first retouched preview", _after(events["patches"][0][0], paints) - pressed)
    note("menu to last preview", _after(events["patches"][-1][0], paints) - pressed)
    if kind.endswith("known"):
        for slider in _SLIDERS:
            note(f"slider {slider} to changed preview", _move(inside, slider))
    gaps = inside.ask("kept['events']['gaps']")
    for name, column in (("wall", 1), ("own processor time", 2)):
        note(f"longest turn of the event loop, {name}", max((gap[column] for gap in gaps), default=0.0))


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


def _write_photo(photos: Sequence[Path], count: int, seed: int, to: Path) -> None:
    """Write 12 megapixels with that many faces, each different in every photo."""
    canvas = Image.new("RGB", _SIZE, (122, 128, 131))
    for number in range(count):
        with Image.open(photos[number % len(photos)]) as opened:
            face = ImageOps.exif_transpose(opened).convert("RGB")
        if number % 2:
            face = ImageOps.mirror(face)
        face = ImageEnhance.Brightness(face).enhance(1 - 0.01 * (seed + number))
        face = ImageOps.contain(face, (_FACE, _SIZE[1] - 400))
        canvas.paste(face, (20 + number * (_FACE + 20), 400))
    canvas.save(to, compress_level=1)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description="GIMP's dialog in real GIMP: a picture, or its clock")
    whats = parser.add_subparsers(dest="what", required=True)
    for what in ("picture", "clock"):
        each = whats.add_parser(what)
        each.add_argument("--photo", type=Path, action="append", default=[])
        each.add_argument("--language", default="en")
        each.add_argument("--theme", default="dark")
        each.add_argument("--screen", default=SCREEN)
        each.add_argument("--scale", type=int, default=1)
        if what == "picture":
            each.add_argument("out", type=Path)
            each.add_argument("--twenty", action="store_true")
            each.add_argument("--dialog", action="store_true", help="the dialog alone")
            each.add_argument("--keys", nargs="*", default=[])
        else:
            each.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    translation.use(arguments.language)
    arguments.photo = arguments.photo or [PORTRAIT]
    (take_picture if arguments.what == "picture" else measure)(arguments)


if __name__ == "__main__":
    main()
