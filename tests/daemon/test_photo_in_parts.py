"""What is sent of a photograph over a network, packed by the client and put together by a worker."""

import itertools
import zlib
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon import photo_in_parts
from daemon.executor import Executor
from daemon.memory.blocks import Block
from daemon.photo_in_parts import composed
from pipeline.reach import halved
from retouchml.client import packed_rows, photo_parts
from retouchml.client.messages import Open
from retouchml.client.photo_parts import Part
from retouchml.client.pixel_format import BYTES_OF, CHANNELS_OF, DTYPE_OF, PixelFormat
from retouchml.errors import LimitExceeded, ProtocolError
from retouchml.results import Box

WIDTH, HEIGHT = 53, 137
ALL = (0, 0, WIDTH, HEIGHT)
PICTURE = PixelFormat(WIDTH, HEIGHT, "u8", "RGB")


def noise(type_: str, order: str) -> NDArray[np.generic]:
    """[137, 53, C] of any bit patterns."""
    dtype = np.dtype(DTYPE_OF[type_])
    count = WIDTH * HEIGHT * CHANNELS_OF[order] * dtype.itemsize
    data = np.random.default_rng(7).integers(0, 256, count).astype(np.uint8)
    return data.view(dtype).reshape(HEIGHT, WIDTH, CHANNELS_OF[order])


def sent(parts: Sequence[Part], picture: PixelFormat, pixels: bytes) -> NDArray[np.generic]:
    """The photograph that a worker makes of parts that a client packed."""
    contents = [b"".join(photo_parts.packed(part, picture, pixels)) for part in parts]
    sized = [replace(part, size=len(each)) for part, each in zip(parts, contents, strict=True)]
    data = b"".join(contents)
    picture = replace(picture, stride=0)
    photo_parts.check(sized, picture, len(data))
    return composed(sized, memoryview(data), picture)


@pytest.mark.parametrize("order", sorted(CHANNELS_OF))
@pytest.mark.parametrize("type_", sorted(DTYPE_OF))
def test_every_pixel_comes_through(type_: str, order: str) -> None:
    pixels = noise(type_, order)
    picture = PixelFormat(WIDTH, HEIGHT, type_, order)
    made = sent([photo_parts.whole(picture)], picture, pixels.tobytes())
    assert made.dtype == pixels.dtype
    assert made.tobytes() == pixels.tobytes()


@pytest.mark.parametrize("order", sorted(CHANNELS_OF))
@pytest.mark.parametrize("type_", ["u8", "u16"])
@pytest.mark.parametrize("times", [2, 4, 8])
def test_of_a_sketch_with_windows_a_search_sees_the_same_as_of_all_pixels(
    type_: str, order: str, times: int
) -> None:
    """Which is what makes results equal: what it halves is to the bit the same."""
    pixels = noise(type_, order)
    picture = PixelFormat(WIDTH, HEIGHT, type_, order)
    windows = photo_parts.windows([(5, 6, 21, 11), (40, 100, 13, 37)], picture, times)
    made = sent([photo_parts.whole(picture, times), *windows], picture, pixels.tobytes())
    for window in windows:
        x, y, width, height = window.box
        inside = made[y : y + height, x : x + width]
        assert inside.tobytes() == pixels[y : y + height, x : x + width].tobytes()
    side = HEIGHT // times
    for one, other in zip(halved(made, side), halved(pixels, side), strict=True):
        assert np.array_equal(one, other)
    assert halved(made, side)[1] == times
    assert not np.array_equal(made, pixels)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("type_", ["u8", "u16"])
def test_halved_pixels_are_means_rounded_half_up(type_: str, channels: int) -> None:
    pixels = noise(type_, {1: "Y", 2: "YA", 3: "RGB", 4: "RGBA"}[channels])
    even = pixels[:136, :52].astype(np.uint32)
    plain = (even[::2, ::2] + even[::2, 1::2] + even[1::2, ::2] + even[1::2, 1::2] + 2) >> 2
    rows = list(packed_rows.halved([row.tobytes() for row in pixels], BYTES_OF[type_], channels))
    assert b"".join(rows) == plain.astype(pixels.dtype).tobytes()
    looked_at = 1 if channels == 2 else channels  # alpha decides nothing
    assert np.array_equal(halved(pixels, 68)[0], plain[..., :looked_at])


