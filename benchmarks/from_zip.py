"""From Krita's zip to a retouched layer, without a terminal, in the Krita of this machine.

    python3 install zips
    python -m benchmarks.from_zip dist/retouchml-krita-VERSION.zip [--pictures FOLDER] [--language de]

A new user with an empty home imports the zip through Krita's own menu, starts Krita again, presses Install on
the welcome page, then Beautify, all with a real mouse on a virtual screen. The packages and models are the
real ones, fetched by pip as it is set up. It takes minutes and 2 GB, and prints seconds and megabytes.
``benchmarks.from_gimp_zip`` does the same in GIMP.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import fetched
from benchmarks.rows import PORTRAIT
from tests.editors.krita import running
from tests.editors.krita.running import Krita, until

_PATIENCE = 1800.0  # seconds for the set-up
_STATE = "widget('setup_state').text() if docker()._welcome is not None else ''"
_IS_WELCOMED = "docker()._welcome is not None"
_PICTURE_EVERY = 15.0  # seconds of the set-up


@dataclass
class Story:
    """What happened when. pictures: where screenshots go, None for nowhere"""

    pictures: Path | None
    start: float = field(default_factory=time.monotonic)

    def note(self, what: str) -> float:
        """Print what happened; seconds since the start."""
        seconds = time.monotonic() - self.start
        print(f"{seconds:7.1f} s  {what}", flush=True)
        return seconds

    def shoot(self, krita: Krita, name: str) -> None:
        """Keep a picture of the screen."""
        if self.pictures is not None:
            self.pictures.mkdir(parents=True, exist_ok=True)
            time.sleep(0.5)  # for the last drawing
            krita.screen.shoot(self.pictures / f"{name}.png")


def import_zip(krita: Krita, archive: Path, story: Story) -> None:
    """Tools > Scripts > Import Python Plugin from File…, with the keyboard. Krita is closed afterwards."""
    krita.run("QTimer.singleShot(0, app.action('plugin_importer_file').trigger)")
    until(lambda: krita.screen.windows("^Import Plugin$"))
    time.sleep(1.0)
    story.shoot(krita, "import")
    krita.screen.do("type", "--delay", 20, str(archive))
    krita.screen.do("key", "Return")
    until(lambda: krita.screen.windows("^Activate Plugins"))
    time.sleep(0.5)
    story.shoot(krita, "activate")
    krita.screen.do("key", "alt+y")
    until(lambda: not krita.screen.windows("^Activate Plugins"))
    story.note("imported, and switched on")


def set_up(krita: Krita, story: Story) -> float:
    """Press Install, and wait for the docker's normal face; seconds."""
    until(lambda: "MB" in krita.ask("widget('about').text()"))
    story.note("the welcome page says what will be fetched")
    print(krita.ask("widget('about').text()").replace("\u200b", ""))
    story.shoot(krita, "welcome")
    pressed = time.monotonic()
    krita.click_until("install", lambda: krita.ask("widget('setup_bar').isVisible()"))
    said, shot, count = "", pressed, 0
    while krita.ask(_IS_WELCOMED):
        state = krita.ask(_STATE).replace("\u200b", "")
        if state.split(":")[0].split("…")[0] != said.split(":")[0].split("…")[0]:
            story.note(state)
        said = state
        if time.monotonic() - shot > _PICTURE_EVERY:
            shot, count = time.monotonic(), count + 1
            story.shoot(krita, f"install-{count}")
        if krita.ask("widget('setup_state').isVisible() and widget('install').isVisible()"):
            story.shoot(krita, "failed")
            print(krita.ask("docker()._welcome._shown.log"))
            raise SystemExit(state)
        if time.monotonic() - pressed > _PATIENCE:
            raise SystemExit("The set-up did not end.")
        time.sleep(0.5)
    story.note("the docker shows its normal face")
    return time.monotonic() - pressed


