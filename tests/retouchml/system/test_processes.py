"""Child processes: their environment, and how they are stopped."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from retouchml.system import locks
from retouchml.system.processes import FOREIGN_VARIABLES, clean_environment, run


def test_what_another_python_or_an_appimage_needs_reaches_no_child() -> None:
    kept = {"HOME": "/home/me", "RETOUCHML_HOME": "/r", "PATH": "/bin", "CUDA_VISIBLE_DEVICES": "0"}
    editors = dict.fromkeys(
        ("PYTHONNOUSERSITE", "GTK_PATH", "GEGL_PATH", "BABL_PATH", "QT_QPA_PLATFORM"), "x"
    )
    foreign = dict.fromkeys(FOREIGN_VARIABLES, "/appimage") | editors
    assert clean_environment({**kept, **foreign}) == kept
    assert clean_environment(kept, PYTHONPATH="/ours") == {**kept, "PYTHONPATH": "/ours"}


def is_running(pid: int) -> bool:
    """Whether there is such a process; one that only waits to be reaped counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False).stdout
    return bool(state) and not state.startswith(b"Z")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_an_interrupted_child_is_stopped_with_its_own_children(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"sleep 600 & echo $! > {ready}.part && mv {ready}.part {ready}; wait"

    def interrupt() -> None:
        if ready.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", script], os.environ, interrupt)
    deadline = time.monotonic() + 120.0
    while is_running(int(ready.read_text())):
        assert time.monotonic() < deadline, "the child's own child still runs"
        time.sleep(0.05)


_OPEN = """
import os, sys

def is_it(descriptor):
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(sys.argv[1]))
    except OSError:
        return False

print(any(map(is_it, range(256))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows gives no descriptors to children")
def test_a_child_holds_the_one_lock_that_it_is_given_and_no_other(tmp_path: Path) -> None:
    given, other = tmp_path / "given", tmp_path / "other"
    with locks.exclusive(given) as lock, locks.exclusive(other):
        seen = {
            path.name: run(
                [sys.executable, "-c", _OPEN, str(path)], clean_environment(), lambda: None, lock=lock
            )
            for path in (given, other)
        }
        assert seen == {"given": (0, "True\n"), "other": (0, "False\n")}
        unasked = run([sys.executable, "-c", _OPEN, str(given)], clean_environment(), lambda: None)
        assert unasked == (0, "False\n")
