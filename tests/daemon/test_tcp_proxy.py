"""More connections than the daemon has descriptors for, or connections without keys."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgpack
import pytest
import zmq

from daemon.tcp_shares import SHARE, WAITING
from retouchml import paths
from retouchml.client import connection_file, protocol
from retouchml.client.client import Client
from tests.daemon.running import (
    PATIENCE,
    PLAIN,
    Daemon,
    environment,
    is_answered_without_keys,
    needs_posix,
    picture,
    until,
)

Start = Callable[..., Daemon]
FEW, MANY = 256, 300
resource = pytest.importorskip("resource", reason="limits of a process are Linux's")
linux = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of a process are Linux's")


@contextmanager
def raw_connections(count: int, family: int, address: object) -> Iterator[None]:
    """Connections that say nothing; those for which there is no room wait."""
    with ExitStack() as opened:
        for _ in range(count):
            raw = opened.enter_context(socket.socket(family))
            raw.setblocking(family == socket.AF_UNIX)
            raw.connect_ex(address)
        yield


def tcp_address() -> tuple[str, int]:
    host, _, port = (
        connection_file.read(paths.runtime_dir() / connection_file.NAME).endpoint[6:].rpartition(":")
    )
    return host, int(port)


def open_files_of(daemon: Daemon) -> int:
    return len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))


@linux
def test_connections_without_keys_never_use_up_the_daemons_files(start: Start) -> None:
    from daemon.tcp_proxy import ACCEPTED_AT_ONCE, CONNECTIONS

    daemon = start("--tcp", "127.0.0.1:0")
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (FEW, FEW))
    daemon.status()
    before = open_files_of(daemon)
    # two files for each connection that was let in, one for each that waits or was accepted a moment ago
    most = before + 2 * CONNECTIONS + WAITING + ACCEPTED_AT_ONCE + 20
    assert most < FEW
    with raw_connections(MANY, socket.AF_INET, tcp_address()):
        assert until(lambda: open_files_of(daemon) >= before + 2 * SHARE)  # their address has its share
        for _ in range(20):
            assert daemon.status().pid == daemon.process.pid
            assert open_files_of(daemon) < most


@linux
def test_after_a_flood_the_holder_of_the_keys_is_served_again(start: Start) -> None:
    start("--tcp", "127.0.0.1:0")
    with raw_connections(MANY, socket.AF_INET, tcp_address()):
        pass
    with Client(connection_file=paths.runtime_dir() / connection_file.NAME) as client:
        assert client.open(PLAIN, picture().tobytes()).result(PATIENCE).faces


@linux
def test_connections_that_say_nothing_make_room_for_others(start: Start) -> None:
    from daemon.tcp_proxy import CONNECTIONS

    start("--tcp", "127.0.0.1:0")
    with (
        raw_connections(CONNECTIONS, socket.AF_INET, tcp_address()),
        Client(connection_file=paths.runtime_dir() / connection_file.NAME) as client,
    ):
        assert client.open(PLAIN, picture().tobytes()).result(PATIENCE).faces


@needs_posix
def test_behind_the_proxy_too_nothing_is_said_without_keys(start: Start) -> None:
    start("--tcp", "127.0.0.1:0")
    assert not is_answered_without_keys(f"ipc://{paths.runtime_dir()}/tcp")


@linux
def test_a_session_with_a_low_limit_does_not_hand_it_on(start: Start) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW, hard))
    try:
        daemon = start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with raw_connections(MANY, socket.AF_UNIX, str(paths.socket_path())):
        assert until(lambda: open_files_of(daemon) > FEW)
        assert daemon.status().pid == daemon.process.pid


@linux
def test_where_few_files_are_allowed_tcp_is_refused_with_a_sentence() -> None:
    ran = subprocess.run(
        ["sh", "-c", f'ulimit -n 100; exec "{sys.executable}" -m daemon --tcp 127.0.0.1:0'],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ran.returncode == 1
    assert "TCP needs 256 open files, and 100 are allowed." in ran.stderr


@linux
def test_a_message_of_many_large_frames_is_refused_and_its_memory_given_back(daemon: Daemon) -> None:
    before = daemon.status().memory
    with zmq.Context() as context, context.socket(zmq.DEALER) as dealer:
        dealer.linger = 0
        dealer.connect(f"ipc://{paths.socket_path()}")
        dealer.send_multipart([protocol.encode("status", 7), *[bytes(1 << 20)] * MANY])
        assert dealer.poll(1000 * PATIENCE)
        said = msgpack.unpackb(dealer.recv())
        assert (said["type"], said["id"], said["code"]) == ("error", 7, "protocol")
        assert until(lambda: daemon.status().memory - before < 16 << 20)
        dealer.send(protocol.encode("status", 8))
        assert dealer.poll(1000 * PATIENCE)
