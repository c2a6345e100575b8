"""The messages between the daemon and a worker: one class each, which writes its fields and reads them back.

``channel`` carries them, pixels beside them. docs/protocol.md lists them. Both ends are of the same version
and trust each other, so the fields are hardly checked: whatever is wrong with them raises some exception.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from retouchml.client import protocol
from retouchml.client.answers import ProgressNote
from retouchml.client.messages import ListEdits, Open, Prepare, Render, part_fields, parts_in
from retouchml.client.photo_parts import Part
from retouchml.client.pixel_format import PixelFormat, format_from
from retouchml.errors import RetouchError
from retouchml.results import Box

WorkRequest = Open | Prepare | Render | ListEdits
"""The requests that a worker does; the daemon answers the others itself."""
_REQUESTS: dict[str, type[WorkRequest]] = {kind.TYPE: kind for kind in (Open, Prepare, Render, ListEdits)}

Fields = Mapping[str, Any]
PreviewKey = tuple[str, tuple[int, ...], bytes]
"""How far a preview is computed, of which faces, and a hash of its pixels."""


@dataclass(frozen=True)
class DoJob:
    """A job to do; the newest pixels of its photo lie in a block beside it, if the worker lacks them.

    job: its number; photo: its name, "" for none; device: "" for the worker's own; picture: how the pixels in
    the block lie, None without a block; icc: their colour profile, b"" for sRGB; at: places of faces that the
    search may miss; scorer: whose taste strength follows, "" for the standard one; parts: what the block
    holds, if that is not the picture itself
    """

    TYPE: ClassVar[str] = "job"
    job: int
    request: WorkRequest
    photo: str
    model: str
    device: str
    picture: PixelFormat | None = None
    icc: bytes = b""
    at: tuple[Box, ...] = ()
    scorer: str = ""
    parts: tuple[Part, ...] = ()

    def fields(self) -> dict[str, Any]:
        """As a map."""
        return {
            "job": self.job,
            "kind": self.request.TYPE,
            "fields": self.request.fields(),
            "photo": self.photo,
            "model": self.model,
            "device": self.device,
            "picture": self.picture.fields() if self.picture else None,
            "icc": self.icc,
            "at": [list(box) for box in self.at],
            "scorer": self.scorer,
            "parts": part_fields(self.parts),
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "DoJob":
        """Read it back."""
        request = _REQUESTS[fields["kind"]].from_fields(fields["fields"])
        picture = format_from(fields["picture"]) if fields["picture"] else None
        names = (fields["photo"], fields["model"], fields["device"])
        x_y_size = ((x, y, width, height) for x, y, width, height in fields["at"])
        more = tuple(x_y_size), fields["scorer"], parts_in(fields)
        return cls(fields["job"], request, *names, picture, fields["icc"], *more)


@dataclass(frozen=True)
class CancelJob:
    """Stop a job.

    keep: let a preparation that runs end first; newer: the number and the request of the job for which it
    goes on, and of which a preview is wanted meanwhile
    """

    TYPE: ClassVar[str] = "cancel"
    job: int
    keep: bool
    newer: tuple[int, Render] | None = None

    def fields(self) -> dict[str, Any]:
        """As a map."""
        newer = None if self.newer is None else [self.newer[0], self.newer[1].fields()]
        return {"job": self.job, "keep": self.keep, "newer": newer}

    @classmethod
    def from_fields(cls, fields: Fields) -> "CancelJob":
        """Read it back."""
        newer = fields["newer"]
        render = None if newer is None else (newer[0], Render.from_fields(newer[1]))
        return cls(fields["job"], fields["keep"], render)


@dataclass(frozen=True)
class ForgetPhoto:
    """Free the photo of this name."""

    TYPE: ClassVar[str] = "forget"
    photo: str

    def fields(self) -> dict[str, Any]:
        """As a map."""
        return {"photo": self.photo}

    @classmethod
    def from_fields(cls, fields: Fields) -> "ForgetPhoto":
        """Read it back."""
        return cls(fields["photo"])


@dataclass(frozen=True)
class Quit:
    """Exit once all earlier messages are dealt with."""

    TYPE: ClassVar[str] = "quit"

    def fields(self) -> dict[str, Any]:
        """As a map."""
        return {}

    @classmethod
    def from_fields(cls, _fields: Fields) -> "Quit":
        """Read it back."""
        return cls()


@dataclass(frozen=True)
class Usage:
    """What a worker uses, for ``status``.

    memory, device_memory: bytes, None if unknown; models: those that are loaded; devices: all GPUs it sees
    """

    memory: int | None = None
    device_memory: int | None = None
    models: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """As a map."""
        return {
            "memory": self.memory,
            "device_memory": self.device_memory,
            "models": self.models,
            "devices": self.devices,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "Usage":
        """Read it back."""
        return cls(
            fields["memory"], fields["device_memory"], tuple(fields["models"]), tuple(fields["devices"])
        )


@dataclass(frozen=True)
class Ready:
    """The worker's first message."""

    TYPE: ClassVar[str] = "ready"
    pid: int

    def fields(self) -> dict[str, Any]:
        """As a map."""
        return {"pid": self.pid}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Ready":
        """Read it back."""
        return cls(fields["pid"])