def test_a_wider_stride_is_no_part_of_the_photograph() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH + 9, 3)).astype(np.uint8)
    picture = PixelFormat(WIDTH, HEIGHT, "u8", "RGB", stride=3 * (WIDTH + 9))
    made = sent([photo_parts.whole(picture)], picture, pixels.tobytes())
    assert np.array_equal(made, pixels[:, :WIDTH])


def test_a_photograph_takes_fewer_bytes_and_a_sketch_far_fewer() -> None:
    ramp = np.add.outer(np.arange(3000), np.arange(4000)) // 40
    light = np.random.default_rng(2).normal(0, 1.5, (3000, 4000, 1))
    tint = np.random.default_rng(3).normal(0, 0.5, (3000, 4000, 3))
    pixels = np.clip(ramp[..., None] + light + tint, 0, 255).astype(np.uint8)
    picture = PixelFormat(4000, 3000, "u8", "RGB")
    data = pixels.tobytes()
    whole = sum(map(len, photo_parts.packed(photo_parts.whole(picture), picture, data)))
    assert whole < 0.45 * len(data)
    sketch = photo_parts.sketch(picture)
    assert sketch is not None
    assert sketch.reduced == 2
    assert sum(map(len, photo_parts.packed(sketch, picture, data))) < whole / 3


def test_what_cannot_be_halved_has_no_sketch() -> None:
    assert photo_parts.sketch(PixelFormat(5120, 3000)) == Part((0, 0, 5120, 3000), 4)
    assert photo_parts.sketch(PixelFormat(2559, 2000)) is None
    assert photo_parts.sketch(PixelFormat(5120, 3)) is None
    assert photo_parts.sketch(PixelFormat(5120, 3000, "f32")) is None
    assert photo_parts.sketch(PixelFormat(5120, 3000, "u16", encoding="linear")) is None


