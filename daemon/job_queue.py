"""The queue of the jobs that wait, and whose turn it is."""

import itertools
from collections.abc import Callable, Iterator

from daemon.jobs import Job
from daemon.options import DaemonOptions
from daemon.sockets import ClientKey
from retouchml.errors import Busy

_REMEMBERED = 512  # people and clients


class JobQueue:
    """Jobs that wait, oldest first.

    People take turns, however many programs each of them uses, and so do the programs of one person: next is
    whoever has waited longest since their last turn.
    """

    def __init__(self, options: DaemonOptions) -> None:
        self._limit = options.queue
        self._limit_of_client = options.queue_of_client
        self._limit_of_person = options.queue_of_person
        self._jobs: list[Job] = []
        self._turns = itertools.count(1)
        self._served: dict[str | ClientKey, int] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs))

    def add(self, job: Job) -> None:
        """Append a job. Raises Busy if there is no room for one more of its person or client."""
        if len(self._jobs) >= self._limit:
            raise Busy("The daemon has too much to do already.", "Try again in a moment.")
        if job.person and sum(other.person == job.person for other in self._jobs) >= self._limit_of_person:
            raise Busy("You have asked for as much at once as one person may.", "Wait for its answers first.")
        if sum(other.client == job.client for other in self._jobs) >= self._limit_of_client:
            raise Busy("This program has asked for too much at once already.", "Wait for its answers first.")
        self._jobs.append(job)

    def put_back(self, job: Job) -> None:
        """Make it the first: it had begun, and its worker was lost."""
        self._jobs.insert(0, job)
        for each in (job.person, job.client):
            self._served.pop(each, None)

    def take(self, slot: int) -> Job | None:
        """Remove and return the next job for a slot; None if there is none."""
        ready = [job for job in self._jobs if job.slot == slot and not job.uploading]
        if not ready:
            return None
        # of equals, min takes the first, which is the oldest
        job = min(ready, key=lambda job: (self._turn_of(job.person), self._turn_of(job.client)))
        self._jobs.remove(job)
        self._served[job.person] = self._served[job.client] = next(self._turns)
        while len(self._served) > _REMEMBERED:
            del self._served[min(self._served, key=self._turn_of)]
        return job

    def _turn_of(self, who: "str | ClientKey") -> int:
        return self._served.get(who, 0)

    def remove(self, condition: Callable[[Job], bool]) -> list[Job]:
        """Remove and return all jobs for which ``condition`` is true."""
        removed = [job for job in self._jobs if condition(job)]
        self._jobs = [job for job in self._jobs if not condition(job)]
        return removed

    def waits_for(self, slot: int) -> bool:
        """Whether there is a job for a slot."""
        return any(job.slot == slot for job in self._jobs)
