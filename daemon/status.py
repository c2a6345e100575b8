"""The daemon's state, and the answers to ``hello`` and ``status``."""

import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path

from daemon.activity import resident_bytes
from daemon.auth import Authenticator
from daemon.cache_size import CacheSize
from daemon.options import DaemonOptions
from daemon.scheduler import Scheduler
from daemon.sessions import Sessions
from retouchml import __version__
from retouchml.client import protocol
from retouchml.client.answers import Welcome
from retouchml.client.status import PersonStatus, Status
from retouchml.client.versions import FEATURES, common_version
from retouchml.sliders import BY_NAME


class StatusReporter:
    """Collects what ``hello`` and ``status`` tell."""

    def __init__(
        self,
        options: DaemonOptions,
        sessions: Sessions,
        scheduler: Scheduler,
        authenticator: Authenticator,
        log: Path,
    ) -> None:
        self._options = options
        self._sessions = sessions
        self._scheduler = scheduler
        self._authenticator = authenticator
        self._log = log
        self._cache_size = CacheSize()
        self._instance = secrets.token_hex(8)
        self._started_at = time.monotonic()

    def welcome(self, versions: Sequence[int]) -> Welcome:
        """The answer to a client that speaks these versions. Raises VersionMismatch."""
        options = self._options
        limits = {"photos": options.photos, "queue": options.queue, "photo_bytes": options.photo_bytes}
        return Welcome(
            version=common_version(versions),
            software=__version__,
            pid=os.getpid(),
            instance=self._instance,
            limits={**protocol.LIMITS, **limits},
            sliders=tuple(BY_NAME),
            features=FEATURES,
        )

    def status(self, only: "str | None" = None) -> Status:
        """The answer to ``status``. only: whose part of ``people`` it has, None for everybody's"""
        photos = self._sessions.photos
        return Status(
            pid=os.getpid(),
            software=__version__,
            instance=self._instance,
            uptime=time.monotonic() - self._started_at,
            memory=resident_bytes(os.getpid()),
            clients=len(self._sessions),
            photos=len(photos),
            photo_bytes=sum(photo.size for photo in photos),
            queue=self._scheduler.waiting,
            queue_limit=self._options.queue,
            keep_alive=self._options.keep_alive,
            idle_exit=self._options.idle_exit,
            service=self._options.service,
            cache_bytes=self._cache_size.latest(),
            log=str(self._log),
            refused=self._authenticator.refused,
            workers=tuple(slot.status() for slot in self._scheduler.slots),
            people=tuple(map(self._person, self._names() if only is None else [only])),
        )

    def _names(self) -> list[str]:
        """Those who are here or were: people with keys; this user and the owner are everybody else."""
        return sorted(
            ({session.person for session in self._sessions} | self._scheduler.accounts.people()) - {""}
        )

    def _person(self, name: str) -> PersonStatus:
        sessions = self._sessions.of(name)
        account = self._scheduler.accounts.of(name)
        return PersonStatus(
            name=name,
            clients=len(sessions),
            photos=sum(len(session.photos) for session in sessions),
            pixels=self._sessions.pixels_of(name),
            waiting=self._scheduler.waiting_of(name),
            jobs=account.jobs,
            seconds=account.seconds,
        )
