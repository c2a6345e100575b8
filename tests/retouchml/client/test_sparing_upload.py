"""A photo session that spares the network: a real daemon on TCP, and every byte counted on its way."""

import os
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retouchml import paths
from retouchml.client import connection_file, host_port, photo_parts
from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.client import Client
from retouchml.client.messages import Open
from retouchml.client.photo_parts import Part
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import PixelFormat
from retouchml.client.render_request import Looks
from retouchml.errors import DaemonLost, PhotoUnknown, ProtocolError, RetouchError
from retouchml.look import Look
from retouchml.results import Box, Face
from tests.daemon.running import PATIENCE, Daemon, until
from tests.fake_client import FakeClient, FakePhoto
from tests.slow_link import SlowLink
from tests.stand_in_backend import FACE_PAIR

WIDTH, HEIGHT = 4096, 2048
PICTURE = PixelFormat(WIDTH, HEIGHT, "u8", "RGBA")
LOOKS: Looks = {0: Look(0.5)}


@pytest.fixture(scope="module")
def pixels() -> bytes:
    """A noisy ramp."""
    ramp = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) // 40
    noise = np.random.default_rng(3).integers(0, 8, (HEIGHT, WIDTH, 4))
    return bytes((np.minimum(ramp, 240)[..., None] + noise).astype(np.uint8))


@pytest.fixture
def link(start: Callable[..., Daemon], home: Path) -> Iterator[SlowLink]:
    start("--tcp", "127.0.0.1:0", backend=FACE_PAIR)
    host, port = host_port.of_endpoint(
        connection_file.read(paths.runtime_dir() / connection_file.NAME).endpoint
    )
    link = SlowLink((host, port))
    yield link
    link.close()


@pytest.fixture
def client(link: SlowLink, tmp_path: Path) -> Iterator[Client]:
    """Over the link."""
    file = tmp_path / "studio.json"
    own = connection_file.read(paths.runtime_dir() / connection_file.NAME)
    connection_file.write(file, own.at(f"tcp://{link.address}"))
    with Client(connection_file=file) as client:
        yield client


class Shown:
    """A session, and the previews that it has shown, each with the bytes that had gone up by then."""

    def __init__(self, client: Client, pixels: bytes, link: SlowLink, *, spares: bool = True) -> None:
        self.session = PhotoSession(client, PICTURE, pixels, spares=spares, previews=spares)
        self.previews: list[tuple[Looks, tuple[WirePatch, ...], int]] = []
        self.session.on_preview = lambda looks, patches: self.previews.append(
            (looks, patches, link.carried[0])
        )


def test_the_first_preview_needs_the_sketch_alone_and_the_result_is_as_of_all_pixels(
    client: Client, link: SlowLink, pixels: bytes
) -> None:
    plain = Shown(client, pixels, link, spares=False)
    plain.session.render(LOOKS, size="both", refine=True)
    expected = plain.session.wait(timeout=PATIENCE)
    all_bytes = link.carried[0]
    assert all_bytes > len(pixels)
    shown = Shown(client, pixels, link)
    shown.session.render(LOOKS, size="both", refine=True)
    result = shown.session.wait(timeout=PATIENCE)
    assert expected is not None
    assert result is not None
    assert shown.session.faces == plain.session.faces
    assert [bytes(each.pixels) for each in result.patches] == [
        bytes(each.pixels) for each in expected.patches
    ]
    assert [each.box for each in result.patches] == [each.box for each in expected.patches]
    _, patches, sent = shown.previews[0]
    assert patches
    assert sent - all_bytes < len(pixels) / 5  # a quarter of the pixels, packed
    assert link.carried[0] - all_bytes < 0.6 * len(pixels)  # faces and their surroundings are most of it


def test_sliders_that_move_are_shown_of_the_sketch_before_anything_else_is_sent(
    client: Client, link: SlowLink, pixels: bytes
) -> None:
    shown = Shown(client, pixels, link)
    shown.session.render(LOOKS, size="both", refine=True)
    moved: Looks = {0: Look(0.9)}

    def move(looks: Looks, patches: tuple[WirePatch, ...]) -> None:
        shown.previews.append((looks, patches, link.carried[0]))
        if len(shown.previews) == 1:
            shown.session.render(moved, size="both", refine=True)

    shown.session.on_preview = move
    assert shown.session.wait(timeout=PATIENCE) is not None
    assert [looks for looks, _, _ in shown.previews[:2]] == [LOOKS, moved]
    assert shown.previews[1][2] - shown.previews[0][2] < 100_000


