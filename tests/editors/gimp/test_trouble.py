"""What goes wrong half-way leaves GIMP, the image and the daemon in order."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.running import Daemon, until
from tests.editors.daemons import Daemons
from tests.editors.gimp.dialog_driver import plug_ins
from tests.editors.gimp.running import Gimp
from tests.stand_in_backend import HELD_PAIR

# A picture that no inversion is kept for, so that the work lasts: the portrait turned a little.
NEW_PORTRAIT = """
image = load()
base = image.get_layers()[0]
base.transform_rotate({}, True, 0, 0)
image.crop(470, 470, 20, 20)
base = image.flatten()
"""


@pytest.fixture
def backend() -> str:
    return HELD_PAIR


class Running:
    """A call of the procedure that goes on while the test does something."""

    def __init__(self, editor: Gimp) -> None:
        source = """
image = load()
before = seen(image, "R'G'B' u8")
outcome = beautify(image.get_layers()[0])
answer = [outcome, len(names(image)), seen(image, "R'G'B' u8") == before]
"""
        self.answer: Any = None
        self._thread = threading.Thread(target=self._run, args=(editor, source))
        self._thread.start()

    def _run(self, editor: Gimp, source: str) -> None:
        self.answer = editor.run(source)

    def end(self) -> Any:
        """What came of it."""
        self._thread.join(300)
        return self.answer


def works(daemon: Daemon) -> Callable[[], bool]:
    """Whether the worker is at the photo."""
    return lambda: any(worker.state == "busy" for worker in daemon.status().workers)


def test_a_plug_in_that_gimp_kills_on_cancel_frees_the_daemon_and_leaves_nothing(
    editor: Gimp, daemon: Daemon, go: Path
) -> None:
    call = Running(editor)
    assert until(works(daemon))
    (pid,) = plug_ins(editor)
    os.kill(pid, signal.SIGKILL)  # as GIMP does: its Cancel gives a plug-in no time
    answer = call.end()
    assert answer[0][0] is False
    assert answer[1:] == [1, True]
    assert until(lambda: daemon.status().photos == 0)
    go.touch()
    assert editor.ask("beautify(load().get_layers()[0], strength=0.6)[:2]") == [True, ""]


def test_a_daemon_killed_half_way_is_a_sentence_and_leaves_nothing(
    editor: Gimp, daemon: Daemon, all_daemons: Daemons, backend: str, go: Path
) -> None:
    call = Running(editor)
    assert until(works(daemon))
    daemon.process.kill()
    daemon.process.wait()
    answer = call.end()
    assert answer[0][0] is False
    assert "daemon" in answer[0][1]
    assert answer[1:] == [1, True]
    all_daemons.running(backend)
    go.touch()
    assert editor.ask("beautify(load().get_layers()[0], strength=0.6)[:2]") == [True, ""]
