"""The answer to ``status``: the state of the daemon and of its workers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from retouchml.client.fields import take_bool, take_int, take_list, take_number, take_str
from retouchml.client.protocol import HEADER_ITEMS, STRING_BYTES
from retouchml.errors import ProtocolError

_LARGEST = (1 << 64) - 1  # the largest whole number of msgpack


@dataclass(frozen=True)
class WorkerStatus:
    """A worker in ``Status``.

    state: absent, starting, idle, busy, or silent, which is busy and not heard; memory, device_memory: bytes,
    None if unknown
    """

    device: str
    state: str
    pid: int | None = None
    memory: int | None = None
    device_memory: int | None = None
    models: tuple[str, ...] = ()
    photos: int = 0
    restarts: int = 0

    @classmethod
    def from_fields(cls, fields: Any) -> "WorkerStatus":
        """Read it back. Raises ProtocolError."""
        if not isinstance(fields, dict):
            raise ProtocolError("A worker must be a map.")
        _check_complete(fields, ("device", "state"))
        with_defaults = {"models": [], "photos": 0, "restarts": 0, **fields}
        models = take_list(with_defaults, "models", HEADER_ITEMS)
        return cls(
            device=_text(fields, "device"),
            state=_text(fields, "state"),
            pid=_optional_count(fields, "pid"),
            memory=_optional_count(fields, "memory"),
            device_memory=_optional_count(fields, "device_memory"),
            models=tuple(_text({"models": each}, "models") for each in models),
            photos=_count(with_defaults, "photos"),
            restarts=_count(with_defaults, "restarts"),
        )


@dataclass(frozen=True)
class PersonStatus:
    """A person with a key in ``Status``.

    clients: programs with photos or requests; pixels: of the open photos; waiting: jobs; jobs, seconds: that
    workers have done for them since the daemon began
    """

    name: str
    clients: int = 0
    photos: int = 0
    pixels: int = 0
    waiting: int = 0
    jobs: int = 0
    seconds: float = 0.0

    @classmethod
    def from_fields(cls, fields: Any) -> "PersonStatus":
        """Read it back. Raises ProtocolError."""
        if not isinstance(fields, dict):
            raise ProtocolError("A person must be a map.")
        _check_complete(fields, cls.__match_args__)
        return cls(
            name=_text(fields, "name"),
            clients=_count(fields, "clients"),
            photos=_count(fields, "photos"),
            pixels=_count(fields, "pixels"),
            waiting=_count(fields, "waiting"),
            jobs=_count(fields, "jobs"),
            seconds=take_number(fields, "seconds"),
        )


@dataclass(frozen=True)
class Status:
    """The state of the daemon.

    uptime, keep_alive: seconds, keep_alive negative for ever; idle_exit: seconds, None for never; memory,
    cache_bytes: bytes, None if unknown; photo_bytes: bytes; queue: jobs that wait; service: whether the
    system starts it on login; refused: connections that were refused; people: those with a key who
    are here or were
    """

    pid: int
    software: str
    instance: str
    uptime: float
    memory: int | None
    clients: int
    photos: int
    photo_bytes: int
    queue: int
    queue_limit: int
    keep_alive: float
    idle_exit: float | None
    service: bool
    cache_bytes: int | None
    log: str
    refused: int
    workers: tuple[WorkerStatus, ...]
    people: tuple[PersonStatus, ...] = ()

    def fields(self) -> dict[str, Any]:
        """As a map of the wire, and of ``retouchml daemon status --json``."""
        result = asdict(self)
        result["workers"] = [{**asdict(each), "models": list(each.models)} for each in self.workers]
        result["people"] = list(result["people"])
        return result

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "Status":
        """Read it back; a newer daemon may send more. Raises ProtocolError."""
        _check_complete(fields, [name for name in cls.__match_args__ if name != "people"])
        fields = {"people": [], **fields}
        return cls(
            pid=_count(fields, "pid"),
            software=_text(fields, "software"),
            instance=_text(fields, "instance"),
            uptime=take_number(fields, "uptime"),
            memory=_optional_count(fields, "memory"),
            clients=_count(fields, "clients"),
            photos=_count(fields, "photos"),
            photo_bytes=_count(fields, "photo_bytes"),
            queue=_count(fields, "queue"),
            queue_limit=_count(fields, "queue_limit"),
            keep_alive=take_number(fields, "keep_alive"),
            idle_exit=None if fields["idle_exit"] is None else take_number(fields, "idle_exit"),
            service=take_bool(fields, "service"),
            cache_bytes=_optional_count(fields, "cache_bytes"),
            log=_text(fields, "log"),
            refused=_count(fields, "refused"),
            workers=tuple(map(WorkerStatus.from_fields, take_list(fields, "workers", HEADER_ITEMS))),
            people=tuple(map(PersonStatus.from_fields, take_list(fields, "people", HEADER_ITEMS))),
        )


def _check_complete(fields: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise ProtocolError if one of these fields is missing."""
    missing = [name for name in names if name not in fields]
    if missing:
        raise ProtocolError(f"The daemon's status lacks {', '.join(missing)}.")


def _text(fields: Mapping[str, Any], name: str) -> str:
    return take_str(fields, name, STRING_BYTES)


def _count(fields: Mapping[str, Any], name: str) -> int:
    return take_int(fields, name, 0, _LARGEST)


def _optional_count(fields: Mapping[str, Any], name: str) -> int | None:
    return None if fields.get(name) is None else _count(fields, name)
