"""Tasks on an event loop made of a list."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from plugin_krita.tasks import SLICE_SECONDS, Task, TaskGenerator
from retouchml.errors import DaemonLost


class ListLoop:
    """An event loop: functions to be called later."""

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
    """Something that a task waits for."""

    def __init__(self) -> None:
        self.done = self.cancelled = False
        self.on_done: Any = None
        self.on_progress: Any = None
        self.error: Exception | None = None

    def result(self) -> Any:
        return "an answer"

    def cancel(self) -> None:
        self.cancelled = True

    def finish(self, error: Exception | None = None) -> None:
        self.done, self.error = True, error
        if self.on_done is not None:
            self.on_done(self)


def test_a_long_task_gives_way_after_each_slice_of_time() -> None:
    def generator() -> TaskGenerator[None]:
        for _ in range(60):
            end = time.perf_counter() + 0.002
            while time.perf_counter() < end:
                pass
            yield None

    loop, ends = ListLoop(), []
    Task(generator(), loop.later, ends.append)
    loop.run()
    assert ends == [None]
    assert loop.count >= 0.12 / (SLICE_SECONDS + 0.002) - 1


def test_an_answer_is_the_value_of_the_yield_that_waits_for_it() -> None:
    values, answer, loop = [], Answer(), ListLoop()

    def generator() -> TaskGenerator[None]:
        values.append((yield answer))

    Task(generator(), loop.later, values.append)
    loop.run()
    assert values == []
    answer.finish()
    loop.run()
    assert values == ["an answer", None]


@pytest.mark.parametrize("at_once", [True, False])
def test_an_error_is_raised_at_the_yield_and_ends_the_task(at_once: bool) -> None:
    answer, loop, ends, seen = Answer(), ListLoop(), [], []

    def generator() -> TaskGenerator[None]:
        try:
            yield answer
        except DaemonLost:
            seen.append(True)
            raise

    gone = DaemonLost("It is gone.")
    if at_once:
        answer.finish(gone)
    Task(generator(), loop.later, ends.append)
    loop.run()
    if not at_once:
        answer.finish(gone)
        loop.run()
    assert (seen, ends) == ([True], [gone])


def test_a_cancelled_task_cancels_what_it_waits_for_and_does_not_call_back() -> None:
    answer, loop, ends, closed = Answer(), ListLoop(), [], []

    def generator() -> TaskGenerator[None]:
        try:
            yield answer
        finally:
            closed.append(True)

    task = Task(generator(), loop.later, ends.append)
    loop.run()
    task.cancel()
    answer.finish()
    loop.run()
    assert (answer.cancelled, closed, ends) == (True, [True], [])


def test_an_abandoned_task_leaves_what_it_waits_for_and_hears_no_more_of_it() -> None:
    answer, loop, ends = Answer(), ListLoop(), []

    def generator() -> TaskGenerator[None]:
        answer.on_progress = ends.append
        yield answer

    task = Task(generator(), loop.later, ends.append)
    loop.run()
    assert task.abandon() is answer
    answer.finish()
    loop.run()
    assert (answer.cancelled, answer.on_progress, ends) == (False, None, [])


@pytest.mark.parametrize("cancels", [True, False])
def test_a_task_that_is_stopped_in_the_middle_of_its_step_ends_with_that_step(cancels: bool) -> None:
    """Krita runs the event loop inside some of its calls."""
    answer, loop, ends, closed = Answer(), ListLoop(), [], []

    def generator() -> TaskGenerator[None]:
        try:
            yield None
            assert task.is_in_step
            task.cancel() if cancels else task.abandon()
            loop.run()
            yield answer
        finally:
            closed.append(True)

    task = Task(generator(), loop.later, ends.append)
    loop.run()
    assert (answer.cancelled, closed, ends, task.is_in_step) == (cancels, [True], [], False)
