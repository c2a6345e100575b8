"""The one policy for a photograph at the daemon: with a client without sockets, and with a real daemon."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.client import Client
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import (
    Busy,
    Cancelled,
    DaemonAbsent,
    DaemonLost,
    DaemonStopping,
    LimitExceeded,
    PhotoUnknown,
    RetouchError,
    Superseded,
    UsageError,
)
from retouchml.look import Look
from tests.daemon.running import PATIENCE, PLAIN, Daemon, picture
from tests.fake_client import FACE, FakeClient
from tests.stand_in_backend import SIDE

LOOKS = {0: Look(0.5)}
OTHER_LOOKS = {0: Look(0.9)}


class Recorder:
    """Records what a session's callbacks are called with."""

    def __init__(self, session: PhotoSession) -> None:
        self.opened = 0
        self.stages: list[str] = []
        self.previews: list[tuple[Mapping[int, Look], tuple[WirePatch, ...]]] = []
        self.rendered: list[tuple[Mapping[int, Look], Rendered]] = []
        self.errors: list[RetouchError] = []
        session.on_progress = lambda stage, _fraction, _remaining: self.stages.append(stage)
        session.on_opened = self._count_opened
        session.on_preview = lambda *told: self.previews.append(told)
        session.on_rendered = lambda *told: self.rendered.append(told)
        session.on_error = self.errors.append

    def _count_opened(self, _session: PhotoSession) -> None:
        self.opened += 1


def make(*script: Any, **options: Any) -> tuple[Any, PhotoSession, Recorder]:
    client = FakeClient(*script)
    session = PhotoSession(client, PLAIN, bytes(range(4)), **options)  # type: ignore[arg-type]
    return client, session, Recorder(session)


def rendered(**seconds: float) -> Rendered:
    return Rendered((), (), seconds)


def test_an_opened_photo_has_its_faces_and_where_they_were_found() -> None:
    client, session, recorder = make("photo", icc=b"profile", model="big")
    session.open()
    assert not client.calls, "all happens in process()"
    assert session.wait() is None
    assert not session.busy
    assert session.is_open
    assert (session.faces, session.model, session.device) == ((FACE,), "m", "cpu")
    assert session.seconds == {"detect": 0.25}
    assert client.calls[0].details == {
        "pixels": bytes(range(4)), "icc": b"profile", "at": (), "model": "big", "device": "", "scorer": ""
    }  # fmt: skip
    assert (recorder.opened, recorder.stages) == (1, ["connect", "send"])
    session.open()
    session.wait()
    assert client.kinds == ["open"], "it is open already"


def test_with_another_taste_the_photo_is_opened_again() -> None:
    client, session, _recorder = make("photo", "photo")
    session.open()
    session.wait()
    for scorer in ("", "mine"):  # the first one is that which it has
        session.set_scorer(scorer)
        session.open()
        session.wait()
    assert [call.details["scorer"] for call in client.calls if call.kind == "open"] == ["", "mine"]


def test_a_render_before_the_photo_is_open_waits_for_it_and_the_newest_looks_win() -> None:
    client, session, recorder = make()
    session.render(LOOKS)
    client.process()
    assert client.kinds == ["open"]
    session.render(OTHER_LOOKS, size="both", preview_side=300, report=True)
    client.process()
    client.calls[0].answer(client.photo())
    client.process()
    assert client.kinds == ["open", "render"]
    assert client.calls[1].details == {
        "looks": OTHER_LOOKS,
        "size": "both",
        "preview_side": 300,
        "report": True,
        "refine": False,
        "shown": None,
    }
    answer = rendered(render=1.0)
    client.calls[1].answer(answer)
    assert recorder.rendered == [(OTHER_LOOKS, answer)]
    assert recorder.stages == ["connect", "send", "wait"]
    assert session.seconds == {"detect": 0.25, "render": 1.0}
    assert session.wait() is answer


