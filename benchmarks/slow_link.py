"""A portrait of 24 megapixels, and another machine behind a slow network: when is something seen, and all?

    python -m benchmarks.slow_link [--picture FILE] [--megabits 20] [--milliseconds 30] [--side 6000]

A daemon with the real models listens on TCP; a proxy lets so many megabits a second through, each way, later
by so many milliseconds. The picture, by default the bundled portrait, is enlarged to --side pixels, and noise
of a camera is added. A session as an editor's opens it and renders the default look. Printed are the seconds
from the first byte to the faces, to the first preview and to the result, the megabytes that went each way,
and how far the result is from that of the whole picture. The exit code is 1 if the first preview comes later
than --promise seconds, 4 by default.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
from PIL import Image

from retouchml import paths
from retouchml.client import connection_file, host_port
from retouchml.client.answers import WirePatch
from retouchml.client.client import Client
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.render_request import Looks
from retouchml.look import Look
from tests.conftest import PORTRAIT
from tests.daemon.running import start
from tests.slow_link import SlowLink

_PATIENCE = 600.0
_NOISE = 1.5  # of 255, as of a camera at a low sensitivity
_ASPECT = 2 / 3


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; 1 if the promise is broken."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--picture", type=Path, default=PORTRAIT)
    parser.add_argument("--megabits", type=float, default=20.0)
    parser.add_argument("--milliseconds", type=float, default=30.0)
    parser.add_argument("--side", type=int, default=6000)
    parser.add_argument("--promise", type=float, default=4.0)
    arguments = parser.parse_args(argv)
    pixels = _picture(arguments.picture, arguments.side)
    models = paths.models_dir()
    with tempfile.TemporaryDirectory(prefix="rml") as home, ExitStack() as stack:
        os.environ["RETOUCHML_HOME"] = home
        (Path(home) / "data").mkdir()
        (Path(home) / "data" / "models").symlink_to(models)
        daemon = start("--device", "cpu", "--tcp", "127.0.0.1:0", backend="")
        stack.callback(daemon.close)
        own = connection_file.read(paths.runtime_dir() / connection_file.NAME)
        link = SlowLink(
            host_port.of_endpoint(own.endpoint), arguments.megabits * 1e6, arguments.milliseconds / 1000
        )
        stack.callback(link.close)
        file = Path(home) / "studio.json"
        connection_file.write(file, own.at(f"tcp://{link.address}"))
        with Client(connection_file=file) as client:
            client.edits().result(_PATIENCE)  # the models are loaded
            small = _picture(PORTRAIT, 900)  # and everything that a first picture loads
            sys.stdout.write("a small picture first:\n")
            _work(client, small, spares=False)
            sys.stdout.write("over the slow network:\n")
            before = list(link.carried)
            first, patches = _work(client, pixels, spares=True)
            up, down = (now - then for now, then in zip(link.carried, before, strict=True))
            sys.stdout.write(f"{up / 1e6:.1f} MB up of {pixels.nbytes / 1e6:.0f}, {down / 1e6:.1f} MB down\n")
        with Client() as client:
            sys.stdout.write("the whole picture, on this machine:\n")
            _, expected = _work(client, pixels, spares=False)
        _compare(patches, expected)
    return int(first > arguments.promise)


def _work(
    client: Client, pixels: npt.NDArray[np.uint8], *, spares: bool
) -> tuple[float, npt.NDArray[np.uint8]]:
    """The seconds to the first preview, and what changed: RGBA [H, W, 4]."""
    height, width = pixels.shape[:2]
    picture = PixelFormat(width, height, "u8", "RGB")
    session = PhotoSession(client, picture, pixels.tobytes(), spares=spares, previews=spares)
    started, _at_start[0] = time.monotonic(), _processor_seconds()
    moments: list[float] = []
    session.on_opened = lambda _: _say("faces", started)

    def shown(_looks: Looks, _patches: Sequence[WirePatch]) -> None:
        if not moments:
            _say("first preview", started)
        moments.append(time.monotonic() - started)

    session.on_preview = shown
    session.open()
    session.wait(timeout=_PATIENCE)
    session.render({face: Look() for face in range(len(session.faces))}, size="both", refine=True, shown=0)
    rendered = session.wait(timeout=_PATIENCE)
    sys.stdout.write(
        f"first preview {moments[0]:6.2f} s\nresult        {time.monotonic() - started:6.2f} s\n"
    )
    canvas = np.zeros((height, width, 4), np.uint8)
    for patch in rendered.patches if rendered is not None else ():
        x, y, w, h = patch.box
        canvas[y : y + h, x : x + w] = np.frombuffer(patch.pixels, np.uint8).reshape(h, w, 4)
    session.close()
    return moments[0], canvas


def _say(what: str, started: float) -> None:
    processors = _processor_seconds() - _at_start[0]
    seconds = time.monotonic() - started
    sys.stdout.write(f"{what:14}{seconds:6.2f} s, in which processors worked {processors:.2f} s for it\n")


def _processor_seconds() -> float:
    """Of this process, the daemon and its worker so far: on a busy machine the rest is others'."""
    own = psutil.Process()
    times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


_at_start = [0.0]


def _compare(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> None:
    both = (one[..., 3] > 0) & (other[..., 3] > 0)
    either = (one[..., 3] > 0) | (other[..., 3] > 0)
    difference = np.abs(one[..., :3].astype(np.int16) - other[..., :3])[both]
    sys.stdout.write(
        f"of the pixels that changed in either, {both.sum() / max(1, either.sum()):.2%} changed in both; "
        f"mean difference {difference.mean():.2f}, 99 % within {np.percentile(difference, 99):.0f} of 255\n"
    )


def _picture(path: Path, side: int) -> npt.NDArray[np.uint8]:
    """The photograph in the middle of a grey one whose longer side is ``side`` [H, W, 3]."""
    height = round(side * _ASPECT)
    with Image.open(path) as image:
        scale = height / image.height
        size = (min(side, round(image.width * scale)), height)
        large = np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS)).astype(np.float32)
    whole = np.full((height, side, 3), large.mean((0, 1)), np.float32)
    left = (side - large.shape[1]) // 2
    whole[:, left : left + large.shape[1]] = large
    whole += np.random.default_rng(0).normal(0, _NOISE, whole.shape).astype(np.float32)
    return np.clip(np.rint(whole), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
