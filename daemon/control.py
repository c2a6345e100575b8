"""Stops a running daemon from another process: asks it to stop, or kills it."""

import contextlib
import os
import signal
import sys
from pathlib import Path

from daemon.pidfile import running_pid
from retouchml.errors import DaemonError, RetouchError

_IS_LINUX = sys.platform == "linux"
_SECONDS_TO_ANSWER = 2.0


if sys.platform == "win32":
    import psutil

    from retouchml.client.client import Client

    def ask_to_stop(_folder: Path, _pid: int) -> None:
        """Ask the daemon to stop over the wire, since Windows has no signal for that."""
        with contextlib.suppress(RetouchError), Client(name="stop", start=False) as client:
            client.shutdown().result(_SECONDS_TO_ANSWER)

    def kill(folder: Path, pid: int) -> None:
        """End ``pid`` at once if it is still the daemon of ``folder``. Raises DaemonError."""
        try:
            process = psutil.Process(pid)  # knows when it started, so that no other can have got the number
            if running_pid(folder) == pid:
                process.kill()
        except psutil.NoSuchProcess:
            return
        except psutil.Error as error:
            raise DaemonError(f"The daemon (process {pid}) cannot be ended: {error}.") from error

else:

    def ask_to_stop(folder: Path, pid: int) -> None:
        """Ask ``pid`` to stop, if it is still the daemon of ``folder``. Raises DaemonError."""
        _send_signal(folder, pid, signal.SIGTERM)

    def kill(folder: Path, pid: int) -> None:
        """End ``pid`` at once if it is still the daemon of ``folder``. Raises DaemonError."""
        _send_signal(folder, pid, signal.SIGKILL)

    def _send_signal(folder: Path, pid: int, number: signal.Signals) -> None:
        process = None
        try:
            # opened before the lock is asked, so that no other process can have got the number since
            process = os.pidfd_open(pid) if _IS_LINUX else None
            if running_pid(folder) != pid:
                return
            if _IS_LINUX and process is not None:
                signal.pidfd_send_signal(process, number)
            else:
                os.kill(pid, number)
        except ProcessLookupError:
            return
        except OSError as error:
            raise DaemonError(f"The daemon (process {pid}) cannot be ended: {error.strerror}.") from error
        finally:
            if process is not None:
                os.close(process)
