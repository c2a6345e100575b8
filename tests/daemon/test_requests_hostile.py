"""A live socket against frames that nobody should send."""

import random
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
import zmq

from retouchml import paths
from retouchml.client import protocol, versions
from tests.daemon.running import PATIENCE, PLAIN, Daemon, connect, kill, needs_posix, picture, until
from tests.waiting import HELD

WAIT = int(1000 * PATIENCE)


@pytest.fixture
def dealer(daemon: Daemon) -> Iterator["zmq.Socket[bytes]"]:
    """A bare connection."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        connect(socket)
        yield socket


def answer(dealer: "zmq.Socket[bytes]", *frames: bytes) -> dict[str, Any]:
    """The answer to a message, or to one before it; what tells that the daemon is at work is passed over."""
    dealer.send_multipart(frames)
    while True:
        assert dealer.poll(WAIT)
        message: dict[str, Any] = msgpack.unpackb(dealer.recv_multipart()[0])
        if message["type"] not in ("progress", "ping"):
            return message


def header(type_: str, **fields: Any) -> bytes:
    return protocol.encode(type_, 7, fields)


PICTURE = PLAIN.fields()
WRONG = {
    "nothing": [b""],
    "no msgpack": [b"\xc1"],
    "no map": [msgpack.packb([1])],
    "no version": [msgpack.packb({"type": "status", "id": 7})],
    "a key that is no string": [msgpack.packb({1: 2, "v": 1})],
    "an extension": [msgpack.packb({"v": 1, "type": "status", "id": 7, "x": msgpack.ExtType(5, b"x")})],
    "a truncated map": [header("status")[:-1]],
    "too deep": [header("status", x=[[[[[[[[[[1]]]]]]]]]])],
    "too many items in a list": [header("status", x=[0] * (protocol.HEADER_ITEMS + 1))],
    "too many items in all": [header("status", x=[[0] * protocol.HEADER_ITEMS] * 5)],
    "a string too long": [header("status", x="x" * (protocol.STRING_BYTES + 1))],
    "an unknown type": [header("format_disk")],
    "an answer": [header("result")],
    "too many frames": [header("status"), b"", b"", b""],
    "an upload without pixels": [header("open", picture=PICTURE)],
    "an upload of the wrong size": [header("open", picture=PICTURE), b"short"],
    "a picture without pixels": [header("open", picture={**PICTURE, "width": 0}), b""],
    "a negative stride": [header("open", picture={**PICTURE, "stride": -4}), b""],
    "a looped stride": [header("open", picture={**PICTURE, "stride": 1}), b""],
    "an unknown order": [header("open", picture={**PICTURE, "order": "CMYK"}), b""],
    "a face twice": [header("render", photo="x", looks=[{"face": 0}, {"face": 0}])],
    "a strength that is no number": [
        header("render", photo="x", looks=[{"face": 0, "strength": float("nan")}])
    ],
    "a cancel of nothing": [header("cancel", target=0)],
    "versions that are no list": [header("hello", versions=1)],
}


@pytest.mark.parametrize("frames", WRONG.values(), ids=WRONG.keys())
def test_a_message_that_makes_no_sense_is_answered(dealer: "zmq.Socket[bytes]", frames: list[bytes]) -> None:
    said = answer(dealer, *frames)
    assert (said["type"], said["code"]) == ("error", "protocol")
    assert said["message"].endswith(".")
    assert answer(dealer, header("status"))["type"] == "result"


BEYOND = {
    "a header too large": [b"\x00" * (protocol.HEADER_BYTES + 1)],
    "a picture too wide": [header("open", picture={**PICTURE, "width": 70_000, "stride": 280_000}), b""],
    "too many pixels": [
        header("open", picture={**PICTURE, "width": 60_000, "height": 60_000, "stride": 240_000}),
        b"",
    ],
    "too many versions": [header("hello", versions=list(range(1, 18)))],
    "too many looks": [header("render", photo="x", looks=[{"face": face} for face in range(65)])],
    "a profile too large": [
        header("open", picture=PICTURE, icc=True),
        picture().tobytes(),
        bytes(protocol.ICC_BYTES + 1),
    ],
}


@pytest.mark.parametrize("frames", BEYOND.values(), ids=BEYOND.keys())
def test_a_message_beyond_a_limit_is_answered(dealer: "zmq.Socket[bytes]", frames: list[bytes]) -> None:
    assert answer(dealer, *frames)["code"] == "limit"
    assert answer(dealer, header("status"))["type"] == "result"


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_peer_of_another_version_is_told_which_side_is_older(
    dealer: "zmq.Socket[bytes]", version: int
) -> None:
    older = "that side" if version < versions.VERSION else "this side"
    for said in (
        answer(dealer, protocol.encode("status", 7, version=version)),
        answer(dealer, header("hello", versions=[version])),
    ):
        assert (said["code"], said["id"]) == ("version", 7)
        assert f"{older} is the older" in said["message"]


def test_a_request_that_is_still_open_cannot_be_sent_again(dealer: "zmq.Socket[bytes]") -> None:
    opened = answer(dealer, header("open", picture=PICTURE), picture(tenths=HELD).tobytes())
    prepare = header("prepare", photo=opened["photo"])
    dealer.send_multipart([prepare])
    assert answer(dealer, prepare)["code"] == "protocol"


def test_the_largest_job_that_fits_a_header_reaches_a_worker_that_only_starts(
    daemon: Daemon, dealer: "zmq.Socket[bytes]"
) -> None:
    opened = answer(dealer, header("open", picture=PICTURE), picture().tobytes())
    edits = {f"{'wings' * 12}{index:02}": 0.0 for index in range(62)}
    looks = [{"face": face, "edits": edits} for face in range(57)]
    render = header("render", photo=opened["photo"], looks=looks)
    assert protocol.HEADER_BYTES - 16_384 < len(render) <= protocol.HEADER_BYTES
    kill(daemon.worker())
    assert until(lambda: daemon.status().workers[0].state == "absent")
    assert answer(dealer, render)["code"] == "usage"
    assert daemon.status().workers[0].restarts == 1


@needs_posix
def test_a_frame_beyond_the_limit_drops_the_connection_and_nothing_else(daemon: Daemon) -> None:
    # the length alone is sent: 8 bytes after a ZMTP 3.1 greeting and a NULL handshake
    import socket

    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(PATIENCE)
        raw.connect(str(paths.socket_path()))
        raw.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32))
        ready = b"\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
        raw.sendall(b"\x04" + bytes([len(ready)]) + ready)
        raw.sendall(b"\x02" + (1 << 40).to_bytes(8, "big"))
        while raw.recv(4096):
            pass
    assert daemon.status().photos == 0


def test_random_frames_leave_the_daemon_up_and_its_memory_bounded(
    daemon: Daemon, dealer: "zmq.Socket[bytes]"
) -> None:
    rng = random.Random(20)
    valid = [
        header("open", picture=PICTURE),
        header("render", photo="0" * 16, looks=[{"face": 0, "edits": {"slow": 1}}]),
        header("hello", versions=[1]),
        header("cancel", target=9),
    ]
    answer(dealer, header("status"))
    before = daemon.status().memory
    dealer.rcvtimeo = WAIT
    for _ in range(1500):
        bent = bytearray(rng.choice(valid))
        for _ in range(rng.randint(1, 4)):
            bent[rng.randrange(len(bent))] = rng.randrange(256)
        frames = [bytes(bent), rng.randbytes(rng.randrange(2000)), rng.randbytes(9)][: rng.randint(1, 3)]
        dealer.send_multipart(frames)
        while dealer.poll(0):
            dealer.recv_multipart()
    dealer.send(protocol.encode("status", 424242))
    while msgpack.unpackb(dealer.recv_multipart()[0]).get("id") != 424242:
        pass
    status = daemon.status()
    assert status.pid == daemon.process.pid
    assert status.photos == 0
    assert status.memory - before < 16 << 20
