"""Beautify requests that wait for the one under way; each can be taken out again."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .face_selection import FaceSelection
from .view_state import UserSettings

if TYPE_CHECKING:
    from .layers import SourceLayer


@dataclass(frozen=True)
class Job:
    """What the user asked for when Beautify was pressed.

    chosen: the faces and their looks, None where the faces were not known
    """

    source: "SourceLayer"
    settings: UserSettings
    chosen: FaceSelection | None

    def is_like(self, other: "Job") -> bool:
        """Whether both would make the same result."""
        return (self.source.key, self.settings, self.chosen) == (
            other.source.key,
            other.settings,
            other.chosen,
        )


@dataclass
class JobQueue:
    """The job under way, and those that wait, by their numbers; the first one comes next."""

    running: Job | None = None
    _waiting: dict[int, Job] = field(default_factory=dict)
    _count: int = 0

    @property
    def waiting(self) -> tuple[tuple[int, Job], ...]:
        """The jobs that wait, each with its number."""
        return tuple(self._waiting.items())

    def add(self, job: Job) -> None:
        """Let a job wait, in the place of one of the same layer; not again what is under way already."""
        if self.running is not None and self.running.is_like(job):
            return
        for number, other in self.waiting:
            if other.source.key == job.source.key:
                self._waiting[number] = job
                return
        self._count += 1
        self._waiting[self._count] = job

    def remove(self, number: int) -> None:
        """Let a job wait no longer."""
        self._waiting.pop(number, None)

    def next(self) -> Job | None:
        """Take the next job whose layer still exists."""
        while self._waiting:
            job = self._waiting.pop(next(iter(self._waiting)))
            if job.source.exists:
                return job
        return None
