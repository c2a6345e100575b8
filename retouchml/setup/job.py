"""A set-up that an editor's plug-in starts: the installer in a process of its own, and how far it is.

A thread reads what the process reports; the plug-in asks for `SetupJob.state` as often as it draws.
"""

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from retouchml.errors import RetouchError
from retouchml.setup import bundled_python, installer, python
from retouchml.system import processes, setup_reports

_MOST_LINES = 2000  # of the log that is kept
_CLOSE_SECONDS = 25.0  # `processes.stop` takes 20 at most
_STEPS = (
    ("virtual environment", "environment", 0.05),
    ("the engine and its packages", "packages", 0.35),
    ("torch", "torch", 0.30),
    ("a first look", "check", 0.05),
    ("reader of", "check", 0.03),
    ("models", "models", 0.22),
)
"""Beginnings of the installer's steps, which part of the set-up they are, and their shares of the whole."""
_CONNECTOR = "connector"
_FETCHING = 0.7  # of a step is fetching; the rest is unpacking


class _Stopped(Exception):
    """The set-up was cancelled; ends what its thread does, and goes no further."""


class Phase(Enum):
    """What a set-up does."""

    IDLE = "idle"
    LOOKING = "looking"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True)
class Plan:
    """What will be fetched, in bytes, into which folder, and the room that it takes there."""

    packages: int
    torch: int
    models: int
    room: int
    folder: str

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "Plan":
        """Of a report. Raises KeyError, TypeError or ValueError."""
        packages, torch, models, room = (
            int(fields[name]) for name in ("packages", "torch", "models", "room")
        )
        return cls(packages, torch, models, room, str(fields["folder"]))

    @property
    def fetched(self) -> int:
        """Bytes that are fetched in all."""
        return self.packages + self.torch + self.models


@dataclass(frozen=True)
class State:
    """How far a set-up is.

    plan:     None while it is not known
    fraction: of the whole, 0 to 1; never falls
    step:     the installer's name of what it does
    part:     "environment", "packages", "torch", "check" or "models", or "connector"; "" before these
    fetched:  bytes of this part that came so far, as far as that is known
    problem:  why it failed, in English; "" if there is no Python for it
    has_python: whether there is one; if not, the next start fetches it, and then the plan is known
    large:    bytes of the ordinary build of PyTorch, if it is the only one that can be had; else 0
    log:      what it said, a line each
    """

    phase: Phase = Phase.IDLE
    plan: "Plan | None" = None
    fraction: float = 0.0
    step: str = ""
    part: str = ""
    fetched: int = 0
    problem: str = ""
    has_python: bool = True
    large: int = 0
    log: "tuple[str, ...]" = ()

    @property
    def is_busy(self) -> bool:
        """Whether it is at work."""
        return self.phase in (Phase.LOOKING, Phase.RUNNING, Phase.STOPPING)


FindPython = Callable[[str, Path], str]
BringPython = Callable[[Path, python.Say, str, python.Tick], str]


