import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from daemon.pidfile import running_pid
from retouchml import paths
from retouchml.client import protocol
from retouchml.client.client import Client
from retouchml.client.photo_session import PhotoSession
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import (
    Busy,
    Cancelled,
    DaemonAbsent,
    DaemonGone,
    DaemonStopping,
    RetouchError,
    WorkerLost,
)
from retouchml.look import Look
from retouchml.system.files import private_folder
from tests.daemon.running import (
    PATIENCE,
    PLAIN,
    ROOT,
    Daemon,
    environment,
    is_alive,
    kill,
    needs_posix,
    pause,
    picture,
    resume,
    until,
)
from tests.stand_in_backend import FAULTY

LOOK = Look(0.5)
SLOW = {0: Look(0.5, edits={"slow": 1.0})}
Start = Callable[..., Daemon]


def is_busy(daemon: Daemon) -> bool:
    return bool(daemon.status().workers[0].state == "busy")


def test_a_job_whose_worker_is_killed_is_done_again(daemon: Daemon) -> None:
    photo = daemon.photo()
    call = photo.render({0: Look(0.5, edits={"slow": 0.1})})
    assert until(lambda: is_busy(daemon))
    kill(daemon.worker())
    assert len(call.result(PATIENCE).patches) == 1
    status = daemon.status()
    assert (status.pid, status.workers[0].restarts) == (daemon.process.pid, 1)


def test_a_worker_that_kills_itself_once_is_replaced(daemon: Daemon) -> None:
    rendered = daemon.photo().render({0: Look(0.5, edits={"die_once": 1})}).result(PATIENCE)
    assert len(rendered.patches) == 1


def test_a_job_that_kills_every_worker_fails_and_the_next_one_works(daemon: Daemon) -> None:
    photo = daemon.photo()
    with pytest.raises(WorkerLost):
        photo.render({0: Look(0.5, edits={"die": 1})}).result(PATIENCE)
    assert photo.render({0: LOOK}).result(PATIENCE).patches
    assert daemon.status().pid == daemon.process.pid


def test_an_idle_worker_that_is_killed_is_missed_by_nobody(daemon: Daemon) -> None:
    photo = daemon.photo()
    kill(daemon.worker())
    assert photo.render({0: LOOK}).result(PATIENCE).patches


_PLUG_IN = f"""
import sys
from retouchml.client.client import Client
from retouchml.system.files import private_folder
from retouchml.look import Look
from retouchml.system.files import private_folder
from tests.daemon.running import PLAIN, picture
client = Client()
photo = client.open(PLAIN, picture().tobytes()).result({PATIENCE})
call = photo.render({{0: Look(0.5, edits={{"slow": 1.0}})}})
print("open", flush=True)
call.result()
"""


def test_a_killed_plug_in_leaves_no_photo_and_no_job(daemon: Daemon) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PLUG_IN], env=environment(), stdout=subprocess.PIPE, text=True
    ) as plug_in:
        assert plug_in.stdout is not None
        assert plug_in.stdout.readline() == "open\n"
        assert until(lambda: is_busy(daemon))
        plug_in.kill()
    assert until(lambda: daemon.status().photos == 0 and not is_busy(daemon), 10)
    assert daemon.status().clients == 0


def test_a_client_that_closes_leaves_no_photo(daemon: Daemon) -> None:
    with Client() as client:
        daemon.photo(client=client)
    assert until(lambda: daemon.status().photos == 0, 10)


def test_a_client_hears_at_once_that_its_daemon_was_killed(daemon: Daemon) -> None:
    call = daemon.photo().render(SLOW)
    assert until(lambda: is_busy(daemon))
    daemon.kill()
    with pytest.raises(DaemonGone):
        call.result(PATIENCE)


