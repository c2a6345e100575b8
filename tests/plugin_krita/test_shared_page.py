"""Which welcome page the dockers of Krita's windows share."""

from pathlib import Path

import pytest

from plugin_krita.shared_page import shared_page
from retouchml.client.welcome_buttons import LATER, REPAIR
from retouchml.client.welcome_reason import Reason, Why
from retouchml.setup.job import Phase, SetupJob, State

ASKED, MISSING = Reason(Why.ASKED), Reason(Why.MISSING)


class Job(SetupJob):
    """A set-up that is whole as soon as it starts, unless a test holds it up."""

    end = Phase.DONE

    def look(self) -> None:
        self._state = State()

    def start(self, *, repair: bool = False, device: str = "", bundle: "Path | None" = None) -> None:
        assert repair
        assert not device
        assert bundle is None
        self._state = State(self.end)


@pytest.fixture(autouse=True)
def jobs(monkeypatch: pytest.MonkeyPatch) -> type[Job]:
    """No page sets anything up."""
    monkeypatch.setattr("retouchml.setup.job.SetupJob", Job)
    return Job


@pytest.mark.parametrize("button", [LATER, REPAIR])
def test_set_up_again_shows_a_page_at_each_press(button: str) -> None:
    first = shared_page(None, ASKED)
    first.press(button)
    assert first.shown().is_done
    second = shared_page(first, ASKED)
    assert not second.shown().is_done
    assert [each.name for each in second.shown().buttons] == [REPAIR, LATER]


def test_windows_share_the_page_that_is_open() -> None:
    page = shared_page(None, ASKED)
    assert shared_page(page, ASKED) is page


def test_a_set_up_at_work_keeps_its_page(jobs: type[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "end", Phase.RUNNING)
    page = shared_page(None, MISSING)
    page.press(REPAIR)
    assert shared_page(page, MISSING) is shared_page(page, ASKED) is page


def test_a_window_that_waited_for_the_engine_goes_on_once_it_is_there() -> None:
    page = shared_page(None, MISSING)
    page.press(REPAIR)
    assert shared_page(page, MISSING).shown().is_done


def test_a_page_for_another_reason_is_new() -> None:
    assert shared_page(shared_page(None, MISSING), ASKED).reason == ASKED
