"""When the preview is drawn."""

import pytest

from plugin_krita.preview_timing import PreviewTiming
from retouchml.sliders import REST_MS


class Timer:
    """One of the loop's, which a test lets fire."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds
        self.is_stopped = False

    def stop(self) -> None:
        self.is_stopped = True


class Loop:
    """Keeps the timers."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def after(self, milliseconds: int, _function: object) -> Timer:
        self.timers.append(Timer(milliseconds))
        return self.timers[-1]

    @property
    def waiting(self) -> list[int]:
        """Milliseconds of the timers that run."""
        return [timer.milliseconds for timer in self.timers if not timer.is_stopped]


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def timing(loop: Loop) -> PreviewTiming:
    return PreviewTiming(loop, lambda: None)  # type: ignore[arg-type]


def test_a_change_is_drawn_at_once_where_nothing_runs(loop: Loop, timing: PreviewTiming) -> None:
    timing.follow(is_busy=False)
    assert loop.waiting == [0]


def test_the_newest_of_several_changes_is_drawn(loop: Loop, timing: PreviewTiming) -> None:
    timing.follow(is_busy=False)
    timing.follow(is_busy=True)
    assert loop.waiting == [REST_MS]


def test_what_changed_during_a_preview_is_drawn_once_it_ends(loop: Loop, timing: PreviewTiming) -> None:
    timing.follow(is_busy=True)
    timing.catch_up()
    assert loop.waiting == [0]


def test_nothing_is_drawn_again_if_nothing_changed_since_it_began(loop: Loop, timing: PreviewTiming) -> None:
    timing.follow(is_busy=True)
    timing.begin()
    timing.catch_up()
    assert loop.waiting == [REST_MS]


def test_a_preview_that_does_not_follow_the_sliders_is_redrawn_once(timing: PreviewTiming) -> None:
    timing.redraw(is_busy=False)
    assert [timing.begin(), timing.begin()] == [True, False]


def test_after_a_stop_nothing_of_before_is_drawn(loop: Loop, timing: PreviewTiming) -> None:
    timing.redraw(is_busy=True)
    timing.stop()
    timing.catch_up()
    assert loop.waiting == []
    assert not timing.begin()
