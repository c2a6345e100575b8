"""Starts the daemon in the background, and is what runs there.

``python -m daemon.background`` reads its options as JSON and serves. What it prints is for whoever started
it: that it is ready, or else what is wrong.
"""

import contextlib
import json
import logging
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from daemon.options import Options
from daemon.processes import python_command, python_environment
from daemon.serving import serve
from retouchml.errors import RetouchError
from retouchml.failures import explain
from retouchml.system.processes import CREATION_FLAGS

_READY = "ready"
_SECONDS_TO_END = 10.0


def start(options: Options) -> str:
    """Start it, and wait until it answers; what is wrong if it does not, "" if it does."""
    process = subprocess.Popen(
        python_command("-m", "daemon.background"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path.home().anchor,
        env=python_environment(),
        start_new_session=True,
        creationflags=CREATION_FLAGS,
    )
    assert process.stdin
    assert process.stdout
    try:
        with process.stdin as its_input:
            its_input.write(json.dumps(asdict(options)).encode())
    except OSError:
        return "The daemon died as it was started."
    with process.stdout as its_output:  # its first line, not its end: on Windows others may inherit the pipe
        said = its_output.readline().decode("utf-8", "replace").strip()
    if said == _READY:
        return ""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_SECONDS_TO_END)
    return said or "The daemon died as it was started."


def run() -> None:
    """Be the daemon, with the options that the standard input has."""
    options = Options(**json.loads(sys.stdin.buffer.read()))
    try:
        serve(options, _leave)
    except BaseException as error:
        if not isinstance(error, RetouchError):
            logging.getLogger("daemon.background").exception("the daemon failed")  # __name__ is __main__ here
        with contextlib.suppress(OSError):
            os.write(1, f"{' '.join(explain(error)[0].split())}\n".encode("utf-8", "replace"))


def _leave() -> None:
    """Say so, and let go of what was inherited: whoever waits for the end of the output goes on."""
    with contextlib.suppress(OSError):  # it has lost its patience, or was ended; others will ask
        os.write(1, f"{_READY}\n".encode())
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)


if __name__ == "__main__":
    run()
