"""What Apply and Beautify asked for: the job that is computed, and those that wait for it."""

from dataclasses import dataclass, field, replace

from retouchml.client.render_request import Looks


@dataclass(frozen=True)
class Job:
    """A result that is wanted.

    looks: of the faces to retouch; output: its nick; keeps_earlier: whether earlier results of the layer
    stay; closes: whether the dialog closes after it
    """

    looks: Looks
    output: str
    keeps_earlier: bool
    closes: bool

    def is_like(self, other: "Job") -> bool:
        """Whether both make the same result."""
        return replace(self, closes=other.closes) == other


@dataclass
class JobQueue:
    """The job under way, and those that wait, by their numbers; the first one comes next."""

    running: "Job | None" = None
    waiting: "dict[int, Job]" = field(default_factory=dict)
    _count: int = 0

    def add(self, job: Job) -> None:
        """Let a job wait.

        It takes the place of one whose result it would replace at once, and of one that is the same.
        """
        if self.running is not None and not self.waiting and self.running.is_like(job):
            self.running = replace(self.running, closes=self.running.closes or job.closes)
            return
        last = next(reversed(self.waiting), 0)
        if last and (not job.keeps_earlier or self.waiting[last].is_like(job)):
            self.waiting[last] = job
            return
        self._count += 1
        self.waiting[self._count] = job

    def next(self) -> "Job | None":
        """The next job, which is under way now; None without any."""
        self.running = self.waiting.pop(next(iter(self.waiting))) if self.waiting else None
        return self.running

    def remove(self, number: int) -> None:
        """Take a job out that waits."""
        self.waiting.pop(number, None)

    def clear(self) -> None:
        """Want nothing any more."""
        self.running = None
        self.waiting.clear()

    @property
    def closes(self) -> bool:
        """Whether the dialog closes after one of them."""
        jobs = [self.running, *self.waiting.values()]
        return any(job is not None and job.closes for job in jobs)
