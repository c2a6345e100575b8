"""What the clocks and pictures of both editors share: a home, photographs with faces, goals, the table."""

import os
import shutil
import statistics
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

from benchmarks.rows import PORTRAIT, Row
from retouchml import paths, settings
from retouchml.client import machines_page
from retouchml.client.machines_page import Invitation
from retouchml.system.file_names import SETTINGS
from tests.daemon import running
from tests.editors.studio import studio
from tests.stand_in_backend import FACE_PAIR

FIRST = "first retouched preview"
SLIDERS = {"Strength": 0.15, "Texture": 0.4, "Blemishes": 0.15, "Teeth": 0.15, "Smile": 0.4}
"""Those that are moved, by their English titles, with their goals in seconds."""
_GOALS = [
    (("menu to dialog",), 0.5),
    (("menu to docker",), 0.5),
    ((", new: ", FIRST), 2.5),
    ((", known: ", FIRST), 0.8),
    (("own turn",), 0.05),
    *(((f"slider {title} to",), goal) for title, goal in SLIDERS.items()),
]
"""What a figure's name contains, and its goal in seconds."""
_SHAPE = 4, 3
_FACE = 0.325  # of a picture's width


class Table:
    """Seconds by what took them, each measured several times."""

    def __init__(self) -> None:
        self._rows: dict[str, list[float]] = {}

    def note(self, name: str, seconds: float) -> None:
        """Add a measurement."""
        self._rows.setdefault(name, []).append(seconds)

    def text(self) -> str:
        """A line for each: median, least and most, with its goal where it has one."""
        lines = [f"{'':58}   median    least     most\n"]
        for name, values in self._rows.items():
            goals = (seconds for parts, seconds in _GOALS if all(part in name for part in parts))
            goal = next(goals, None)
            verdict = ""
            if goal is not None:
                verdict = f"   goal {goal:g}: {'met' if statistics.median(values) <= goal else 'missed'}"
            lines.append(f"{Row(name, tuple(values)).text().rstrip()}{verdict}\n")
        return "".join(lines)


@dataclass(frozen=True)
class Options:
    """The options of an editor's command: of the whole, of its picture, and of its clock."""

    whole: ArgumentParser
    picture: ArgumentParser
    clock: ArgumentParser

    @classmethod
    def of(cls, description: str, screen: str) -> "Options":
        """Those that both editors have. screen: its size by default"""
        whole = ArgumentParser(description=description)
        whats = whole.add_subparsers(dest="what", required=True)
        picture, clock = whats.add_parser("picture"), whats.add_parser("clock")
        for each in (picture, clock):
            each.add_argument("--photo", type=Path, action="append", default=[])
            each.add_argument("--language", default="en")
            each.add_argument("--theme", default="dark")
            each.add_argument("--screen", default=screen)
            each.add_argument("--scale", type=int, default=1)
            each.add_argument("--scores", action="store_true", help="with scores shown")
        picture.add_argument("out", type=Path)
        picture.add_argument("--twenty", action="store_true", help="twenty faces, by the tests' stand-in")
        picture.add_argument("--unfolded", action="store_true", help="with all groups of sliders open")
        picture.add_argument("--settings", action="store_true", help="with the settings open")
        picture.add_argument("--machine", action="store_true", help="another machine does the work")
        picture.add_argument("--older", action="store_true", help="the plug-in is older than the project")
        clock.add_argument("--times", type=int, default=3)
        clock.add_argument("--megapixels", type=float, default=12.0)
        return cls(whole, picture, clock)

    def read(self) -> Namespace:
        """What the command was given; the bundled portrait where it names no photograph."""
        arguments = self.whole.parse_args()
        arguments.photo = arguments.photo or [PORTRAIT]
        return arguments


@contextmanager
def home(folder: Path, backend: str, *, shows_scores: bool = False) -> Iterator[Path]:
    """A RETOUCHML_HOME with the user's models and no known face, in which a daemon runs.

    shows_scores: as the editors' settings have it
    """
    models, made = paths.models_dir(), folder / "home"
    (made / "data").mkdir(parents=True)
    (made / "data" / "models").symlink_to(models)
    before = os.environ.get("RETOUCHML_HOME")
    os.environ["RETOUCHML_HOME"] = str(made)
    settings.store(paths.config_dir() / SETTINGS, "scores", shows_scores)
    daemon = running.start("--device", "cpu", backend=backend)
    try:
        yield made
    finally:
        daemon.close()
        if before is None:
            del os.environ["RETOUCHML_HOME"]
        else:
            os.environ["RETOUCHML_HOME"] = before


@contextmanager
def machine(is_wanted: bool, folder: Path) -> Iterator[None]:
    """A block in which another machine, with the tests' stand-in, does the work of the home in ``folder``."""
    with ExitStack() as stack:
        if is_wanted:
            there = stack.enter_context(studio(FACE_PAIR, folder))
            said = machines_page.add(Invitation(there.file, "studio", there.address))
            assert not said.is_error, said.sentence
        yield


_NEWER = """#!/bin/sh
case "$*" in
*--version) echo retouchml 99.0.0 ;;
esac
"""


def make_older(folder: Path) -> tuple[Path, Path]:
    """A project that says that it is newer than any plug-in; its Python, and its folder."""
    project = folder / "project"
    (project / "install").mkdir(parents=True)
    (project / "install" / "__main__.py").touch()
    python = project / "python"
    python.write_text(_NEWER)
    python.chmod(0o755)
    return python, project


def write_photos(
    photos: Sequence[Path], counts: Sequence[int], folder: Path, megapixels: float
) -> Iterator[tuple[int, Path]]:
    """Write pictures of that size with so many faces each, every one different; the count and the file."""
    height = round((megapixels * 1e6 * _SHAPE[1] / _SHAPE[0]) ** 0.5)
    width = height * _SHAPE[0] // _SHAPE[1]
    side, gap = round(_FACE * width), width // 200
    for seed, count in enumerate(counts):
        canvas = Image.new("RGB", (width, height), (122, 128, 131))
        for number in range(count):
            with Image.open(photos[number % len(photos)]) as opened:
                face = ImageOps.exif_transpose(opened).convert("RGB")
            if number % 2:
                face = ImageOps.mirror(face)
            face = ImageEnhance.Brightness(face).enhance(1 - 0.01 * (seed + number))
            face = ImageOps.contain(face, (side, height * 13 // 15))
            canvas.paste(face, (gap + number * (side + gap), height * 2 // 15))
        to = folder / f"{seed}.png"
        canvas.save(to, compress_level=1)
        yield count, to


def copy_photo(photo: Path, folder: Path) -> Path:
    """A copy that an editor in a folder of its own can see."""
    copied = folder / f"photo{photo.suffix}"
    shutil.copy(photo, copied)
    return copied
