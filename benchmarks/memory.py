"""Peak memory of a whole command with all processes that work for it. Linux only.

    python -m benchmarks.memory [--megapixels N]

The bundled portrait, enlarged, as an 8-bit JPEG and as a 16-bit TIFF; in process, and through a new daemon.
Memory that several processes share counts once: it is the sum of proportional set sizes, sampled every 50 ms,
so a shorter peak may be missed. The models must be fetched before.
"""

import argparse
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np

from benchmarks.rows import portrait
from benchmarks.speed import cold_home

_INTERVAL = 0.05  # seconds
_PHOTOS = {"8-bit JPEG": "photo.jpg", "16-bit TIFF": "photo.tif"}


def processes(home: Path) -> list[Path]:
    """The folders in ``/proc`` of the processes with this RETOUCHML_HOME."""
    variable = f"RETOUCHML_HOME={home}".encode()
    folders = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if variable in (folder / "environ").read_bytes().split(b"\0"):
                folders.append(folder)
    return folders


def memory(home: Path) -> int:
    """The memory in bytes of the processes with this RETOUCHML_HOME."""
    total = 0
    for folder in processes(home):
        with suppress(OSError):
            for line in (folder / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


class Peak:
    """The peak memory in bytes while the block runs."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self.bytes = 0

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(_INTERVAL):
            self.bytes = max(self.bytes, memory(self._home))


def beautify(name: str, megapixels: int, *, daemon: bool) -> int:
    """The peak memory in bytes of ``retouchml beautify`` with a cold cache; name: of the photo."""
    with cold_home() as home:
        pixels = portrait(megapixels)[..., ::-1]
        photo = home / name
        cv2.imwrite(str(photo), pixels if photo.suffix == ".jpg" else pixels.astype(np.uint16) * 257)
        del pixels
        environment = {**os.environ, "RETOUCHML_HOME": str(home)}
        after = home / f"after-{name}"
        command = [sys.executable, "-m", "retouchml", "beautify", str(photo), "-o", str(after), "--quiet"]
        command += [] if daemon else ["--no-daemon"]
        with Peak(home) as peak:
            subprocess.run(command, check=True, env=environment)
        if daemon:
            stop = [sys.executable, "-m", "retouchml", "daemon", "stop"]
            subprocess.run(stop, check=True, env=environment, stdout=subprocess.DEVNULL)
        return peak.bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    parser = argparse.ArgumentParser(description="Measure how much memory a whole command takes.")
    parser.add_argument("--megapixels", type=int, default=24, metavar="N", help="(default: %(default)s)")
    megapixels = parser.parse_args(arguments).megapixels
    if not Path("/proc/self/smaps_rollup").exists():
        parser.error("this system does not tell how much memory is shared")
    print(f"GiB at most, {megapixels} megapixels")
    for title, name in _PHOTOS.items():
        alone, served = (beautify(name, megapixels, daemon=daemon) / 2**30 for daemon in (False, True))
        print(f"  {title:14} in process {alone:.2f}, through a daemon {served:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