def retouch(krita: Krita, story: Story) -> None:
    """Press Beautify, until the picture has a layer more."""
    until(lambda: krita.view()["layer"] is not None)
    krita.click_until("beautify", lambda: krita.view()["task"] is not None or krita.view()["notice"])
    krita.wait_for_task(running.START_TIMEOUT)
    until(lambda: len(krita.ask("layers()")) > 1)
    story.note(f"layers: {', '.join(krita.ask('layers()'))}; {krita.view()['notice']}")
    story.shoot(krita, "retouched")


@contextmanager
def _closed_at_the_end(data: Path) -> Iterator[None]:
    """End the daemon that the plug-in started."""
    try:
        yield
    finally:
        command = data / "engine" / "bin" / "retouchml"
        if command.is_file():
            home = data.parents[2]
            variables = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run"), "PATH": "/usr/bin:/bin"}
            subprocess.run([command, "daemon", "stop"], env=variables, check=False, capture_output=True)


def data_of(profile: Path) -> Path:
    """The data folder of whoever has that home."""
    return profile / ".local" / "share" / "retouchml"


@contextmanager
def a_home(wished: Path | None) -> Iterator[Path]:
    """An empty home, which is deleted at the end."""
    if wished is None:
        with tempfile.TemporaryDirectory(prefix="rmlz") as temporary:
            yield Path(temporary)
        return
    wished.mkdir(parents=True)  # nobody else's
    try:
        yield wished
    finally:
        shutil.rmtree(wished)


def measure(arguments: argparse.Namespace) -> None:
    """Do it all, and print what it took."""
    story = Story(arguments.pictures)
    with a_home(arguments.home) as profile:
        data = data_of(profile)
        with running.krita(profile, lambda _profile: None, RETOUCHML_LANGUAGE=arguments.language) as krita:
            story.note("Krita is there, without the plug-in")
            import_zip(krita, arguments.zip.absolute(), story)
            krita.run("QTimer.singleShot(0, app.activeWindow().qwindow().close)")
            time.sleep(3.0)
        before = fetched.on_disk(profile)
        with (
            _closed_at_the_end(data),
            running.krita(profile, lambda _profile: None, RETOUCHML_LANGUAGE=arguments.language) as krita,
        ):
            krita.run(f"doc = app.openDocument({str(arguments.photo)!r}); app.activeWindow().addView(doc)")
            krita.run("doc.setModified(False)")
            until(lambda: krita.ask(_IS_WELCOMED))
            story.note("Krita is there again, with the docker and a photograph")
            seconds = set_up(krita, story)
            retouch(krita, story)
            assert krita.screen.windows("Script error") == []
        print(sums(profile, before, seconds))


def sums(profile: Path, before: float, seconds: float) -> str:
    """What the set-up fetched, and what it left in a home that had so many megabytes before."""
    data = data_of(profile)
    log = (data / "engine" / "retouchml-install.log").read_text(encoding="utf-8", errors="replace")
    packages, models = fetched.by_pip(log, profile), fetched.on_disk(data / "models")
    return (
        f"set-up {seconds:.0f} s; fetched by pip {packages:.0f} MB and models ({models:.0f} MB on disk)\n"
        f"in the home afterwards: {fetched.on_disk(profile) - before:.0f} MB more"
    )


def options(editor: str) -> argparse.ArgumentParser:
    """The options of the command for an editor's zip."""
    parser = argparse.ArgumentParser(description=f"From {editor}'s zip to a retouched layer.")
    parser.add_argument("zip", type=Path, help=f"what `python3 install zips` built for {editor}")
    parser.add_argument("--photo", type=Path, default=PORTRAIT, help="the picture to retouch")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="where screenshots go")
    parser.add_argument("--home", type=Path, help="a folder that does not exist yet; it is seen in pictures")
    parser.add_argument("--language", default="en", help="of the plug-in")
    return parser


def main() -> None:
    """Read the command line."""
    measure(options("Krita").parse_args())


if __name__ == "__main__":
    main()
