"""The buttons of the welcome page: which there are in each state of the set-up, and what they say."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retouchml.client.welcome_reason import Reason, Why
from retouchml.translation import marked, translated

if TYPE_CHECKING:
    from retouchml.setup.job import State

INSTALL, CANCEL, REPAIR, LATER = "install", "cancel_setup", "repair", "later"
LARGE, SMALL = "large", "small"
CONNECT, HERE = "connect_machine", "this_machine"
MACHINE = "another_machine"
"""The editor asks for an invitation file then, and gives `WelcomePage.take_machine` what came of it."""
BUTTONS = (INSTALL, CONNECT, CANCEL, LARGE, SMALL, REPAIR, MACHINE, HERE, LATER)
"""Names of the buttons, as `WelcomePage.press` takes them, in their order."""

_TITLES = {
    INSTALL: marked("Install"),
    CANCEL: marked("Cancel"),
    REPAIR: marked("Repair"),
    LARGE: marked("Take the large one"),
    SMALL: marked("Take the small one"),
    LATER: marked("Not now"),
    CONNECT: marked("Connect"),
    MACHINE: marked("Another machine…"),
    HERE: marked("This machine instead"),
}
_TIPS = {
    INSTALL: marked("Fetch what is missing and set it up; you can go on working meanwhile"),
    CANCEL: marked("Stop; what was fetched stays, and the next time goes on"),
    REPAIR: marked("Throw away what was set up so far, and make it anew"),
    LARGE: marked("Fetch the ordinary PyTorch, and go on"),
    SMALL: marked("Fetch PyTorch for the processor alone, about 200 MB: slower than with the graphics card"),
    LATER: marked("Go on with what is here"),
    CONNECT: marked("Fetch what connects to that machine"),
    MACHINE: marked("Let another machine do the work, with the invitation file that you got for it"),
    HERE: marked("Do not use that machine, and set RetouchML up here"),
}
_GO_ON = marked("Go on")
_AGAIN = marked("Try again")
_UPDATE = marked("Update")
_PYTHON = marked("Fetch Python")
_MUCH = 500e6  # bytes


@dataclass(frozen=True)
class Button:
    """A button of the page, in the user's language. name: what `WelcomePage.press` takes"""

    name: str
    title: str
    tip: str


def offered(state: "State", reason: Reason, *, is_begun: bool) -> tuple[Button, ...]:
    """The buttons that are of use now; the first one is what most people press.

    is_begun: whether a part of the engine is there, and not the whole of it
    """
    phase, why = state.phase.value, reason.why
    if phase == "running":
        return (_button(CANCEL),)
    if phase in ("looking", "stopping", "done"):
        return ()
    if why is Why.CONNECT:
        return _button(CONNECT, _AGAIN if phase == "failed" else ""), _button(HERE)
    if phase == "idle" and why is Why.ASKED and state.has_python:
        return _button(REPAIR), _button(LATER)
    if phase == "idle" and why is Why.OLDER and state.has_python:
        return _button(INSTALL, _UPDATE), _button(LATER)
    title = _AGAIN if phase == "failed" else _GO_ON if is_begun else "" if state.has_python else _PYTHON
    more = [LARGE] if state.large else []
    if why is Why.MISSING and state.plan is not None and state.plan.torch > _MUCH:
        more += [SMALL]
    more += [REPAIR] if is_begun else []
    more += [MACHINE] if why is Why.MISSING else []
    more += [LATER] if why is Why.ASKED_FIRST else []
    return (_button(INSTALL, title), *map(_button, more))


def _button(name: str, title: str = "") -> Button:
    return Button(name, translated(title or _TITLES[name]), translated(_TIPS[name]))
