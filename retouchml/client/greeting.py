"""Whether the daemon that holds the lock also answers: a process that runs may be stopped, or hang."""

import time

from retouchml import paths
from retouchml.client.client import Client
from retouchml.errors import DaemonAbsent, DaemonLost, RetouchError
from retouchml.system import locks

_ANSWER_SECONDS = 8.0  # more than a daemon takes to stop, or to listen once it has its lock
_QUICK_SECONDS = 2.0
_POLL_SECONDS = 0.1


def wait_for_answer(seconds: float = _ANSWER_SECONDS) -> bool:
    """Whether the daemon of this user answers ``hello``; False if it ended meanwhile.

    Raises DaemonLost if it runs, but does not answer in time.
    """
    deadline = time.monotonic() + seconds
    while (pid := _lock_holder()) is not None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise DaemonLost(
                f"A daemon runs (process {pid or 'unknown'}), but it does not answer.",
                "`retouchml daemon restart` replaces it.",
            )
        if _answers(remaining):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def instance_that_answers(seconds: float = _QUICK_SECONDS) -> str:
    """The ``instance`` of the daemon of this user; "" if none answers in time."""
    with Client(name="retouchml") as client:
        try:
            client.connect(seconds)
        except RetouchError:
            return ""
        return "" if client.welcome is None else client.welcome.instance


def _answers(seconds: float) -> bool:
    with Client(name="retouchml start") as client:
        try:
            client.connect(seconds)
        except (DaemonAbsent, DaemonLost):
            return False
        except RetouchError:  # it refuses, and so it answers
            return True
    return True


def _lock_holder() -> "int | None":
    try:
        with (paths.runtime_dir() / paths.LOCK).open("rb") as file:
            return locks.holder(file.fileno())
    except OSError:
        return None
