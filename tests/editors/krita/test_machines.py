"""Another machine does the work: added in Krita's settings from a file, used, lost, replaced by this one."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.daemon.running import Daemon
from tests.editors.krita.running import Krita, until
from tests.editors.krita.test_results import RESULT, SOURCE, beautify, canvas, picture
from tests.editors.krita.test_settings import _SHOWN
from tests.editors.studio import Studio, studio, takes
from tests.stand_in_backend import FACE_PAIR

__all__ = ["canvas", "picture"]

_SAID = "widget('machine_said').text()"
_LINE = "widget('daemon').text()"


@pytest.fixture
def backend() -> str:
    return FACE_PAIR


@pytest.fixture
def there(krita: Krita, editor_home: Path, backend: str) -> Iterator[Studio]:
    with studio(backend, editor_home) as other:
        yield other
        krita.run(f"for each in {_SHOWN}: each.close()")
    krita.run("docker()._controller.change_machine()")


def is_visible(krita: Krita, name: str) -> bool:
    return bool(krita.ask(f"any(each.isVisible() for each in docker().findChildren(QWidget, {name!r}))"))


def open_settings(krita: Krita) -> None:
    krita.click_until("settings", lambda: krita.ask(f"len({_SHOWN})") == 1)


def add(krita: Krita, there: Studio) -> None:
    """Add the machine in the settings, with the keyboard and the mouse."""
    open_settings(krita)
    krita.click_until("add_machine", lambda: is_visible(krita, "invitation"))
    give_invitation(krita, there)
    until(lambda: krita.ask(_SAID).startswith("studio answers within "))


def give_invitation(krita: Krita, there: Studio) -> None:
    """Type the file of the invitation that is asked for, and the machine's address."""
    fill(krita, "fileNameEdit", str(there.file))
    krita.screen.do("key", "Return")
    until(lambda: is_visible(krita, "new_machine"))
    fill(krita, "machine_address", there.address)
    krita.screen.do("key", "Return")


def fill(krita: Krita, field: str, text: str) -> None:
    """Type a text into a field that has the focus; again where a key did not come to Krita.

    The display loses keys on a busy machine. Those that come, the field has to take at once.
    """
    krita.click_until(field, lambda: krita.ask(f"widget({field!r}).hasFocus()"))
    krita.run("record_keys()")
    try:
        for _ in range(5):
            krita.run("recorded_keys.clear()")
            krita.screen.do("key", "ctrl+a")
            krita.screen.do("type", text)
            with suppress(AssertionError):
                until(lambda: krita.ask(f"widget({field!r}).text()") == text, 15.0)
            is_taken = krita.ask(f"widget({field!r}).text()") == text
            assert is_taken == (krita.ask("''.join(recorded_keys)") == text), f"{field} lost keys of {text}"
            if is_taken:
                return
    finally:
        krita.run("record_keys(False)")
    raise AssertionError(f"the display lost keys of {text}, again and again")


def test_a_machine_is_added_from_its_file_and_does_the_work(
    krita: Krita, daemon: Daemon, there: Studio, canvas: NDArray[Any]
) -> None:
    assert krita.ask(_LINE).startswith("Ready")
    add(krita, there)
    until(lambda: krita.ask(_LINE).startswith("studio: ready"))
    krita.run(f"for each in {_SHOWN}: each.close()")
    before = daemon.status().photos
    beautify(krita)
    assert krita.ask("layers()") == [SOURCE, RESULT]
    assert takes(there, 1)
    assert daemon.status().photos == before == 0


def test_a_machine_that_is_lost_is_said_and_replaced_when_asked_for(
    krita: Krita, daemon: Daemon, there: Studio, canvas: NDArray[Any]
) -> None:
    add(krita, there)
    until(lambda: krita.ask(_LINE).startswith("studio: ready"))
    there.lose()
    until(lambda: krita.ask(_LINE) == "studio: not connected")
    assert is_visible(krita, "connect")
    assert not is_visible(krita, "start")
    krita.click("test_machine")
    until(lambda: krita.ask(_SAID).startswith(f"Nobody answers at {there.address}."))
    krita.run(f"for each in {_SHOWN}: each.close()")
    shown = beautify(krita)
    assert shown["notice"].startswith(f"Nobody answers at {there.address}.")
    assert krita.ask("layers()") == [SOURCE]
    open_settings(krita)
    krita.click_until("remote_fallback", lambda: krita.ask("widget('remote_fallback').isChecked()"))
    krita.run(f"for each in {_SHOWN}: each.close()")
    beautify(krita)
    assert krita.ask("layers()") == [SOURCE, RESULT]
    assert krita.ask(_LINE).startswith("This machine, not studio")
    assert "This machine does the work meanwhile." in krita.ask("widget('daemon').parent().toolTip()")
    assert daemon.status().photos == 1
    there.bring_back()
    open_settings(krita)
    krita.run("widget('remote').setFocus()")
    until(lambda: krita.ask("widget('remote').hasFocus()"))
    krita.screen.do("key", "Up")
    until(lambda: krita.ask(_LINE).startswith("Ready"))
    krita.screen.do("key", "Down")
    until(lambda: krita.ask(_LINE).startswith("studio: ready"))


def test_layers_that_were_never_sent_are_the_same_by_either_machine(
    krita: Krita, there: Studio, canvas: NDArray[Any]
) -> None:
    beautify(krita)
    here = krita.ask("pixels(doc.topLevelNodes()[1], bounds(doc.topLevelNodes()[1]))")
    krita.run("doc.topLevelNodes()[1].remove(); doc.refreshProjection(); doc.waitForDone()")
    add(krita, there)
    krita.run(f"for each in {_SHOWN}: each.close()")
    until(lambda: krita.ask(_LINE).startswith("studio: ready"))
    beautify(krita)
    assert krita.ask("pixels(doc.topLevelNodes()[1], bounds(doc.topLevelNodes()[1]))") == here
    assert np.frombuffer(bytes.fromhex(here), np.uint8).any()
