"""Where a daemon listens with --tcp: names, version 6, and what clients are told when it is gone."""

import argparse
import socket
from collections.abc import Callable

import pytest

from daemon import options
from daemon.tcp_shares import sharer
from retouchml import paths
from retouchml.client import connection_file, host_port
from retouchml.client.client import REMOTE_SECONDS, Client
from retouchml.errors import DaemonLost, UsageError
from tests.daemon.running import PATIENCE, PLAIN, Daemon, picture


def _has_version_6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_version_6 = pytest.mark.skipif(not _has_version_6(), reason="this machine has no IPv6")


@pytest.mark.parametrize(
    ("tcp", "host"),
    [
        pytest.param("[::1]:0", "[::1]", marks=needs_version_6),
        ("localhost:0", "localhost"),
    ],
)
def test_a_daemon_listens_at_a_name_or_a_number_of_version_6(
    start: Callable[..., Daemon], tcp: str, host: str
) -> None:
    start("--tcp", tcp)
    path = paths.runtime_dir() / connection_file.NAME
    assert connection_file.read(path).endpoint.startswith(f"tcp://{host}:")
    with Client(connection_file=path) as client:
        assert len(client.open(PLAIN, picture(2).tobytes()).result(PATIENCE).faces) == 2


@pytest.mark.parametrize("advertised", ["gpu.example.org", "gpu.example.org:7000"])
def test_the_file_says_the_address_by_which_others_reach_it(
    start: Callable[..., Daemon], advertised: str
) -> None:
    start("--tcp", "*:0", "--advertise", advertised)
    path = paths.runtime_dir() / connection_file.NAME
    given = connection_file.read(path)
    host, port = host_port.of_endpoint(given.endpoint)
    assert host == "gpu.example.org"
    assert port == 7000 or not advertised.endswith(":7000")
    assert port > 0
    if advertised == host:  # the port is the one at which it listens
        connection_file.write(path, given.at(f"tcp://127.0.0.1:{port}"))
        with Client(connection_file=path) as client:
            assert client.status().result(PATIENCE).clients >= 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--advertise", "gpu.example.org"], "--advertise is of use with --tcp only"),
        (["--tcp", "127.0.0.1:0", "--advertise", "a b"], "is no HOST"),
        (["--tcp", "127.0.0.1:0", "--advertise", "gpu:0"], "is no HOST"),
    ],
)
def test_an_address_that_cannot_be_advertised_is_refused(arguments: list[str], said: str) -> None:
    parser = argparse.ArgumentParser()
    options.add_arguments(parser)
    with pytest.raises(UsageError, match=said):
        options.from_arguments(parser.parse_args(arguments))


@needs_version_6
def test_everywhere_of_version_6_is_reached_by_version_4_too(start: Callable[..., Daemon]) -> None:
    start("--tcp", "[::]:0")
    path = paths.runtime_dir() / connection_file.NAME
    given = connection_file.read(path)
    for number in ("127.0.0.1", "[::1]"):
        port = given.endpoint.rpartition(":")[2]
        connection_file.write(path, given.at(f"tcp://{number}:{port}"))
        with Client(connection_file=path) as client:
            assert client.status().result(PATIENCE).clients >= 0


def test_a_daemon_that_is_gone_is_said_with_its_address_and_soon(start: Callable[..., Daemon]) -> None:
    daemon = start("--tcp", "127.0.0.1:0")
    path = paths.runtime_dir() / connection_file.NAME
    where = connection_file.read(path).endpoint.removeprefix("tcp://")
    with Client(connection_file=path) as client:
        photo = client.open(PLAIN, picture(1, 200).tobytes()).result(PATIENCE)
        call = photo.prepare()
        daemon.kill()
        with pytest.raises(DaemonLost, match=f"The connection to the daemon at {where} was lost"):
            call.result(PATIENCE)
        with pytest.raises(DaemonLost, match=f"Nobody answers at {where}"):
            client.status()
    assert REMOTE_SECONDS < 5


def test_numbers_of_one_network_of_version_6_share_their_turns() -> None:
    assert sharer("2001:db8::1") == sharer("2001:db8::ffff:1%eth0") != sharer("2001:db8:0:1::1")
    assert sharer("::ffff:192.0.2.7") == sharer("192.0.2.7") == "192.0.2.7"
