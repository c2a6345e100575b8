"""What the daemon adds to the retouch itself: transfer, latency, throughput, idleness.

    python -m benchmarks.daemon [--megapixels 1 12 24 100] [--rounds 5] [--side 1024] [--models]

A stand-in for the pipeline finds one face at once and inverts its pixels, so that only the way through the
daemon is measured; the worker therefore maps the pixels of an upload, but reads only the face's. "copy" is
memory copied into memory that was used before, "hop" one message over a bare ipc connection to another
process and its acknowledgement; both in the same run. With --models, a slider is moved on the bundled
portrait as well, by the real models in this process and by those in the daemon, in turn; the portrait is
reopened by a daemon that was started anew; photographs that were never seen are opened and shown as soon as
something retouched is there; and work on the CPU is cancelled at moments spread over it.
"""

import argparse
import contextlib
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import zmq
from numpy.typing import NDArray

from retouchml import paths
from retouchml.client.answers import Rendered
from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.discovery import listens
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.remote_photo import RemotePhoto
from retouchml.errors import Cancelled
from retouchml.look import Look
from tests.stand_in_backend import LARGE_FACE, LargeFaceBackend

_PATIENCE = 120.0
_IDLE_SECONDS = 10.0
_LOAD_SECONDS = 3.0
_LOOKS = {0: Look(0.5)}
_BEGUN = 0.3  # share of an inversion after which its first look was shown
_PORTRAIT = Path(__file__).parents[1] / "pipeline" / "portrait" / "astronaut.png"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1, 12, 24, 100])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", type=int, default=1024, help="of the patch, in pixels")
    parser.add_argument("--models", action="store_true", help="also with the real models, which are fetched")
    arguments = parser.parse_args(argv)
    models = paths.models_dir()
    os.environ["STAND_IN_SIDE"] = str(arguments.side)
    with tempfile.TemporaryDirectory(prefix="rml") as home:
        os.environ["RETOUCHML_HOME"] = home
        options = ["--backend", LARGE_FACE]
        with Client(start=True, interpreter=[sys.executable], start_options=options) as client:
            client.connect()
            try:
                _transfer(client, arguments.megapixels, arguments.rounds)
                _latency(client, arguments.side, arguments.rounds)
                _throughput()
                _idleness(client)
            finally:
                client.shutdown().result(_PATIENCE)
    if arguments.models:
        with tempfile.TemporaryDirectory(prefix="rml") as home:
            os.environ["RETOUCHML_HOME"] = home
            Path(home, "data").mkdir()
            Path(home, "data", "models").symlink_to(models, target_is_directory=True)
            portrait = _portrait()
            _slider(portrait, 4 * arguments.rounds)
            _reopening(portrait)
            _first_looks(arguments.rounds)
            _cancelling(portrait, 2 * arguments.rounds)
    return 0


def _transfer(client: Client, megapixels: Sequence[float], rounds: int) -> None:
    print("upload, RGBA u8: open until the answer; median (and best), milliseconds")
    print(f"{'MP':>6} {'copy':>9} {'fresh copy':>11} {'hop':>9} {'open':>17} {'/copy':>6} {'/hop':>6}")
    for each in megapixels:
        width = 4000 if each >= 1 else 400
        picture = PixelFormat(width, round(each * 1e6 / width))
        pixels = np.random.default_rng(0).integers(0, 256, picture.size, np.uint8)
        data = pixels.data
        target = np.zeros_like(pixels)
        copy = _median(partial(np.copyto, target, pixels), rounds)
        fresh = _median(pixels.copy, rounds)
        del target
        hop = _bare_hop(data, rounds)
        seconds = [_open(client, picture, data) for _ in range(rounds + 1)][1:]
        took, best = statistics.median(seconds), min(seconds)
        print(
            f"{each:6g} {1e3 * copy:9.1f} {1e3 * fresh:11.1f} {1e3 * hop:9.1f} {1e3 * took:9.1f} "
            f"({1e3 * best:5.1f}) {took / copy:6.1f} {took / hop:6.2f}"
        )


def _open(client: Client, picture: PixelFormat, data: memoryview) -> float:
    start = time.perf_counter()
    photo = client.open(picture, data).result(_PATIENCE)
    seconds = time.perf_counter() - start
    photo.close()
    client.status().result(_PATIENCE)  # the photo is freed before the next comes
    return seconds


