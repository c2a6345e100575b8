"""Lock files, held by this process and by another one."""

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from retouchml.system import locks

ROOT = Path(__file__).parents[3]
_HOLDING = """
import sys
from pathlib import Path
from retouchml.system.locks import exclusive
with exclusive(Path(sys.argv[1])) as lock:
    print(lock is not None, flush=True)
    sys.stdin.read()
"""


def start(command: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


@contextmanager
def held_elsewhere(path: Path) -> Iterator[None]:
    """A block in which another process holds the lock."""
    command = [sys.executable, "-c", _HOLDING, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        yield
        child.kill()


class Impatient(Exception):
    """Raised by a poll that gives up."""


def test_a_lock_that_another_process_holds_is_waited_for_until_the_poll_gives_up(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "lock"
    waits: list[str] = []

    def poll() -> None:
        waits.append("poll")
        if len(waits) > 3:
            raise Impatient

    with (
        held_elsewhere(path),
        pytest.raises(Impatient),
        locks.exclusive(path, lambda: waits.append("wait"), poll=poll),
    ):
        raise AssertionError
    assert waits == ["wait", "poll", "poll", "poll"]


def test_the_lock_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with held_elsewhere(path):
        pass
    with locks.exclusive(path, lambda: pytest.fail("it is free")) as lock:
        assert lock is not None


@pytest.mark.skipif(sys.platform == "win32", reason="no open file can be deleted there")
def test_a_lock_whose_folder_was_deleted_meanwhile_is_taken_anew(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    waiting, taken = threading.Event(), threading.Event()

    def second() -> None:
        with locks.exclusive(path, waiting.set):
            assert path.exists()
            taken.set()

    with locks.exclusive(path):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(120)
        shutil.rmtree(path.parent)
    thread.join(120)
    assert taken.is_set()


def test_a_file_system_without_locks_is_worked_on_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_stream: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(locks, "_lock_exclusive", fail)
    with locks.exclusive(tmp_path / "lock") as lock:
        assert lock is None


_TAKING = """
import os, sys
from retouchml.system import locks
descriptor = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
print(locks.take(descriptor), flush=True)
locks.write_pid(descriptor)
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def test_the_holder_of_a_lock_can_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", _TAKING, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "True\n"
        pid = int(child.stdout.readline())
        descriptor = os.open(path, os.O_RDWR)
        assert locks.holder(descriptor) == pid
        assert int(locks.read_pid(descriptor)) == pid
        assert not locks.take(descriptor)
        child.kill()
    assert locks.holder(descriptor) is None
    os.close(descriptor)


def test_a_lock_file_that_is_deleted_at_the_end_still_lets_one_process_in_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from retouchml.system.locks import exclusive\n"
        "for _ in range(10):\n"
        "    with exclusive(Path(sys.argv[1]), remove=True):\n"
        "        Path(sys.argv[2]).touch(exist_ok=False)\n"
        "        Path(sys.argv[2]).unlink()\n"
    )
    command = [sys.executable, "-c", code, str(path), str(tmp_path / "inside")]
    children = [start(command) for _ in range(3)]
    for child in children:
        child.communicate()
    assert [child.returncode for child in children] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == []
