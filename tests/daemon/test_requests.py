"""Requests and their answers, through a real daemon with the stand-in backend."""

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from retouchml.client.answers import Rendered, WirePatch
from retouchml.client.call import Call
from retouchml.client.client import Client
from retouchml.client.messages import Render
from retouchml.client.pixel_format import DTYPE_OF, PixelFormat
from retouchml.client.versions import FEATURES
from retouchml.errors import Cancelled, PhotoUnknown, RetouchError, Superseded, UsageError, VersionMismatch
from retouchml.look import Look
from retouchml.sliders import BY_NAME
from tests.daemon.running import PATIENCE, PLAIN, Daemon, picture, until, until_heard
from tests.stand_in_backend import ONE_MORE_FACE, SIDE
from tests.waiting import HELD, held, open_gate

LOOK = Look(0.5)
HELD_LOOKS = {0: Look(0.5, edits={"held": 0.1})}
FORMATS = [
    *product(("u8", "u16", "f32"), ("Y", "YA", "RGB", "BGR", "RGBA", "BGRA"), ("srgb",), (0, 12)),
    *product(("f16", "f32"), ("RGB", "BGRA"), ("srgb", "linear"), (0,)),
]


def array(patch: WirePatch) -> Any:
    shape = (patch.picture.height, patch.picture.width, patch.picture.channels)
    return np.frombuffer(patch.pixels, DTYPE_OF[patch.picture.type]).reshape(shape)


def encoded(linear: Any) -> Any:
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def decoded(srgb: Any) -> Any:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def test_an_open_photo_has_its_faces(daemon: Daemon) -> None:
    photo = daemon.photo(faces=2)
    assert [face.box for face in photo.faces] == [(2, 3, SIDE, SIDE), (12, 3, SIDE + 1, SIDE + 1)]
    assert [len(face.landmarks) for face in photo.faces] == [68, 68]
    assert (photo.model, photo.device) == ("ffhq-mobile", "accelerator")


def test_a_photo_without_faces_is_no_error(daemon: Daemon) -> None:
    assert daemon.photo(faces=0).faces == ()


def test_an_answer_carries_only_the_patch(daemon: Daemon) -> None:
    (patch,) = daemon.photo().render({0: LOOK}).result(PATIENCE).patches
    assert (patch.face, patch.box, len(patch.pixels)) == (0, (2, 3, SIDE, SIDE), SIDE * SIDE * 4)


def test_a_photo_is_prepared_once_for_many_renders(daemon: Daemon) -> None:
    photo = daemon.photo(faces=2)
    prepared = [
        photo.render({0: Look(strength)}).result(PATIENCE).seconds["prepared"] for strength in (0.2, 0.4)
    ]
    assert prepared == [1, 1]
    assert photo.prepare().result(PATIENCE).seconds["prepared"] == 2


def test_an_untouched_face_has_no_patch(daemon: Daemon) -> None:
    rendered = daemon.photo(faces=2).render({0: Look(0), 1: LOOK}).result(PATIENCE)
    assert [patch.face for patch in rendered.patches] == [1]


def test_pixels_of_every_kind_arrive_and_come_back_as_they_were_sent(
    daemon: Daemon,
) -> None:
    client = daemon.client()
    for type_, order, encoding, gap in FORMATS:
        plain = PixelFormat(40, 20, type_, order, encoding)
        dtype = np.dtype(DTYPE_OF[type_])
        white = np.iinfo(dtype).max if dtype.kind == "u" else 1.0
        rng = np.random.default_rng(1)
        pixels = (rng.random((20, 40, plain.channels)) * white).astype(dtype)
        red = order.index("R") if "R" in order else 0
        pixels[0, 0] = 0
        pixels[0, 0, red] = 1
        wide = np.zeros((20, plain.row_bytes + gap), np.uint8)
        wide[:, : plain.row_bytes] = pixels.reshape(20, -1).view(np.uint8)
        sent = PixelFormat(40, 20, type_, order, encoding, plain.row_bytes + gap)
        photo = client.open(sent, wide.tobytes()).result(PATIENCE)
        (patch,) = photo.render({0: LOOK}).result(PATIENCE).patches
        assert patch.picture == PixelFormat(SIDE, SIDE, type_, plain.patch_order, encoding)
        expected = pixels[3 : 3 + SIDE, 2 : 2 + SIDE, : 1 if order.startswith("Y") else 3].astype(np.float64)
        expected = white - expected if encoding == "srgb" else decoded(1 - encoded(expected))
        got = array(patch)
        assert (got[..., -1] == white).all()
        tolerance = 1e-3 if type_ == "f16" else 1e-6
        assert np.abs(got[..., :-1] - expected).max() <= tolerance * white, (type_, order, encoding, gap)
        photo.close()


