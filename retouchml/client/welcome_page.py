"""What an editor shows where the plug-in came as a zip and no engine is there, whatever draws it.

What will be fetched and where, how far the set-up is, which buttons there are and what each does. The work is
that of ``retouchml.setup.job``. Only a zip's plug-in carries ``retouchml.setup``, so it is imported late.
"""

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retouchml import paths
from retouchml.client import launch
from retouchml.errors import DaemonAbsent, RetouchError
from retouchml.translation import joined, marked, translated

if TYPE_CHECKING:
    from retouchml.setup.job import Plan, SetupJob, State

TITLE = marked("Welcome to RetouchML")
LOG = marked("Show the log")
LOG_NAME = marked("What the set-up says")
LOG_TIP = marked("Every line of the set-up, to be sent with a question")
POLL_MS = 250
"""How often an editor asks for `WelcomePage.shown`."""
_ELSEWHERE_EVERY = 8  # times that it is shown between two looks whether something else has set the engine up
INSTALL, CANCEL, REPAIR = "install", "cancel_setup", "repair"
"""Names of the buttons, as `WelcomePage.press` takes them."""

_WHAT = marked("RetouchML retouches faces in your photographs. They stay on this machine.")
_ENGINE_IS_MISSING = marked(
    "The part that does the work is not here yet: programs, and models that find and retouch faces."
)
_LOOKING = marked("Looking what has to be fetched…")
_TITLES = {
    INSTALL: marked("Install"),
    CANCEL: marked("Cancel"),
    REPAIR: marked("Repair"),
}
_TIPS = {
    INSTALL: marked("Fetch what is missing and set it up; you can go on working meanwhile"),
    CANCEL: marked("Stop; what was fetched stays, and the next time goes on"),
    REPAIR: marked("Throw away what was set up so far, and make it anew"),
}
_GO_ON = marked("Go on")
_AGAIN = marked("Try again")
_PARTS = {
    "": marked("Looking for a Python"),
    "environment": marked("Making room for it"),
    "packages": marked("Fetching the packages"),
    "torch": marked("Fetching PyTorch"),
    "check": marked("Trying the packages"),
    "models": marked("Fetching the models"),
}
_SOME_OF = marked("{part}: {here} of {all} MB, {seconds} s in all")
_WORKING = marked("{part}… {seconds} s in all")
_STOPPING = marked("Stopping…")
_STOPPED = marked("Stopped. What was fetched stays, and nothing is in use that is not whole.")
_BEGUN = marked("A set-up was begun before. It goes on where it stopped.")
_FAILED = marked("That did not work: {reason}")
_DONE = marked("RetouchML is set up.")
_NO_PYTHON = marked("RetouchML needs Python 3.11, 3.12, 3.13 or 3.14, and none was found on this machine.")
_NO_PYTHON_ADVICE = {
    "win32": marked("Install one from python.org or the Microsoft Store, then press “Try again”."),
    "darwin": marked("Install one from python.org, then press “Try again”."),
    "": marked("Install the packages python3 and python3-venv of your distribution, then press “Try again”."),
}
_NO_ROOM = marked("Only {free} GB are free there.")
_MEGABYTE, _GIGABYTE = 1e6, 1e9


@dataclass(frozen=True)
class Button:
    """A button of the page, in the user's language. name: what `WelcomePage.press` takes"""

    name: str
    title: str
    tip: str


@dataclass(frozen=True)
class Shown:
    """What the page shows now, in the user's language.

    about:     what it is, and what will be fetched, a paragraph each
    state:     what it does, or how it ended; "" if there is nothing to say
    is_error:  whether that is why it failed
    fraction:  of the bar, 0 to 1; None without a bar
    buttons:   the first one is what most people press; none of them is ever of no use
    log:       what the set-up said
    is_done:   whether the editor can show its normal face
    """

    about: tuple[str, ...]
    state: str
    is_error: bool
    fraction: float | None
    buttons: tuple[Button, ...]
    log: str
    is_done: bool


def is_wanted() -> bool:
    """Whether this plug-in came as a zip, and there is no engine."""
    try:
        from retouchml.setup import installer
    except ImportError:  # put there by a set-up, which brought the engine
        return False
    if not installer.is_here():
        return False
    try:
        launch.find_interpreter()
    except DaemonAbsent:
        return True
    except RetouchError:  # there is one, and its trouble is another
        return False
    return False


