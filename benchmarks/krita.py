"""Krita's docker in the tests' real Krita: a picture of it, or its clock.

    python -m benchmarks.krita picture OUT.png [--theme bright] [--language de] [--screen 1366x768]
                                               [--scale 2] [--twenty] [--unfolded] [--settings] [--machine]
                                               [--older] [--scores]
    python -m benchmarks.krita clock [--photo FILE ...] [--times 3] [--megapixels 12]

Both need the Krita that ``python3 install test --editors`` installs. The picture shows the bundled portrait
with the real models, or with ``--twenty`` the tests' stand-in with as many faces. The clock puts each photo's
face into a picture of that size, three times the bundled one by default, and prints seconds.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import editor_clock
from benchmarks.editor_clock import FIRST, SLIDERS, Table
from benchmarks.rows import PORTRAIT
from tests.editors.krita import pictures, running
from tests.editors.krita.installation import install_into
from tests.editors.krita.running import SCREEN, Krita, until
from tests.stand_in_backend import FACE_ROW

_INSIDE = Path(__file__).with_name("krita_inside.py")
_FONTS = "RETOUCHML_TEST_FONTS"  # a folder of fonts for texts that the machine has none for
_PATIENCE = 900.0  # seconds


@contextmanager
def _opened(arguments: argparse.Namespace, backend: str, folder: Path) -> Iterator[Krita]:
    """Krita and a daemon, with the user's models and no known face."""
    profile = folder / "krita"
    fonts = os.environ.get(_FONTS)
    if fonts is not None:
        shutil.copytree(fonts, profile / ".local" / "share" / "fonts")
    with editor_clock.home(folder, backend, shows_scores=arguments.scores) as home:
        variables = {
            "RETOUCHML_HOME": str(home),
            "RETOUCHML_LANGUAGE": arguments.language,
            "QT_SCALE_FACTOR": str(arguments.scale),
        }
        theme = f"[theme]\nTheme=Krita {arguments.theme}\n"
        install = partial(install_into, home=home)
        with running.krita(profile, install, size=arguments.screen, settings=theme, **variables) as krita:
            krita.run(_INSIDE.read_text(encoding="utf-8"))
            width, height = (int(side) // arguments.scale for side in arguments.screen.split("x"))
            krita.run(f"arrange({width}, {height})")
            yield krita


def take_picture(arguments: argparse.Namespace) -> None:
    """Write a picture of the screen once the docker's preview is there."""
    with tempfile.TemporaryDirectory(prefix="rmlk") as temporary:
        folder = Path(temporary)
        with (
            _opened(arguments, FACE_ROW if arguments.twenty else "", folder) as krita,
            editor_clock.machine(arguments.machine, folder / "home"),
        ):
            if arguments.twenty:
                noise = np.random.default_rng(5).integers(0, 100, (400, 1600, 3)).astype(np.uint8)
                pictures.put(krita, pictures.as_krita(noise, "U8"), folder)
            else:
                krita.run(f"open_file({str(editor_clock.copy_photo(arguments.photo[0], folder))!r})")
            if arguments.machine:
                krita.run("docker()._controller.change_machine()")
            until(lambda: krita.view()["layer"])
            krita.run("press('find')")
            until(lambda: krita.view()["preview"], _PATIENCE)
            krita.wait_for_task(_PATIENCE)
            if arguments.unfolded:
                krita.run("unfold(); widget('splitter').setSizes([1, 9999])")
            if arguments.older:
                python, project = editor_clock.make_older(folder / "home")
                record = {"python": str(python), "checkout": str(project)}
                (folder / "home" / "data" / "install.json").write_text(json.dumps(record))
            if arguments.settings:
                krita.run("press('settings')")
                until(lambda: krita.ask("widget('copy').isEnabled()"))
            time.sleep(3.0)  # for what another machine answers, and the last drawing
            krita.screen.shoot(arguments.out)
            krita.run("for each in docker().findChildren(QWidget, 'retouchml_settings'): each.close()")


def measure(arguments: argparse.Namespace) -> None:
    """Print the seconds of every step, with one face and with three."""
    table = Table()
    with tempfile.TemporaryDirectory(prefix="rmlk") as temporary:
        folder = Path(temporary)
        counts = (1, 3) * arguments.times
        photos = list(editor_clock.write_photos(arguments.photo, counts, folder, arguments.megapixels))
        with _opened(arguments, "", folder) as krita:
            _look_at(krita, PORTRAIT)  # lets the daemon load its models
            for count, photo in photos:
                for age in ("new", "known"):
                    _measure_photo(krita, photo, f"{count} face{'s' * (count > 1)}, {age}", table)
    print(table.text(), end="")


def _look_at(krita: Krita, photo: Path) -> float:
    """Show a picture and its faces; when they were asked for. It is closed by the next one."""
    krita.clear()
    krita.run(f"open_file({str(photo)!r})")
    until(lambda: krita.view()["layer"])
    asked = float(krita.run("answer = begin(); press('find')"))
    until(lambda: krita.view()["preview"], _PATIENCE)
    krita.wait_for_task(_PATIENCE)
    time.sleep(0.5)  # for the last drawing
    return asked


def _measure_photo(krita: Krita, photo: Path, kind: str, table: Table) -> None:
    krita.run("docker().setVisible(False)")
    time.sleep(0.5)
    chosen = krita.ask("show_docker()")
    until(lambda: krita.ask("events['paints']"))
    table.note(f"{kind}: menu to docker", krita.ask("events['paints'][0]") - chosen)
    krita.run("pulse.start()")
    asked = _look_at(krita, photo)
    previews, paints = krita.ask("[events['previews'], events['paints']]")
    table.note(f"{kind}: Find faces to {FIRST}", _after(previews[0], paints) - asked)
    table.note(f"{kind}: Find faces to last preview", _after(previews[-1], paints) - asked)
    if kind.endswith("known"):
        for slider in SLIDERS:
            table.note(f"{kind}: slider {slider} to changed preview", _move(krita, slider.lower()))
        krita.run("press('beautify')")
        until(lambda: krita.view()["task"] == "beautify" or krita.view()["notice"])
        krita.wait_for_task(_PATIENCE)
    gaps = krita.ask("pulse.stop()")
    turns, adding = krita.ask("[max(events[kind], default=[0.0, '']) for kind in ('turns', 'adding')]")
    table.note(f"{kind}: longest own turn, processor time", turns[0])
    if adding[0]:
        table.note(f"{kind}: adding a layer, with Krita's event loop in it", adding[0])
    table.note(f"{kind}: longest wait of Krita's event loop, its own work included", gaps["away"])


def _move(krita: Krita, slider: str) -> float:
    """Seconds from a moved slider to a preview that has its effect."""
    moved, count = krita.ask(f"move_slider({slider!r})")
    until(lambda: krita.ask("len(events['previews'])") > count, _PATIENCE)
    krita.wait_for_task(_PATIENCE)
    time.sleep(0.5)
    previews, paints = krita.ask("[events['previews'], events['paints']]")
    return _after(previews[count], paints) - float(moved)


def _after(moment: float, paints: Sequence[float]) -> float:
    """When it was painted."""
    return min((paint for paint in paints if paint > moment), default=moment)


def main() -> None:
    """Run the command."""
    options = editor_clock.Options.of("Krita's docker in real Krita: a picture, or its clock", SCREEN)
    arguments = options.read()
    (take_picture if arguments.what == "picture" else measure)(arguments)


if __name__ == "__main__":
    main()