def test_a_result_alone_needs_no_preview(client: Client, link: SlowLink, pixels: bytes) -> None:
    shown = Shown(client, pixels, link)
    shown.session.render({0: Look(1.0)})
    result = shown.session.wait(timeout=PATIENCE)
    assert result is not None
    x, y, width, height = result.patches[0].box
    original = np.frombuffer(pixels, np.uint8).reshape(HEIGHT, WIDTH, 4)[y : y + height, x : x + width, :3]
    patch = np.frombuffer(bytes(result.patches[0].pixels), np.uint8).reshape(height, width, 4)
    assert (patch[..., :3] == 255 - original).all()  # the stand-in inverts what it got
    assert shown.previews == []


def test_on_this_machine_every_pixel_is_given_at_once(start: Callable[..., Daemon], pixels: bytes) -> None:
    start(backend=FACE_PAIR)
    with Client() as client:
        session = PhotoSession(client, PICTURE, pixels, spares=True)
        session.open()
        session.wait(timeout=PATIENCE)
        assert not session._opening._upload.was_spared
        assert client.status().result(PATIENCE).photo_bytes == len(pixels)


def test_a_network_that_breaks_while_more_is_sent_costs_no_more_than_another_try(
    client: Client, link: SlowLink, pixels: bytes
) -> None:
    shown = Shown(client, pixels, link)
    opened: list[int] = []

    def on_opened(session: PhotoSession) -> None:
        opened.append(len(session.faces))
        if len(opened) == 1:
            link.cut()

    shown.session.on_opened = on_opened
    shown.session.render(LOOKS)
    result = shown.session.wait(timeout=PATIENCE)
    assert result is not None
    assert [patch.face for patch in result.patches] == [0]
    assert client.is_connected
    assert opened == [2, 2, 2]  # the sketch's, after the loss again, and those of all that is needed


def test_hostile_parts_are_refused_and_cost_the_daemon_no_time(client: Client) -> None:
    picture = PixelFormat(1000, 300, "u8", "RGB")
    bomb = zlib.compress(bytes(1000 * 300 * 3))
    whole = Part((0, 0, 1000, 300), 1, len(bomb))
    with pytest.raises(ProtocolError):
        client.request(Open(picture, parts=(whole,) * 64), _nothing, [bomb * 64]).result(PATIENCE)
    with pytest.raises(ProtocolError):
        client.open(picture, bomb, parts=(Part((0, 0, 1000, 300), 2, len(bomb)),)).result(PATIENCE)
    window = (Part((0, 0, 1000, 300), 1, len(bomb)),)
    with pytest.raises(PhotoUnknown):
        client.open(picture, bomb, parts=window, base="another").result(PATIENCE)
    photo = client.open(picture, bomb, parts=(whole,)).result(PATIENCE)
    assert photo.needs == ()
    other = PixelFormat(300, 1000, "u8", "RGB")
    parts = (Part((0, 0, 300, 1000), 1, len(bomb)),)
    with pytest.raises(ProtocolError):
        client.open(other, bomb, parts=parts, base=photo.name).result(PATIENCE)


def test_what_adds_to_a_photograph_takes_its_place(client: Client) -> None:
    """So that both together never exceed a limit."""
    picture = PixelFormat(1000, 300, "u8", "RGB")
    first = zlib.compress(bytes(500 * 150 * 3))
    sketch = client.open(picture, first, parts=(Part((0, 0, 1000, 300), 2, len(first)),)).result(PATIENCE)
    window = zlib.compress(bytes(300 * 300 * 3))
    parts = (Part((100, 0, 300, 300), 1, len(window)),)
    call = client.open(picture, window, parts=parts, base=sketch.name)
    assert client.status().result(PATIENCE).photos == 1
    more = call.result(PATIENCE)
    assert client.status().result(PATIENCE).photos == 1
    with pytest.raises(PhotoUnknown):
        sketch.render(LOOKS).result(PATIENCE)
    assert more.render(LOOKS).result(PATIENCE).faces == (0,)


def test_what_adds_to_a_large_photograph_waits_for_it_and_every_pixel_comes_through(client: Client) -> None:
    """Both are copied in a thread of the daemon, which serves others meanwhile and this one in its order."""
    picture = PixelFormat(2048, 1024, "u8", "RGB")
    values = np.random.default_rng(5).integers(0, 256, (1024, 2048, 3)).astype(np.uint8)
    sketch = photo_parts.whole(picture, 2)
    (window,) = photo_parts.windows([(384, 384, 256, 256)], picture, 2)
    first, second = (
        b"".join(photo_parts.packed(part, picture, values.tobytes())) for part in (sketch, window)
    )
    assert len(first) > 1 << 20  # what is copied in a thread
    base = client.open(picture, first, parts=(replace(sketch, size=len(first)),)).result(PATIENCE)
    opening = client.open(picture, second, parts=(replace(window, size=len(second)),), base=base.name)
    assert client.status().result(PATIENCE).photos == 1
    rendered = opening.result(PATIENCE).render({0: Look(1.0)}).result(PATIENCE)
    (patch,) = rendered.patches
    x, y, width, height = patch.box
    got = np.frombuffer(bytes(patch.pixels), np.uint8).reshape(height, width, 4)
    assert (got[..., :3] == 255 - values[y : y + height, x : x + width]).all()