class WelcomePage:
    """The page, and the set-up behind it; an editor with several windows shows one page in all of them.

    platform: as ``sys.platform`` has it; clock: seconds that pass
    """

    def __init__(
        self, job: "SetupJob", platform: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._job = job
        self._platform = platform
        self._clock = clock
        self._began = 0.0
        self._looks = 0
        self._is_elsewhere = False

    @classmethod
    def of_this_user(cls) -> "WelcomePage":
        """The page for this user's folders, which begins to look what has to be fetched."""
        from retouchml.setup.job import SetupJob

        page = cls(SetupJob(paths.data_dir()), sys.platform)
        page.look()
        return page

    @property
    def is_busy(self) -> bool:
        """Whether the set-up is at work."""
        return self._job.state.is_busy

    def look(self) -> None:
        """Find out what would be fetched."""
        self._job.look()

    def press(self, name: str) -> None:
        """Do what a button does."""
        if name == CANCEL:
            self._job.cancel()
        elif name in (INSTALL, REPAIR):
            self._began = self._clock()
            self._job.start(repair=name == REPAIR)

    def close(self) -> None:
        """Stop the set-up, since the editor exits; the next start goes on."""
        self._job.close()

    def shown(self) -> Shown:
        """What is to be seen now."""
        state = self._job.state
        phase = state.phase.value
        is_working = phase in ("running", "stopping")
        return Shown(
            about=self._about(state),
            state=self._sentence(state),
            is_error=phase == "failed" or not state.has_python,
            fraction=state.fraction if is_working else None,
            buttons=self._buttons(state),
            log="\n".join(state.log),
            is_done=phase == "done" or self._came_from_elsewhere(),
        )

    def _came_from_elsewhere(self) -> bool:
        """Whether something else has set the engine up; it looks now and then."""
        self._looks += 1
        if self._looks % _ELSEWHERE_EVERY == 0 and not self.is_busy:
            self._is_elsewhere = not is_wanted()
        return self._is_elsewhere

    def _about(self, state: "State") -> tuple[str, ...]:
        what = joined(_WHAT, _ENGINE_IS_MISSING)
        return (what, *_sizes(state.plan)) if state.plan is not None else (what,)

    def _sentence(self, state: "State") -> str:
        phase = state.phase.value
        if phase == "looking":
            return translated(_LOOKING)
        if phase == "running":
            return self._progress(state)
        if phase == "failed" and state.has_python:
            return translated(_FAILED).format(reason=translated(state.problem))
        if not state.has_python:
            system = self._platform if self._platform in _NO_PYTHON_ADVICE else ""
            return joined(_NO_PYTHON, _NO_PYTHON_ADVICE[system])
        ends = {"stopping": _STOPPING, "stopped": _STOPPED, "done": _DONE}
        return translated(ends.get(phase, _BEGUN if _is_begun(state.plan) else ""))

    def _progress(self, state: "State") -> str:
        part = translated(_PARTS.get(state.part, _PARTS[""]))
        seconds = f"{self._clock() - self._began:.0f}"
        expected = getattr(state.plan, state.part, 0) if state.part else 0
        if not (state.fetched and expected):
            return translated(_WORKING).format(part=part, seconds=seconds)
        here, whole = (f"{count / _MEGABYTE:.0f}" for count in (state.fetched, max(expected, state.fetched)))
        return translated(_SOME_OF).format(part=part, here=here, all=whole, seconds=seconds)

    def _buttons(self, state: "State") -> tuple[Button, ...]:
        phase = state.phase.value
        if phase == "running":
            return (_button(CANCEL),)
        if phase in ("looking", "stopping", "done"):
            return ()
        begun = _is_begun(state.plan)
        again = phase == "failed" or not state.has_python
        first = _button(INSTALL, _AGAIN if again else _GO_ON if begun else "")
        return (first, _button(REPAIR)) if begun else (first,)


def _sizes(plan: "Plan") -> "tuple[str, ...]":
    packages, torch, models, whole = (
        f"{count / _MEGABYTE:.0f}" for count in (plan.packages, plan.torch, plan.models, plan.fetched)
    )
    room = f"{plan.room / _GIGABYTE:.1f}"
    fetched = translated(
        "About {whole} MB are fetched: packages {packages} MB, PyTorch {torch} MB, models {models} MB."
    ).format(whole=whole, packages=packages, torch=torch, models=models)
    where = translated("Set up, all of it takes about {room} GB in {folder}.").format(
        room=room, folder=Path(plan.folder).parent
    )
    free = _free(Path(plan.folder))
    if free is not None and free < plan.room:
        where = joined(where, translated(_NO_ROOM).format(free=f"{free / _GIGABYTE:.1f}"))
    return fetched, where


def _free(folder: Path) -> "int | None":
    """Bytes that are free where a folder is, or will be."""
    try:
        existing = next(path for path in (folder, *folder.parents) if path.is_dir())
        return shutil.disk_usage(existing).free
    except (OSError, StopIteration):
        return None


def _is_begun(plan: "Plan | None") -> bool:
    return plan is not None and (Path(plan.folder) / "pyvenv.cfg").is_file()


def _button(name: str, title: str = "") -> Button:
    return Button(name, translated(title or _TITLES[name]), translated(_TIPS[name]))
