"""Starts a real Krita on a virtual screen, with the plug-in and a driver."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.editors.editor_driver import EditorDriver
from tests.editors.krita.screen import Screen, screen

TIMEOUT = 120.0  # seconds; a busy machine must not fail a test
SCREEN = "1280x900"
START_TIMEOUT = 400.0  # a first start fills a data base of brushes
DOCKER = "retouchml_docker"
_HERE = Path(__file__).parent
_HELPERS = (_HERE / "helpers_in_krita.py").read_text(encoding="utf-8")

# Krita in a folder with a Debian of its own; the mounts end with the namespace.
_BOXED = """
set -eu
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
mount -t tmpfs tmpfs "$ROOT/tmp"
printf '%s\\n' "$BINDS" | while read -r folder; do
    mkdir -p "$ROOT$folder"; mount --bind "$folder" "$ROOT$folder"
done
exec /usr/sbin/chroot "$ROOT" dbus-run-session -- krita --nosplash
"""
_PRIVATE = (
    *("unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"),
    *("sh", "-c", _BOXED),
)

# A plain painter canvas; the OpenGL one works too, but software drawing is slow.
_DISPLAY = "[General]\nOpenGLRenderer=none\ncanvasState=OPENGL_SUCCESS\n"


def until(condition: Callable[[], Any], seconds: float = TIMEOUT) -> Any:
    """The value of ``condition`` once it is true. Fails the test if that takes too long."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)


class Krita(EditorDriver):
    """Runs Python inside Krita, and clicks on its widgets.

    is_boxed: whether it lives in a folder of its own, where it cannot start the project's Python
    """

    def __init__(self, display: Screen, address: Path, *, is_boxed: bool = False) -> None:
        super().__init__(address, TIMEOUT)
        self.screen = display
        self.is_boxed = is_boxed

    def click(self, name: str, across: float = 0.5, down: float = 0.5) -> None:
        """Click on a widget of the docker."""
        self.screen.click(*self.ask(f"place_of({name!r}, {across}, {down})"))

    def click_until(self, name: str, taken: Callable[[], Any]) -> None:
        """Click on a widget again until it took the click: Krita itself may be busy with its windows."""
        for _ in range(20):
            self.click(name)
            with suppress(AssertionError):
                until(taken, 4.0)
                return
        raise AssertionError(f"{name} took no click")

    def enter_until(self, name: str, text: str, taken: Callable[[], Any]) -> None:
        """Type into a field, and Return, until it took that: the display loses keys on a busy machine."""
        for _ in range(20):
            self.click(name)
            self.screen.do("key", "ctrl+a")
            self.screen.do("type", text)
            self.screen.do("key", "Return")
            with suppress(AssertionError):
                until(taken, 10.0)
                return
        raise AssertionError(f"{name} took no text")

    def press_until(self, key: str, taken: Callable[[], Any]) -> None:
        """Press a key again until it was taken; it must do the same however often it comes."""
        for _ in range(20):
            self.screen.do("key", key)
            with suppress(AssertionError):
                until(taken, 10.0)
                return
        raise AssertionError(f"{key} was not taken")

    def view(self) -> dict[str, Any]:
        """What the docker shows."""
        shown: dict[str, Any] = self.ask("view()")
        return shown

    def wait_for_task(self, seconds: float = 4 * TIMEOUT) -> dict[str, Any]:
        """Wait until no task runs; return what the docker shows then."""
        shown: dict[str, Any] = until(lambda: (view := self.view())["task"] is None and view, seconds)
        return shown

    def settle(self) -> None:
        """Wait until Krita has shown what changed among the layers, as a picture must be closed only then."""
        self.run("settle()")
        until(lambda: self.ask("settled"))

    def clear(self) -> None:
        """Close all pictures, and make sure that Krita shows no traceback."""
        assert self.screen.windows("Script error") == []
        self.settle()
        self.run("close_all()")
        until(lambda: self.ask("len(pictures())") == 0)


@contextmanager
def krita(
    profile: Path,
    install: Callable[[Path], object],
    root: Path | None = None,
    binds: Sequence[Path] = (),
    *,
    size: str = SCREEN,
    settings: str = "",
    **environment: str,
) -> Iterator[Krita]:
    """Krita with an empty profile, into which ``install(profile)`` installs; it ends with the block.

    A profile that it had before is used as it is.

    root: the folder with a Debian in which it lives, None for the machine itself; binds: folders that it sees
    there under the same names; size: of the screen, in pixels; settings: more lines of ``kritarc``
    """
    config, data = profile / ".config", profile / ".local" / "share"
    for folder in (config, data / "krita" / "pykrita", profile / ".cache", profile / "run"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (config / "kritarc").exists():
        (config / "kritarc").write_text(
            "[General]\nShowRootLayer=false\n\n[python]\nenable_retouchml_driver=true\n" + settings
        )
    (config / "kritadisplayrc").write_text(_DISPLAY)
    shutil.copytree(_HERE / "driver", data / "krita" / "pykrita", dirs_exist_ok=True)
    address = profile / "run" / "driver"
    address.unlink(missing_ok=True)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYENV", "VIRTUAL", "XDG_", "LD_"))
    }
    variables = {
        "HOME": str(profile),
        # Krita's Python takes the library beside the first python3 on the path
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "XDG_CONFIG_HOME": str(config),
        "XDG_DATA_HOME": str(data),
        "XDG_CACHE_HOME": str(profile / ".cache"),
        "XDG_RUNTIME_DIR": str(profile / "run"),
        "QT_QPA_PLATFORM": "xcb",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "NO_AT_BRIDGE": "1",
        "LC_ALL": "C.UTF-8",
        "RETOUCHML_DRIVER": str(address),
    }
    install(profile)
    with screen(profile / "run", size) as display, (profile / "run" / "krita.log").open("wb") as log:
        command = ["dbus-run-session", "--", "krita", "--nosplash"] if root is None else _PRIVATE
        folders = "\n".join(map(str, [profile, *binds]))
        boxed = {} if root is None else {"ROOT": str(root), "BINDS": folders}
        process = subprocess.Popen(
            command,
            env={**clean, **variables, **environment, **boxed, "DISPLAY": display.display},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            until(lambda: address.exists() or process.poll() is not None, START_TIMEOUT)
            assert process.poll() is None, (profile / "run" / "krita.log").read_text(errors="replace")
            editor = Krita(display, address, is_boxed=root is not None)
            until(lambda: editor.ask("app.activeWindow() is not None"))
            editor.run(_HELPERS)
            editor.run("arrange()")
            yield editor
        finally:
            # Krita and its session bus are a process group of their own
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