def test_a_preview_comes_before_the_result(daemon: Daemon) -> None:
    pixels = np.full((300, 300, 4), 255, np.uint8)
    pixels[0, 0, :2] = 1, 0
    photo = daemon.client().open(PixelFormat(300, 300), pixels.tobytes()).result(PATIENCE)
    call = photo.render({0: LOOK}, size="both", preview_side=64)
    previews: list[Rendered] = []
    call.on_preview = previews.append
    full = call.result(PATIENCE)
    assert [len(preview.patches) for preview in previews] == [1]
    assert previews[0].patches[0].box == full.patches[0].box


def heard_of(call: Call[Rendered]) -> list[tuple[str, tuple[int, ...]]]:
    """How far the previews of a call are computed and of which faces, then its answer."""
    heard: list[Rendered] = []
    call.on_preview = heard.append
    heard.append(call.result(PATIENCE))
    return [(each.refinement, each.faces) for each in heard]


def test_what_can_be_had_sooner_comes_before_the_result_face_by_face(daemon: Daemon) -> None:
    photo = daemon.photo(faces=2, tenths=1)
    looks = {0: LOOK, 1: LOOK}
    steps = [("local", (1,)), ("full", (1,)), ("local", (0,)), ("full", (0, 1))]
    assert heard_of(photo.render(looks, refine=True, shown=1)) == steps
    # now both are prepared
    assert heard_of(photo.render(looks, refine=True)) == [("full", (0,)), ("full", (0, 1))]
    plain = photo.render(looks).result(PATIENCE)
    refined = photo.render(looks, refine=True).result(PATIENCE)
    assert [bytes(patch.pixels) for patch in plain.patches] == [
        bytes(patch.pixels) for patch in refined.patches
    ]


def test_previews_that_get_finer_are_reduced_where_the_result_is_or_comes_reduced_first(
    daemon: Daemon,
) -> None:
    pixels = np.full((300, 300, 4), 255, np.uint8)
    pixels[0, 0, :2] = 1, 0
    photo = daemon.client().open(PixelFormat(300, 300), pixels.tobytes()).result(PATIENCE)
    call = photo.render({0: LOOK}, refine=True, size="both")
    assert heard_of(call) == [("local", (0,)), ("full", (0,)), ("full", (0,))]


def test_a_client_that_does_not_ask_hears_no_more_than_before(daemon: Daemon) -> None:
    assert heard_of(daemon.photo(faces=2).render({0: LOOK, 1: LOOK})) == [("full", (0, 1))]
    client = daemon.client()
    client.connect()
    assert client.welcome is not None
    assert client.welcome.features == FEATURES


def test_a_worker_that_is_lost_between_previews_sends_none_of_them_twice(daemon: Daemon) -> None:
    photo = daemon.photo(faces=2)
    looks = {0: LOOK, 1: Look(0.5, edits={"die_once": 1})}
    steps = [("local", (0,)), ("full", (0,)), ("local", (1,)), ("full", (0, 1))]
    assert heard_of(photo.render(looks, refine=True)) == steps
    assert daemon.status().workers[0].restarts == 1


