"""Clients, their photos, their jobs, and the queue of those that wait."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from daemon.memory.blocks import Block
from daemon.options import Options
from daemon.sockets import ClientKey
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import Busy


@dataclass(eq=False)
class Photo:
    """An upload. ``block`` is None until it was copied; ``place`` is the index of its worker.

    device: "" for the worker's own
    """

    name: str
    picture: PixelFormat
    model: str
    place: int
    device: str = ""
    block: Block | None = None
    icc: bytes = field(default=b"", repr=False)


@dataclass(eq=False)
class Job:
    """One request that a worker has to do.

    uploading: its pixels are still being copied; answered: its client has had the final answer; attempts: how
    often a worker was given it; heir: the newer render for which its preparation goes on
    """

    number: int
    client: "Client"
    request: int
    version: int
    kind: str
    fields: dict[str, Any]
    place: int
    model: str
    device: str = ""
    photo: Photo | None = None
    faces: frozenset[int] = frozenset()
    uploading: bool = False
    answered: bool = False
    attempts: int = 0
    previewed: bool = False
    heir: "Job | None" = None


@dataclass(eq=False)
class Client:
    """A connection that has photos or open requests."""

    key: ClientKey
    photos: dict[str, Photo] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    pinged_at: float = 0.0


class JobQueue:
    """Jobs that wait, oldest first; the next is of another client than the last where there is one."""

    def __init__(self, options: Options) -> None:
        self._limit = options.queue
        self._limit_of_client = options.queue_of_client
        self._jobs: list[Job] = []
        self._served: Client | None = None

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs))

    def check_room(self, client: Client) -> None:
        """Raise Busy where one more job of this client has no room."""
        if len(self._jobs) >= self._limit:
            raise Busy("The daemon has too much to do already.", "Try again in a moment.")
        if sum(job.client is client for job in self._jobs) >= self._limit_of_client:
            raise Busy("This program has asked for too much at once already.", "Wait for its answers first.")

    def add(self, job: Job) -> None:
        """Append it."""
        self._jobs.append(job)

    def put_back(self, job: Job) -> None:
        """Make it the first: it had begun, and its worker died."""
        self._jobs.insert(0, job)
        self._served = None

    def take(self, place: int) -> Job | None:
        """The next job for the worker at ``place``."""
        ready = [job for job in self._jobs if job.place == place and not job.uploading]
        if not ready:
            return None
        job = next((job for job in ready if job.client is not self._served), ready[0])
        self._jobs.remove(job)
        self._served = job.client
        return job

    def remove(self, wanted: Callable[[Job], bool]) -> list[Job]:
        """Take out and return all jobs that are ``wanted``."""
        removed = [job for job in self._jobs if wanted(job)]
        self._jobs = [job for job in self._jobs if not wanted(job)]
        return removed

    def waits_for(self, place: int) -> bool:
        """Whether the worker at ``place`` has anything to do."""
        return any(job.place == place for job in self._jobs)
