"""Peers without a key, from one address or several, do not keep the holder of the key waiting."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from daemon.tcp_shares import PENDING, SHARE, WAITING, Guest, Shares, has_shown_its_key
from retouchml import paths
from retouchml.client import connection_file
from retouchml.client.client import Client
from tests.daemon.running import PATIENCE, PLAIN, Daemon, picture

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one loopback address")
Start = Callable[..., Daemon]

# 40 peers that connect from the addresses, say something or nothing, and come again when they are ended
_PEERS = """
import os, selectors, socket, sys, time
port, speaks, *addresses = sys.argv[1:]
selector = selectors.DefaultSelector()
def begin(number):
    peer = socket.socket()
    peer.setblocking(False)
    peer.bind((addresses[number % len(addresses)], 0))
    peer.connect_ex(("127.0.0.1", int(port)))
    selector.register(peer, selectors.EVENT_READ, number)
    return peer
peers = [begin(number) for number in range(40)]
print("begun", flush=True)
while True:
    for key, _ in selector.select(0.02):
        try:
            gone = not key.fileobj.recv(4096)
        except OSError:
            gone = True
        if gone:
            selector.unregister(key.fileobj)
            key.fileobj.close()
            time.sleep(0.002)
            peers[key.data] = begin(key.data)
    if int(speaks):
        for peer in peers:
            try:
                peer.send(b"\\xff" + bytes(8) + b"\\x7f\\x03")
            except OSError:
                pass
"""


@contextmanager
def peers(addresses: list[str], *, speak: bool) -> Iterator[None]:
    endpoint = connection_file.read(paths.runtime_dir() / connection_file.NAME).endpoint
    command = [sys.executable, "-c", _PEERS, endpoint.rpartition(":")[2], str(int(speak)), *addresses]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(0.5)  # they are in
        try:
            yield
        finally:
            process.kill()


def seconds_of_the_key_holder() -> float:
    begun = time.monotonic()
    with Client(connection_file=paths.runtime_dir() / connection_file.NAME) as client:
        assert client.open(PLAIN, picture().tobytes()).result(PATIENCE).faces
    return time.monotonic() - begun


@pytest.mark.parametrize("speak", [False, True], ids=["silent", "speaking"])
@pytest.mark.parametrize("addresses", [1, 4])
def test_forty_peers_from_other_addresses_hardly_slow_the_key_holder(
    start: Start, addresses: int, speak: bool
) -> None:
    start("--tcp", "127.0.0.1:0")
    seconds_of_the_key_holder()  # a worker starts
    alone = seconds_of_the_key_holder()  # as busy as the machine is
    with peers([f"127.0.0.{2 + index}" for index in range(addresses)], speak=speak):
        seconds = [seconds_of_the_key_holder() for _ in range(5)]
    assert statistics.median(seconds) < 2.0 + 10.0 * alone


def test_forty_silent_peers_from_its_own_address_do_not_lock_the_key_holder_out(start: Start) -> None:
    start("--tcp", "127.0.0.1:0")
    seconds_of_the_key_holder()
    alone = seconds_of_the_key_holder()
    with peers(["127.0.0.1"], speak=False):
        seconds = [seconds_of_the_key_holder() for _ in range(3)]
    assert statistics.median(seconds) < 4.0 + 10.0 * alone


def shares() -> tuple[Shares[Guest], list[Guest]]:
    dropped: list[Guest] = []
    return Shares(dropped.append), dropped


def test_one_address_gets_its_share_and_another_finds_room() -> None:
    shared, _ = shares()
    for _ in range(WAITING):
        shared.add(Guest("many", 0.0))
    while shared.next(0.0):
        pass
    assert len(shared.pending) == SHARE
    shared.add(Guest("one", 0.0))
    guest = shared.next(0.0)
    assert guest is not None
    assert guest.address == "one"


def test_where_all_is_full_the_most_eager_address_makes_room() -> None:
    shared, dropped = shares()
    for address in ("first", "second"):
        for _ in range(SHARE):
            shared.add(Guest(address, 0.0))
    while shared.next(0.0):
        pass
    assert len(shared.pending) == PENDING
    shared.add(Guest("one", 0.0))
    guest = shared.next(0.0)
    assert guest is not None
    assert (guest.address, len(dropped), dropped[0].address) == ("one", 1, "first")


def test_an_address_that_comes_again_and_again_waits_and_one_that_showed_its_key_does_not() -> None:
    shared, _ = shares()
    started = {"stranger": 0, "holder": 0}
    for address in started:
        for _ in range(100):
            shared.add(Guest(address, 0.0))
            guest = shared.next(0.0)
            if guest is None:
                break
            started[address] += 1
            shared.remove(guest) if address == "stranger" else shared.admit(guest)
        shared.waiting.clear()
    assert started == {"stranger": 20, "holder": 100}


def test_too_many_that_wait_cost_the_most_eager_address_only() -> None:
    shared, dropped = shares()
    spoken = Guest("many", -1.0, has_spoken=True)
    for guest in (Guest("one", -1.0), spoken):
        shared.add(guest)
    for number in range(2 * WAITING):
        shared.add(Guest("many", float(number)))
    shared.trim()
    assert len(shared.waiting) == WAITING
    assert {guest.address for guest in dropped} == {"many"}
    assert spoken not in dropped


def test_the_servers_first_bytes_tell_whether_it_accepted_the_key() -> None:
    welcome = b"\x04\xa8" + b"\x07WELCOME" + bytes(160)
    ready, refused = b"\x04\x1c\x05READY" + bytes(22), b"\x04\x1c\x05ERROR" + bytes(22)
    said = bytes(64) + welcome
    assert has_shown_its_key(said + ready)
    assert not any(map(has_shown_its_key, (b"", said, said + refused, said + ready[:5])))
