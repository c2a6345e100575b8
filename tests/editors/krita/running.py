"""A real Krita on a screen of its own, with the plug-in installed, and a wire into its main thread."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.editors.inside import Inside
from tests.editors.krita.screen import Screen, screen

PATIENCE = 120.0  # seconds; a busy machine must not fail a test
START = 400.0  # a first start fills a data base of brushes
DOCKER = "retouchml_docker"
_HERE = Path(__file__).parent
_HELPERS = (_HERE / "inside.py").read_text(encoding="utf-8")

# A plain painter canvas; the OpenGL one works too, but software drawing is slow.
_DISPLAY = "[General]\nOpenGLRenderer=none\ncanvasState=OPENGL_SUCCESS\n"


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What ``condition`` gives once it is true; fails where that does not come in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)


class Krita(Inside):
    """Runs Python inside, and clicks on what is to be seen."""

    def __init__(self, display: Screen, wire: Path) -> None:
        super().__init__(wire, PATIENCE)
        self.screen = display

    def click(self, name: str, across: float = 0.5, down: float = 0.5) -> None:
        """On a widget of the docker."""
        self.screen.click(*self.ask(f"place_of({name!r}, {across}, {down})"))

    def view(self) -> dict[str, Any]:
        """What the docker shows."""
        shown: dict[str, Any] = self.ask("view()")
        return shown

    def wait_for_task(self, seconds: float = 4 * PATIENCE) -> dict[str, Any]:
        """Wait until no task runs; return what the docker shows then."""
        shown: dict[str, Any] = until(lambda: (view := self.view())["task"] is None and view, seconds)
        return shown

    def clear(self) -> None:
        """Close all pictures; nothing may have gone wrong that a user would see as a traceback."""
        assert self.screen.windows("Script error") == []
        self.run("close_all()")
        until(lambda: self.ask("len(pictures())") == 0)


@contextmanager
def krita(profile: Path, plug_in: Callable[[Path], object], **environment: str) -> Iterator[Krita]:
    """Krita with an empty profile into which ``plug_in(profile)`` installs; ends with the block."""
    config, data = profile / ".config", profile / ".local" / "share"
    for folder in (config, data / "krita" / "pykrita", profile / ".cache", profile / "run"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (config / "kritarc").write_text(
        "[General]\nShowRootLayer=false\n\n[python]\nenable_retouchml_driver=true\n"
    )
    (config / "kritadisplayrc").write_text(_DISPLAY)
    shutil.copytree(_HERE / "driver", data / "krita" / "pykrita", dirs_exist_ok=True)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYENV", "VIRTUAL", "XDG_", "LD_"))
    }
    own = {
        "HOME": str(profile),
        # Krita's Python takes its library from beside the first python3 that it finds
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "XDG_CONFIG_HOME": str(config),
        "XDG_DATA_HOME": str(data),
        "XDG_CACHE_HOME": str(profile / ".cache"),
        "XDG_RUNTIME_DIR": str(profile / "run"),
        "QT_QPA_PLATFORM": "xcb",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "NO_AT_BRIDGE": "1",
        "LC_ALL": "C.UTF-8",
        "RETOUCHML_DRIVER": str(profile / "run" / "driver"),
    }
    plug_in(profile)
    with screen(profile / "run") as display, (profile / "run" / "krita.log").open("wb") as log:
        process = subprocess.Popen(
            ["dbus-run-session", "--", "krita", "--nosplash"],
            env={**clean, **own, **environment, "DISPLAY": display.display},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wire = profile / "run" / "driver"
            until(lambda: wire.exists() or process.poll() is not None, START)
            editor = Krita(display, wire)
            until(lambda: editor.ask("app.activeWindow() is not None"))
            editor.run(_HELPERS)
            editor.run("arrange()")
            yield editor
        finally:
            # Krita and its session bus are a group that this session made
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
