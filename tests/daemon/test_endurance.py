"""The soak and the assault of benchmarks/endurance.py, made short."""

import pytest

from benchmarks import endurance
from tests.daemon.running import Daemon

pytestmark = pytest.mark.processes


def test_renders_between_cancels_closes_and_kills_end_with_no_error_that_nobody_caused(
    daemon: Daemon,
) -> None:
    done = endurance.soak(daemon, 200, seed=1)
    assert done.unexpected == []
    assert done.outcomes.total() == 200
    assert done.outcomes["result"] > 100
    assert done.outcomes["superseded"]
    assert done.outcomes["cancelled"]
    assert done.kills
    assert done.photos == 0
    assert done.growth < 0.05
    assert daemon.status().pid == daemon.process.pid


def test_an_assault_on_the_socket_leaves_the_daemon_up_and_its_memory_bounded(daemon: Daemon) -> None:
    daemon.photo().close()
    done = endurance.assail(daemon, 8.0, seed=2)
    before, after = done.memory
    assert daemon.status().pid == daemon.process.pid
    assert done.answered > 0
    assert after - before < 16 << 20
    assert daemon.photo().faces
