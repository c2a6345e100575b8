"""Endurance of the daemon: a soak by two clients, and an assault on its socket.

    python -m benchmarks.endurance [--renders 1000] [--assault 60] [--seed 0]

The soak renders with random cancels, closes and newer renders, while workers are killed; every error has to
have been caused by one of these. The assault sends bent, truncated, giant and hostile frames, and bytes that
are not ZeroMQ's at all. The tests' stand-in takes the place of the pipeline. Exit code 1 if a promise is
broken.
"""

import argparse
import contextlib
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import psutil
import zmq

from retouchml.client import protocol
from retouchml.client.answers import Rendered
from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.remote_photo import RemotePhoto
from retouchml.errors import Cancelled, PhotoUnknown, RetouchError, Superseded, WorkerLost
from retouchml.look import Look
from tests.daemon import running
from tests.daemon.running import PATIENCE, PLAIN, Daemon

_WARM = 0.2  # share of the renders after which memory is looked at first
_CALM = 0.2  # share of the renders at the end during which no worker is killed
_RENDERS_BETWEEN_KILLS = 20  # so that no job meets two
_PROMISED_GROWTH = 0.05
_HEADERS = 4096  # bytes of random data frames, at most


@dataclass
class Soak:
    """The outcome of a soak.

    outcomes: how many ended with a result or with which error; unexpected: other errors; memory:
    of the server, early and late, bytes; photos: still open at the end
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    photos: int = 0

    @property
    def growth(self) -> float:
        """Growth of the server's memory, as a share."""
        return self.memory[-1] / self.memory[0] - 1


