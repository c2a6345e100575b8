"""Long work in small steps on the editor's one thread: generators that give way to the event loop.

A step yields None where the event loop may have its turn, or something to wait for: a ``Call`` of
``retouchml.client.client``, whose result comes back out of the ``yield`` and whose error is raised there.
"""

import time
from collections.abc import Callable, Generator
from typing import Any, Protocol, TypeVar

SLICE_SECONDS = 0.012
"""How long steps may go on before the event loop has its turn."""


class Awaited(Protocol):
    """What a step may wait for; ``retouchml.client.Call`` is one."""

    done: bool
    on_done: Any

    @property
    def error(self) -> Exception | None: ...
    def result(self) -> Any: ...
    def cancel(self) -> None: ...


Result = TypeVar("Result")
Steps = Generator["Awaited | None", Any, Result]
Later = Callable[[Callable[[], None]], None]


class Task:
    """Runs steps to their end; ``on_end(error)`` is called once, with None where all went well."""

    def __init__(self, steps: Steps[None], later: Later, on_end: Callable[[Exception | None], None]) -> None:
        """later: calls a function in a later turn of the event loop."""
        self._steps: Steps[None] | None = steps
        self._later = later
        self._on_end = on_end
        self._awaited: Awaited | None = None
        later(self._go_on)

    def cancel(self) -> None:
        """Stop, and cancel what is waited for; ``on_end`` is not called."""
        awaited = self.abandon()
        if awaited is not None:
            awaited.cancel()

    def abandon(self) -> "Awaited | None":
        """Stop without cancelling what is waited for, which is given back."""
        steps, self._steps = self._steps, None
        awaited, self._awaited = self._awaited, None
        if awaited is not None:
            awaited.on_done = None
        if steps is not None:
            steps.close()
        return awaited

    def _go_on(self) -> None:
        end = time.perf_counter() + SLICE_SECONDS
        while self._steps is not None:
            try:
                awaited = self._advance(self._steps)
            except StopIteration:
                return self._finish(None)
            except Exception as error:  # whatever a step raises is the task's outcome
                return self._finish(error)
            if awaited is not None and not awaited.done:
                self._awaited = awaited
                awaited.on_done = lambda _: self._later(self._go_on)
                return None
            self._awaited = awaited
            if awaited is None and time.perf_counter() >= end:
                self._later(self._go_on)
                return None
        return None

    def _advance(self, steps: Steps[None]) -> "Awaited | None":
        awaited, self._awaited = self._awaited, None
        if awaited is None:
            return next(steps)
        if awaited.error is not None:
            return steps.throw(awaited.error)
        return steps.send(awaited.result())

    def _finish(self, error: Exception | None) -> None:
        if self._steps is not None:
            self._steps = None
            self._on_end(error)