def test_no_preview_follows_a_cancel_or_a_newer_render(daemon: Daemon) -> None:
    photo = daemon.photo(faces=2, tenths=HELD)
    heard: list[tuple[str, Rendered]] = []
    looks = {0: LOOK, 1: LOOK}
    older = photo.render(looks, refine=True)
    older.on_preview = lambda preview: heard.append(("older", preview))
    assert until_heard(photo._client, lambda: bool(heard))
    newer = photo.render(looks, refine=True)
    newer.on_preview = lambda preview: heard.append(("newer", preview))
    with pytest.raises(Superseded):
        older.result(PATIENCE)
    assert until_heard(photo._client, lambda: len(heard) > 1)
    newer.cancel()
    with pytest.raises(Cancelled):
        newer.result(PATIENCE)
    open_gate()
    photo.prepare().result(PATIENCE)  # what the worker sent before has arrived
    said = [(who, preview.refinement, preview.faces) for who, preview in heard]
    assert said == [("older", "local", (0,)), ("newer", "local", (0,))]


def test_a_newer_look_is_shown_while_a_face_is_prepared_for_both(daemon: Daemon) -> None:
    photo = daemon.photo(tenths=HELD)
    heard: list[tuple[str, str]] = []

    def render(strength: float) -> Call[Rendered]:
        call = photo.render({0: Look(strength)}, refine=True)
        call.on_preview = lambda preview: heard.append((str(strength), preview.refinement))
        call.on_progress = lambda stage, fraction, _: heard.append((str(strength), f"{stage} {fraction}"))
        return call

    calls = [render(0.2)]
    assert until_heard(photo._client, lambda: ("0.2", "invert 0.5") in heard)
    calls.append(render(0.4))
    assert until_heard(photo._client, lambda: ("0.4", "local") in heard)
    calls.append(render(0.6))
    assert until_heard(photo._client, lambda: ("0.6", "invert 0.5") in heard)
    open_gate()
    assert calls[-1].result(PATIENCE).seconds["prepared"] == 1
    of_last = [what for strength, what in heard if strength == "0.6"]
    assert of_last[0] == "local"
    assert of_last.count("local") == 1
    assert any(what.startswith("invert") for what in of_last[1:])


def test_a_newer_look_that_cannot_be_disturbs_nothing(daemon: Daemon) -> None:
    photo = daemon.photo(tenths=HELD)
    older = photo.render({0: LOOK}, refine=True)
    heard: list[Rendered] = []
    older.on_preview = heard.append
    assert until_heard(photo._client, lambda: bool(heard))
    newer = photo.render({0: LOOK, 7: LOOK}, refine=True)
    assert until_heard(photo._client, lambda: older.done)
    open_gate()
    with pytest.raises(UsageError):
        newer.result(PATIENCE)
    assert photo.render({0: LOOK}, refine=True).result(PATIENCE).seconds["prepared"] == 1


def test_a_report_is_measured_where_it_is_asked_for(daemon: Daemon) -> None:
    photo = daemon.photo()
    assert photo.render({0: LOOK}).result(PATIENCE).report == ()
    (report,) = photo.render({0: LOOK}, report=True).result(PATIENCE).report
    assert (report.score_after, report.patch) == (3.25, (2, 3, SIDE, SIDE))


def test_the_edits_are_told(daemon: Daemon) -> None:
    assert "slow" in [edit.name for edit in daemon.client().edits().result(PATIENCE).edits]


def test_a_slider_that_the_daemon_does_not_know_is_said_by_the_client(daemon: Daemon) -> None:
    client = daemon.client()
    photo = daemon.photo(client=client)
    assert client.welcome is not None
    assert client.welcome.sliders == tuple(BY_NAME)
    photo.render({0: Look(edits={"teeth": 0.5})}).result(PATIENCE)
    client.welcome = replace(client.welcome, sliders=("strength", "smile"), software="0.2.0")
    with pytest.raises(VersionMismatch, match=r"0\.2\.0, does not know the slider teeth"):
        photo.render({0: Look(edits={"teeth": 0.5})})


def test_progress_is_told_while_a_face_is_prepared(daemon: Daemon) -> None:
    stages = []
    call = daemon.photo(tenths=3).prepare()
    call.on_progress = lambda stage, fraction, remaining: stages.append(stage)
    call.result(PATIENCE)
    assert "invert" in stages


