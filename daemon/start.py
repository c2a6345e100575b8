"""Runs the daemon in this process: its runtime folder, its lock, its log and its server.

``run_in_background`` is the daemon's side of ``retouchml.client.launch``.
"""

import argparse
import contextlib
import json
import logging
import logging.handlers
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from daemon.options import DaemonOptions, as_command_line, from_arguments
from daemon.pidfile import PidFile
from daemon.resources import raise_file_limit, return_large_blocks_when_freed
from daemon.runtime_folder import AddressFile, prepare_folder
from daemon.server import Server
from retouchml import paths
from retouchml.client import launch, protocol
from retouchml.errors import DaemonRuns, RetouchError
from retouchml.failures import explain

LOG = "daemon.log"
_LOG_BYTES, _LOGS_KEPT = 1 << 20, 3


def run(options: DaemonOptions, on_ready: Callable[[], None] = lambda: None) -> None:
    """Be the daemon until it is stopped; ``on_ready`` is called once clients can connect.

    Raises DaemonRuns, DaemonError, Refused or UsageError if it cannot start.
    """
    os.umask(0o077)
    raise_file_limit()
    return_large_blocks_when_freed()
    address_path = paths.address_path()
    folder = prepare_folder(paths.runtime_dir())
    with contextlib.ExitStack() as stack:
        stack.callback(PidFile(folder).release)
        address = AddressFile(address_path)
        stack.callback(address.remove)
        log = log_path(folder)
        set_up_log(log)
        Server(options, address, log).run(on_ready)


def run_in_background(arguments: argparse.Namespace) -> int:
    """Be the daemon, and report on the standard output, in one line, whether it started; an exit code.

    The line is JSON: ``{"ready": true}``, or the fields of an ``error`` answer of the protocol.
    """
    try:
        run(from_arguments(arguments), _report_ready)
    except RetouchError as error:
        _report(protocol.error_fields(error))
        return error.exit_code
    except BaseException as error:
        logging.getLogger(__name__).exception("the daemon failed")
        sentence, code = explain(error)
        _report(protocol.error_fields(RetouchError(sentence)))
        return code
    return 0


def run_or_detach(arguments: argparse.Namespace) -> int:
    """Be the daemon, or start one in the background for ``--detach``; an exit code. Raises as ``run``.

    Unlike `retouchml daemon start`, ``--detach`` fails if a daemon runs already; older plug-ins know this.
    """
    options = from_arguments(arguments)
    if not arguments.detach:
        run(options)
        return 0
    started = launch.start(
        as_command_line(arguments), interpreter=[sys.executable], idle_exit=arguments.idle_exit
    )
    if not started:
        raise DaemonRuns("A daemon runs already.", "`retouchml daemon status` shows it.")
    return 0


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


def _report_ready() -> None:
    """Report, and let go of the standard streams, which belong to the process that started the daemon."""
    _report({"ready": True})
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)


def _report(fields: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the process that started this one has ended or waits no longer
        os.write(1, f"{json.dumps(fields)}\n".encode())