def test_a_daemon_that_fell_silent_is_given_up_but_a_large_upload_has_its_time(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "SILENCE_SECONDS", 3.0)
    silent = "does not answer" if paths.IPC else "does not answer|is gone"  # TCP has heartbeats
    small, large = daemon.client(), daemon.client()
    for client in (small, large):
        client.connect()
    pause(daemon.process.pid)
    try:
        with pytest.raises(DaemonGone, match=silent):
            small.open(PLAIN, picture().tobytes()).result(PATIENCE)
        begun = time.monotonic()
        call = large.open(PixelFormat(2500, 1000), bytes(10_000_000))
        with pytest.raises(DaemonGone, match=silent):
            call.result(PATIENCE)
        assert time.monotonic() - begun > 4.5
    finally:
        resume(daemon.process.pid)


def test_no_worker_outlives_a_killed_daemon(daemon: Daemon) -> None:
    daemon.photo()
    worker = daemon.worker()
    daemon.kill()
    assert until(lambda: not is_alive(worker))


def test_a_daemon_starts_over_what_a_crash_has_left_and_a_photo_comes_back(start: Start) -> None:
    first = start()
    session = PhotoSession(first.client(), PLAIN, picture().tobytes())
    session.open()
    session.wait(timeout=PATIENCE)
    first.kill()
    assert paths.address_path().exists()
    start()
    session.render({0: LOOK})
    rendered = session.wait(timeout=PATIENCE)
    assert rendered is not None
    assert rendered.patches


def test_what_a_power_cut_has_left_is_no_hindrance(start: Start, home: Path) -> None:
    folder = private_folder(paths.runtime_dir())
    if sys.platform == "win32":
        paths.address_path().touch()
    else:
        for name in ("socket", "tcp"):
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(folder / name))
    (folder / "lock").write_text(f"{os.getpid()}\n")  # a number that somebody else has by now
    (folder / "lock").chmod(0o600)
    (folder / "daemon.log").write_bytes(bytes(4096))  # as some file systems leave it
    (folder / "connection.json").touch(0o600)
    assert start().photo().faces
    assert running_pid(folder) not in (None, os.getpid())


def test_without_a_daemon_that_is_said(home: Path) -> None:
    with Client() as client, pytest.raises(DaemonAbsent, match="No daemon runs"):
        client.status()


@needs_posix
def test_a_file_that_is_no_socket_is_in_the_way(home: Path) -> None:
    private_folder(paths.runtime_dir())
    paths.socket_path().write_text("mine")
    ran = run_second()
    assert (ran.returncode, "no socket" in ran.stderr) == (1, True)
    assert paths.socket_path().read_text() == "mine"


def run_second() -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "daemon"]
    return subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_a_second_daemon_says_that_one_runs(daemon: Daemon) -> None:
    second = run_second()
    assert second.returncode == 1
    assert second.stderr.startswith(f"A daemon runs already (process {daemon.process.pid}).")
    assert daemon.status().pid == daemon.process.pid


def test_told_to_leave_it_lets_a_short_job_finish(daemon: Daemon) -> None:
    photo = daemon.photo()
    call = photo.render({0: Look(0.5, edits={"slow": 0.1})})
    assert until(lambda: is_busy(daemon))
    daemon.ask_to_leave()
    assert call.result(PATIENCE).patches
    assert daemon.process.wait(PATIENCE) == 0
    assert not paths.address_path().exists()


def test_told_to_leave_it_cancels_a_long_job_and_is_gone_in_time(daemon: Daemon) -> None:
    photo = daemon.photo()
    running = photo.render({0: Look(0.5, edits={"deaf": 1.0})})
    waiting = photo.prepare()
    assert until(lambda: is_busy(daemon))
    worker = daemon.worker()
    begun = time.monotonic()
    daemon.leave()
    assert time.monotonic() - begun < 6
    for call, error in ((running, Cancelled), (waiting, DaemonStopping)):
        with pytest.raises(error):
            call.result(PATIENCE)
    assert not is_alive(worker)


def test_shutdown_is_answered(daemon: Daemon) -> None:
    daemon.client().shutdown().result(PATIENCE)
    assert daemon.process.wait(PATIENCE) == 0


def test_a_worker_is_unloaded_at_once_where_that_is_wished(start: Start) -> None:
    daemon = start("--keep-alive", 0)
    photo = daemon.photo()
    assert until(lambda: daemon.status().workers[0].state == "absent")
    assert photo.render({0: LOOK}).result(PATIENCE).patches


