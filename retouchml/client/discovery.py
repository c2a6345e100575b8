"""Finds the daemon of this user, and starts one if none runs."""

import os
import socket
import struct
import sys
import time
from pathlib import Path

from retouchml import paths
from retouchml.client import connection_file, host_port, launch, sandbox
from retouchml.client.connection_errors import stopped_at_once
from retouchml.client.transport import ConnectOptions
from retouchml.errors import DaemonAbsent, Refused
from retouchml.system import files, locks

_APPEAR_SECONDS = 10.0
_LISTEN_SECONDS = 3.0  # in which a daemon that has its lock listens, or ends if it is stopping
_POLL_SECONDS = 0.1
_PROBE_SECONDS = 2.0
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid: struct ucred of unix(7)


def find(options: ConnectOptions) -> Path:
    """The ``paths.address_path`` at which a daemon listens, after starting one if that is allowed.

    For an editor in a sandbox it may be the connection file of a daemon outside.

    Raises DaemonAbsent, Refused or UsageError; DaemonLost or VersionMismatch if a daemon runs that cannot be
    reached.
    """
    path = paths.address_path()
    deadline = time.monotonic() + _APPEAR_SECONDS
    while not listens(path):
        box = sandbox.current()
        if box is not None and not launch.is_installed():
            return _find_outside(box, options)
        if not options.start:
            _wait_for_listener(path)
            break
        launch.start(options.start_options, interpreter=options.interpreter)
        if listens(path):
            break
        # another process started one at the same moment, or one that is stopping still holds the lock
        if time.monotonic() > deadline:
            raise stopped_at_once()
        time.sleep(_POLL_SECONDS)
    return path


def _find_outside(box: "sandbox.Sandbox", options: ConnectOptions) -> Path:
    """The connection file of the daemon outside of the sandbox. Raises DaemonAbsent."""
    if not _accepts(box.connection_file):
        if not (options.start and box.may_start):
            raise sandbox.no_daemon(box)
        launch.start_outside(box)
        deadline = time.monotonic() + _APPEAR_SECONDS
        while not _accepts(box.connection_file):
            if time.monotonic() > deadline:
                raise sandbox.no_daemon(box)
            time.sleep(_POLL_SECONDS)
    return box.connection_file


def _accepts(file: Path) -> bool:
    """Whether something accepts connections where a connection file says; its keys tell later what it is."""
    try:
        endpoint = connection_file.read(file).endpoint
        host, port = host_port.of_endpoint(endpoint)
        socket.create_connection((host, port), _PROBE_SECONDS).close()
    except (OSError, Refused):
        return False
    return True


def lock_holder() -> "int | None":
    """The pid of the daemon of this user, 0 if it is out of sight, None if no daemon has the lock."""
    try:
        with files.open_regular(paths.runtime_dir() / paths.LOCK) as file:
            return locks.holder(file.fileno())
    except OSError:
        return None


def _wait_for_listener(path: Path) -> None:
    """Wait until a daemon that has its lock listens, too. Raises as ``find``."""
    from retouchml.client import greeting  # which connects, and so needs this module

    deadline = time.monotonic() + _LISTEN_SECONDS
    while (pid := lock_holder()) is not None:
        if listens(path):
            return
        if time.monotonic() > deadline:
            raise greeting.unreachable(pid)
        time.sleep(_POLL_SECONDS)
    raise DaemonAbsent("No daemon runs.", "`retouchml daemon start` starts it.")


def listens(path: Path) -> bool:
    """Whether a daemon of this user listens at that ``paths.address_path``. Raises Refused if another's."""
    if sys.platform != "win32" and paths.IPC:
        return _listens_at_socket(path)
    return _listens_on_loopback(path)


def _listens_on_loopback(path: Path) -> bool:
    # after a crash, the file names a port that may be another program's by now, and a new daemon may hold its
    # lock already: only the lock on the file itself tells that the address is good
    try:
        with files.open_regular(path) as file:
            is_locked = locks.holder(file.fileno()) is not None
            is_private = files.is_private(file.fileno())
    except OSError:
        return False
    if not is_private:
        raise Refused(f"{path} is not this user's alone.", "Set RETOUCHML_HOME to a folder of your own.")
    return is_locked


if sys.platform != "win32":

    def _listens_at_socket(path: Path) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(_PROBE_SECONDS)  # a daemon that is stopped lets connections wait
            try:
                owner = path.stat().st_uid
                probe.connect(os.fspath(path))
            except OSError:
                return False
            if sys.platform == "linux":
                credentials = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
                owner = _CREDENTIALS.unpack(credentials)[1]
        if owner != os.getuid():
            raise Refused(f"{path} belongs to another user.", "Set RETOUCHML_HOME to a folder of your own.")
        # a process that was killed loses its locks before its sockets: it accepts, and answers nobody
        return lock_holder() is not None
