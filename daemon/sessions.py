"""Sessions: what the daemon keeps for each client, its open photos and its open requests."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from daemon.jobs import Job
from daemon.options import DaemonOptions
from daemon.photos import UploadedPhoto
from daemon.scheduler import Scheduler
from daemon.sockets import ClientKey
from retouchml.errors import Busy

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Session:
    """What the daemon keeps for a client that has photos or open requests.

    person: their name, "" for this user and the daemon's owner; photos: by name; jobs: those not answered
    yet, by the id of their request; pinged_at: monotonic seconds
    """

    client: ClientKey
    person: str = ""
    photos: dict[str, UploadedPhoto] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    pinged_at: float = field(default_factory=time.monotonic)


class Sessions:
    """All sessions; whatever it frees, it frees in the workers, too."""

    def __init__(self, options: DaemonOptions, scheduler: Scheduler) -> None:
        self._options = options
        self._scheduler = scheduler
        self._sessions: dict[ClientKey, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    @property
    def photos(self) -> list[UploadedPhoto]:
        """All open photos."""
        return [photo for session in self for photo in session.photos.values()]

    def get(self, client: ClientKey) -> Session | None:
        """The session of a client; None if it has none."""
        return self._sessions.get(client)

    def begin(self, client: ClientKey, person: str = "") -> Session:
        """The session of a person's client, a new one if it has none. Raises Busy."""
        session = self._sessions.get(client)
        if session is None:
            if len(self._sessions) >= self._options.clients:
                raise Busy("Too many programs use the daemon at once.", "Close one of them.")
            session = self._sessions[client] = Session(client, person)
        return session

    def tidy(self, client: ClientKey) -> None:
        """End a session that has neither photos nor open requests."""
        session = self._sessions.get(client)
        if session is not None and not session.photos and not session.jobs:
            del self._sessions[client]

    def drop(self, client: ClientKey) -> None:
        """End the session of a lost client: stop its jobs, free its photos."""
        session = self._sessions.pop(client, None)
        if session is None:
            return
        of_whom = f" of {session.person}" if session.person else ""
        photos, jobs = len(session.photos), len(session.jobs)
        _log.info("a client%s was lost with %d photos and %d jobs", of_whom, photos, jobs)
        for job in session.jobs.values():
            job.answered = True
        self._scheduler.withdraw_client(client)
        for photo in list(session.photos.values()):
            self.free(session, photo)

    def check_room(
        self,
        size: int,
        client: ClientKey,
        person: str = "",
        pixels: int = 0,
        base: UploadedPhoto | None = None,
    ) -> None:
        """Raise Busy if there is no room for one more photo of ``size`` bytes and so many pixels.

        base: a photo of the client whose place it takes, which is therefore not counted
        """
        limit = self._options.megapixels_of_person
        if base is not None:
            pixels -= base.picture.width * base.picture.height
        if person and self.pixels_of(person) + pixels > limit * 1_000_000:
            raise Busy(
                f"One person may have {limit} megapixels open at once, and you would have more.",
                "Close one of your pictures.",
            )
        photos = [photo for photo in self.photos if photo is not base]
        session = self._sessions.get(client)
        own = 0 if session is None else len(session.photos) - (base is not None)
        if (
            len(photos) >= self._options.photos
            or own >= self._options.photos_of_client
            or sum(photo.size for photo in photos) + size > self._options.photo_bytes
        ):
            raise Busy("The daemon holds as many pictures as it may.", "Close one of them.")

    def of(self, person: str) -> list[Session]:
        """The sessions of a person."""
        return [session for session in self if session.person == person]

    def pixels_of(self, person: str) -> int:
        """How many pixels a person has open."""
        pictures = (photo.picture for session in self.of(person) for photo in session.photos.values())
        return sum(picture.width * picture.height for picture in pictures)

    def free(self, session: Session, photo: UploadedPhoto) -> None:
        """Free a photo's memory, here and in its worker."""
        session.photos.pop(photo.name, None)
        self._scheduler.forget(photo)
        if photo.block is not None:
            photo.block.close()
            photo.block = None

    def choose_slot(self, device: str) -> int:
        """The slot for new work: of those on ``device`` if there are any, the one with the fewest photos."""
        slots = self._scheduler.slots
        counts = [0] * len(slots)
        for photo in self.photos:
            counts[photo.slot] += 1
        fitting = [index for index, slot in enumerate(slots) if slot.device == device]
        return min(fitting or range(len(slots)), key=lambda index: counts[index])
