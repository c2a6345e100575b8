"""What the tests of the daemon share: real processes, a way to wait, pictures for the stand-in backend."""

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil
import pytest
import zmq

from daemon import control
from retouchml import paths
from retouchml.client import connection_file, protocol
from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.discovery import listens
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.remote_photo import RemotePhoto
from retouchml.client.status import Status
from retouchml.look import Look
from retouchml.system.files import private_folder
from retouchml.system.processes import python_command, python_environment
from tests.faulty_backend import FAULTY

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds; a busy machine must not fail a test
PLAIN = PixelFormat(64, 24, "u8", "RGBA")


needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="of Unix sockets, owners, modes and signals")
is_root = sys.platform != "win32" and os.getuid() == 0


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether ``condition`` comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def until_heard(client: Client, condition: Callable[[], bool]) -> bool:
    """Whether ``condition`` comes true in time, while the client takes its answers."""

    def holds() -> bool:
        client.process()
        return condition()

    return until(holds)


def environment() -> dict[str, str]:
    """The environment for a Python that can import the project and these tests."""
    return python_environment()


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def kill(pid: int) -> None:
    """Kill a process."""
    psutil.Process(pid).kill()


def pause(pid: int) -> None:
    """Suspend a process."""
    psutil.Process(pid).suspend()


def resume(pid: int) -> None:
    """Resume a process."""
    psutil.Process(pid).resume()


def picture(faces: int = 1, tenths: int = 0) -> npt.NDArray[np.uint8]:
    """RGBA [24, 64, 4] with ``faces`` for the stand-in, each of which takes ``tenths`` of a second."""
    pixels = np.random.default_rng(faces).integers(0, 256, (24, 64, 4)).astype(np.uint8)
    pixels[0, 0, :2] = faces, tenths
    return pixels


def connect(dealer: "zmq.Socket[bytes]") -> None:
    """Connect a bare socket to the daemon, as clients do."""
    if paths.IPC:
        dealer.connect(f"ipc://{paths.socket_path()}")
        return
    keys = connection_file.read(paths.address_path())
    dealer.curve_serverkey = keys.server_public.encode()
    dealer.curve_publickey = keys.client_public.encode()
    dealer.curve_secretkey = keys.client_secret.encode()
    dealer.connect(keys.endpoint)


def is_answered_without_keys(endpoint: str) -> bool:
    """Whether the daemon says anything within half a second to a bare socket without keys."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.connect(endpoint)
        # Once refused, a socket has nowhere to send to: without NOBLOCK it would wait for ever.
        with contextlib.suppress(zmq.Again):
            dealer.send(protocol.encode("status", 1), zmq.NOBLOCK)
        return bool(dealer.poll(500))


def bare_connection() -> socket.socket:
    """A connection to the daemon on which nothing was sent yet."""
    if sys.platform != "win32" and paths.IPC:
        raw = socket.socket(socket.AF_UNIX)
        raw.connect(str(paths.socket_path()))
        return raw
    host, _, port = connection_file.read(paths.address_path()).endpoint.removeprefix("tcp://").rpartition(":")
    return socket.create_connection((host, int(port)))


def rendered_in_a_loop(client: Client) -> list[str]:
    """What the callbacks of an event loop get that opens a photo, renders, and polls only the descriptor."""
    heard: list[str] = []

    def note(call: Call[Any]) -> None:
        heard.append(type(call.error or call.result()).__name__)

    def opened(call: Call[RemotePhoto]) -> None:
        note(call)
        render = call.result().render({0: Look(0.5)}, size="both")
        render.on_progress = lambda stage, _fraction, _remaining: heard.append(stage)
        render.on_preview = lambda _: heard.append("preview")
        render.on_done = note

    client.open(PLAIN, picture(1, 2).tobytes()).on_done = opened
    client.process()
    while "Rendered" not in heard and not any(word.endswith("Error") for word in heard):
        assert select.select([client.fileno()], [], [], PATIENCE)[0], heard
        client.process()
    return heard


@contextmanager
def holds_lock() -> Iterator[int]:
    """A block while which a process, whose pid it gets, has the daemon's lock and listens nowhere."""
    code = (
        "import sys; from pathlib import Path; from daemon.pidfile import PidFile\n"
        "lock = PidFile(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = python_command("-c", code, str(private_folder(paths.runtime_dir())))
    with subprocess.Popen(
        command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline().strip() == b"held"
        yield holder.pid
        holder.stdin.close()


@dataclass
class Daemon:
    """A daemon in the foreground, and clients that are closed with it."""

    process: "subprocess.Popen[bytes]"
    clients: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        """A new client."""
        client = Client()
        self.clients.append(client)
        return client

    def photo(self, faces: int = 1, tenths: int = 0, client: Client | None = None) -> RemotePhoto:
        """An open photo for the stand-in."""
        call = (client or self.client()).open(PLAIN, picture(faces, tenths).tobytes())
        return call.result(PATIENCE)

    def status(self) -> Status:
        """The status, asked by a client of its own."""
        with Client() as client:
            return client.status().result(PATIENCE)

    def worker(self) -> int:
        """The pid of the worker, once it has one."""
        pids: list[int] = []

        def has_one() -> bool:
            pids.append(self.status().workers[0].pid or 0)
            return pids[-1] != 0

        assert until(has_one)
        return pids[-1]

    def kill(self) -> None:
        """Kill the process."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def ask_to_stop(self) -> None:
        """As `retouchml daemon stop` does."""
        control.ask_to_stop(paths.runtime_dir(), self.process.pid)

    def stop(self) -> int:
        """Ask it to stop, and wait for its end; the exit code."""
        self.ask_to_stop()
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Close the clients and stop the daemon."""
        for client in self.clients:
            client.close()
        if self.process.poll() is None and sys.platform == "win32":
            self.ask_to_stop()
        elif self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def start(*options: object, backend: str = FAULTY, **more: str) -> Daemon:
    """Start a daemon, wait until it listens. backend: "" for the pipeline; more: into its environment."""
    arguments = [*(["--backend", backend] if backend else []), *map(str, options)]
    command = python_command("-m", "daemon", *arguments)
    process = subprocess.Popen(command, env={**environment(), **more})
    assert until(lambda: listens(paths.address_path()) or process.poll() is not None)
    return Daemon(process)