class SetupJob:
    """One set-up at a time; it can be started again after each end.

    data: the user's data folder
    """

    def __init__(self, data: Path, find: FindPython = python.find, bring: BringPython = python.bring) -> None:
        self._data = data
        self._find = find
        self._bring = bring
        self._state = State()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    @property
    def _brought(self) -> Path:
        """Where a Python goes that uv brings."""
        return self._data / "python"

    @property
    def state(self) -> State:
        """How far it is now."""
        with self._lock:
            return self._state

    def look(self) -> None:
        """Find out what would be fetched; does nothing while it is at work."""
        self._begin(Phase.LOOKING, self._look)

    def start(self, *, repair: bool = False, device: str = "", bundle: "Path | None" = None) -> None:
        """Set up, or go on with it; does nothing while it is at work.

        repair: make the environment anew; device: which build of PyTorch, "cuda" for the ordinary one, "cpu"
        for the small one, "" for what suits this machine; bundle: a folder with all, for no network
        """
        options = ["--repair"] if repair else []
        if device:
            options += ["--device", device]
        if bundle is not None:
            options += ["--from", str(bundle)]
        self._begin(Phase.RUNNING, partial(self._set_up, ["engine", *options], bundle))

    def start_connector(self) -> None:
        """Fetch what connects to another machine, and no engine; does nothing while it is at work."""
        self._begin(Phase.RUNNING, partial(self._set_up, [_CONNECTOR]))

    def cancel(self) -> None:
        """Stop it; what was fetched so far is kept, and the next start goes on."""
        with self._lock:
            if self._state.phase is not Phase.RUNNING:
                return
            self._is_stopping = True
            self._state = replace(self._state, phase=Phase.STOPPING)
            process = self._process
        if process is not None:
            threading.Thread(target=_stop, args=(process,), name="retouchml-setup-stop").start()

    def close(self) -> None:
        """Stop it, and wait for its end, but not for ever: an editor that exits calls this."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def _begin(self, phase: Phase, work: Callable[[], None]) -> None:
        with self._lock:
            if self._state.is_busy:
                return
            self._is_stopping = False
            self._state = State(phase, plan=self._state.plan, log=self._state.log)
        self._thread = threading.Thread(target=self._guarded, args=(work,), name="retouchml-setup")
        self._thread.daemon = True  # an editor that ends does not wait for it
        self._thread.start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _Stopped:
            self._change(phase=Phase.STOPPED)
        except RetouchError as error:
            self._change(phase=Phase.FAILED, problem=error.explain())
        except Exception as error:  # this is a thread: the page shows it
            self._change(phase=Phase.FAILED, problem=f"{type(error).__name__}: {error}")

    def _look(self) -> None:
        found = self._find("", self._brought)
        if found:
            self._plan(found)
        self._change(phase=Phase.IDLE, has_python=bool(found))

    def _plan(self, found: str) -> None:
        for fields in self._reports(found, ["engine", "--plan"]):
            self._take(fields)

    def _set_up(self, action: "Sequence[str]", bundle: "Path | None" = None) -> None:
        """action: the installer's, with its options; bundle: what also says which Python it has to be"""
        wanted = python.of_bundle(bundle) if bundle is not None else ""
        found = self._find(wanted, self._brought)
        if not found and bundle is not None and wanted:
            found = bundled_python.bring(bundle, self._brought, wanted)
        is_brought = not found and not wanted  # a bundle is for machines without a network
        if is_brought:
            found = self._bring(self._brought, self._say, wanted, self._stop_if_cancelled)
        self._stop_if_cancelled()
        if not found:
            self._change(phase=Phase.FAILED, has_python=False)
            return
        if is_brought and action[0] != _CONNECTOR:  # before anything large is fetched, its size is shown
            self._plan(found)
            self._change(phase=Phase.IDLE)
            return
        code = 0
        for fields in self._reports(found, action):
            code = fields.get("code", code)
            self._take(fields)
        if code == 0:
            self._change(phase=Phase.DONE, fraction=1.0)
        elif self._is_stopping:
            self._change(phase=Phase.STOPPED)
        else:
            problem = self.state.problem or next(filter(None, reversed(self.state.log)), "")
            self._change(phase=Phase.FAILED, problem=problem)

    def _stop_if_cancelled(self) -> None:
        if self._is_stopping:
            raise _Stopped

    def _reports(self, found: str, arguments: "Sequence[str]") -> "Iterator[dict[str, Any]]":
        """What the installer reports, and at the end its exit status as ``code``."""
        command, environment = installer.command(found, arguments)
        with self._lock:
            if self._is_stopping:
                yield {"code": 1}
                return
            self._process = subprocess.Popen(
                command,
                env={**environment, setup_reports.VARIABLE: "1", "PYTHONIOENCODING": "utf-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=Path.home().anchor,
                start_new_session=True,
                creationflags=processes.CREATION_FLAGS,
            )
            process = self._process
        with process:
            for line in process.stdout or ():
                yield setup_reports.parse(line.decode("utf-8", "replace"))
        with self._lock:
            self._process = None
        yield {"code": process.returncode}

    def _take(self, fields: "Mapping[str, Any]") -> None:
        for kind in ("say", "error"):
            if kind in fields:
                self._say(str(fields[kind]))
        if "error" in fields:
            self._change(problem=str(fields["error"]))
        if "plan" in fields:
            with contextlib.suppress(KeyError, TypeError, ValueError):
                self._change(plan=Plan.from_fields(fields["plan"]))
        if "step" in fields:
            self._step(str(fields["step"]), str(fields.get("state")))
        if isinstance(large := fields.get("large"), int):
            self._change(large=large)
        if isinstance(fetched := fields.get("fetched"), int):
            self._fetched(fetched)

    def _step(self, title: str, state: str) -> None:
        if known := _known(title):
            part, done, share = known
            self._rise(done + share if state == setup_reports.DONE else done)
            self._change(step=title, part=part, fetched=0)
        if state == setup_reports.BEGUN:
            self._say(f"{title} …")

    def _fetched(self, count: int) -> None:
        """Bytes that came in this step so far."""
        state = self.state
        self._change(fetched=count)
        expected = getattr(state.plan, state.part, 0)
        if expected and (known := _known(state.step)):
            _part, done, share = known
            self._rise(done + share * _FETCHING * min(count / expected, 1.0))

    def _rise(self, fraction: float) -> None:
        self._change(fraction=max(self.state.fraction, fraction))

    def _say(self, text: str) -> None:
        with self._lock:
            lines = (*self._state.log, *text.splitlines())
            self._state = replace(self._state, log=lines[-_MOST_LINES:])

    def _change(self, **changes: Any) -> None:
        with self._lock:
            self._state = replace(self._state, **changes)


def _known(title: str) -> "tuple[str, float, float] | None":
    """The part that a step belongs to, what of the whole comes before, and its share, if it is known."""
    if title == setup_reports.CONNECTOR_STEP:
        return _CONNECTOR, 0.0, 1.0
    done = 0.0
    for beginning, part, share in _STEPS:
        if title.startswith(beginning):
            return part, done, share
        done += share
    return None


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if sys.platform == "win32":  # where what it started would go on without it
        tree = ["taskkill", "/T", "/F", "/PID", str(process.pid)]
        processes.stop(process, partial(subprocess.run, tree, capture_output=True, check=False))
    else:
        processes.stop(process, process.terminate)  # it stops what it started
