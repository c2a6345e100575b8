"""Starts the daemon, in the foreground or in the background, and sets up its log."""

import contextlib
import logging
import logging.handlers
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from daemon.instance import Instance
from daemon.options import Options
from daemon.processes import raise_file_limit
from daemon.server import Server
from retouchml.errors import RetouchError
from retouchml.failures import explain

LOG = "daemon.log"
_LOG_BYTES, _LOGS_KEPT = 1 << 20, 3
_FAILED = 1


def run(options: Options, *, detach: bool = False) -> int:
    """Be the daemon until told to leave; returns an exit code.

    detach: go to the background, and return here once the daemon answers. Raises DaemonRuns, DaemonError,
    Refused or UsageError where it cannot be.
    """
    os.umask(0o077)
    if not detach:
        _serve(options, lambda: None)
        return 0
    return _in_background(options)


def log_path(folder: Path) -> Path:
    """The daemon's log in a runtime folder."""
    return folder / LOG


def _serve(options: Options, ready: Callable[[], None]) -> None:
    raise_file_limit()
    instance = Instance()
    try:
        log = log_path(instance.folder)
        _set_up_log(log)
        Server(options, instance, log).run(ready)
    finally:
        instance.release()


def _in_background(options: Options) -> int:
    """Fork; the parent waits for the child's word: empty when it is ready, else what is wrong."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as words:
            word = words.read()
        if word:
            sys.stderr.write(f"{word}\n")
        return _FAILED if word else 0
    os.close(reader)
    os.setsid()
    os.chdir("/")
    words = os.fdopen(writer, "w", encoding="utf-8", errors="replace")
    try:
        _serve(options, lambda: _leave_terminal(words))
    except BaseException as error:
        if not isinstance(error, RetouchError):
            logging.getLogger(__name__).exception("the daemon failed")
        with contextlib.suppress(ValueError, OSError):  # closed: the parent has left
            words.write(explain(error)[0])
            words.close()
    os._exit(0)


def _leave_terminal(words: TextIO) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    words.close()


def _set_up_log(path: Path) -> None:
    logging.raiseExceptions = False  # a full disk must not stop the daemon
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_LOGS_KEPT)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("daemon")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
