"""Long work in small steps on the editor's only thread: generators that give way to the event loop.

A generator yields None to give the event loop a turn, or something to wait for, such as a ``Call`` of
``retouchml.client.call``. The ``yield`` then evaluates to its result, or raises its error.
"""

import time
from collections.abc import Callable, Generator
from typing import Any, Protocol, TypeVar

SLICE_SECONDS = 0.012
"""How long a task may go on before the event loop gets a turn."""


class Awaitable(Protocol):
    """What a task can wait for, such as a ``Call`` or a ``PhotoSession`` of ``retouchml.client``."""

    on_done: Any
    on_progress: Any  # see ``retouchml.progress``

    @property
    def done(self) -> bool: ...
    @property
    def error(self) -> Exception | None: ...
    def result(self) -> Any: ...
    def cancel(self) -> None: ...


Result = TypeVar("Result")
TaskGenerator = Generator["Awaitable | None", Any, Result]
CallLater = Callable[[Callable[[], None]], None]


class Task:
    """A generator that runs to its end, a slice of time in each turn of the event loop.

    is_in_step: whether one of its steps is under way. Krita runs the event loop inside some calls, such as
    the one that adds a layer, so that anything may happen in the middle of a step.
    """

    def __init__(
        self,
        generator: TaskGenerator[None],
        call_later: CallLater,  # calls a function in a later turn of the event loop
        on_end: Callable[[Exception | None], None],  # called once, with None if there was no error
    ) -> None:
        self._generator: TaskGenerator[None] | None = generator
        self._call_later = call_later
        self._on_end = on_end
        self._awaited: Awaitable | None = None
        self._is_cancelled = False
        self.is_in_step = False
        call_later(self._advance)

    def cancel(self) -> None:
        """Stop, and cancel what is waited for; ``on_end`` is not called."""
        self._is_cancelled = True
        awaited = self.abandon()
        if awaited is not None:
            awaited.cancel()

    def abandon(self) -> "Awaitable | None":
        """Stop without cancelling what is waited for, which is returned; ``on_end`` is not called."""
        generator, self._generator = self._generator, None
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            awaited.on_done = awaited.on_progress = None
        if generator is not None and not self.is_in_step:
            generator.close()
        return awaited

    def _advance(self) -> None:
        if self.is_in_step:
            return None
        end = time.perf_counter() + SLICE_SECONDS
        while (generator := self._generator) is not None:
            try:
                awaited = self._step(generator)
            except StopIteration:
                return self._finish(None)
            except Exception as error:  # any error is the outcome of the task
                return self._finish(error)
            if self._generator is None:  # it was stopped in the middle of the step
                generator.close()
                if awaited is not None and self._is_cancelled:
                    awaited.cancel()
                return None
            self._awaited = awaited
            if awaited is not None and not awaited.done:
                awaited.on_done = lambda _: self._call_later(self._advance)
                return None
            if awaited is None and time.perf_counter() >= end:
                self._call_later(self._advance)
                return None
        return None

    def _step(self, generator: TaskGenerator[None]) -> "Awaitable | None":
        awaited, self._awaited = self._awaited, None
        self.is_in_step = True
        try:
            if awaited is None:
                return next(generator)
            if awaited.error is not None:
                return generator.throw(awaited.error)
            return generator.send(awaited.result())
        finally:
            self.is_in_step = False

    def _finish(self, error: Exception | None) -> None:
        if self._generator is not None:
            self._generator = None
            self._on_end(error)