def test_a_worker_is_unloaded_after_a_while_and_comes_back(start: Start) -> None:
    daemon = start("--keep-alive", 0.01)
    photo = daemon.photo()
    worker = daemon.worker()
    assert until(lambda: not is_alive(worker))
    assert photo.render({0: LOOK}).result(PATIENCE).patches


def test_an_idle_daemon_leaves(start: Start) -> None:
    daemon = start("--idle-exit", 0.01)
    assert daemon.process.wait(PATIENCE) == 0


@pytest.mark.parametrize("limit", ["queue=2", "queue_of_client=2"])
def test_a_full_queue_says_busy_and_forgets_nothing(start: Start, limit: str) -> None:
    daemon = start("--limits", limit)
    client = daemon.client()
    photos = [daemon.photo(client=client) for _ in range(4)]
    calls = [photo.render({0: Look(0.5, edits={"slow": 0.05})}) for photo in photos]

    def are_done() -> bool:
        client.process(0.1)
        return all(call.done for call in calls)

    assert until(are_done)
    errors = [type(call.error) for call in calls if call.error]
    assert set(errors) == {Busy}
    assert len(errors) < len(calls)


@pytest.mark.parametrize("limit", ["photos=2", "photos_of_client=2", f"photo_bytes={2 * PLAIN.size}"])
def test_a_full_store_says_busy_until_a_photo_is_closed(start: Start, limit: str) -> None:
    daemon = start("--limits", limit)
    client = daemon.client()
    photos = [daemon.photo(client=client) for _ in range(2)]
    with pytest.raises(Busy):
        daemon.photo(client=client)
    photos[0].close()
    assert daemon.photo(client=client).faces


def test_too_many_clients_are_told_busy(start: Start) -> None:
    daemon = start("--limits", "clients=1")
    daemon.photo()
    with pytest.raises(Busy):
        daemon.photo()


def test_a_backend_that_cannot_be_loaded_is_an_error_and_not_a_lost_worker(start: Start) -> None:
    daemon = start("--backend", "tests.daemon.nowhere:make")
    with pytest.raises(RetouchError, match=r"nowhere|should not have happened"):
        daemon.client().open(PLAIN, picture().tobytes()).result(PATIENCE)
    assert daemon.status().pid == daemon.process.pid


def test_a_large_upload_whose_client_leaves_is_freed(daemon: Daemon) -> None:
    before = daemon.status().memory
    with Client() as client:
        client.open(PixelFormat(4000, 3000), bytes(4000 * 3000 * 4))
    assert until(lambda: daemon.status().photos == 0, 10)
    assert until(lambda: daemon.status().memory - before < 16 << 20, 10)


def test_the_pid_in_the_lock_is_the_daemons_and_gone_with_it(daemon: Daemon) -> None:
    folder = paths.runtime_dir()
    assert running_pid(folder) == daemon.process.pid
    daemon.kill()
    assert running_pid(folder) is None


def _session(pid: int) -> int:
    return pid if sys.platform == "win32" else os.getsid(pid)


def test_what_a_client_starts_is_in_the_background_with_an_environment_of_its_own(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/nowhere")
    with Client(start=True, start_options=["--backend", FAULTY]) as client:
        photo = client.open(PLAIN, picture().tobytes()).result(PATIENCE)
        status = client.status().result(PATIENCE)
        variables = psutil.Process(status.pid).environ()
        session = _session(status.pid)
        client.shutdown().result(PATIENCE)
    assert (len(photo.faces), status.idle_exit) == (1, 1800.0)
    assert "/nowhere" not in variables.values()
    assert session != _session(0)
    assert until(lambda: running_pid(paths.runtime_dir()) is None)


def test_a_start_that_fails_says_why(home: Path) -> None:
    with (
        Client(start=True, start_options=["--tcp", "nonsense"]) as client,
        pytest.raises(DaemonAbsent) as caught,
    ):
        client.connect()
    assert "nonsense is no HOST:PORT." in str(caught.value)


def test_the_server_loads_neither_torch_nor_numpy() -> None:
    code = "import daemon.start, sys; print(sorted({'torch', 'numpy', 'cv2'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
