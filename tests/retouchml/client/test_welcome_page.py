"""What the welcome page says and offers in each state of the set-up, and what its buttons do."""

from dataclasses import replace
from pathlib import Path

import pytest

from retouchml.client import welcome_reason
from retouchml.client.machines_page import Said
from retouchml.client.welcome_buttons import (
    CANCEL,
    CONNECT,
    HERE,
    INSTALL,
    LARGE,
    LATER,
    MACHINE,
    REPAIR,
    SMALL,
)
from retouchml.client.welcome_page import WelcomePage
from retouchml.client.welcome_reason import Reason, Why
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

    def start(self, *, repair: bool = False, device: str = "", bundle: "Path | None" = None) -> None:
        """Note it."""
        self.asked.append("repair" if repair else device or "start")
        assert bundle is None

    def cancel(self) -> None:
        """Note it."""
        self.asked.append("cancel")

    def start_connector(self) -> None:
        """Note it."""
        self.asked.append("connector")


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
    assert [button.name for button in shown.buttons] == [INSTALL, MACHINE]
    assert (shown.state, shown.is_error, shown.fraction, shown.is_done) == ("", False, None, False)


def test_a_disk_without_the_room_is_named_before_the_button_is_pressed(job: RecordedJob) -> None:
    assert job.now.plan is not None
    job.now = replace(job.now, plan=replace(job.now.plan, room=10**18))
    assert "GB are free there." in " ".join(WelcomePage(job).shown().about)