def _bare_hop(data: memoryview, rounds: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        endpoint = f"ipc://{folder}/hop"
        child = multiprocessing.get_context("spawn").Process(target=_acknowledge, args=(endpoint, rounds + 1))
        child.start()
        with zmq.Context() as context, context.socket(zmq.PAIR) as socket:
            socket.bind(endpoint)
            socket.recv()

            def hop() -> None:
                socket.send(data, copy=False)
                socket.recv()

            seconds = _median(hop, rounds)
        child.join()
    return seconds


def _acknowledge(endpoint: str, count: int) -> None:
    with zmq.Context() as context, context.socket(zmq.PAIR) as socket:
        socket.connect(endpoint)
        socket.send(b"here")
        for _ in range(count):
            socket.recv(copy=False)
            socket.send(b"")


def _latency(client: Client, side: int, rounds: int) -> None:
    print(f"\nrender, patch {side} x {side} RGBA u8; median (and worst) of {20 * rounds}, milliseconds")
    picture = PixelFormat(4000, 3000)
    pixels = np.random.default_rng(0).integers(0, 256, (3000, 4000, 4), np.uint8)
    local = LargeFaceBackend().open(pixels)
    inside = _median(lambda: local.render(_LOOKS), rounds)
    photo = client.open(picture, pixels.data.cast("B")).result(_PATIENCE)
    photo.render(_LOOKS).result(_PATIENCE)
    for size in ("full", "preview"):
        seconds = [_seconds(partial(_rendered, photo, size)) for _ in range(20 * rounds)]
        typical, worst = statistics.median(seconds), max(seconds)
        print(
            f"  {size:8} in process {1e3 * inside:.2f}, through the daemon {1e3 * typical:.2f} "
            f"({1e3 * worst:.2f}): {1e3 * (typical - inside):+.2f}"
        )
    photo.close()


def _portrait() -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(_PORTRAIT) as image:
        return np.array(image.convert("RGB"))


def _upload(client: Client, pixels: NDArray[np.uint8]) -> Call[RemotePhoto]:
    return client.open(PixelFormat(pixels.shape[1], pixels.shape[0], order="RGB"), pixels.data.cast("B"))


def _slider(pixels: NDArray[np.uint8], moves: int) -> None:
    from pipeline.retoucher import Retoucher

    local = Retoucher(device="cpu").open(pixels)
    with _on_cpu() as client:
        remote = _upload(client, pixels).result(_PATIENCE)
        here, there = [], []
        for move in range(moves + 1):
            looks = {0: Look(0.2 + 0.6 * move / moves)}
            here.append(_seconds(partial(local.render, looks)))
            there.append(_seconds(lambda looks=looks: remote.render(looks).result(_PATIENCE)))  # type: ignore[misc]
    inside, through = statistics.median(here[1:]), statistics.median(there[1:])
    print(f"\na moved slider on the portrait, real models; median of {moves}, milliseconds")
    print(
        f"  in process {1e3 * inside:.0f}, through the daemon {1e3 * through:.0f}: "
        f"{1e3 * (through - inside):+.0f}"
    )


def _reopening(pixels: NDArray[np.uint8]) -> None:
    """After ``_slider``, by another daemon, which only finds what was kept on disk."""
    with _on_cpu() as client:
        client.edits().result(_PATIENCE)  # loads the models
        opening = _seconds(lambda: _upload(client, pixels).result(_PATIENCE))
        photo = _upload(client, pixels).result(_PATIENCE)
        seconds = photo.prepare().result(_PATIENCE).seconds
        first = _seconds(partial(_rendered, photo, "full"))
    steps = ", ".join(f"{name} {1e3 * value:.0f}" for name, value in seconds.items())
    print("\nthe portrait opened again by another daemon, milliseconds")
    print(f"  open {1e3 * opening:.0f}, first render {1e3 * first:.0f}; of the preparation: {steps}")


def _first_looks(rounds: int) -> None:
    """From ``open`` to each preview of a photograph that was not seen before, with the models loaded."""
    large = cv2.resize(_portrait(), (3464, 3464), interpolation=cv2.INTER_CUBIC)
    rng = np.random.default_rng(0)
    rows: list[dict[str, float]] = []
    with _on_cpu() as client:
        for _ in range(rounds + 1):  # the first one also loads everything
            noise = rng.integers(0, 4, (*large.shape[:2], 1), np.uint8)
            pixels = np.dstack([large, np.full_like(large[..., :1], 255)]) ^ noise
            rows.append(_first_look(client, np.ascontiguousarray(pixels)))
    load = os.getloadavg()[0]
    print("\na new photograph of 12 megapixels, RGBA u8, models loaded: seconds after it is opened")
    print(f"  median (and worst) of {rounds}, beside a load of {load:.1f}")
    for name in rows[-1]:
        values = [row[name] for row in rows[1:] if name in row]
        print(f"  {name:30} {statistics.median(values):6.2f} ({max(values):6.2f})")


def _first_look(client: Client, pixels: NDArray[np.uint8]) -> dict[str, float]:
    """Seconds until each preview, and the worker's own; the whole inversion is not waited for."""
    worker = client.status().result(_PATIENCE).workers[0].pid
    busy_before = _cpu_seconds(worker) if worker else 0.0
    seconds: dict[str, float] = {}
    start = time.perf_counter()

    def note(name: str) -> None:
        seconds.setdefault(name, time.perf_counter() - start)

    def on_preview(preview: Rendered) -> None:
        note(f"{preview.refinement} preview")
        seconds["CPU of the worker until then"] = (_cpu_seconds(worker) if worker else 0.0) - busy_before

    def on_progress(stage: str, fraction: float, _remaining: float | None) -> None:
        if stage == "invert" and fraction > _BEGUN:
            call.cancel()

    photo = client.open(PixelFormat(pixels.shape[1], pixels.shape[0]), pixels.data.cast("B")).result(
        _PATIENCE
    )
    note("faces found")
    call = photo.render({0: Look()}, refine=True, size="both")
    call.on_preview, call.on_progress = on_preview, on_progress
    with contextlib.suppress(Cancelled):
        call.result(_PATIENCE)
    photo.close()
    return seconds


def _cancelling(pixels: NDArray[np.uint8], moments: int) -> None:
    rng = np.random.default_rng(0)

    def unseen(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        noisy: NDArray[np.uint8] = picture ^ rng.integers(0, 2, picture.shape, np.uint8)
        return noisy

    empty = np.full((3000, 4000, 3), 128, np.uint8)
    kinds: dict[str, Callable[[Client], Call[Any]]] = {
        "prepare": lambda client: _upload(client, unseen(pixels)).result(_PATIENCE).prepare(),
        "open, 12 megapixels without a face": lambda client: _upload(client, unseen(empty)),
    }
    with _on_cpu() as client:
        client.edits().result(_PATIENCE)  # loads the models
        print(f"\ncancelled at {moments} moments spread over the work; median (and worst), milliseconds")
        for name, begin in kinds.items():
            whole = _seconds(begin(client).result)
            waits = [whole * (index + 0.5) / moments for index in range(moments)]
            times = [each for wait in waits if (each := _cancelled(begin, wait)) is not None]
            answered, free = zip(*times, strict=True)
            print(
                f"  {name}, {whole:.1f} s in all: answered {_spread(answered)}, worker free {_spread(free)}"
            )


def _cancelled(begin: Callable[[Client], Call[Any]], wait: float) -> tuple[float, float] | None:
    """Seconds until a cancel is answered, and until the worker has done something else.

    None if the work was done before.
    """
    with Client() as client:
        call = begin(client)
        end = time.perf_counter() + wait
        while (remaining := end - time.perf_counter()) > 0 and not call.done:
            client.process(remaining)
        if call.done:
            return None
        start = time.perf_counter()
        call.cancel()
        with contextlib.suppress(Cancelled):
            call.result(_PATIENCE)
        answered = time.perf_counter() - start
        client.edits().result(_PATIENCE)
        return answered, time.perf_counter() - start


def _spread(seconds: Sequence[float]) -> str:
    return f"{1e3 * statistics.median(seconds):.0f} ({1e3 * max(seconds):.0f})"


@contextlib.contextmanager
def _on_cpu() -> Iterator[Client]:
    """A client of a daemon of its own, with the real models."""
    options = ["--device", "cpu"]
    with Client(start=True, interpreter=[sys.executable], start_options=options) as client:
        client.connect()
        try:
            yield client
        finally:
            client.shutdown().result(_PATIENCE)
            while listens(paths.address_path()):  # the next would be answered by this one
                time.sleep(0.1)


def _rendered(photo: RemotePhoto, size: str) -> None:
    photo.render(_LOOKS, size=size).result(_PATIENCE)


def _throughput() -> None:
    counts: Any = multiprocessing.get_context("spawn").Array("q", 2)
    context = multiprocessing.get_context("spawn")
    clients = [context.Process(target=_load, args=(counts, index)) for index in range(2)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    rates = [count / _LOAD_SECONDS for count in counts]
    print(f"\ntwo clients at once, 64 x 64 photos: {rates[0]:.0f} and {rates[1]:.0f} renders a second")


def _load(counts: Any, index: int) -> None:
    with Client() as client:
        photo = client.open(PixelFormat(64, 64), bytes(64 * 64 * 4)).result(_PATIENCE)
        end = time.perf_counter() + _LOAD_SECONDS
        while time.perf_counter() < end:
            _rendered(photo, "full")
            counts[index] += 1


def _idleness(client: Client) -> None:
    photo = client.open(PixelFormat(64, 64), bytes(64 * 64 * 4)).result(_PATIENCE)
    status = client.status().result(_PATIENCE)
    worker = status.workers[0]
    pids = {"server": status.pid, "worker": worker.pid or 0}
    before = {name: _cpu_seconds(pid) for name, pid in pids.items()}
    time.sleep(_IDLE_SECONDS)
    print(f"\nidle for {_IDLE_SECONDS:.0f} s with a photo open, which is pinged")
    for name, pid in pids.items():
        share = (_cpu_seconds(pid) - before[name]) / _IDLE_SECONDS
        memory = status.memory if name == "server" else worker.memory
        print(f"  {name}: {share:.2%} of a CPU, {(memory or 0) / 1e6:.0f} MB resident")
    photo.close()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _median(work: Callable[[], Any], rounds: int) -> float:
    work()
    return statistics.median(_seconds(work) for _ in range(rounds))


def _seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