def test_whatever_windows_there_are_they_are_not_refused() -> None:
    picture = PixelFormat(2560, 700, "u8", "RGB")
    for count in (1, 10, 40, 60, 63):
        boxes = [(160 * (place % 16), 160 * (place // 16), 124, 124) for place in range(count)]
        parts = [photo_parts.whole(picture, 2), *photo_parts.windows(boxes, picture, 2)]
        if parts[1].box == parts[0].box:
            parts = parts[1:]  # all pixels need no sketch
        photo_parts.check([replace(part, size=1) for part in parts], picture, len(parts))


def test_windows_are_apart_and_of_whole_pixels_of_the_sketch() -> None:
    picture = PixelFormat(4001, 3001)
    boxes = [(101, 99, 50, 50), (140, 130, 40, 40), (3990, 2990, 11, 11)]
    windows = photo_parts.windows(boxes, picture, 4)
    assert [part.box for part in windows] == [(100, 96, 80, 76), (3988, 2988, 13, 13)]
    assert photo_parts.windows([(0, 0, 3900, 2900)], picture, 4) == (photo_parts.whole(picture),)
    many = [(40 * n, 0, 4, 4) for n in range(64)]
    assert photo_parts.windows(many, picture, 4) == (photo_parts.whole(picture),)
    chain: list[Box] = [(0, 0, 100, 8), (200, 0, 100, 8), (90, 0, 120, 8)]
    assert [part.box for part in photo_parts.windows(chain, picture, 4)] == [(0, 0, 300, 8)]


@pytest.mark.parametrize(
    "parts",
    [
        [Part((0, 0, WIDTH, HEIGHT - 1), 1, 9)],
        [Part(ALL, 1, 8)],
        [Part(ALL, 1, 4), Part((50, 0, 4, 4), 1, 5)],
        [Part(ALL, 1, 4), Part((-1, 0, 4, 4), 1, 5)],
        [Part(ALL, 1, 4), Part((0, 0, 4, 4), 5, 5)],
        [Part(ALL, 1, 4), Part((0, 0, 4, 4), 3, 5)],
        [Part(ALL, 128, 9)],
        [Part(ALL, 1, 1)] * 9,
        [Part(ALL, 32, 1), *[Part(ALL, 32, 4)] * 2],
        [Part(ALL, 32, 1), *[Part((9, 0, 1, HEIGHT), 1, 4)] * 2],
        [Part(ALL, 4, 1)] * (photo_parts.MOST_PARTS + 1),
    ],
)
def test_parts_that_make_no_photograph_or_far_more_than_one_are_refused(parts: list[Part]) -> None:
    with pytest.raises(ProtocolError):
        photo_parts.check(parts, PICTURE, 9)


def test_the_parts_of_a_request_are_read_and_checked() -> None:
    request = Open(PICTURE, parts=(Part(ALL, 4, 7), Part((1, 2, 3, 4), 1, 5)), base="")
    assert Open.from_fields(request.fields()) == request
    request.check_frame(12)
    more = Open(PICTURE, parts=(Part((1, 2, 3, 4), 1, 5),), base="first")
    assert Open.from_fields(more.fields()) == more
    more.check_frame(5, (Part(ALL, 4, 7),))
    assert "parts" not in Open(PICTURE).fields()  # which an older daemon does not know
    for wrong in ([1, 2, 3], [0, 0, 4, 4, 1, 0], [0, 0, 4, 4, True, 1], ["0", 0, 4, 4, 1, 1], 3):
        with pytest.raises((ProtocolError, LimitExceeded)):
            Open.from_fields({**Open(PICTURE).fields(), "parts": [wrong]})
    with pytest.raises(ProtocolError):
        Open.from_fields({**Open(PICTURE).fields(), "base": "first"})


def one_part(data: bytes) -> NDArray[np.generic]:
    """A photograph of 4 × 3 grey pixels of one part."""
    return composed([Part((0, 0, 4, 3), 1, len(data))], memoryview(data), PixelFormat(4, 3, "u8", "Y"))


@pytest.mark.parametrize(
    "data",
    [
        b"n",
        b"no zlib",
        zlib.compress(bytes(11)),
        zlib.compress(bytes(13)),
        zlib.compress(bytes(12))[:-1],
        zlib.compress(bytes(12)) + b"more",
    ],
)
def test_what_is_damaged_or_another_size_is_refused(data: bytes) -> None:
    assert one_part(zlib.compress(bytes(12))).shape == (3, 4, 1)
    with pytest.raises(ProtocolError):
        one_part(data)


def test_a_damaged_photograph_leaves_no_memory_behind() -> None:
    block = Block.of([b"no zlib"])
    with pytest.raises(ProtocolError):
        Executor("cpu").take(
            "a", block, PixelFormat(4, 3, "u8", "Y"), "", "", parts=[Part((0, 0, 4, 3), 1, 7)]
        )
    assert block.descriptor == -1


class CountingUnpacker:
    """zlib's, which counts the bytes that it gives."""

    given = 0

    def __init__(self) -> None:
        self._unpacker = zlib.decompressobj()

    def decompress(self, packed: "bytes | memoryview", limit: int) -> bytes:
        piece = self._unpacker.decompress(packed, limit)
        CountingUnpacker.given += len(piece)
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unpacker, name)


def test_no_more_is_unpacked_than_the_photograph_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zlib.compress(bytes(1 << 24))
    monkeypatch.setattr(CountingUnpacker, "given", 0)
    stand_in = SimpleNamespace(decompressobj=CountingUnpacker, error=zlib.error)
    monkeypatch.setattr(photo_in_parts, "zlib", stand_in)
    with pytest.raises(ProtocolError):
        one_part(bomb)
    assert CountingUnpacker.given == 3 * 4 + 1  # the photograph, and the byte that is too much


def test_packing_comes_in_pieces_so_that_it_can_be_stopped() -> None:
    picture = PixelFormat(64, 64 * 20, "u8", "Y")
    pieces = photo_parts.packed(photo_parts.whole(picture), picture, bytes(range(256)) * 320)
    assert len(list(itertools.islice(pieces, 30))) == 22  # a strip each, and the end twice
