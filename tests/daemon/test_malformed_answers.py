"""Whatever a worker answers, and whatever the server lacks to read it, the daemon and its clients go on."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.uploads import Uploads
from retouchml.errors import DaemonLost, RetouchError, WorkerLost
from retouchml.look import Look
from tests.daemon.running import PATIENCE, Daemon, until

Start = Callable[..., Daemon]
LOOKS = {0: Look(0.5)}
resource: Any = pytest.importorskip("resource", reason="limits of a process are Linux's")
linux = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of a process are Linux's")


@pytest.mark.parametrize("kind", range(1, 10))
def test_a_malformed_answer_costs_the_job_and_nothing_else(start: Start, kind: int) -> None:
    daemon = start("--device", "one,two")
    bad, good = daemon.photo(), daemon.photo()
    other = daemon.status().workers[1].pid
    with pytest.raises(RetouchError) as caught:
        bad.render({0: Look(0.5, edits={"garble": kind / 10})}).result(PATIENCE)
    assert not isinstance(caught.value, DaemonLost)
    for photo in (bad, good):
        assert photo.render(LOOKS).result(PATIENCE).patches
    status = daemon.status()
    assert (status.pid, status.photos, status.workers[1].pid) == (daemon.process.pid, 2, other)


@contextlib.contextmanager
def descriptors_left(daemon: Daemon, count: int) -> Iterator[None]:
    """The daemon can open so many files more."""
    pid = daemon.process.pid
    used = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    free = [number for number in range(len(used) + 10) if number not in used]
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free[count], before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


@linux
@pytest.mark.parametrize("count", range(4))
def test_where_no_descriptor_is_left_the_job_fails_and_the_photos_stay(daemon: Daemon, count: int) -> None:
    client, second = daemon.client(), daemon.client()
    photo, other = daemon.photo(client=client), daemon.photo(client=second)
    with descriptors_left(daemon, count), contextlib.suppress(WorkerLost):
        assert photo.render(LOOKS).result(PATIENCE).patches
    for each in (photo, other):
        assert each.render(LOOKS).result(PATIENCE).patches
    assert until(lambda: daemon.status().photos == 2)
    assert daemon.status().pid == daemon.process.pid


def test_an_upload_that_cannot_be_copied_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("daemon.memory.blocks.memory.create", fail)
    outcomes: list[object] = []
    woken = itertools.count()
    uploads = Uploads(lambda: next(woken))  # type: ignore[arg-type,return-value]
    for size in (10, 2 << 20):
        uploads.copy(memoryview(bytes(size)), outcomes.append)

    def are_answered() -> bool:
        uploads.finish()
        return len(outcomes) == 2

    assert until(are_answered)
    uploads.close()
    assert all("not enough memory" in str(each) for each in outcomes)
