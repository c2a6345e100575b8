"""Starts the daemon, in the foreground or in the background, and sets up its log."""

import logging
import logging.handlers
import os
import sys
from collections.abc import Callable
from pathlib import Path

from daemon import background
from daemon.instance import Instance
from daemon.options import Options
from daemon.processes import raise_file_limit
from daemon.server import Server

LOG = "daemon.log"
_LOG_BYTES, _LOGS_KEPT = 1 << 20, 3
_FAILED = 1


def run(options: Options, *, detach: bool = False) -> int:
    """Be the daemon until told to leave; returns an exit code.

    detach: start one in the background, and return once it answers. Raises DaemonRuns, DaemonError, Refused
    or UsageError where it cannot be.
    """
    if not detach:
        serve(options, lambda: None)
        return 0
    wrong = background.start(options)
    if wrong and sys.stderr is not None:  # as it is under Windows' pythonw
        sys.stderr.write(f"{wrong}\n")
    return _FAILED if wrong else 0


def serve(options: Options, ready: Callable[[], None]) -> None:
    """Be the daemon; ``ready`` is called once it answers. Raises as ``run`` does."""
    os.umask(0o077)
    raise_file_limit()
    instance = Instance()
    try:
        log = log_path(instance.folder)
        _set_up_log(log)
        Server(options, instance, log).run(ready)
    finally:
        instance.release()


def log_path(folder: Path) -> Path:
    """The daemon's log in a runtime folder."""
    return folder / LOG


def _set_up_log(path: Path) -> None:
    logging.raiseExceptions = False  # a full disk must not stop the daemon
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=_LOG_BYTES, backupCount=_LOGS_KEPT, encoding="utf-8", errors="backslashreplace"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("daemon")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