@dataclass(frozen=True)
class Alive:
    """The heartbeat of a worker that does a job."""

    TYPE: ClassVar[str] = "alive"

    def fields(self) -> dict[str, Any]:
        """As a map."""
        return {}

    @classmethod
    def from_fields(cls, _fields: Fields) -> "Alive":
        """Read it back."""
        return cls()


@dataclass(frozen=True)
class JobProgress:
    """How far a job is."""

    TYPE: ClassVar[str] = "progress"
    job: int
    note: ProgressNote

    def fields(self) -> dict[str, Any]:
        """As a map."""
        return {"job": self.job, **self.note.fields()}

    @classmethod
    def from_fields(cls, fields: Fields) -> "JobProgress":
        """Read it back."""
        return cls(fields["job"], ProgressNote.from_fields(fields))


@dataclass(frozen=True)
class JobPreview:
    """A preview of a render. answer: its fields; sizes: bytes of its data frames, in one block."""

    TYPE: ClassVar[str] = "preview"
    job: int
    answer: Fields
    sizes: tuple[int, ...]

    def key(self, frames: Sequence[memoryview]) -> PreviewKey:
        """What tells it from the other previews of the same render; frames: its pixels."""
        digest = hashlib.blake2b(digest_size=16)
        for frame in frames:
            digest.update(frame)
        return self.answer["refinement"], tuple(self.answer["faces"]), digest.digest()

    def fields(self) -> dict[str, Any]:
        """As a map."""
        return {"job": self.job, "fields": self.answer, "sizes": self.sizes}

    @classmethod
    def from_fields(cls, fields: Fields) -> "JobPreview":
        """Read it back."""
        return cls(fields["job"], _answer_in(fields), tuple(fields["sizes"]))


@dataclass(frozen=True)
class JobDone:
    """The result of a job. answer: its fields; sizes: bytes of its data frames, in one block."""

    TYPE: ClassVar[str] = "done"
    job: int
    answer: Fields
    sizes: tuple[int, ...]
    usage: Usage

    def fields(self) -> dict[str, Any]:
        """As a map."""
        usage = self.usage.fields()
        return {"job": self.job, "fields": self.answer, "sizes": self.sizes, "usage": usage}

    @classmethod
    def from_fields(cls, fields: Fields) -> "JobDone":
        """Read it back."""
        usage = Usage.from_fields(fields["usage"])
        return cls(fields["job"], _answer_in(fields), tuple(fields["sizes"]), usage)


@dataclass(frozen=True)
class JobFailed:
    """The error of a job."""

    TYPE: ClassVar[str] = "failed"
    job: int
    error: RetouchError
    usage: Usage

    def fields(self) -> dict[str, Any]:
        """As a map."""
        return {"job": self.job, **protocol.error_fields(self.error), "usage": self.usage.fields()}

    @classmethod
    def from_fields(cls, fields: Fields) -> "JobFailed":
        """Read it back."""
        return cls(fields["job"], protocol.error_from(fields), Usage.from_fields(fields["usage"]))


def _answer_in(fields: Fields) -> Fields:
    answer = fields["fields"]
    if not isinstance(answer, dict):
        raise TypeError(f"an answer must be a map, and is {type(answer).__name__}")
    return answer


ToWorker = DoJob | CancelJob | ForgetPhoto | Quit
FromWorker = Ready | Alive | JobProgress | JobPreview | JobDone | JobFailed
_TO_WORKER: dict[str, type[ToWorker]] = {kind.TYPE: kind for kind in (DoJob, CancelJob, ForgetPhoto, Quit)}
_FROM_WORKER: dict[str, type[FromWorker]] = {
    kind.TYPE: kind for kind in (Ready, Alive, JobProgress, JobPreview, JobDone, JobFailed)
}


def encode(message: ToWorker | FromWorker) -> dict[str, Any]:
    """The map that ``Channel.send`` takes."""
    return {"type": message.TYPE, **message.fields()}


def decode_to_worker(fields: Fields) -> ToWorker:
    """The message in a map that the worker received."""
    return _TO_WORKER[fields["type"]].from_fields(fields)


def decode_from_worker(fields: Fields) -> FromWorker:
    """The message in a map that the daemon received."""
    return _FROM_WORKER[fields["type"]].from_fields(fields)
