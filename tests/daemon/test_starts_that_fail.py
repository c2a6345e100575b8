"""A worker that ends at every start: jobs fail with a sentence, and starts become rare."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.slots import Slot
from retouchml.errors import WorkerLost
from retouchml.look import Look
from tests.daemon.running import PATIENCE, PLAIN, Daemon, picture, until

Start = Callable[..., Daemon]


def test_the_pause_between_starts_grows_and_is_bounded() -> None:
    slot = Slot("cpu")
    pauses = []
    for _ in range(12):
        slot.start_failed(100.0)
        pauses.append(slot.pause(100.0))
    assert pauses == [0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    assert slot.pause(130.0) == 30.0
    slot.start_succeeded()
    assert slot.pause(100.0) == 0.0


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for Python is a shell script")
def test_where_every_worker_ends_at_once_jobs_fail_with_a_sentence_and_few_are_started(
    start: Start, home: Path, tmp_path: Path
) -> None:
    package = tmp_path / "sitecustomize.py"
    broken, started = tmp_path / "broken", tmp_path / "started"
    package.write_text(
        "import os, pathlib, sys\n"
        f"if 'daemon.worker' in ' '.join(sys.orig_argv) and pathlib.Path({str(broken)!r}).exists():\n"
        f"    open({str(started)!r}, 'a').write('x')\n"
        "    os._exit(1)\n"
    )
    daemon = start(PYTHONPATH=str(tmp_path))
    broken.touch()
    client = daemon.client()
    sentences = []
    for _ in range(20):
        with pytest.raises(WorkerLost) as caught:
            client.open(PLAIN, picture().tobytes()).result(PATIENCE)
        sentences.append(caught.value.message)
    assert sentences[0] == "The retouching process ended unexpectedly, twice."
    assert sentences[-1] == "The retouching process ends whenever it is started."
    assert len(started.read_text()) < 10
    broken.unlink()

    def works() -> bool:
        try:
            return bool(client.open(PLAIN, picture().tobytes()).result(PATIENCE).render({0: Look(0.5)}))
        except WorkerLost:
            return False

    assert until(works)
