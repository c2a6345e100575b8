"""The status of the daemon: fields that are missing or of a wrong type."""

from typing import Any

import pytest

from retouchml.client.status import Status, WorkerStatus
from retouchml.errors import ProtocolError

WORKER = WorkerStatus("cpu", "idle", 7, 8, None, ("ffhq-mobile",), 1, 2)
STATUS = Status(1, "0.1", "i", 2.0, 3, 1, 1, 9, 0, 32, 600.0, None, False, 5, "log", 0, (WORKER,))


def test_a_newer_daemon_may_send_more_and_one_that_sends_less_is_an_error() -> None:
    worker = {"device": "cpu", "state": "idle", "temperature": 40}
    assert WorkerStatus.from_fields(worker) == WorkerStatus("cpu", "idle")
    with pytest.raises(ProtocolError, match="lacks state"):
        WorkerStatus.from_fields({"device": "cpu"})
    with pytest.raises(ProtocolError, match="lacks keep_alive, log"):
        Status.from_fields({k: v for k, v in STATUS.fields().items() if k not in ("keep_alive", "log")})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pid", "1"),
        ("uptime", "long"),
        ("memory", 1.5),
        ("clients", None),
        ("keep_alive", None),
        ("idle_exit", "never"),
        ("service", 1),
        ("log", 7),
        ("workers", {}),
        ("workers", [None]),
    ],
)
def test_a_field_of_a_wrong_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ProtocolError):
        Status.from_fields({**STATUS.fields(), name: value})


@pytest.mark.parametrize(("name", "value"), [("device", 1), ("pid", "7"), ("models", [1]), ("photos", None)])
def test_a_worker_s_field_of_a_wrong_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ProtocolError):
        WorkerStatus.from_fields({"device": "cpu", "state": "idle", name: value})
