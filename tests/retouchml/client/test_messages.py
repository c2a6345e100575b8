"""Requests and answers: what is sent is read back, and what is wrong is refused."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.worker_messages import JobProgress
from retouchml.client import answers, messages, protocol
from retouchml.client.messages import Render
from retouchml.client.pixel_format import PixelFormat, format_from
from retouchml.client.status import Status, WorkerStatus
from retouchml.errors import ProtocolError, RetouchError
from retouchml.look import Look
from retouchml.progress import FaceStage
from retouchml.results import Edit, Face, FaceQuality, FaceReport, Trust
from retouchml.sliders import BY_NAME

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=20,
)


NAMES = (
    "versions",
    "client",
    "sliders",
    "picture",
    "icc",
    "at",
    "model",
    "photo",
    "faces",
    "looks",
    "size",
    "patches",
    "refine",
    "shown",
    "refinement",
    "scale",
    "features",
)


HEADERS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HEADERS)
def test_fields_of_any_kind_are_parsed_or_refused(fields: dict[str, Any]) -> None:
    for parse in (
        messages.Hello.from_fields,
        messages.Open.from_fields,
        messages.Prepare.from_fields,
        messages.Render.from_fields,
        messages.ListEdits.from_fields,
        messages.Cancel.from_fields,
        messages.Close.from_fields,
        answers.Welcome.from_fields,
        answers.Opened.from_fields,
        answers.Prepared.from_fields,
        answers.EditList.from_fields,
        answers.ProgressNote.from_fields,
        Status.from_fields,
        format_from,
        lambda fields: answers.Rendered.from_fields(fields, []),
    ):
        try:
            parse(fields)
        except ProtocolError:
            continue


def test_a_render_survives_the_way() -> None:
    looks = {0: Look(0.1, 0.2, {"smile": -0.3}), 3: Look(0), 4: Look(edits={"age": 1.0}, render="auto")}
    render = Render("abc", looks, "both", 128, True, True, 3)
    assert Render.from_fields(render.fields()) == render


@pytest.mark.parametrize(
    "look",
    [
        {"strength": 1.1},
        {"strength": math.nan},
        {"texture": "all"},
        {"edits": {"smile": 2}},
        {"edits": []},
        {"render": "drawn"},
        {"render": 3},
    ],
)
def test_a_look_out_of_range_is_refused(look: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        Render.from_fields({"photo": "x", "looks": [{"face": 0, **look}]})


def opened_with(quality: dict[str, Any]) -> dict[str, Any]:
    face = {"box": [1, 2, 3, 4], "landmarks": [], "score": 3.0, **quality}
    return {"photo": "p", "faces": [face]}


@pytest.mark.parametrize("fields", [{}, {"quality": {}}, {"quality": {"trust": {"hair": 0.5}, "mood": "x"}}])
def test_the_face_of_an_older_daemon_is_trusted_and_a_newer_one_s_fields_are_ignored(
    fields: dict[str, Any],
) -> None:
    (face,) = answers.Opened.from_fields(opened_with(fields)).faces
    assert face.quality == FaceQuality()


@pytest.mark.parametrize(
    "quality",
    [
        "poor",
        {"yaw": "left"},
        {"trust": {"shape": 1.5}},
        {"trust": {"shape": float("nan")}},
        {"trust": []},
        {"notes": [7]},
        {"notes": "turned"},
        {"notes": ["x"] * 65},
        {"outside": "small"},
        {"outside": [7]},
        {"trust": {"path": 2.0}},
    ],
)
def test_a_quality_that_cannot_be_true_is_refused(quality: object) -> None:
    with pytest.raises(ProtocolError):
        answers.Opened.from_fields(opened_with({"quality": quality}))


@pytest.mark.parametrize("uncertainty", ["much", -0.1, float("nan"), [0.1]])
def test_an_uncertainty_that_cannot_be_true_is_refused(uncertainty: object) -> None:
    with pytest.raises(ProtocolError):
        answers.Opened.from_fields(opened_with({"score_uncertainty": uncertainty}))


def test_a_daemon_that_knows_no_uncertainty_says_none() -> None:
    for fields in ({}, {"score_uncertainty": None}):
        (face,) = answers.Opened.from_fields(opened_with(fields)).faces
        assert face.score_uncertainty is None


def test_every_answer_survives_the_way() -> None:
    box = (1, 2, 3, 4)
    quality = FaceQuality(
        41.0,
        -3.5,
        0.25,
        80.0,
        0.4,
        0.1,
        1.5,
        Trust(0.25, 1.0, 0.5, 0.75, 0.4),
        ("turned", "cut"),
        ("laughing",),
    )
    face = Face(box, ((0.5, 1.5),) * 68, 3.0, quality, 0.375)
    picture = PixelFormat(3, 4)
    patch = answers.WirePatch(0, box, picture, bytes(picture.size))
    report = FaceReport(0, box, 3.0, 3.25, 0.125, box, 0.375)
    worker = WorkerStatus("cpu", "idle", 7, 8, None, ("ffhq-mobile",), 1, 2)
    status = Status(1, "0.1", "i", 2.0, 3, 1, 1, 9, 0, 32, 600.0, None, False, 5, "log", 0, (worker,))
    for answer in (
        answers.Welcome(1, "0.1", 7, "i", {"looks": 64}),
        answers.Welcome(1, "0.1", 7, "i", {}, ("strength", "smile"), ("refine",)),
        answers.Opened("p", (face,), "ffhq-mobile", "cpu", {"detect": 0.5}),
        answers.Prepared({"invert": 1.5}),
        answers.EditList(
            "ffhq-mobile", "cpu", (Edit("teeth", 0.0, 1.0, "whiter", "eyes and teeth", 0.3, 0.6),)
        ),
        answers.CancelAnswer(True),
        answers.ProgressNote("invert", 0.25, 12.0),
        answers.ProgressNote("invert", 0.25),
        status,
    ):
        fields = protocol.decode_answer(protocol.encode("result", 1, answer.fields())).fields
        assert type(answer).from_fields(fields) == answer
    rendered = answers.Rendered((patch,), (report,), {"render": 0.5}, "local", (0, 2), 0.5)
    fields = protocol.decode_answer(protocol.encode("result", 1, rendered.fields())).fields
    assert answers.Rendered.from_fields(fields, rendered.frames) == rendered


def test_a_stage_keeps_its_face_on_the_way_and_one_of_an_older_daemon_has_none() -> None:
    note = answers.ProgressNote(FaceStage("invert", 2, 3), 0.5)
    for stage in (
        answers.ProgressNote.from_fields(note.fields()).stage,
        JobProgress.from_fields(JobProgress(7, note).fields()).note.stage,
    ):
        assert isinstance(stage, FaceStage)
        assert (stage, stage.face, stage.faces) == ("invert", 2, 3)
    older = answers.ProgressNote.from_fields({"stage": "invert", "fraction": 0.5, "remaining": None})
    assert not isinstance(older.stage, FaceStage)
    with pytest.raises(RetouchError):
        answers.ProgressNote.from_fields({**note.fields(), "face": 4})


def test_an_older_client_asks_for_nothing_finer_and_an_older_daemon_s_answer_is_full() -> None:
    assert Render.from_fields({"photo": "x", "looks": []}).refine is False
    older = answers.Rendered.from_fields({"patches": [], "report": [], "seconds": {}}, [])
    assert (older.refinement, older.faces, older.scale) == ("full", (), 1.0)


def test_an_edit_of_an_older_daemon_has_no_group_and_follows_nothing() -> None:
    old = {"name": "smile", "low": -1.0, "high": 1.0, "description": "mouth corners up"}
    answer = answers.EditList.from_fields({"model": "m", "device": "cpu", "edits": [old]})
    assert answer.edits == (Edit("smile", -1.0, 1.0, "mouth corners up", "", 0.0, None),)


def test_a_look_of_an_older_client_gets_the_local_retouch_that_its_strength_asks_for() -> None:
    render = Render.from_fields({"photo": "x", "looks": [{"face": 0, "strength": 1.0}, {"face": 1}]})
    teeth = BY_NAME["teeth"]
    assert render.looks[0].value("teeth") == teeth.full
    assert render.looks[1].value("teeth") == teeth.default


def test_a_slider_that_is_set_to_0_stays_set_on_the_way() -> None:
    look = Look(1.0, edits={"teeth": 0.0})
    assert Render.from_fields(Render("x", {0: look}).fields()).looks[0].value("teeth") == 0


def test_places_of_faces_are_read_back_and_what_is_no_place_is_refused() -> None:
    picture = PixelFormat(4, 3, "u8", "RGB")
    sent = messages.Open(picture, at=((1, -2, 30, 40), (0, 0, 9, 9)))
    assert messages.Open.from_fields(sent.fields()) == sent
    without = {name: value for name, value in sent.fields().items() if name != "at"}
    assert messages.Open.from_fields(without).at == ()
    for at in (7, [7], [[1, 2, 3]], [[1, 2, 3, 4.5]], [[1, 2, 3, True]], [[1, 2, 3, 1 << 40]]):
        with pytest.raises(ProtocolError):
            messages.Open.from_fields({**sent.fields(), "at": at})
    with pytest.raises((ProtocolError, RetouchError)):
        messages.Open.from_fields({**sent.fields(), "at": [[1, 2, 3, 4]] * 65})


def test_a_scorer_is_read_back_and_older_clients_name_none() -> None:
    sent = messages.Open(PixelFormat(4, 3, "u8", "RGB"), scorer="mine")
    assert messages.Open.from_fields(sent.fields()) == sent
    older = {name: value for name, value in sent.fields().items() if name != "scorer"}
    assert messages.Open.from_fields(older).scorer == ""
    for scorer in (7, ["mine"], "x" * 200):
        with pytest.raises(ProtocolError):
            messages.Open.from_fields({**sent.fields(), "scorer": scorer})
