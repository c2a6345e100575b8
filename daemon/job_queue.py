"""The queue of the jobs that wait."""

from collections.abc import Callable, Iterator

from daemon.jobs import Job
from daemon.options import DaemonOptions
from daemon.sockets import ClientKey
from retouchml.errors import Busy


class JobQueue:
    """Jobs that wait, oldest first; no client gets two turns while another waits."""

    def __init__(self, options: DaemonOptions) -> None:
        self._limit = options.queue
        self._limit_of_client = options.queue_of_client
        self._jobs: list[Job] = []
        self._last_client: ClientKey | None = None

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs))

    def add(self, job: Job) -> None:
        """Append a job. Raises Busy if there is no room for one more of its client."""
        if len(self._jobs) >= self._limit:
            raise Busy("The daemon has too much to do already.", "Try again in a moment.")
        if sum(other.client == job.client for other in self._jobs) >= self._limit_of_client:
            raise Busy("This program has asked for too much at once already.", "Wait for its answers first.")
        self._jobs.append(job)

    def put_back(self, job: Job) -> None:
        """Make it the first: it had begun, and its worker was lost."""
        self._jobs.insert(0, job)
        self._last_client = None

    def take(self, slot: int) -> Job | None:
        """Remove and return the next job for a slot; None if there is none."""
        ready = [job for job in self._jobs if job.slot == slot and not job.uploading]
        if not ready:
            return None
        job = next((job for job in ready if job.client != self._last_client), ready[0])
        self._jobs.remove(job)
        self._last_client = job.client
        return job

    def remove(self, condition: Callable[[Job], bool]) -> list[Job]:
        """Remove and return all jobs for which ``condition`` is true."""
        removed = [job for job in self._jobs if condition(job)]
        self._jobs = [job for job in self._jobs if not condition(job)]
        return removed

    def waits_for(self, slot: int) -> bool:
        """Whether there is a job for a slot."""
        return any(job.slot == slot for job in self._jobs)
