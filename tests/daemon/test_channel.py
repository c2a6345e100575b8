import os
import socket
import threading
from typing import Any

import pytest

from daemon.channel import Channel, ChannelClosed, Message
from daemon.memory.blocks import Block
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
