"""From GIMP's zip to a retouched layer, without a terminal, in the GIMP 3.0 of the tests' set-up.

    python3 install zips
    python -m benchmarks.from_gimp_zip dist/retouchml-gimp-VERSION.zip --root FOLDER [--pictures FOLDER]

A new user with an empty home has the zip unpacked, opens a photograph, chooses the filter from the menu,
presses Install on the welcome page, then Beautify, all with a real mouse on a virtual screen. The packages
and models are the real ones, fetched by pip. It takes minutes and 2 GB, and prints seconds and megabytes.
It needs root and Debian, as the tests of the editors do. --python names the only Python for the engine, where
pip has a build of torch for that version alone.
"""

import argparse
import os
import time
from pathlib import Path

from benchmarks import fetched
from benchmarks.from_zip import Story, a_home, data_of, options, sums
from tests.daemon.running import until
from tests.editors.gimp import dialog_driver as dialogs
from tests.editors.gimp.dialog_driver import Inside
from tests.editors.gimp.running import Gimp, gimp
from tests.editors.gimp.test_welcome import SENTENCES, WELCOME
from tests.editors.gimp.test_zip import unpack

_PATIENCE = 1800.0  # seconds for the set-up
_VERSION = "3.0"
_PICTURE_EVERY = 20.0  # seconds of the set-up
# whatever the editor's own Python is, the set-up takes the one in the data folder
_ONE_PYTHON = "from retouchml.setup import python\npython._candidates = lambda: iter(())\nanswer = None"


def shoot(editor: Gimp, story: Story, name: str) -> None:
    """Keep a picture of the screen."""
    if story.pictures is None:
        return
    story.pictures.mkdir(parents=True, exist_ok=True)
    time.sleep(0.5)  # for the last drawing
    file = editor.profile / "screen.png"
    editor.ask(f"tool('import', '-window', 'root', {str(file)!r})")
    (story.pictures / f"{name}.png").write_bytes(file.read_bytes())


def set_up(editor: Gimp, page: str, story: Story, *, one_python: bool) -> float:
    """Press Install, and wait for the filter's dialog; seconds."""
    inside = Inside(editor)
    assert until(lambda: "MB are fetched" in inside.ask(SENTENCES), 120)
    story.note("the welcome page says what will be fetched")
    print(inside.ask(SENTENCES))
    shoot(editor, story, "welcome")
    if one_python:
        inside.run(_ONE_PYTHON)
    pressed = time.monotonic()
    dialogs.click(editor, page, "Install")
    assert until(lambda: inside.has("Cancel"), 60)
    shot, count, said = pressed, 0, ""
    while dialogs.windows(editor, WELCOME):
        try:
            sentences = str(inside.ask(SENTENCES))
        except (OSError, RuntimeError):  # it gives way
            break
        if "That did not work" in sentences:
            shoot(editor, story, "failed")
            raise SystemExit(sentences)
        beginning = sentences.rpartition(". ")[2].split(":")[0].split("…")[0]
        if beginning != said:
            story.note(beginning)
        said = beginning
        if time.monotonic() - shot > _PICTURE_EVERY:
            shot, count = time.monotonic(), count + 1
            shoot(editor, story, f"install-{count}")
        if time.monotonic() - pressed > _PATIENCE:
            raise SystemExit("The set-up did not end.")
        time.sleep(0.5)
    seconds = time.monotonic() - pressed
    story.note("the welcome page gives way")
    return seconds


def retouch(editor: Gimp, story: Story) -> None:
    """Press Beautify in the dialog, until the picture has a layer more."""
    dialog = dialogs.window(editor, dialogs.TITLE)
    story.note("the filter's dialog is there")
    assert until(lambda: dialogs.is_split(dialogs.preview(editor, dialog)), 300)
    story.note("it shows the face before and after")
    shoot(editor, story, "dialog")
    dialogs.press(editor, dialog, "Return")
    assert dialogs.is_gone(editor, seconds=300)
    assert until(lambda: len(editor.ask("names(image)")) > 1, 120)
    story.note(f"layers: {', '.join(editor.ask('names(image)'))}")
    shoot(editor, story, "retouched")


def measure(arguments: argparse.Namespace) -> None:
    """Do it all, and print what it took."""
    story = Story(arguments.pictures)
    with a_home(arguments.home) as profile:
        unpack(arguments.zip, profile / ".config" / "GIMP" / _VERSION / "plug-ins")
        data = data_of(profile)
        binds = [arguments.photo.parent, *arguments.bind]
        if certificate := os.environ.get("PIP_CERT"):  # that Debian has others
            binds.append(Path(certificate).parent)
        if arguments.python is not None:
            (data / "python").mkdir(parents=True)
            (data / "python" / "own").symlink_to(arguments.python)
            binds.append(arguments.python)
        before = fetched.on_disk(profile)
        variables = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        variables["RETOUCHML_PORTRAIT"] = str(arguments.photo)
        with gimp(
            arguments.root, profile, binds, _VERSION, RETOUCHML_LANGUAGE=arguments.language, **variables
        ) as editor:
            editor.run("image = load()" + dialogs.OPEN)
            main = dialogs.window(editor, "RGB color.*GIMP")
            story.note("GIMP is there with a photograph")
            dialogs.open_menu(editor, main, "Return")
            page = dialogs.window(editor, WELCOME)
            seconds = set_up(editor, page, story, one_python=arguments.python is not None)
            retouch(editor, story)
        print(sums(profile, before, seconds))


def main() -> None:
    """Read the command line."""
    parser = options("GIMP")
    parser.add_argument("--root", type=Path, required=True, help="the Debian with GIMP 3.0")
    parser.add_argument("--python", type=Path, help="the prefix of the only Python for the engine")
    parser.add_argument("--bind", type=Path, action="append", default=[], help="a folder that pip needs")
    measure(parser.parse_args())


if __name__ == "__main__":
    main()
