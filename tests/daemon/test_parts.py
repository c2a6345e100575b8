import os
import socket
import threading
from typing import Any

import numpy as np
import pytest

from daemon import pixel_conversion
from daemon.channel import Channel, ChannelClosed, Message
from daemon.executor import is_out_of_memory
from daemon.jobs import Client, Job, JobQueue
from daemon.memory.blocks import Block
from daemon.options import Options
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import Busy, DeviceError
from tests.daemon.running import needs_posix


def pair() -> tuple[Channel, Channel]:
    ours, its = socket.socketpair()
    return Channel(ours), Channel(its)


def test_a_block_reaches_another_process_by_its_descriptor() -> None:
    here, there = pair()
    block = Block.of([b"abc", memoryview(b"defg")])
    here.send({"type": "job"}, [block])
    block.close()
    ((message, (arrived,)),) = there.receive()
    assert (message, bytes(arrived.map())) == ({"type": "job"}, b"abcdefg")
    arrived.close()
    here.close()
    there.close()


def test_messages_in_one_piece_or_in_many_arrive_one_by_one() -> None:
    here, there = pair()
    for number in range(3):
        here.send({"number": number})
    assert [message["number"] for message, _ in there.receive()] == [0, 1, 2]
    sending = threading.Thread(target=here.send, args=({"long": "x" * 100_000},))
    sending.start()  # it may have to wait for room
    received: list[Message] = []
    while not received:
        received = there.receive()
    sending.join()
    assert len(received[0][0]["long"]) == 100_000
    here.close()
    with pytest.raises(ChannelClosed):
        there.receive()
    there.close()


@needs_posix
def test_descriptors_that_nobody_took_are_closed_with_the_channel() -> None:
    here, there = pair()
    reader, writer = os.pipe()
    block = Block(writer, 1)
    here.send({"type": "job"}, [block])
    block.close()
    there._received += b"\xff\xff\x00\x00"  # the message behind it never gets complete
    there.receive()
    there.close()
    here.close()
    assert os.read(reader, 1) == b""
    os.close(reader)


class _WithoutDescriptors(socket.socket):
    """What a process hears that has no room for more descriptors."""

    def recvmsg(self, size: int, *_: int) -> tuple[bytes, list[Any], int, Any]:
        return self.recv(size), [], 0, None


@needs_posix
def test_a_message_whose_blocks_did_not_fit_is_the_end_of_the_channel() -> None:
    ours, its = socket.socketpair()
    here, there = Channel(ours), Channel(_WithoutDescriptors(fileno=its.detach()))
    block = Block.of([b"abc"])
    here.send({"type": "job"}, [block])
    block.close()
    with pytest.raises(ChannelClosed):
        there.receive()
    here.close()
    there.close()


def test_an_empty_block_can_be_mapped() -> None:
    block = Block.of([b""])
    assert bytes(block.map()) == b""
    block.close()


@pytest.mark.parametrize("type_", ["u8", "u16", "f16", "f32"])
def test_a_pixel_that_a_patch_leaves_alone_comes_back_to_the_bit(type_: str) -> None:
    picture = PixelFormat(32, 32, type_, "BGRA", "linear")
    rng = np.random.default_rng(0)
    white = {"u8": 255, "u16": 65535}.get(type_, 1)
    wire = (rng.random((32, 32, 4)) * white).astype(
        {"u8": "u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}[type_]
    )
    inner = pixel_conversion.to_pipeline(wire, picture)
    patch = np.dstack([inner, np.ones((32, 32, 1), np.float32)])
    patch[0, 0, :3] = 0.25
    result, _ = pixel_conversion.from_pipeline(patch, wire, picture)
    assert (result[1:, :, :3] == wire[1:, :, :3]).all()
    assert (result[0, 0, :3] != wire[0, 0, :3]).any()


def test_pixels_that_suit_the_pipeline_are_not_copied() -> None:
    data = bytes(4 * 4 * 4)
    pixels = pixel_conversion.view(memoryview(data), PixelFormat(4, 4))
    assert np.shares_memory(pixel_conversion.to_pipeline(pixels, PixelFormat(4, 4)), pixels)


def test_a_reduced_patch_does_not_mix_in_what_is_transparent() -> None:
    patch = np.zeros((200, 100, 4), np.uint8)
    patch[:, :50] = 200, 100, 50, 255
    patch[:, 50:, :3] = 7
    small, picture = pixel_conversion.reduced(patch, PixelFormat(100, 200), 20)
    assert small.shape == (20, 10, 4)
    assert (picture.width, picture.height) == (10, 20)
    assert (small[:, :5] == (200, 100, 50, 255)).all()
    assert (small[:, 5:, 3] == 0).all()


class OutOfMemoryError(Exception):
    """As torch's, by name."""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OutOfMemoryError("CUDA"), True),
        (MemoryError(), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("shapes do not fit"), False),
        (DeviceError("out of memory is only quoted here"), False),
    ],
)
def test_the_end_of_memory_is_told_from_other_errors(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def job(client: Client, number: int = 1) -> Job:
    return Job(number, client, number, 1, "prepare", {}, 0, "m")


def test_the_next_job_is_of_another_client_where_there_is_one() -> None:
    queue = JobQueue(Options())
    one, two = Client((0, b"1")), Client((0, b"2"))
    for number in range(3):
        queue.add(job(one, number))
    queue.add(job(two, 9))
    taken = [queue.take(0) for _ in range(4)]
    assert [each.number for each in taken if each] == [0, 9, 1, 2]


def test_a_job_that_is_still_uploaded_does_not_hold_up_the_others() -> None:
    queue = JobQueue(Options())
    first, second = job(Client((0, b"1")), 1), job(Client((0, b"2")), 2)
    first.uploading = True
    queue.add(first)
    queue.add(second)
    assert queue.take(0) is second
    assert queue.take(0) is None


def test_the_queue_is_bounded_for_all_and_for_each() -> None:
    queue = JobQueue(Options(queue=3, queue_of_client=2))
    one, two = Client((0, b"1")), Client((0, b"2"))
    queue.add(job(one))
    queue.add(job(one))
    with pytest.raises(Busy, match="This program"):
        queue.check_room(one)
    queue.check_room(two)
    queue.add(job(two))
    with pytest.raises(Busy, match="too much to do"):
        queue.check_room(two)
