"""How the daemon stops, and what it never does."""

import subprocess
import sys
from collections.abc import Callable

import pytest

from retouchml import paths
from retouchml.errors import Cancelled, DaemonStopping, RetouchError
from retouchml.look import Look
from tests.daemon.running import PATIENCE, ROOT, Daemon, is_alive, until
from tests.waiting import held, open_gate

Start = Callable[..., Daemon]


def is_busy(daemon: Daemon) -> bool:
    return bool(daemon.status().workers[0].state == "busy")


def test_no_worker_outlives_a_killed_daemon(daemon: Daemon) -> None:
    daemon.photo()
    worker = daemon.worker()
    daemon.kill()
    assert until(lambda: not is_alive(worker))


def test_asked_to_stop_it_lets_a_short_job_finish(daemon: Daemon) -> None:
    photo = daemon.photo()
    call = photo.render({0: Look(0.5, edits={"held": 0.1})})
    assert until(lambda: held() == 1)
    daemon.ask_to_stop()
    open_gate()
    assert call.result(PATIENCE).patches
    assert daemon.process.wait(PATIENCE) == 0
    assert not paths.address_path().exists()


def test_asked_to_stop_it_cancels_a_long_job_and_ends_in_time(daemon: Daemon) -> None:
    photo = daemon.photo()
    running = photo.render({0: Look(0.5, edits={"deaf": 1.0})})
    waiting = photo.prepare()
    assert until(lambda: is_busy(daemon))
    worker = daemon.worker()
    daemon.stop()
    for call, error in ((running, Cancelled), (waiting, DaemonStopping)):
        with pytest.raises(error):
            call.result(PATIENCE)
    assert not is_alive(worker)


def test_shutdown_is_answered(daemon: Daemon) -> None:
    daemon.client().shutdown().result(PATIENCE)
    assert daemon.process.wait(PATIENCE) == 0


def test_an_idle_daemon_stops(start: Start) -> None:
    daemon = start("--idle-exit", 0.01)
    assert daemon.process.wait(PATIENCE) == 0


def test_the_server_loads_neither_torch_nor_numpy() -> None:
    code = "import daemon.start, sys; print(sorted({'torch', 'numpy', 'cv2'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_the_log_holds_neither_pixels_nor_looks(daemon: Daemon) -> None:
    from retouchml.look import Look

    photo = daemon.photo()
    with pytest.raises(RetouchError):
        photo.render({0: Look(0.123, edits={"fail": 0.987})}).result(PATIENCE)
    daemon.close()
    log = "".join(path.read_text() for path in paths.runtime_dir().glob("*.log"))
    assert "0.123" not in log
    assert "0.987" not in log
    assert photo.name not in log