def test_pixels_that_take_long_on_a_slow_network_come_through(
    start: Callable[..., Daemon], home: Path, tmp_path: Path
) -> None:
    """Heartbeats wait behind them."""
    start("--tcp", "127.0.0.1:0", backend=FACE_PAIR)
    own = connection_file.read(paths.runtime_dir() / connection_file.NAME)
    link = SlowLink(host_port.of_endpoint(own.endpoint), bits=1.5e6)
    file = tmp_path / "studio.json"
    connection_file.write(file, own.at(f"tcp://{link.address}"))
    picture = PixelFormat(1000, 800, "u8", "RGB")
    values = np.random.default_rng(6).integers(0, 256, (800, 1000, 3)).astype(np.uint8)
    with closing(link), Client(connection_file=file) as client:
        assert len(client.open(picture, values.tobytes()).result(PATIENCE).faces) == 2  # 13 s


def _nothing(*_: object) -> None: ...


# without a daemon: what it answers is the test's

SMALL = PixelFormat(2560, 1024, "u8", "Y")
NEAR, FAR = (100, 100, 200, 200), (2000, 500, 100, 100)


def face(box: Box, score: float = 3.0) -> Face:
    return Face(box, ((0.0, 0.0),) * 68, score)


def around(box: Box) -> Box:
    return box[0] - 50, box[1] - 50, box[2] + 100, box[3] + 100


class Scripted:
    """A session of a client on a network, which answers with these photos, one after the other."""

    def __init__(self, *answers: object, previews: bool = True) -> None:
        self.client = FakeClient()
        self.client.takes_parts = True
        photos = [
            FakePhoto(self.client, *answer) if isinstance(answer, tuple) else answer for answer in answers
        ]
        self.client.script = photos
        self.opened: list[tuple[Face, ...]] = []
        self.session = PhotoSession(
            self.client,  # type: ignore[arg-type]
            SMALL,
            bytes(SMALL.size),
            spares=True,
            previews=previews,
        )
        self.session.on_opened = lambda session: self.opened.append(session.faces)

    def has_come_to_rest(self) -> bool:
        """Whether nothing is to come, after what was due."""
        self.client.process()
        return not self.client.has_timers

    def parts(self) -> list[list[tuple[Box, int]]]:
        """What was sent with each opening."""
        return [
            [(part.box, part.reduced) for part in call.details["parts"]]
            for call in self.client.calls
            if call.kind == "open"
        ]


WHOLE = (0, 0, 2560, 1024)


def test_a_place_that_the_sketch_leaves_in_doubt_is_sent_before_faces_are_told() -> None:
    near, far = face(NEAR), face(FAR)
    scripted = Scripted(((near,), (around(NEAR), around(FAR))), ((near, far),))
    scripted.session.open()
    scripted.session.wait(timeout=PATIENCE)
    assert scripted.opened == [(near, far)]
    assert scripted.parts() == [[(WHOLE, 2)], [((50, 50, 300, 300), 1), ((1950, 450, 200, 200), 1)]]
    assert scripted.client.calls[1].details["base"] == "p"


def test_a_face_beside_a_doubtful_one_does_not_stand_for_it() -> None:
    left, right = face(NEAR), face((NEAR[0] + NEAR[2], *NEAR[1:]))
    places = around(left.box), around(right.box)
    scripted = Scripted(((left,), places), ((left, right),))
    scripted.session.open()
    scripted.session.wait(timeout=PATIENCE)
    assert scripted.opened == [(left, right)]


def test_without_previews_nothing_is_told_of_a_sketch() -> None:
    near, sharper = face(NEAR), face(NEAR, 4.5)
    scripted = Scripted(((near,), (around(NEAR),)), ((sharper,),), previews=False)
    scripted.session.open()
    scripted.session.wait(timeout=PATIENCE)
    assert scripted.opened == [(sharper,)]
    assert [len(parts) for parts in scripted.parts()] == [1, 1]


