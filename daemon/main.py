"""Starts the daemon, in the foreground or in the background."""

import sys

from daemon import background
from daemon.options import Options
from daemon.serving import serve

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
