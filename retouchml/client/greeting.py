"""Whether the daemon that holds the lock also answers: a process that runs may be stopped, or hang."""

import time

from retouchml import paths
from retouchml.client import versions
from retouchml.client.client import Client
from retouchml.client.discovery import listens, lock_holder
from retouchml.errors import DaemonAbsent, DaemonLost, RetouchError, VersionMismatch

_ANSWER_SECONDS = 8.0  # more than a daemon takes to stop, or to listen once it has its lock
_QUICK_SECONDS = 2.0
_POLL_SECONDS = 0.1


def wait_for_answer(seconds: float = _ANSWER_SECONDS) -> bool:
    """Whether the daemon of this user answers ``hello``; False if it ended meanwhile.

    Raises DaemonLost if it runs, but does not answer in time, and VersionMismatch if it is an old one that
    cannot be reached.
    """
    deadline = time.monotonic() + seconds
    while (pid := lock_holder()) is not None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise unreachable(pid)
        if _answers(remaining):
            return True
        time.sleep(_POLL_SECONDS)
    return False


def unreachable(pid: int) -> RetouchError:
    """The error for a daemon, of process ``pid`` or 0, that has its lock and does not answer."""
    try:
        versions.check_software(_software_at_unlocked_address())
    except VersionMismatch as error:
        return error
    except RetouchError:
        pass
    return DaemonLost(
        f"A daemon runs (process {pid or 'unknown'}), but it does not answer.",
        "If it was started just now, try again in a moment; else `retouchml daemon restart` replaces it.",
    )


def _software_at_unlocked_address() -> str:
    """The version of a daemon that does not lock its connection file, as those of 0.1.0 did not on Windows.

    Such an address is not trusted with pictures: after a crash it may be another program's by now. A greeting
    shows that program nothing but the client's name, since only a daemon with the file's keys can read it.
    Raises RetouchError if there is none.
    """
    if paths.IPC:
        raise DaemonAbsent("Daemons with sockets need no lock on their address.")
    with Client(name="retouchml", connection_file=paths.address_path()) as client:
        client.connect(_QUICK_SECONDS)
        return "" if client.welcome is None else client.welcome.software


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
            if not listens(paths.address_path()):
                return False
            client.connect(seconds)
        except (DaemonAbsent, DaemonLost):
            return False
        except RetouchError:  # it refuses, and so it answers
            return True
    return True
