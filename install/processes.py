"""Child processes: quiet ones whose output goes to the log, and ones that use the terminal."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from install.checkout import LOG, TOP
from install.errors import Interrupted
from retouchml.system import locks, processes

_GRACE_SECONDS = 2.0

# once imported, ONNX Runtime would report its use to its maker, and nothing is to leave this machine
_PRIVATE = {"ORT_DISABLE_TELEMETRY": "1"}

# else a Python on Windows prints into a pipe in an old code page
_UTF_8 = {"PYTHONIOENCODING": "utf-8:backslashreplace"}

_lock: ContextVar[int | None] = ContextVar("_lock", default=None)


@contextmanager
def exclusive(
    path: Path, on_wait: Callable[[], None] = lambda: None, *, remove: bool = False
) -> Iterator[None]:
    """``locks.exclusive`` for a block whose quiet child processes hold the lock as well.

    A pip that outlives a killed set-up is still at work in the environment: the next set-up waits for it.
    """
    with locks.exclusive(path, on_wait, remove=remove) as lock:
        former = _lock.set(lock)
        try:
            yield
        finally:
            _lock.reset(former)


@dataclass(frozen=True)
class Outcome:
    """The result of a quiet child process: its exit status, and all that it printed."""

    code: int
    output: str

    @property
    def last_line(self) -> str:
        """The last line that is not empty, or "nothing"."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else "nothing"


def environment(**changes: str) -> dict[str, str]:
    """This process's environment without what belongs to other programs, and with ``changes``."""
    return processes.clean_environment(**{**_PRIVATE, **changes})


def run(
    command: Sequence[str | Path],
    tick: Callable[[], None] = lambda: None,
    env: Mapping[str, str] | None = None,
    *,
    log: bool = True,
) -> Outcome:
    """Run a quiet child process in the checkout's top folder.

    tick: called several times a second while it runs
    log:  whether its output is added to the log
    """
    code, output = processes.run(command, {**(env or environment()), **_UTF_8}, tick, TOP, lock=_lock.get())
    outcome = Outcome(code, output)
    if log:
        _log(command, outcome)
    return outcome


def foreground(
    command: Sequence[str | Path], *, silent: bool = False, env: Mapping[str, str] | None = None
) -> int:
    """Run a child process that uses the terminal, in the checkout's top folder; its exit status.

    silent: only its standard error is shown
    """
    stdout = subprocess.DEVNULL if silent else None
    with subprocess.Popen(command, env=env or environment(), cwd=TOP, stdout=stdout) as process:
        try:
            return process.wait()
        except KeyboardInterrupt as interrupt:
            if not isinstance(interrupt, Interrupted):
                # the terminal sends Ctrl-C to the child as well, and a second would cut its cleaning short
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_GRACE_SECONDS)
            processes.stop(process, partial(_ask_to_stop, process))
            raise


def _ask_to_stop(process: "subprocess.Popen[bytes]") -> None:
    # RetouchML's commands and pytest clean up on SIGINT, not on SIGTERM
    if os.name == "nt":
        process.terminate()
    else:
        process.send_signal(signal.SIGINT)


def _log(command: Sequence[str | Path], outcome: Outcome) -> None:
    title = processes.redacted(" ".join(str(part) for part in command))
    # a log that cannot be written must not hide what it would have said
    with suppress(OSError), LOG.open("a", encoding="utf-8", errors="replace") as log:
        log.write(f"$ {title}\n{outcome.output}\nexit status {outcome.code}\n\n")
