"""Headers of messages: their limits, their errors, their versions."""

from typing import Any

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retouchml import errors
from retouchml.client import protocol
from retouchml.errors import (
    Busy,
    LimitExceeded,
    ProtocolError,
    RetouchError,
    UsageError,
    WorkerLost,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300))
def test_bytes_that_are_no_header_raise_one_kind_of_error(data: bytes) -> None:
    for decode in (protocol.decode, protocol.decode_answer):
        try:
            decode(data)
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


def test_every_limit_and_code_stands_in_the_document() -> None:
    from pathlib import Path

    text = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert [name for name in protocol.LIMITS if f"`{name}`" not in text] == []
    kinds: tuple[type[RetouchError], ...]
    kinds = (*errors.DaemonError.__subclasses__(), *ProtocolError.__subclasses__(), errors.Refused)
    assert [kind.code for kind in kinds if f"`{kind.code}`" not in text] == []