def test_faces_keep_their_numbers_when_all_pixels_go_to_another_machine() -> None:
    near, far, large = face(NEAR), face(FAR), face((1000, 300, 200, 200))
    places = around(NEAR), around(FAR)
    scripted = Scripted(
        ((near, far), places), ((large, near, far),), Rendered(()), ((large, near, far),), Rendered(())
    )
    scripted.session.render(LOOKS)
    scripted.session.wait(timeout=PATIENCE)
    scripted.session.close()
    scripted.client.takes_parts = False  # as that of this machine
    scripted.session.render({1: Look(0.9)})
    scripted.session.wait(timeout=PATIENCE)
    assert scripted.opened[-1] == (near, far, large)
    assert scripted.client.calls[-1].details["looks"] == {2: Look(0.9)}


@pytest.mark.skipif(sys.platform != "linux", reason="of a thread's own priority")
@pytest.mark.parametrize("previews", [True, False])
def test_what_is_packed_while_a_preview_is_made_leaves_it_the_processor(
    previews: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, priorities = photo_parts.packed, []

    def noted(part: Part, *arguments: Any) -> Iterator[bytes]:
        priorities.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return packed(part, *arguments)

    monkeypatch.setattr(photo_parts, "packed", noted)
    scripted = Scripted(((face(NEAR),), (around(NEAR),)), ((face(NEAR),),), Rendered(()), previews=previews)
    scripted.session.render(LOOKS)
    scripted.session.wait(timeout=PATIENCE)
    first, second = priorities
    assert first == os.getpriority(os.PRIO_PROCESS, 0)
    assert (second > first) is previews


def test_what_fails_while_it_is_packed_is_the_session_s_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Iterator[bytes]:
        raise MemoryError

    monkeypatch.setattr(photo_parts, "packed", fail)
    scripted = Scripted(((face(NEAR),), ()))
    scripted.session.open()
    with pytest.raises(RetouchError, match="MemoryError"):
        scripted.session.wait(timeout=PATIENCE)
    assert scripted.session.done


def test_where_no_face_was_found_all_pixels_are_sent() -> None:
    far = face(FAR)
    scripted = Scripted(((), (WHOLE,)), ((far,),))
    scripted.session.open()
    scripted.session.wait(timeout=PATIENCE)
    assert scripted.opened == [(far,)]
    assert scripted.parts() == [[(WHOLE, 2)], [(WHOLE, 1)]]
    assert scripted.client.calls[1].details["base"] == ""


def test_where_windows_do_not_decide_all_pixels_are_sent() -> None:
    near = face(NEAR)
    scripted = Scripted(((near,), (around(NEAR),)), ((near,), (around(FAR),)), ((near,),), Rendered(()))
    scripted.session.render(LOOKS)
    scripted.session.wait(timeout=PATIENCE)
    assert [len(parts) for parts in scripted.parts()] == [1, 1, 1]
    assert scripted.parts()[2] == [(WHOLE, 1)]


def test_looks_and_what_is_said_follow_the_faces_of_the_windows() -> None:
    near, far, sharper = face(NEAR), face(FAR), face(NEAR, 4.5)
    boxes = around(NEAR), around(FAR)
    scripted = Scripted(((near, far), boxes), ((far, sharper),), Rendered(()))
    scripted.session.render({0: Look(0.1), 1: Look(0.9)})
    scripted.session.wait(timeout=PATIENCE)
    assert scripted.opened == [(near, far), (sharper, far)]
    assert scripted.client.calls[-1].details["looks"] == {1: Look(0.1), 0: Look(0.9)}


def test_all_pixels_are_sent_at_once_for_a_marked_place() -> None:
    scripted = Scripted(((face(NEAR),), (around(NEAR),)), ((face(NEAR), face(FAR)),))
    scripted.session.open()
    scripted.session.wait(timeout=PATIENCE)
    scripted.session.mark(FAR)
    scripted.session.wait(timeout=PATIENCE)
    assert scripted.parts() == [[(WHOLE, 2)], [(WHOLE, 1)]]
    assert scripted.opened[-1] == (face(NEAR), face(FAR))


def test_a_loss_while_more_is_packed_begins_anew() -> None:
    near = face(NEAR)
    scripted = Scripted(
        ((near,), (around(NEAR),)), DaemonLost, ((near,), (around(NEAR),)), ((near,),), Rendered(())
    )
    scripted.session.render(LOOKS)
    scripted.session.wait(timeout=PATIENCE)
    assert [len(parts) for parts in scripted.parts()] == [1, 1, 1, 1]
    assert scripted.client.connections == 2


def test_what_is_cancelled_while_it_is_packed_is_not_sent() -> None:
    scripted = Scripted(((face(NEAR),), (around(NEAR),)))
    scripted.session.open()
    scripted.client.process()
    packing = scripted.session._opening._packing
    assert packing is not None
    scripted.session.cancel()
    assert until(lambda: packing.done)
    assert until(scripted.has_come_to_rest)
    assert scripted.client.calls == []