@pytest.mark.parametrize(
    ("looks", "error"),
    [
        ({3: LOOK}, UsageError),
        ({0: Look(edits={"wings": 1.0})}, UsageError),
        ({0: Look(edits={"fail": 1})}, RetouchError),
    ],
)
def test_what_cannot_be_done_is_said_and_the_next_request_works(
    daemon: Daemon, looks: dict[int, Look], error: type[RetouchError]
) -> None:
    photo = daemon.photo()
    with pytest.raises(error):
        photo.render(looks).result(PATIENCE)
    assert photo.render({0: LOOK}).result(PATIENCE).patches


def test_the_newest_render_of_a_photo_wins(daemon: Daemon) -> None:
    photo = daemon.photo()
    calls = [photo.render(HELD_LOOKS) for _ in range(3)]
    newest = photo.render({0: LOOK}).result(PATIENCE)
    assert [type(call.error) for call in calls] == [Superseded] * 3
    assert len(newest.patches) == 1


def test_a_newer_render_goes_on_with_the_preparation_of_the_older(daemon: Daemon) -> None:
    photo = daemon.photo(tenths=HELD)
    older = photo.render({0: Look(0.3)})
    seen: list[str] = []
    older.on_progress = lambda stage, fraction, remaining: seen.append(stage)
    assert until_heard(photo._client, lambda: "invert" in seen)
    newer = photo.render({0: Look(0.6)})
    newer.on_progress = lambda stage, fraction, remaining: seen.append(f"newer {stage}")
    assert until_heard(photo._client, lambda: "newer invert" in seen)
    assert isinstance(older.error, Superseded)
    open_gate()
    assert newer.result(PATIENCE).seconds["prepared"] == 1


def test_a_cancel_is_answered_while_the_worker_does_not_listen(daemon: Daemon) -> None:
    photo = daemon.photo()
    photo.render({0: LOOK}).result(PATIENCE)
    call = photo.render({0: Look(0.5, edits={"deaf": 1.0})})
    assert until(lambda: daemon.status().workers[0].state == "busy")
    call.cancel()
    with pytest.raises(Cancelled):
        call.result(PATIENCE)
    assert daemon.status().workers[0].state == "busy"


def test_a_cancelled_worker_is_free_for_the_next(daemon: Daemon) -> None:
    photo = daemon.photo()
    call = photo.render(HELD_LOOKS)
    assert until(lambda: held() == 1)
    call.cancel()
    assert photo.prepare().result(PATIENCE).seconds["prepared"] == 1


def test_a_call_that_takes_too_long_is_cancelled(daemon: Daemon) -> None:
    photo = daemon.photo()
    with pytest.raises(RetouchError, match="did not answer"):
        photo.render(HELD_LOOKS).result(0.3)
    assert until(lambda: daemon.status().workers[0].state == "idle")


def test_closing_a_photo_ends_its_jobs_and_frees_it(daemon: Daemon) -> None:
    photo = daemon.photo()
    call = photo.render(HELD_LOOKS)
    photo.close()
    with pytest.raises(Cancelled):
        call.result(PATIENCE)
    assert daemon.status().photos == 0
    with pytest.raises(PhotoUnknown):
        photo.render({0: LOOK}).result(PATIENCE)


def test_a_photo_is_known_to_its_own_connection_alone(daemon: Daemon) -> None:
    photo = daemon.photo()
    stranger: Client = daemon.client()
    with pytest.raises(PhotoUnknown):
        stranger.request(Render(photo.name, {}), Rendered.from_fields).result(PATIENCE)


def test_a_profile_travels_with_the_photo(daemon: Daemon) -> None:
    client, pixels = daemon.client(), picture().tobytes()
    plain = client.open(PLAIN, pixels, icc=b"profile").result(PATIENCE)
    assert len(client.open(PLAIN, pixels, icc=ONE_MORE_FACE).result(PATIENCE).faces) == len(plain.faces) + 1
