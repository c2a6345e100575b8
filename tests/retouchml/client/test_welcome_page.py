"""What the welcome page says and offers in each state of the set-up, and what its buttons do."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from retouchml import paths
from retouchml.client import welcome_page
from retouchml.client.welcome_page import CANCEL, INSTALL, REPAIR, WelcomePage
from retouchml.setup import installer
from retouchml.setup.job import Phase, Plan, SetupJob, State


class RecordedJob(SetupJob):
    """A set-up whose state the test says, and which notes what is asked of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[str] = []
        self.now = State(plan=Plan(181_000_000, 192_000_000, 174_000_000, 1_600_000_000, str(folder)))

    @property
    def state(self) -> State:
        """What the test said."""
        return self.now

    def look(self) -> None:
        """Note it."""
        self.asked.append("look")

    def start(self, *, repair: bool = False, bundle: "Path | None" = None) -> None:
        """Note it."""
        self.asked.append("repair" if repair else "start")
        assert bundle is None

    def cancel(self) -> None:
        """Note it."""
        self.asked.append("cancel")


@pytest.fixture
def job(tmp_path: Path) -> RecordedJob:
    """A set-up of which nothing is done yet."""
    return RecordedJob(tmp_path / "engine")


def _names(page: WelcomePage) -> list[str]:
    return [button.name for button in page.shown().buttons]


def test_it_says_what_will_be_fetched_how_large_and_where_before_anything_is(
    job: RecordedJob, tmp_path: Path
) -> None:
    shown = WelcomePage(job).shown()
    about = " ".join(shown.about)
    assert "About 547 MB are fetched: packages 181 MB, PyTorch 192 MB, models 174 MB." in about
    assert f"about 1.6 GB in {tmp_path}." in about
    assert [button.name for button in shown.buttons] == [INSTALL]
    assert (shown.state, shown.is_error, shown.fraction, shown.is_done) == ("", False, None, False)


def test_a_disk_without_the_room_is_named_before_the_button_is_pressed(job: RecordedJob) -> None:
    assert job.now.plan is not None
    job.now = replace(job.now, plan=replace(job.now.plan, room=10**18))
    assert "GB are free there." in " ".join(WelcomePage(job).shown().about)


@pytest.mark.parametrize(
    ("phase", "buttons"),
    [
        (Phase.LOOKING, []),
        (Phase.IDLE, [INSTALL]),
        (Phase.RUNNING, [CANCEL]),
        (Phase.STOPPING, []),
        (Phase.STOPPED, [INSTALL]),
        (Phase.FAILED, [INSTALL]),
        (Phase.DONE, []),
    ],
)
def test_each_state_has_the_buttons_that_are_of_use(
    job: RecordedJob, phase: Phase, buttons: list[str]
) -> None:
    job.now = replace(job.now, phase=phase)
    page = WelcomePage(job)
    assert _names(page) == buttons
    assert page.shown().is_done == (phase is Phase.DONE)
    assert (page.shown().fraction is None) == (phase not in (Phase.RUNNING, Phase.STOPPING))


def test_a_set_up_that_was_begun_goes_on_or_is_repaired(job: RecordedJob) -> None:
    assert job.now.plan is not None
    folder = Path(job.now.plan.folder)
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text("")
    page = WelcomePage(job)
    assert _names(page) == [INSTALL, REPAIR]
    assert page.shown().buttons[0].title == "Go on"
    assert "begun before" in page.shown().state


def test_the_buttons_do_what_they_say(job: RecordedJob) -> None:
    page = WelcomePage(job)
    for name in (INSTALL, CANCEL, REPAIR):
        page.press(name)
    assert job.asked == ["start", "cancel", "repair"]


def test_progress_is_told_in_megabytes_and_seconds(job: RecordedJob) -> None:
    now = [100.0]
    page = WelcomePage(job, clock=lambda: now[0])
    page.press(INSTALL)
    now[0] = 142.0
    job.now = replace(job.now, phase=Phase.RUNNING, part="torch", fetched=96_000_000, fraction=0.5)
    assert page.shown().state == "Fetching PyTorch: 96 of 192 MB, 42 s in all"
    assert page.shown().fraction == 0.5
    job.now = replace(job.now, part="check", fetched=0)
    assert page.shown().state == "Trying the packages… 42 s in all"


def test_a_failure_says_why(job: RecordedJob) -> None:
    job.now = replace(job.now, phase=Phase.FAILED, problem="The disk is full.", log=("one", "two"))
    shown = WelcomePage(job).shown()
    assert shown.state == "That did not work: The disk is full."
    assert shown.is_error
    assert shown.log == "one\ntwo"
    assert shown.buttons[0].title == "Try again"


@pytest.mark.parametrize(
    ("platform", "word"), [("win32", "Store"), ("darwin", "python.org"), ("linux", "venv")]
)
def test_without_a_python_it_says_which_one_to_install(job: RecordedJob, platform: str, word: str) -> None:
    job.now = replace(job.now, has_python=False)
    shown = WelcomePage(job, platform).shown()
    assert shown.is_error
    assert word in shown.state
    assert shown.buttons[0].title == "Try again"


def test_only_a_zip_without_an_engine_wants_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/bin/krita")
    assert not welcome_page.is_wanted(), "a checkout has an installer of its own"
    monkeypatch.setattr(installer, "FILES", tmp_path)
    (tmp_path / "engine.json").write_text("{}")
    assert welcome_page.is_wanted()
    record = paths.data_dir() / "install.json"
    record.parent.mkdir(parents=True)
    python = tmp_path / "python"
    record.write_text(json.dumps({"python": str(python)}))
    assert welcome_page.is_wanted(), "the engine was deleted by hand"
    python.write_text("")
    assert not welcome_page.is_wanted()


def test_bytes_that_came_raise_the_bar_within_a_step(tmp_path: Path) -> None:
    job = SetupJob(tmp_path)
    plan = {"packages": 100, "torch": 200, "models": 50, "room": 1, "folder": "f"}
    fractions = []
    for fields in (
        {"plan": plan},
        {"step": "torch for the CPU", "state": "begun"},
        {"fetched": 100},
        {"fetched": 200},
        {"fetched": 100},
        {"step": "torch for the CPU", "state": "done"},
    ):
        job._take(fields)
        fractions.append(job.state.fraction)
    assert fractions == pytest.approx([0, 0.4, 0.505, 0.61, 0.61, 0.7])
    assert job.state.part == "torch"


def test_an_engine_that_something_else_has_set_up_is_noticed(
    job: RecordedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[bool] = []
    monkeypatch.setattr(welcome_page, "is_wanted", lambda: not there)
    page = WelcomePage(job)
    assert not any(page.shown().is_done for _ in range(20))
    there.append(True)
    job.now = replace(job.now, phase=Phase.RUNNING)
    assert not any(page.shown().is_done for _ in range(20))
    job.now = replace(job.now, phase=Phase.IDLE)
    assert any(page.shown().is_done for _ in range(20))
    assert page.shown().is_done  # in Krita's other window, too