def test_an_older_render_is_dropped_with_its_answer_its_preview_and_its_end() -> None:
    client, session, recorder = make("photo")
    session.open()
    session.wait()
    session.render(LOOKS, size="both")
    client.process()
    first = client.calls[-1]
    first.on_preview(rendered())
    assert recorder.previews == [(LOOKS, ())]
    session.render(OTHER_LOOKS)
    client.process()
    assert first.on_preview is None
    assert first.on_progress is None
    first.answer(Superseded("A newer one came."))
    assert session.busy
    assert not recorder.errors
    client.calls[-1].answer(rendered())
    assert [looks for looks, _ in recorder.rendered] == [OTHER_LOOKS]


def patch_of(face: int, value: int) -> WirePatch:
    return WirePatch(face, (0, 0, 1, 1), PixelFormat(1, 1), bytes([value] * 4))


def test_a_preview_has_the_newest_patch_of_every_face_in_the_order_of_faces() -> None:
    client, session, recorder = make("photo")
    looks = {face: Look(0.5) for face in (0, 1, 2)}
    session.open()
    session.wait()
    session.render(looks, refine=True, shown=2)
    client.process()
    call = client.calls[-1]
    assert call.details["refine"] is True
    assert call.details["shown"] == 2
    shown = []
    for refinement, face, value in (("local", 2, 1), ("full", 2, 2), ("local", 0, 3)):
        call.on_preview(Rendered((patch_of(face, value),), refinement=refinement, faces=(face,)))
        shown.append([(patch.face, patch.pixels[0]) for patch in recorder.previews[-1][1]])
    assert shown == [[(2, 1)], [(2, 2)], [(0, 3), (2, 2)]]
    call.answer(Rendered(tuple(patch_of(face, 9) for face in looks), faces=(0, 1, 2)))
    session.render({0: Look(0.6), 1: Look(0.5)}, refine=True)
    client.process()
    call = client.calls[-1]
    call.on_preview(Rendered((), refinement="full", faces=(0,)))  # nothing changes there any more
    assert [(patch.face, patch.pixels[0]) for patch in recorder.previews[-1][1]] == [(1, 9)]


def test_a_render_that_another_one_superseded_ends_without_a_callback() -> None:
    _, session, recorder = make("photo", Superseded)
    session.render(LOOKS)
    assert session.wait() is None
    assert not recorder.errors
    assert not recorder.rendered


@pytest.mark.parametrize("loss", [DaemonLost, PhotoUnknown])
def test_a_lost_photo_is_opened_anew_and_rendered(loss: type[RetouchError]) -> None:
    client, session, recorder = make("photo", loss, "photo", rendered())
    session.render(LOOKS)
    assert session.wait() is not None
    assert client.kinds == ["open", "render", "open", "render"]
    assert client.connections == (2 if loss is DaemonLost else 1)
    assert recorder.opened == 2
    assert not recorder.errors


def test_a_lost_daemon_without_a_successor_is_told_with_both_reasons() -> None:
    client, session, _ = make("photo", DaemonLost)

    def connect() -> None:
        if client.connections:
            raise DaemonAbsent("No daemon runs.", "Start one.")
        client.connections, client.is_connected = 1, True

    client.connect = connect  # type: ignore[method-assign]
    session.render(LOOKS)
    with pytest.raises(DaemonAbsent, match=r"connection to the daemon was lost\. No daemon runs\.") as raised:
        session.wait()
    assert raised.value.advice == "Start one."


def test_a_photo_that_stops_the_daemon_is_tried_twice_and_a_new_request_may_try_again() -> None:
    client, session, recorder = make("photo", DaemonLost, "photo", DaemonLost, "photo", rendered())
    session.render(LOOKS)
    with pytest.raises(DaemonLost):
        session.wait()
    assert client.kinds == ["open", "render"] * 2
    assert len(recorder.errors) == 1
    assert not session.busy
    session.render(LOOKS)
    assert session.wait() is not None


