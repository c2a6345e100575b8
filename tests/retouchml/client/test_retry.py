"""When a request is repeated."""

import pytest

from retouchml.client import retry
from retouchml.client.retry import Retry
from retouchml.errors import Busy, DaemonAbsent, DaemonLost, DaemonStopping, PhotoUnknown, RetouchError


@pytest.mark.parametrize("error", [DaemonLost("lost"), PhotoUnknown("lost")])
def test_lost_work_is_repeated_once(error: RetouchError) -> None:
    policy = Retry()
    assert [policy.delay(error), policy.delay(error)] == [0.0, None]


@pytest.mark.parametrize("error", [Busy("full"), DaemonAbsent("none"), RetouchError("other")])
def test_any_other_failure_is_final(error: RetouchError) -> None:
    assert Retry().delay(error) is None


def test_a_daemon_that_is_stopping_is_waited_for_until_it_should_have_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("retouchml.client.retry.time.monotonic", lambda: now)
    policy = Retry()
    stopping = DaemonStopping("soon")
    assert policy.delay(stopping) == retry._RETRY_SECONDS
    now = 105.0
    assert policy.delay(stopping) == retry._RETRY_SECONDS
    assert policy.delay(DaemonLost("stopped")) == 0.0
    now = 108.5
    assert policy.delay(stopping) is None
