"""The messages between the retoucher and TensorFlow's child, and what is no message."""

import io
import struct
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stylegan2.tensorflow1.py37 import messages

HEADER = struct.Struct("<4sQ")


def framed(body: bytes) -> bytes:
    return HEADER.pack(b"RTF1", len(body)) + body


def test_messages_and_arrays_arrive_as_they_were_sent() -> None:
    stream = io.BytesIO()
    array = np.random.default_rng(1).standard_normal((2, 3, 4))
    for kind in (np.float32, np.float64):
        messages.write(stream, {"op": "map", "z": messages.pack_array(array.astype(kind)[:, ::2])})
    stream.seek(0)
    for kind in (np.float32, np.float64):
        message = messages.read(stream)
        assert message is not None
        arrived = messages.unpack_array(message["z"])
        assert arrived.dtype == kind
        assert np.array_equal(arrived, array.astype(kind)[:, ::2])
    assert messages.read(stream) is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"RT", "inside a header"),
        (b"Traceback (most recent call last)", "no header"),
        (HEADER.pack(b"RTF1", messages.LIMIT + 1), "are allowed"),
        (HEADER.pack(b"RTF1", 2**63), "are allowed"),
        (HEADER.pack(b"RTF1", messages.LIMIT) + b"x", "inside a message"),
        (framed(b"\xc1"), "no msgpack"),
        (framed(b""), "no msgpack"),
        (framed(b"\x91" * 2000), "no msgpack"),
        (framed(msgpack.packb({1: 2})), "no msgpack"),
        (framed(msgpack.packb([1, 2])), "no map"),
    ],
)
def test_what_is_no_message_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(messages.MessageError, match=why):
        messages.read(io.BytesIO(content))


def test_a_message_that_is_too_large_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "LIMIT", 100)
    stream = io.BytesIO()
    with pytest.raises(messages.MessageError, match="100 are allowed"):
        messages.write(stream, {"data": bytes(101)})
    assert stream.getvalue() == b""


GOOD: dict[str, Any] = {"type": "<f4", "shape": [2], "data": bytes(8)}


@pytest.mark.parametrize(
    "packed",
    [
        None,
        [],
        {},
        {**GOOD, "more": 1},
        {**GOOD, "type": "|O"},
        {**GOOD, "type": "<i4"},
        {**GOOD, "type": ["<f4"]},
        {**GOOD, "data": "text"},
        {**GOOD, "data": bytes(7)},
        {**GOOD, "shape": 2},
        {**GOOD, "shape": [-2]},
        {**GOOD, "shape": [True, 2]},
        {**GOOD, "shape": [2.0]},
        {**GOOD, "shape": [3]},
        {**GOOD, "shape": [1 << 40, 1 << 40]},
        {**GOOD, "shape": [1, 1, 1, 1, 2]},
    ],
)
def test_what_is_no_array_is_refused(packed: object) -> None:
    with pytest.raises(messages.MessageError):
        messages.unpack_array(packed)


def test_only_real_numbers_are_sent() -> None:
    with pytest.raises(messages.MessageError, match="int64"):
        messages.pack_array(np.arange(3))


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_raise_anything_else(content: bytes) -> None:
    for stream in (io.BytesIO(content), io.BytesIO(framed(content))):
        try:
            message = messages.read(stream)
        except messages.MessageError:
            continue
        assert message is None or isinstance(message, dict)
