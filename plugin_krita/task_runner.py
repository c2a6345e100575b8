"""Runs one task at a time, and says what is to be shown of it. No Qt."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from retouchml.progress import OverallProgress

from .event_loop import EventLoop
from .tasks import Task, TaskGenerator
from .view_state import PREVIEW, TaskView

if TYPE_CHECKING:
    from .layers import SourceLayer

OnEnd = Callable[[str, "SourceLayer", Exception | None], None]
"""Called with the kind of a task that ended by itself, its layer, and its error."""


class TaskRunner:
    """The task under way.

    view: what is shown of it, None if none runs; source: its layer; on_progress: called after ``view``
    changed
    """

    def __init__(self, loop: EventLoop, on_end: OnEnd, on_progress: Callable[[], None]) -> None:
        self._loop = loop
        self._on_end = on_end
        self._on_progress = on_progress
        self._task: Task | None = None
        self._overall = OverallProgress()
        self.view: TaskView | None = None
        self.source: SourceLayer | None = None

    @property
    def is_running(self) -> bool:
        """Whether a task runs."""
        return self._task is not None

    @property
    def is_busy(self) -> bool:
        """Whether a task of the user's runs; a preview gives way to one."""
        return self.view is not None and self.view.kind != PREVIEW

    @property
    def is_in_step(self) -> bool:
        """Whether a step of the task is under way, in which Krita runs the event loop."""
        return self._task is not None and self._task.is_in_step

    def start(self, kind: str, source: "SourceLayer", steps: TaskGenerator[None]) -> None:
        """Run a task of a layer in place of the preview under way."""
        if self._task is not None:
            self._task.abandon()  # at the daemon the newer render wins, what it prepared is kept
        self._overall = OverallProgress()
        self.view, self.source = TaskView(kind, "read"), source

        def end(error: Exception | None) -> None:
            self.stop(cancel=False)
            self._on_end(kind, source, error)

        self._task = Task(steps, self._loop.later, end)

    def stop(self, *, cancel: bool = True) -> bool:
        """Stop the task; whether one was cancelled. cancel: False if it has ended."""
        task, self._task = self._task, None
        self.view = self.source = None
        if task is None or not cancel:
            return False
        task.cancel()
        return True

    def show_progress(self, stage: str, fraction: float, remaining: float | None) -> None:
        """Show how far the task is; as ``retouchml.progress.Progress``."""
        if self.view is not None:
            overall = self._overall.update(stage, fraction)
            self.view = TaskView(self.view.kind, stage, overall, remaining)
            self._on_progress()
