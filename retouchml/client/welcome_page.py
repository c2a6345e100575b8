"""What an editor shows where the plug-in came as a zip and the engine is missing or older, whatever draws it.

How far the set-up is, and what each button does. The work is that of ``retouchml.setup.job``; sentences are
in ``welcome_texts``, the buttons in ``welcome_buttons``, and ``welcome_reason`` says when the page is shown.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from retouchml import paths
from retouchml.client import machines_page, welcome_buttons, welcome_reason, welcome_texts
from retouchml.client.machines_page import Said
from retouchml.client.welcome_buttons import (
    CANCEL,
    CONNECT,
    HERE,
    INSTALL,
    LARGE,
    LATER,
    REPAIR,
    SMALL,
    Button,
)
from retouchml.client.welcome_reason import Reason, Why

if TYPE_CHECKING:
    from retouchml.setup.job import SetupJob, State

POLL_MS = 250
"""How often an editor asks for `WelcomePage.shown`."""
_ELSEWHERE_EVERY = 8  # times that it is shown between two looks whether something else has set the engine up
_DEVICES = {LARGE: "cuda", SMALL: "cpu"}


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


class WelcomePage:
    """The page, and the set-up behind it; an editor with several windows shows one page in all of them.

    platform: as ``sys.platform`` has it; clock: seconds that pass; reason: why it is shown
    """

    def __init__(
        self,
        job: "SetupJob",
        platform: str = "",
        clock: Callable[[], float] = time.monotonic,
        reason: Reason = Reason(Why.MISSING),  # noqa: B008 (it never changes)
    ) -> None:
        self._job = job
        self.reason = reason
        self._is_put_off = False
        self._platform = platform
        self._clock = clock
        self._began = 0.0
        self._looks = 0
        self._is_elsewhere = False
        self._trouble = ""  # with a machine that was to be added
        self._connects_next = False  # once what is being set up now has stopped

    @classmethod
    def of_this_user(cls, reason: Reason) -> "WelcomePage":
        """The page for this user's folders, which begins to look what has to be fetched."""
        from retouchml.setup.job import SetupJob

        page = cls(SetupJob(paths.data_dir()), sys.platform, reason=reason)
        if reason.why is not Why.CONNECT:
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
        self._trouble = ""
        if name == CANCEL:
            self._job.cancel()
        elif name == CONNECT:
            self._connect()
        elif name == HERE:
            machines_page.use("")
            self.reason = Reason(Why.MISSING)
            self.look()
        elif name == LATER:
            self._is_put_off = True
            if self.reason.why is Why.OLDER:
                welcome_reason.put_off()
        elif name in (INSTALL, REPAIR, LARGE, SMALL):
            self._began = self._clock()
            self._job.start(repair=name == REPAIR, device=_DEVICES.get(name, ""))

    def take_machine(self, said: Said) -> None:
        """Go on with a machine that was added, or say why it was not."""
        if said.is_error:
            self._trouble = said.sentence
            return
        self._trouble = ""
        self.reason = Reason(Why.CONNECT, machine=machines_page.chosen())
        self._connect()

    def _connect(self) -> None:
        """Fetch what connects to the machine, unless it is here."""
        self._began = self._clock()
        if welcome_reason.find() is None:
            self._is_elsewhere = True
        elif self.is_busy:  # Install was pressed in another window meanwhile
            self._connects_next = True
            self._job.cancel()
        else:
            self._job.start_connector()

    def close(self) -> None:
        """Stop the set-up, since the editor exits; the next start goes on."""
        self._job.close()

    def shown(self) -> Shown:
        """What is to be seen now."""
        if self._connects_next and not self.is_busy:
            self._connects_next = False
            self._connect()
        state = self._job.state
        phase = state.phase.value
        is_working = phase in ("running", "stopping")
        begun = self._is_begun(state)
        seconds = self._clock() - self._began
        return Shown(
            about=welcome_texts.about(self.reason, state.plan),
            state=self._trouble or welcome_texts.sentence(state, self._platform, seconds, is_begun=begun),
            is_error=phase == "failed" or bool(self._trouble),
            fraction=state.fraction if is_working else None,
            buttons=welcome_buttons.offered(state, self.reason, is_begun=begun),
            log="\n".join(state.log),
            is_done=phase == "done" or self._is_put_off or self._came_from_elsewhere(),
        )

    def _came_from_elsewhere(self) -> bool:
        """Whether something else has set the engine up; it looks now and then."""
        self._looks += 1
        if self._looks % _ELSEWHERE_EVERY == 0 and not self.is_busy and not self.reason.why.is_asked:
            self._is_elsewhere = welcome_reason.find() is None
        return self._is_elsewhere

    def _is_begun(self, state: "State") -> bool:
        """Whether a part of the engine is there, and not the whole of it."""
        if state.plan is None or not (Path(state.plan.folder) / "pyvenv.cfg").is_file():
            return False
        return self.reason.why is Why.MISSING or state.phase.value in ("failed", "stopped")
