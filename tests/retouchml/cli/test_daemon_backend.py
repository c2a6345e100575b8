"""The daemon as a backend, with a client that is not connected to any; tests/daemon has the real one."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from retouchml.cli.backend import Backend
from retouchml.cli.daemon_backend import DaemonBackend
from retouchml.client.answers import EditList
from retouchml.client.client import Client
from retouchml.errors import Busy, DaemonLost, RetouchError
from retouchml.results import Edit
from tests import stand_in_backend

EDITS = EditList("some-model", "cuda:0", (Edit("smile", -1.0, 1.0, "corners of the mouth"),))


class UnconnectedClient:
    """Fails a request for the edits with each of ``errors``, then answers it."""

    def __init__(self, *errors: RetouchError) -> None:
        self.errors = list(errors)
        self.requests: list[tuple[str, str]] = []

    def edits(self, model: str, device: str) -> Any:
        self.requests.append((model, device))
        return SimpleNamespace(result=self._result)

    def _result(self) -> EditList:
        if self.errors:
            raise self.errors.pop(0)
        return EDITS


class Setup:
    """A backend, the warnings that it gave, and the local backends that it made."""

    def __init__(self, *errors: RetouchError) -> None:
        self.warnings: list[str] = []
        self.local: list[tuple[str, str]] = []
        self.client = UnconnectedClient(*errors)
        self.backend = DaemonBackend(
            cast(Client, self.client), "some-model", "", self.warnings.append, self._make_local
        ).load()

    def _make_local(self, model: str, device: str) -> Backend:
        self.local.append((model, device))
        return stand_in_backend.Backend(model, device)


def test_model_and_device_are_those_of_the_daemon() -> None:
    setup = Setup()
    assert setup.client.requests == [("some-model", "")]
    backend = setup.backend
    assert (backend.model, backend.device) == ("some-model", "cuda:0")


def test_the_model_is_loaded_again_in_the_successor_of_a_lost_daemon() -> None:
    assert len(Setup(DaemonLost("lost")).client.requests) == 2
    with pytest.raises(DaemonLost, match="again"):
        Setup(DaemonLost("lost"), DaemonLost("again"))


def test_a_full_daemon_is_an_error_that_says_how_to_do_without() -> None:
    with pytest.raises(Busy) as caught:
        Setup(Busy("It is full.", "Wait."))
    assert caught.value.explain() == "It is full. Wait. `--no-daemon` does without it."


def test_pictures_too_large_for_the_protocol_are_retouched_by_one_backend_in_this_process() -> None:
    setup = Setup()
    pixels = np.zeros((1, 65_536, 3), np.uint8)
    pixels[0, 0] = 1, 0, 0
    for _ in range(2):
        assert len(setup.backend.open(pixels).faces) == 1
    assert setup.local == [("some-model", "auto")]
    assert (
        setup.warnings
        == ["A picture of 65536 by 1 pixels is too large. The work is done in this process."] * 2
    )