def test_an_opening_during_which_the_daemon_is_lost_is_tried_once_more() -> None:
    client, session, _ = make(DaemonLost, DaemonLost)
    session.open()
    with pytest.raises(DaemonLost):
        session.wait()
    assert client.kinds == ["open", "open"]
    client.script = ["photo"]
    session.open()
    session.wait()
    assert session.is_open


def test_a_loss_that_was_noticed_before_the_work_does_not_count() -> None:
    client, session, _ = make("photo")
    session.open()
    session.wait()
    client.is_connected = False
    client.script = ["photo", DaemonLost, "photo", rendered()]
    session.render(LOOKS)
    assert session.wait() is not None


def test_a_daemon_that_is_stopping_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retouchml.client.retry._RETRY_SECONDS", 0.01)
    client, session, recorder = make(DaemonStopping, DaemonStopping, DaemonStopping, "photo", rendered())
    session.render(LOOKS)
    assert session.wait() is not None
    assert client.kinds == ["open"] * 4 + ["render"]
    assert not recorder.errors


def test_a_daemon_that_does_not_stop_in_time_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retouchml.client.retry._RETRY_SECONDS", 0.01)
    monkeypatch.setattr("retouchml.client.retry._STOPPING_SECONDS", 0.05)
    _, session, _ = make(*[DaemonStopping] * 50)
    session.render(LOOKS)
    with pytest.raises(DaemonStopping):
        session.wait()


@pytest.mark.parametrize("error", [Busy, LimitExceeded])
def test_other_errors_are_told_at_once(error: type[RetouchError]) -> None:
    client, session, recorder = make(error)
    session.render(LOOKS)
    with pytest.raises(error):
        session.wait()
    assert client.kinds == ["open"]
    assert [type(each) for each in recorder.errors] == [error]


def test_a_connection_that_fails_is_told_and_not_raised_by_process() -> None:
    client, session, recorder = make()

    def connect() -> None:
        raise DaemonAbsent("No daemon runs.")

    client.connect = connect
    session.open()
    client.process()
    assert [type(each) for each in recorder.errors] == [DaemonAbsent]
    assert not session.busy


def test_work_that_begins_in_a_callback_is_done() -> None:
    client, session, recorder = make("photo", Busy, rendered())
    session.on_opened = lambda opened: opened.render(LOOKS)
    session.on_error = lambda _: session.render(OTHER_LOOKS)
    session.open()
    assert session.wait() is not None
    assert client.kinds == ["open", "render", "render"]
    assert [looks for looks, _ in recorder.rendered] == [OTHER_LOOKS]


def test_cancelled_work_ends_at_once_and_nothing_is_told_of_it() -> None:
    client, session, recorder = make("photo")
    session.open()
    session.wait()
    session.render(LOOKS)
    client.process()
    session.cancel()
    assert client.calls[-1].was_cancelled
    assert not session.busy
    client.calls[-1].answer(Cancelled("Stopped."))
    client.process()
    assert not recorder.errors
    assert session.is_open


def test_a_photo_that_was_opened_although_its_opening_was_cancelled_is_closed() -> None:
    client, session, recorder = make()
    session.open()
    client.process()
    session.cancel()
    photo = client.photo()
    client.calls[0].answer(photo)
    assert photo.closed
    assert not session.is_open
    assert not recorder.opened


def test_waiting_polls_the_cancel_flag_and_gives_up_after_its_time() -> None:
    class IsSet:
        def is_set(self) -> bool:
            return True

    client, session, _ = make()
    session.open()
    client.process()
    client.calls[0].on_cancel = lambda: client.after(
        0.02, lambda: client.calls[0].answer(Cancelled("Stopped."))
    )
    with pytest.raises(Cancelled, match="Stopped on request"):
        session.wait(IsSet())
    assert client.calls[0].was_cancelled
    assert client.calls[0].done
    session.open()
    with pytest.raises(DaemonLost, match=r"within 0\.05 s"):
        session.wait(timeout=0.05)
    assert client.calls[1].was_cancelled
    assert not session.busy


