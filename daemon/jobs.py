"""Jobs for workers, the photos that they need, and the queue of the jobs that wait."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from daemon.memory.blocks import Block
from daemon.options import Options
from daemon.sockets import ClientKey
from daemon.worker_messages import WorkRequest
from retouchml.client.messages import Render
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import Busy


@dataclass(eq=False)
class Photo:
    """An open photo of a client.

    slot: index of the slot whose worker has it; device: "" for the worker's own; block: its pixels, None
    until they are copied
    """

    name: str
    picture: PixelFormat
    model: str
    slot: int
    device: str = ""
    icc: bytes = field(default=b"", repr=False)
    block: Block | None = None


@dataclass(eq=False)
class Job:
    """A request that a worker has to do, and how far it is.

    client, request_id, version: for its answers; slot: index of the slot that does it; device: "" for the
    worker's own; number: its name between daemon and worker

    uploading: its pixels are still being copied; attempts: how often it was given to a worker; previewed:
    the preview was sent; answered: the final answer was sent; successor: the newer render for which its
    preparation goes on
    """

    client: ClientKey
    request_id: int
    version: int
    request: WorkRequest
    slot: int
    model: str
    device: str = ""
    photo: Photo | None = None
    number: int = field(default_factory=itertools.count(1).__next__)
    uploading: bool = False
    attempts: int = 0
    previewed: bool = False
    answered: bool = False
    successor: "Job | None" = None

    @property
    def faces(self) -> frozenset[int]:
        """The faces of a render; empty for another request."""
        return frozenset(self.request.looks) if isinstance(self.request, Render) else frozenset()

    def renders(self, photo: Photo | None) -> bool:
        """Whether it is a render of ``photo``."""
        return isinstance(self.request, Render) and self.photo is photo


class JobQueue:
    """Jobs that wait, oldest first; no client gets two turns while another waits."""

    def __init__(self, options: Options) -> None:
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
