"""Runs the daemon in this process: its runtime folder, its lock, its log and its server."""

import contextlib
import logging
import logging.handlers
import os
from collections.abc import Callable
from pathlib import Path

from daemon.options import Options
from daemon.pidfile import PidFile
from daemon.processes import raise_file_limit
from daemon.runtime_folder import AddressFile, prepare_folder
from daemon.server import Server
from retouchml import paths

LOG = "daemon.log"
_LOG_BYTES, _LOGS_KEPT = 1 << 20, 3


def serve(options: Options, ready: Callable[[], None]) -> None:
    """Be the daemon until told to leave; ``ready`` is called once it answers.

    Raises DaemonRuns, DaemonError, Refused or UsageError where it cannot be.
    """
    os.umask(0o077)
    raise_file_limit()
    address_path = paths.address_path()
    folder = prepare_folder(paths.runtime_dir())
    with contextlib.ExitStack() as stack:
        stack.callback(PidFile(folder).release)
        address = AddressFile(address_path)
        stack.callback(address.remove)
        log = log_path(folder)
        set_up_log(log)
        Server(options, address, log).run(ready)


def log_path(folder: Path) -> Path:
    """The daemon's log in a runtime folder."""
    return folder / LOG


def set_up_log(path: Path) -> None:
    """Let everything below the logger ``daemon`` write there."""
    logging.raiseExceptions = False  # a full disk must not stop the daemon
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=_LOG_BYTES, backupCount=_LOGS_KEPT, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("daemon")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
