"""A virtual screen for a real editor, with mouse and keyboard."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

TOOLS = ("Xvfb", "openbox", "xdotool", "import", "dbus-run-session")


def end(process: "subprocess.Popen[bytes]", seconds: float = 10.0) -> None:
    """Stop a process."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Screen:
    """display: as ``DISPLAY`` has it."""

    def __init__(self, display: str) -> None:
        self.display = display

    def do(self, *arguments: object) -> str:
        """Run xdotool; what it prints."""
        command = ["xdotool", *map(str, arguments)]
        outcome = subprocess.run(command, env=self.environment(), capture_output=True, check=False, text=True)
        return outcome.stdout

    def click(self, x: int, y: int) -> None:
        """With the left button."""
        self.do("mousemove", x, y)
        time.sleep(0.05)
        self.do("click", 1)

    def windows(self, name: str) -> list[str]:
        """The windows whose title matches."""
        return self.do("search", "--onlyvisible", "--name", name).split()

    def shoot(self, path: Path, crop: str = "") -> None:
        """A picture of it; crop: ImageMagick's WIDTHxHEIGHT+X+Y."""
        parts = ["-crop", crop] if crop else []
        subprocess.run(["import", "-window", "root", *parts, path], env=self.environment(), check=True)

    def environment(self) -> dict[str, str]:
        """For programs that shall appear on it."""
        return {**os.environ, "DISPLAY": self.display}


@contextmanager
def screen(folder: Path, size: str = "1280x900") -> Iterator[Screen]:
    """A screen with a window manager; the server chooses a free number."""
    with ExitStack() as stack:
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
        log = stack.enter_context((folder / "screen.log").open("wb"))
        server = subprocess.Popen(command, pass_fds=[writing], stdout=log, stderr=log)
        stack.callback(end, server)
        os.close(writing)
        with open(reading) as pipe:  # noqa: PTH123 (a descriptor)
            display = Screen(f":{pipe.readline().strip()}")
        manager = subprocess.Popen(
            ["openbox", "--sm-disable"], env=display.environment(), stdout=log, stderr=log
        )
        stack.callback(end, manager)
        yield display