def test_a_closed_photo_is_forgotten_by_the_daemon_and_opened_again_when_used() -> None:
    client, session, _ = make("photo", "photo", rendered())
    session.open()
    session.wait()
    session.close()
    assert client.photos[0].closed
    assert not session.is_open
    session.render(LOOKS)
    assert session.wait() is not None


def test_an_event_loop_connects_in_its_own_way_and_the_work_goes_on_then() -> None:
    asked: list[Any] = []
    client, session, recorder = make(reconnect=asked.append)
    session.render(LOOKS)
    client.process()
    client.process()
    assert len(asked) == 1
    assert not client.connections
    asked[0](DaemonAbsent("It cannot be started."))
    assert [type(each) for each in recorder.errors] == [DaemonAbsent]
    session.render(LOOKS)
    client.process()
    other = FakeClient("photo", rendered())
    other.connect()
    asked[1](other)
    assert session.wait() is not None
    assert id(session.client) == id(other)
    assert other.kinds == ["open", "render"]


def test_an_event_loop_connects_once_more_where_the_daemon_was_lost_while_connecting() -> None:
    asked: list[Any] = []
    client, session, recorder = make(reconnect=asked.append)
    session.open()
    client.process()
    asked[0](DaemonLost("It stopped."))
    assert len(asked) == 2, "nobody processes a client without a connection"
    asked[1](DaemonLost("It stopped again."))
    assert [str(error) for error in recorder.errors] == ["It stopped again."]


def test_a_connection_that_comes_after_the_work_was_cancelled_is_kept_for_the_next() -> None:
    asked: list[Any] = []
    client, session, _ = make(reconnect=asked.append)
    session.open()
    client.process()
    session.cancel()
    other = FakeClient("photo")
    other.connect()
    asked[0](other)
    other.process()
    assert not other.calls
    session.open()
    session.wait()
    assert len(asked) == 1
    assert other.kinds == ["open"]


@pytest.fixture
def client() -> Iterator[Client]:
    with Client() as connected:
        yield connected


def test_a_real_daemon_that_is_killed_under_a_render_is_replaced(
    start: Callable[..., Daemon], client: Client
) -> None:
    first = start()
    session = PhotoSession(client, PLAIN, picture(1, 2).tobytes())
    recorder = Recorder(session)
    session.render({0: Look(0.5, edits={"held": 0.1})})
    while "invert" not in recorder.stages:
        client.process(0.05)
    first.kill()
    start()
    session.render(LOOKS, size="both")
    answer = session.wait(timeout=PATIENCE)
    assert answer is not None
    assert [patch.box for patch in answer.patches] == [(2, 3, SIDE, SIDE)]
    assert [(looks, len(patches)) for looks, patches in recorder.previews] == [(LOOKS, 1)]
    assert not recorder.errors
    session.close()


# ---- as something to wait for, like a call


def ends_of(session: PhotoSession) -> list[PhotoSession]:
    ends: list[PhotoSession] = []
    session.on_done = ends.append
    return ends


def test_who_waits_for_a_session_hears_once_that_it_is_open() -> None:
    client, session, recorder = make()
    ends = ends_of(session)
    session.open()
    client.process()
    assert (session.done, ends) == (False, [])
    client.calls[0].answer(client.photo())
    assert (session.done, session.error, session.result()) == (True, None, None)
    assert (ends, recorder.opened) == ([session], 1)
    session.open()
    client.process()
    assert ends == [session] * 2, "it is open already, which ends the work at once"


def test_a_photo_that_is_opened_again_does_not_end_a_render() -> None:
    client, session, _ = make("photo", DaemonLost, "photo")
    ends = ends_of(session)
    session.render(LOOKS)
    while len(client.calls) < 4:
        client.process()
    assert (session.done, ends) == (False, [])
    answer = rendered()
    client.calls[-1].answer(answer)
    assert (session.done, session.result(), ends) == (True, answer, [session])


