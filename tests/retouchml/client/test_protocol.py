import math
from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retouchml import errors
from retouchml.client import answers, messages, protocol
from retouchml.client.messages import Render
from retouchml.client.pixel_format import CHANNELS_OF, PixelFormat, format_from
from retouchml.errors import (
    Busy,
    LimitExceeded,
    ProtocolError,
    RetouchError,
    UsageError,
    VersionMismatch,
    WorkerLost,
)
from retouchml.look import Look

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=5),
    max_leaves=20,
)
NAMES = ("versions", "client", "picture", "icc", "model", "photo", "faces", "looks", "size", "patches")
HEADERS = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_bytes_that_are_no_header_raise_one_kind_of_error(data: bytes) -> None:
    for decode in (protocol.decode, protocol.decode_answer):
        try:
            decode(data)
        except ProtocolError:
            continue


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
        answers.Status.from_fields,
        format_from,
        lambda fields: answers.Rendered.from_fields(fields, []),
    ):
        try:
            parse(fields)
        except ProtocolError:
            continue


def test_a_header_survives_the_way() -> None:
    header = protocol.decode(protocol.encode("cancel", 7, {"target": 3}))
    assert (header.version, header.type, header.id, header.fields["target"]) == (1, "cancel", 7, 3)


def test_the_envelope_wins_over_a_field_of_the_same_name() -> None:
    assert protocol.decode(protocol.encode("status", 7, {"id": 9, "type": "shutdown"})).type == "status"


@pytest.mark.parametrize("id_", [0, -1, 2**53, True, "7", 1.0, None])
def test_an_id_is_a_whole_number_that_every_language_can_hold(id_: object) -> None:
    with pytest.raises(ProtocolError):
        protocol.decode(msgpack.packb({"v": 1, "type": "status", "id": id_}))


def test_a_ping_has_no_id() -> None:
    assert protocol.decode_answer(protocol.encode("ping", 0)).id == 0


def test_a_header_is_bounded_in_every_direction() -> None:
    deep: Any = 1
    for _ in range(protocol.HEADER_DEPTH):
        deep = [deep]
    for fields in (
        {"x": deep},
        {"x": [0] * (protocol.HEADER_ITEMS + 1)},
        {"x": [[0] * 4000 for _ in range(5)]},
        {"x": "y" * (protocol.STRING_BYTES + 1)},
    ):
        with pytest.raises(ProtocolError):
            protocol.decode(protocol.encode("status", 1, fields))
    with pytest.raises(LimitExceeded):
        protocol.encode("status", 1, {"x": "y" * protocol.HEADER_BYTES})


def test_a_crowd_fits_an_answer() -> None:
    face = {"box": [1, 2, 3, 4], "landmarks": [[0.5, 0.5]] * 68, "score": 3.0}
    packed = protocol.encode("result", 1, {"faces": [face] * 500})
    assert len(protocol.decode_answer(packed).fields["faces"]) == 500


def test_the_id_of_a_broken_header_is_found_if_it_can_be() -> None:
    assert protocol.id_in(msgpack.packb({"id": 7, "v": "nonsense"})) == 7
    assert protocol.id_in(b"\xc1") == 0


@pytest.mark.parametrize("error", [Busy("Full.", "Wait."), WorkerLost("Died."), UsageError("No.", "Yes.")])
def test_an_error_arrives_as_what_it_was(error: RetouchError) -> None:
    header = protocol.decode_answer(protocol.encode("error", 1, protocol.error_fields(error)))
    arrived = protocol.error_from(header.fields)
    assert (type(arrived), arrived.message, arrived.advice) == (type(error), error.message, error.advice)


def test_an_error_of_the_future_keeps_its_sentence() -> None:
    arrived = protocol.error_from({"code": "flooded", "message": "Water.", "advice": "Swim."})
    assert (type(arrived), arrived.explain()) == (RetouchError, "Water. Swim.")


def test_an_endless_sentence_is_cut_so_that_it_can_be_sent() -> None:
    fields = protocol.error_fields(RetouchError("ä" * 100_000))
    assert protocol.error_from(protocol.decode_answer(protocol.encode("error", 1, fields)).fields)


def test_the_newest_common_version_is_chosen_or_the_older_side_is_named() -> None:
    assert protocol.common_version([0, 1, 2]) == 1
    with pytest.raises(VersionMismatch, match="this side is the older"):
        protocol.common_version([2, 3])
    with pytest.raises(VersionMismatch, match="that side is the older"):
        protocol.common_version([0])


def test_a_render_survives_the_way() -> None:
    render = Render("abc", {0: Look(0.1, 0.2, {"smile": -0.3}), 3: Look(0)}, "both", 128, True)
    assert Render.from_fields(render.fields()) == render


@pytest.mark.parametrize(
    "look",
    [{"strength": 1.1}, {"strength": math.nan}, {"texture": "all"}, {"edits": {"smile": 2}}, {"edits": []}],
)
def test_a_look_out_of_range_is_refused(look: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        Render.from_fields({"photo": "x", "looks": [{"face": 0, **look}]})


@pytest.mark.parametrize("type_", ["u8", "u16", "f16", "f32"])
@pytest.mark.parametrize("order", CHANNELS_OF)
def test_a_format_survives_the_way(type_: str, order: str) -> None:
    picture = PixelFormat(7, 5, type_, order, "linear")
    assert format_from(picture.fields()) == picture
    assert picture.size == 7 * 5 * len(order) * {"u8": 1, "u16": 2, "f16": 2, "f32": 4}[type_]


def test_the_gap_after_the_last_row_may_be_missing() -> None:
    picture = PixelFormat(3, 2, "u8", "RGB", stride=16)
    assert (picture.row_bytes, picture.size) == (9, 25)
    picture.check_frame(25)
    picture.check_frame(32)
    for length in (24, 26, 31, 33):
        with pytest.raises(ProtocolError):
            picture.check_frame(length)


@pytest.mark.parametrize("stride", [1, 8, 9 * 16 + 1, -9])
def test_a_stride_that_does_not_fit_is_refused(stride: int) -> None:
    with pytest.raises(ProtocolError):
        PixelFormat(3, 2, "u8", "RGB", stride=stride)


@pytest.mark.parametrize(("width", "height"), [(65_536, 1), (1, 65_536), (30_000, 30_000)])
def test_a_picture_too_large_is_refused_by_its_description(width: int, height: int) -> None:
    with pytest.raises(LimitExceeded):
        PixelFormat(width, height)


def test_a_picture_that_fits_no_frame_is_refused() -> None:
    with pytest.raises(LimitExceeded, match="does not fit"):
        PixelFormat(16_000, 16_000, "f32", "RGBA")


@pytest.mark.parametrize(
    ("order", "patch"), [("Y", "YA"), ("YA", "YA"), ("RGB", "RGBA"), ("BGR", "BGRA"), ("BGRA", "BGRA")]
)
def test_patches_come_in_the_order_that_the_photo_has(order: str, patch: str) -> None:
    assert PixelFormat(1, 1, order=order).patch_order == patch


def test_every_limit_and_code_stands_in_the_document() -> None:
    from pathlib import Path

    text = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert [name for name in protocol.LIMITS if f"`{name}`" not in text] == []
    kinds: tuple[type[RetouchError], ...]
    kinds = (*errors.DaemonError.__subclasses__(), *ProtocolError.__subclasses__(), errors.Refused)
    assert [kind.code for kind in kinds if f"`{kind.code}`" not in text] == []
