"""The jobs that workers do."""

import itertools
from dataclasses import dataclass, field

from daemon.photos import UploadedPhoto
from daemon.sockets import ClientKey
from daemon.worker_messages import PreviewKey, WorkRequest
from retouchml.client.messages import Render


@dataclass(eq=False)
class Job:
    """A request that a worker has to do, and how far it is.

    client, request_id, version: for its answers; slot: index of the slot that does it; device: "" for the
    worker's own; number: its name between daemon and worker

    uploading: its pixels are still being copied; attempts: how often it was given to a worker; previews:
    those that were sent, which another attempt makes again; answered: the final answer was sent; successor:
    the newer render for which its preparation goes on; person: the name of whoever asked, "" for this user
    and the daemon's owner; begun_at: monotonic seconds, of the last attempt
    """

    client: ClientKey
    request_id: int
    version: int
    request: WorkRequest
    slot: int
    model: str
    device: str = ""
    photo: UploadedPhoto | None = None
    number: int = field(default_factory=itertools.count(1).__next__)
    uploading: bool = False
    attempts: int = 0
    previews: set[PreviewKey] = field(default_factory=set)
    answered: bool = False
    successor: "Job | None" = None
    person: str = ""
    begun_at: float = 0.0

    @property
    def faces(self) -> frozenset[int]:
        """The faces of a render; empty for another request."""
        return frozenset(self.request.looks) if isinstance(self.request, Render) else frozenset()

    @property
    def is_refined(self) -> bool:
        """Whether it is a render that wants previews."""
        return isinstance(self.request, Render) and self.request.refine

    def renders(self, photo: UploadedPhoto | None) -> bool:
        """Whether it is a render of ``photo``."""
        return isinstance(self.request, Render) and self.photo is photo