def test_who_waits_for_a_session_gets_its_error_and_hears_nothing_of_a_cancelled_one() -> None:
    error = DaemonAbsent("It stopped.")
    client, session, _ = make("photo", error)
    ends = ends_of(session)
    session.render(LOOKS)
    while not session.done:
        client.process()
    assert (session.error, ends) == (error, [session])
    with pytest.raises(DaemonAbsent):
        session.result()
    session.render(LOOKS)
    session.cancel()
    assert (session.done, ends) == (True, [session])


def test_to_open_a_photo_that_is_being_opened_for_a_render_drops_the_render() -> None:
    client, session, recorder = make()
    session.render(LOOKS)
    client.process()
    session.open()
    client.calls[0].answer(client.photo())
    client.process()
    assert (client.kinds, recorder.opened, session.done) == (["open"], 1, True)


def test_new_work_of_a_callback_is_not_done_yet() -> None:
    client, session, _ = make("photo", rendered())
    ends = ends_of(session)
    session.on_opened = lambda session: session.render(LOOKS)
    session.open()
    session.wait()
    assert (client.kinds, ends) == (["open", "render"], [session])


def test_a_marked_face_is_sent_with_the_photo_also_when_it_is_opened_again() -> None:
    client, session, recorder = make("photo", "photo", DaemonLost, "photo")
    session.open()
    session.wait()
    session.mark((1, 2, 3, 4))
    session.wait()
    assert client.photos[0].closed
    assert client.calls[-1].details["at"] == ((1, 2, 3, 4),)
    assert recorder.opened == 2
    session.render(LOOKS)
    while len(client.calls) < 5:
        client.process()
    assert client.kinds == ["open", "open", "render", "open", "render"]
    assert client.calls[3].details["at"] == ((1, 2, 3, 4),)


def test_a_mark_without_room_for_a_face_is_forgotten() -> None:
    client, session, _recorder = make("photo", UsageError("no room"), "photo")
    session.open()
    session.wait()
    session.mark((1, 2, 3, 4))
    with pytest.raises(UsageError):
        session.wait()
    session.open()
    session.wait()
    assert client.calls[-1].details["at"] == ()


@pytest.mark.parametrize("marks", [0, 1])
def test_an_error_of_a_later_opening_keeps_the_places_that_were_good(marks: int) -> None:
    client, session, _recorder = make(
        "photo", *["photo"] * marks, UsageError("odd"), "photo", at=[(5, 6, 7, 8)]
    )
    session.open()
    session.wait()
    places = [(1, 2, 3, 4)] * marks
    for place in places:
        session.mark(place)
        session.wait()
    session.close()
    session.open()
    with pytest.raises(UsageError):
        session.wait()
    session.open()
    session.wait()
    assert client.calls[-1].details["at"] == ((5, 6, 7, 8), *places)


def test_a_bad_mark_after_a_good_one_is_the_only_one_that_is_forgotten() -> None:
    client, session, _recorder = make("photo", "photo", UsageError("no room"), "photo")
    session.open()
    session.wait()
    session.mark((1, 2, 3, 4))
    session.wait()
    session.mark((9, 9, 1, 1))
    with pytest.raises(UsageError):
        session.wait()
    session.open()
    session.wait()
    assert client.calls[-1].details["at"] == ((1, 2, 3, 4),)


def test_a_real_daemon_adds_a_marked_face_after_those_that_it_found(daemon: Daemon) -> None:
    session = PhotoSession(daemon.client(), PLAIN, picture(1).tobytes())
    session.open()
    session.wait(timeout=PATIENCE)
    session.mark((30, 8, 8, 8))
    session.wait(timeout=PATIENCE)
    assert [face.box for face in session.faces] == [(2, 3, SIDE, SIDE), (30, 8, 8, 8)]
    session.render({1: Look(0.5)})
    rendered = session.wait(timeout=PATIENCE)
    assert rendered is not None
    assert [patch.box for patch in rendered.patches] == [(30, 8, 8, 8)]
