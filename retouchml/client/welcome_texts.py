"""What the welcome page says: what it is, what will be fetched, how far the set-up is."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from retouchml import __version__
from retouchml.client.welcome_reason import Reason, Why
from retouchml.translation import decimal, joined, marked, translated

if TYPE_CHECKING:
    from retouchml.setup.job import Plan, State

TITLE = marked("Welcome to RetouchML")
LOG = marked("Show the log")
LOG_NAME = marked("What the set-up says")
LOG_TIP = marked("Every line of the set-up, to be sent with a question")

_WHAT = marked("RetouchML retouches faces in your photographs. They stay on this machine.")
_ENGINE_IS_MISSING = marked(
    "The part that does the work is not here yet: programs, and models that find and retouch faces."
)
_WORKS_THERE = marked("{name} does the work: layers are sent there.")
_CONNECTS = marked("What connects this editor to it is not here yet: 2 MB are fetched.")
_IS_OLDER = marked(
    "This plug-in is version {new}; what does the work is version {old}, and should be updated."
)
_IS_THERE = marked("RetouchML is set up on this machine.")
_REPAIRS = marked("“Repair” makes its programs anew, and fetches models that are missing or damaged.")
_LOOKING = marked("Looking what has to be fetched…")
_PARTS = {
    "": marked("Looking for a Python"),
    "environment": marked("Making room for it"),
    "packages": marked("Fetching the packages"),
    "torch": marked("Fetching PyTorch"),
    "check": marked("Trying the packages"),
    "models": marked("Fetching the models"),
    "connector": marked("Fetching what connects to it"),
}
_SOME_OF = marked("{part}: {here} of {all} MB, {seconds} s in all")
_WORKING = marked("{part}… {seconds} s in all")
_STOPPING = marked("Stopping…")
_STOPPED = marked("Stopped. What was fetched stays, and nothing is in use that is not whole.")
_BEGUN = marked("A set-up was begun before. It goes on where it stopped.")
_FAILED = marked("That did not work: {reason}")
_DONE = marked("RetouchML is set up.")
_LARGE = marked(
    "The ordinary PyTorch can be taken instead: it is for NVIDIA cards too, works without one, and is "
    "larger: {size} GB to fetch, 10 GB on the disk."
)
_FETCHES_PYTHON = marked(
    "RetouchML needs Python 3.11 or newer, and none that fits was found on this machine. “Fetch Python” "
    "brings one for RetouchML alone, about 55 MB; then you see how large the rest is."
)
_NO_PYTHON = marked("RetouchML needs Python 3.11, 3.12, 3.13 or 3.14, and none was found on this machine.")
_NO_PYTHON_ADVICE = {
    "win32": marked("Install one from python.org or the Microsoft Store, then press “Try again”."),
    "darwin": marked("Install one from python.org, then press “Try again”."),
    "": marked("Install the packages python3 and python3-venv of your distribution, then press “Try again”."),
}
_BUT_FOR_WHAT_IS_HERE = marked("What is here already is not fetched again.")
_NO_ROOM = marked("Only {free} GB are free there.")
_MEGABYTE, _GIGABYTE = 1e6, 1e9


def about(reason: Reason, plan: "Plan | None") -> "tuple[str, ...]":
    """What it is, and what will be fetched, a paragraph each. plan: None while it is not known"""
    if reason.why is Why.CONNECT:
        return (joined(translated(_WORKS_THERE).format(name=reason.machine), _CONNECTS),)
    if reason.why is Why.OLDER:
        what = joined(_WHAT, translated(_IS_OLDER).format(new=__version__, old=reason.there))
    elif reason.why is Why.ASKED:
        what = joined(_IS_THERE, _REPAIRS)
    else:
        what = joined(_WHAT, _ENGINE_IS_MISSING)
    if plan is None:
        return (what,)
    return what, *_sizes(plan, some_is_here=reason.why in (Why.OLDER, Why.ASKED))


def sentence(state: "State", platform: str, seconds: float, *, is_begun: bool) -> str:
    """What the set-up does, or how it ended; "" if there is nothing to say.

    platform: as ``sys.platform`` has it; seconds: since it began; is_begun: whether a part of the engine is
    there, and not the whole of it
    """
    phase = state.phase.value
    if phase == "looking":
        return translated(_LOOKING)
    if phase == "running":
        return _progress(state, seconds)
    if phase == "failed" and state.has_python:
        failed = translated(_FAILED).format(reason=translated(state.problem))
        if not state.large:
            return failed
        return joined(failed, translated(_LARGE).format(size=_gigabytes(state.large)))
    if phase == "failed":
        system = platform if platform in _NO_PYTHON_ADVICE else ""
        return joined(_NO_PYTHON, _NO_PYTHON_ADVICE[system])
    if not state.has_python:
        return translated(_FETCHES_PYTHON)
    ends = {"stopping": _STOPPING, "stopped": _STOPPED, "done": _DONE}
    return translated(ends.get(phase, _BEGUN if is_begun else ""))


def _progress(state: "State", seconds: float) -> str:
    part = translated(_PARTS.get(state.part, _PARTS[""]))
    passed = f"{seconds:.0f}"
    expected = getattr(state.plan, state.part, 0) if state.part else 0
    if not (state.fetched and expected):
        return translated(_WORKING).format(part=part, seconds=passed)
    here, whole = (f"{count / _MEGABYTE:.0f}" for count in (state.fetched, max(expected, state.fetched)))
    return translated(_SOME_OF).format(part=part, here=here, all=whole, seconds=passed)


def _sizes(plan: "Plan", *, some_is_here: bool) -> "tuple[str, ...]":
    packages, torch, models, whole = (
        f"{count / _MEGABYTE:.0f}" for count in (plan.packages, plan.torch, plan.models, plan.fetched)
    )
    room = _gigabytes(plan.room)
    fetched = translated(
        "About {whole} MB are fetched: packages {packages} MB, PyTorch {torch} MB, models {models} MB."
    ).format(whole=whole, packages=packages, torch=torch, models=models)
    if some_is_here:
        fetched = joined(fetched, _BUT_FOR_WHAT_IS_HERE)
    where = translated("Set up, all of it takes about {room} GB in {folder}.").format(
        room=room, folder=Path(plan.folder).parent
    )
    free = _free(Path(plan.folder))
    if free is not None and free < plan.room:
        where = joined(where, translated(_NO_ROOM).format(free=_gigabytes(free)))
    return fetched, where


def _free(folder: Path) -> "int | None":
    """Bytes that are free where a folder is, or will be."""
    try:
        existing = next(path for path in (folder, *folder.parents) if path.is_dir())
        return shutil.disk_usage(existing).free
    except (OSError, StopIteration):
        return None


def _gigabytes(count: int) -> str:
    return decimal(count / _GIGABYTE, 1)