@pytest.mark.parametrize(
    ("phase", "buttons"),
    [
        (Phase.LOOKING, []),
        (Phase.IDLE, [INSTALL, MACHINE]),
        (Phase.RUNNING, [CANCEL]),
        (Phase.STOPPING, []),
        (Phase.STOPPED, [INSTALL, MACHINE]),
        (Phase.FAILED, [INSTALL, MACHINE]),
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
    assert _names(page) == [INSTALL, REPAIR, MACHINE]
    assert page.shown().buttons[0].title == "Go on"
    assert "begun before" in page.shown().state


def test_the_buttons_do_what_they_say(job: RecordedJob) -> None:
    page = WelcomePage(job)
    for name in (INSTALL, CANCEL, REPAIR, LARGE):
        page.press(name)
    assert job.asked == ["start", "cancel", "repair", "cuda"]


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
def test_where_no_python_can_be_had_it_says_which_one_to_install(
    job: RecordedJob, platform: str, word: str
) -> None:
    job.now = replace(job.now, phase=Phase.FAILED, has_python=False)
    shown = WelcomePage(job, platform).shown()
    assert shown.is_error
    assert word in shown.state
    assert shown.buttons[0].title == "Try again"


def test_without_a_python_one_is_fetched_first_and_then_the_sizes_are_seen(job: RecordedJob) -> None:
    job.now = State(has_python=False)
    shown = WelcomePage(job).shown()
    assert "about 55 MB" in shown.state
    assert not shown.is_error
    assert shown.buttons[0].title == "Fetch Python"
    assert "MB are fetched" not in " ".join(shown.about)


def test_where_only_the_large_pytorch_can_be_had_a_button_takes_it(job: RecordedJob) -> None:
    job.now = replace(job.now, phase=Phase.FAILED, problem="There is no small one.", large=2_700_000_000)
    page = WelcomePage(job)
    assert "2.7 GB to fetch" in page.shown().state
    assert "`" not in page.shown().state, "nobody who has a zip alone can type a command"
    assert _names(page) == [INSTALL, LARGE, MACHINE]


def test_an_older_engine_is_updated_or_used_as_it_is(
    job: RecordedJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_off: list[bool] = []
    monkeypatch.setattr(welcome_reason, "put_off", lambda: put_off.append(True))
    assert job.now.plan is not None
    folder = Path(job.now.plan.folder)
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text("")
    page = WelcomePage(job, reason=Reason(Why.OLDER, "0.1.0"))
    shown = page.shown()
    assert "version 0.1.0, and should be updated." in shown.about[0]
    assert "not fetched again" in shown.about[1]
    assert [button.title for button in shown.buttons] == ["Update", "Not now"]
    assert shown.state == ""
    page.press(LATER)
    assert page.shown().is_done
    assert put_off == [True]


def test_somebody_who_asks_for_it_gets_a_repair(job: RecordedJob) -> None:
    page = WelcomePage(job, reason=Reason(Why.ASKED))
    assert _names(page) == [REPAIR, LATER]
    assert not any(page.shown().is_done for _ in range(20)), "that an engine is there ends nothing"


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
    monkeypatch.setattr(welcome_reason, "find", lambda: None if there else Reason(Why.MISSING))
    page = WelcomePage(job)
    assert not any(page.shown().is_done for _ in range(20))
    there.append(True)
    job.now = replace(job.now, phase=Phase.RUNNING)
    assert not any(page.shown().is_done for _ in range(20))
    job.now = replace(job.now, phase=Phase.IDLE)
    assert any(page.shown().is_done for _ in range(20))
    assert page.shown().is_done  # in Krita's other window, too


def test_a_build_for_a_graphics_card_is_large_and_the_small_one_can_be_taken(job: RecordedJob) -> None:
    page = WelcomePage(job)
    assert SMALL not in _names(page)
    assert job.now.plan is not None
    job.now = replace(job.now, plan=replace(job.now.plan, torch=5_000_000_000))
    assert "PyTorch 5000 MB" in " ".join(page.shown().about)
    assert _names(page) == [INSTALL, SMALL, MACHINE]
    page.press(SMALL)
    assert job.asked == ["cpu"]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine "studio" does the work, and nothing connects to it yet."""
    there = Reason(Why.CONNECT, machine="studio")
    monkeypatch.setattr(welcome_reason, "find", lambda: there)
    monkeypatch.setattr("retouchml.client.machines_page.chosen", lambda: "studio")


@pytest.mark.usefixtures("elsewhere")
def test_a_machine_that_was_added_takes_the_place_of_an_engine(job: RecordedJob) -> None:
    page = WelcomePage(job)
    page.press(MACHINE)
    assert job.asked == [], "the editor asks for its file first"
    page.take_machine(Said("That is no invitation.", is_error=True))
    assert (page.shown().state, page.shown().is_error) == ("That is no invitation.", True)
    assert _names(page) == [INSTALL, MACHINE]
    page.take_machine(Said("studio does the work now."))
    assert job.asked == ["connector"]
    assert page.shown().state == ""
    assert " ".join(page.shown().about) == (
        "studio does the work: layers are sent there. What connects this editor to it is not here yet: "
        "2 MB are fetched."
    )
    job.now = replace(job.now, phase=Phase.FAILED, problem="There is no network.")
    assert [(button.name, button.title) for button in page.shown().buttons] == [
        (CONNECT, "Try again"),
        (HERE, "This machine instead"),
    ]
    page.press(CONNECT)
    assert job.asked == ["connector"] * 2
    job.now = replace(job.now, phase=Phase.DONE)
    assert page.shown().is_done


@pytest.mark.usefixtures("elsewhere")
def test_a_set_up_that_another_window_has_begun_ends_before_a_machine_is_connected(job: RecordedJob) -> None:
    page = WelcomePage(job)
    job.now = replace(job.now, phase=Phase.RUNNING)
    page.take_machine(Said("studio does the work now."))
    page.shown()
    assert job.asked == ["cancel"]
    job.now = replace(job.now, phase=Phase.STOPPED)
    page.shown()
    page.shown()
    assert job.asked == ["cancel", "connector"]


@pytest.mark.usefixtures("elsewhere")
def test_this_machine_can_be_set_up_after_all(job: RecordedJob, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[str] = []
    monkeypatch.setattr("retouchml.client.machines_page.use", used.append)
    page = WelcomePage(job, reason=Reason(Why.CONNECT, machine="studio"))
    page.press(HERE)
    assert used == [""]
    assert _names(page) == [INSTALL, MACHINE]
    assert job.asked == ["look"]


def test_whoever_asks_for_it_while_another_machine_does_the_work_may_set_this_one_up(
    job: RecordedJob,
) -> None:
    page = WelcomePage(job, reason=Reason(Why.ASKED_FIRST))
    assert "is not here yet" in " ".join(page.shown().about)
    assert _names(page) == [INSTALL, LATER]
    page.press(LATER)
    assert page.shown().is_done