def soak(daemon: Daemon, renders: int, seed: int) -> Soak:
    """Let two clients render ``renders`` times in all."""
    result = Soak()
    clients = [
        threading.Thread(target=_render_many, args=(result, renders // 2, random.Random(seed + index)))
        for index in range(2)
    ]
    for client in clients:
        client.start()
    killed_at = 0
    while any(client.is_alive() for client in clients):
        time.sleep(0.05)
        done = result.outcomes.total() / renders
        if not result.memory and done >= _WARM:
            result.memory.append(daemon.status().memory or 0)
        due = result.outcomes.total() - killed_at >= _RENDERS_BETWEEN_KILLS
        if due and done < 1 - _CALM and _killed_worker(daemon, result):
            killed_at = result.outcomes.total()
    result.memory.append(daemon.status().memory or 0)
    running.until(lambda: daemon.status().photos == 0)
    result.photos = daemon.status().photos
    return result


def _killed_worker(daemon: Daemon, result: Soak) -> bool:
    worker = daemon.status().workers[0]
    if worker.state not in ("idle", "busy"):
        return False
    result.kills.append(time.monotonic())
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(worker.pid).kill()
    return True


def _render_many(result: Soak, count: int, rng: random.Random) -> None:
    with Client() as client:
        photo = _opened(client, rng)
        for _ in range(count):
            begun = time.monotonic()
            looks = {0: Look(rng.random(), edits={"slow": rng.choice((0.0, 0.0, 0.002, 0.005))})}
            call = photo.render(looks, size=rng.choice(("full", "preview", "both")))
            excuse = _disturbed(result, call, photo, looks, rng)
            _note(result, call, excuse, begun)
            if excuse is PhotoUnknown:
                photo = _opened(client, rng)


def _opened(client: Client, rng: random.Random) -> RemotePhoto:
    pixels = running.picture(faces=rng.randint(1, 3)).tobytes()
    return client.open(PLAIN, pixels).result(PATIENCE)


def _disturbed(
    result: Soak, call: Call[Rendered], photo: RemotePhoto, looks: dict[int, Look], rng: random.Random
) -> type[RetouchError] | None:
    """Perhaps disturb the call; returns the error that this may cause."""
    chance = rng.random()
    if chance < 0.15:
        call.cancel()
        return Cancelled
    if chance < 0.25:
        try:
            photo.render(looks).result(PATIENCE)
        except RetouchError as error:
            result.unexpected.append(f"{type(error).__name__}: {error}")
        return Superseded
    if chance < 0.30:
        photo.close()
        return PhotoUnknown
    return None


def _note(result: Soak, call: Call[Rendered], excuse: type[RetouchError] | None, begun: float) -> None:
    try:
        call.result(PATIENCE)
    except RetouchError as error:
        result.outcomes[error.code] += 1
        killed = sum(moment >= begun - 0.1 for moment in result.kills)
        lost = isinstance(error, WorkerLost) and killed >= 2
        closed = excuse is PhotoUnknown and isinstance(error, Cancelled)
        if not (lost or closed or (excuse is not None and isinstance(error, excuse))):
            result.unexpected.append(f"{type(error).__name__}: {error}")
    else:
        result.outcomes["result"] += 1


@dataclass
class Assault:
    """The outcome of an assault.

    sent: messages by kind; answered: answers that were seen; memory: of the server before and after, bytes
    """

    sent: Counter[str] = field(default_factory=Counter)
    answered: int = 0
    memory: tuple[int, int] = (0, 0)


def assail(daemon: Daemon, seconds: float, seed: int) -> Assault:
    """Send hostile messages for so long."""
    rng = random.Random(seed)
    result = Assault()
    before = daemon.status().memory
    end = time.monotonic() + seconds
    with zmq.Context() as context:
        while time.monotonic() < end:
            with contextlib.closing(context.socket(zmq.DEALER)) as dealer:
                dealer.linger = 0
                running.connect(dealer)
                for _ in range(200):
                    kind, frames = _hostile(rng)
                    result.sent[kind] += 1
                    dealer.send_multipart(frames)
                    result.answered += _drained(dealer)
            for _ in range(5):
                result.sent["no ZeroMQ"] += 1
                _shout(rng.choice(_NOISE)(rng))
    running.until(lambda: daemon.status().photos == 0)
    result.memory = (before or 0, daemon.status().memory or 0)
    return result


def _drained(dealer: "zmq.Socket[bytes]") -> int:
    answers = 0
    while dealer.poll(0):
        dealer.recv_multipart()
        answers += 1
    return answers


def _hostile(rng: random.Random) -> tuple[str, list[bytes]]:
    header = rng.choice(_VALID)
    tail = [rng.randbytes(rng.randrange(_HEADERS)) for _ in range(rng.randrange(4))]
    kind = rng.choice(("bent", "truncated", "random", "giant", "nested"))
    if kind == "bent":
        bent = bytearray(header)
        for _ in range(rng.randint(1, 4)):
            bent[rng.randrange(len(bent))] = rng.randrange(256)
        return kind, [bytes(bent), *tail]
    if kind == "truncated":
        return kind, [header[: rng.randrange(len(header))], *tail]
    if kind == "random":
        return kind, [rng.randbytes(rng.randrange(1, 300)), *tail]
    if kind == "giant":
        # a map, a list and a string that announce more than there is, and a header beyond its limit
        return kind, [
            rng.choice(
                (b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", bytes(1 << 20))
            )
        ]
    return kind, [b"\x81\xa1x" + b"\x91" * rng.randint(10, 100_000) + b"\xc0"]


def _shout(data: bytes) -> None:
    with contextlib.suppress(OSError), running.bare_connection() as raw:
        raw.sendall(data)


_GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_NOISE: tuple[Callable[[random.Random], bytes], ...] = (
    lambda rng: rng.randbytes(rng.randrange(1, 500)),
    lambda rng: _GREETING[: rng.randrange(len(_GREETING))],
    lambda rng: _GREETING + rng.randbytes(rng.randrange(1, 500)),
    lambda rng: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
)
_VALID = [
    protocol.encode("open", 7, {"picture": PLAIN.fields()}),
    protocol.encode("render", 8, {"photo": "0" * 16, "looks": [{"face": 0, "edits": {"slow": 1}}]}),
    protocol.encode("prepare", 9, {"photo": "0" * 16, "faces": [0, 1]}),
    protocol.encode("hello", 10, {"versions": [1], "client": "x"}),
    protocol.encode("cancel", 11, {"target": 9}),
    protocol.encode("edits", 12, {"model": "x"}),
]


@contextlib.contextmanager
def _daemon() -> Iterator[Daemon]:
    with tempfile.TemporaryDirectory(prefix="rml") as home:
        os.environ["RETOUCHML_HOME"] = home
        daemon = running.start()
        try:
            yield daemon
        finally:
            daemon.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Print what happened."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--renders", type=int, default=1000)
    parser.add_argument("--assault", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args(argv)
    with _daemon() as daemon:
        soaked = soak(daemon, arguments.renders, arguments.seed)
        print(f"soak: {dict(soaked.outcomes)}, {len(soaked.kills)} workers killed")
        print(
            f"  memory of the server {soaked.memory[0] / 1e6:.1f} to {soaked.memory[-1] / 1e6:.1f} MB: "
            f"{soaked.growth:+.1%}"
        )
        print(f"  errors that nobody caused: {soaked.unexpected or 'none'}; photos left: {soaked.photos}")
    with _daemon() as daemon:
        done = assail(daemon, arguments.assault, arguments.seed)
        is_running = daemon.status().pid == daemon.process.pid
        low, high = done.memory
        print(f"assault of {arguments.assault:.0f} s: {dict(done.sent)}, {done.answered} answers seen")
        print(
            f"  memory of the server {low / 1e6:.1f} to {high / 1e6:.1f} MB; "
            f"the daemon is {'up' if is_running else 'lost'}"
        )
    passed = is_running and not soaked.unexpected and not soaked.photos and soaked.growth < _PROMISED_GROWTH
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
