"""Steps that give way to an event loop, on a loop made of a list."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from plugin_krita.steps import SLICE_SECONDS, Steps, Task
from retouchml.errors import DaemonGone


class Turns:
    """An event loop: what is to be called later."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.longest = 0.0
        self.count = 0

    def later(self, function: Callable[[], None]) -> None:
        self.waiting.append(function)

    def run(self) -> None:
        while self.waiting:
            start = time.perf_counter()
            self.waiting.pop(0)()
            self.longest = max(self.longest, time.perf_counter() - start)
            self.count += 1


class Answer:
    """What a step waits for."""

    def __init__(self) -> None:
        self.done = self.cancelled = False
        self.on_done: Any = None
        self.error: Exception | None = None

    def result(self) -> str:
        return "an answer"

    def cancel(self) -> None:
        self.cancelled = True

    def come(self, error: Exception | None = None) -> None:
        self.done, self.error = True, error
        if self.on_done is not None:
            self.on_done(self)


def test_long_steps_give_way_after_each_slice_of_time() -> None:
    def steps() -> Steps[None]:
        for _ in range(60):
            end = time.perf_counter() + 0.002
            while time.perf_counter() < end:
                pass
            yield None

    turns, ends = Turns(), []
    Task(steps(), turns.later, ends.append)
    turns.run()
    assert ends == [None]
    assert turns.count >= 0.12 / (SLICE_SECONDS + 0.002) - 1


def test_an_answer_comes_back_out_of_the_step_that_waits_for_it() -> None:
    heard, answer, turns = [], Answer(), Turns()

    def steps() -> Steps[None]:
        heard.append((yield answer))

    Task(steps(), turns.later, heard.append)
    turns.run()
    assert heard == []
    answer.come()
    turns.run()
    assert heard == ["an answer", None]


@pytest.mark.parametrize("at_once", [True, False])
def test_an_error_is_raised_in_the_step_and_ends_the_task(at_once: bool) -> None:
    answer, turns, ends, seen = Answer(), Turns(), [], []

    def steps() -> Steps[None]:
        try:
            yield answer
        except DaemonGone:
            seen.append(True)
            raise

    gone = DaemonGone("It is gone.")
    if at_once:
        answer.come(gone)
    Task(steps(), turns.later, ends.append)
    turns.run()
    if not at_once:
        answer.come(gone)
        turns.run()
    assert (seen, ends) == ([True], [gone])


def test_a_cancelled_task_cancels_what_it_waits_for_and_says_nothing_more() -> None:
    answer, turns, ends, closed = Answer(), Turns(), [], []

    def steps() -> Steps[None]:
        try:
            yield answer
        finally:
            closed.append(True)

    task = Task(steps(), turns.later, ends.append)
    turns.run()
    task.cancel()
    answer.come()
    turns.run()
    assert (answer.cancelled, closed, ends) == (True, [True], [])
