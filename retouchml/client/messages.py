"""The requests of the protocol, one class each.

``fields`` gives the map that is sent, ``from_fields`` reads and checks it; that raises ProtocolError, or
LimitExceeded if a number is too large. docs/protocol.md is the contract; the answers are in ``answers``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from retouchml.client import photo_parts
from retouchml.client.fields import take_bool, take_float, take_int, take_list, take_map, take_str
from retouchml.client.photo_parts import MOST_PARTS, Part
from retouchml.client.pixel_format import PixelFormat, format_from
from retouchml.client.protocol import FRAME_BYTES, ID_LIMIT, LOOKS, SIDE
from retouchml.errors import ProtocolError, UsageError
from retouchml.look import DEFAULT_STRENGTH, DEFAULT_TEXTURE, PHOTO, Look, render_named
from retouchml.results import Box

PREVIEW_SIDE = 512
MOST_PLACES = 64
"""Places that one ``open`` may name."""
SIZES = ("full", "preview", "both")
_SMALLEST_PREVIEW, _LARGEST_PREVIEW = 64, 2048
_MOST_FACES, _MOST_VERSIONS = 1024, 16
_LONGEST_NAME, _LONGEST_CLIENT_NAME, _LONGEST_PHOTO_NAME = 128, 200, 64  # characters

Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Hello:
    """The first request on a connection.

    versions: of the protocol that the client speaks; client: its name, for the log
    """

    TYPE: ClassVar[str] = "hello"
    versions: tuple[int, ...]
    client: str = ""

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {"versions": list(self.versions), "client": self.client}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Hello":
        """Read it back."""
        versions = take_list(fields, "versions", _MOST_VERSIONS)
        if not versions or not all(isinstance(each, int) and not isinstance(each, bool) for each in versions):
            raise ProtocolError("versions must be a list of whole numbers.")
        return cls(tuple(versions), take_str({"client": "", **fields}, "client", _LONGEST_CLIENT_NAME))


@dataclass(frozen=True)
class Open:
    """Upload a photo and find its faces. The data frames are its pixels, and its ICC profile if it has one.

    picture: the layout of the pixels; icc: whether there is a profile; model, device: "" for the daemon's
    own; at: places of faces that the search may miss; scorer: whose taste strength follows, "" for the
    daemon's own; parts: of the photo, which the frame then holds, packed, in place of its pixels; base: an
    open photo of the same picture whose parts come before these, "" for none
    """

    TYPE: ClassVar[str] = "open"
    picture: PixelFormat
    icc: bool = False
    model: str = ""
    device: str = ""
    at: tuple[Box, ...] = ()
    scorer: str = ""
    parts: tuple[Part, ...] = ()
    base: str = ""

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        fields = {
            "picture": self.picture.fields(),
            "icc": self.icc,
            "model": self.model,
            "device": self.device,
            "at": [list(box) for box in self.at],
            "scorer": self.scorer,
        }
        if self.parts:  # which an older daemon does not know
            fields |= {"parts": part_fields(self.parts), "base": self.base}
        return fields

    @classmethod
    def from_fields(cls, fields: Fields) -> "Open":
        """Read it back."""
        picture = format_from(take_map(fields, "picture"))
        places = tuple(_place(each) for each in take_list({"at": [], **fields}, "at", MOST_PLACES))
        scorer = take_str({"scorer": "", **fields}, "scorer", _LONGEST_NAME)
        parts = parts_in({"parts": [], **fields})
        base = take_str({"base": "", **fields}, "base", _LONGEST_PHOTO_NAME)
        if base and not parts:
            raise ProtocolError("Without parts of its own, a photograph has no base.")
        return cls(picture, take_bool(fields, "icc"), *_model_and_device(fields), places, scorer, parts, base)

    def check_frame(self, length: int, before: tuple[Part, ...] = ()) -> None:
        """Raise ProtocolError unless a frame of so many bytes holds this photo.

        before: the parts of its base
        """
        if self.parts:
            known = sum(part.size for part in before)
            photo_parts.check((*before, *self.parts), self.picture, known + length)
        else:
            self.picture.check_frame(length)


@dataclass(frozen=True)
class Prepare:
    """Do the slow part of the work for some faces.

    photo: its name; faces: their numbers, None for all
    """

    TYPE: ClassVar[str] = "prepare"
    photo: str
    faces: tuple[int, ...] | None = None

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {"photo": self.photo, "faces": None if self.faces is None else list(self.faces)}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Prepare":
        """Read it back."""
        photo = photo_in(fields)
        if fields.get("faces") is None:
            return cls(photo)
        faces = take_list(fields, "faces", _MOST_FACES)
        return cls(photo, tuple(face_in({"faces": each}, "faces") for each in faces))


@dataclass(frozen=True)
class Render:
    """Render patches.

    photo: its name; looks: by the number of the face; size: one of ``SIZES``; preview_side: the longest side
    of a reduced patch, in pixels; report: whether score and identity are measured; refine: whether what can
    be had sooner is sent before, face by face; shown: the face to begin with, None for the largest
    """

    TYPE: ClassVar[str] = "render"
    photo: str
    looks: Mapping[int, Look]
    size: str = "full"
    preview_side: int = PREVIEW_SIDE
    report: bool = False
    refine: bool = False
    shown: int | None = None

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {
            "photo": self.photo,
            "looks": [{"face": face, **_look_fields(look)} for face, look in self.looks.items()],
            "size": self.size,
            "preview_side": self.preview_side,
            "report": self.report,
            "refine": self.refine,
            "shown": self.shown,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "Render":
        """Read it back."""
        looks: dict[int, Look] = {}
        for each in take_list(fields, "looks", LOOKS):
            if not isinstance(each, dict):
                raise ProtocolError("Each of looks must be a map.")
            face = face_in(each, "face")
            if face in looks:
                raise ProtocolError(f"Face {face} has two looks.")
            looks[face] = _look_from(each)
        size = take_str({"size": "full", **fields}, "size", 16)
        if size not in SIZES:
            raise ProtocolError(f"size must be one of {', '.join(SIZES)}.")
        with_default = {"preview_side": PREVIEW_SIDE, **fields}
        side = take_int(with_default, "preview_side", _SMALLEST_PREVIEW, _LARGEST_PREVIEW)
        shown = None if fields.get("shown") is None else face_in(fields, "shown")
        report, refine = (take_bool(fields, name) for name in ("report", "refine"))
        return cls(photo_in(fields), looks, size, side, report, refine, shown)


@dataclass(frozen=True)
class ListEdits:
    """List the sliders of a model. model, device: "" for the daemon's own."""

    TYPE: ClassVar[str] = "edits"
    model: str = ""
    device: str = ""

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {"model": self.model, "device": self.device}

    @classmethod
    def from_fields(cls, fields: Fields) -> "ListEdits":
        """Read it back."""
        return cls(*_model_and_device(fields))


@dataclass(frozen=True)
class Cancel:
    """Stop another request. target: its id."""

    TYPE: ClassVar[str] = "cancel"
    target: int

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {"target": self.target}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Cancel":
        """Read it back."""
        return cls(take_int(fields, "target", 1, ID_LIMIT - 1))


@dataclass(frozen=True)
class Close:
    """Close a photo. photo: its name."""

    TYPE: ClassVar[str] = "close"
    photo: str

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {"photo": self.photo}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Close":
        """Read it back."""
        return cls(photo_in(fields))


@dataclass(frozen=True)
class GetStatus:
    """Ask for the state of the daemon; it has no fields."""

    TYPE: ClassVar[str] = "status"

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {}


@dataclass(frozen=True)
class Shutdown:
    """Stop the daemon; it has no fields."""

    TYPE: ClassVar[str] = "shutdown"

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {}


Request = Hello | Open | Prepare | Render | ListEdits | Cancel | Close | GetStatus | Shutdown


def photo_in(fields: Fields) -> str:
    """Read the name of a photo. Raises ProtocolError."""
    return take_str(fields, "photo", _LONGEST_PHOTO_NAME)


def face_in(fields: Fields, name: str) -> int:
    """Read the number of a face, from 0. Raises ProtocolError or LimitExceeded."""
    return take_int(fields, name, 0, _MOST_FACES)


def _model_and_device(fields: Fields) -> tuple[str, str]:
    with_defaults = {"model": "", "device": "", **fields}
    return take_str(with_defaults, "model", _LONGEST_NAME), take_str(with_defaults, "device", _LONGEST_NAME)


def _place(values: object) -> Box:
    """Read x, y, width, height in pixels. Raises ProtocolError."""
    if not isinstance(values, list) or len(values) != 4:
        raise ProtocolError("Each of at must be four whole numbers.")
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in values):
        raise ProtocolError("Each of at must be four whole numbers.")
    x, y, width, height = values
    if max(map(abs, values)) > SIDE:
        raise ProtocolError("A place of at is out of range.")
    return x, y, width, height


def part_fields(parts: Sequence[Part]) -> list[list[int]]:
    """Parts of a photograph as a list of the wire."""
    return [[*part.box, part.reduced, part.size] for part in parts]


def parts_in(fields: Fields) -> tuple[Part, ...]:
    """Read them back. Raises ProtocolError, LimitExceeded."""
    return tuple(_part(each) for each in take_list(fields, "parts", MOST_PARTS))


def _part(values: object) -> Part:
    """Read x, y, width, height, the reduction and the bytes of a part."""
    if not isinstance(values, list) or len(values) != 6:
        raise ProtocolError("Each of parts must be six whole numbers.")
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in values):
        raise ProtocolError("Each of parts must be six whole numbers.")
    x, y, width, height, reduced, size = values
    if min(x, y) < 0 or min(width, height, reduced, size) < 1 or max(values) > FRAME_BYTES:
        raise ProtocolError("A part of the photograph is out of range.")
    return Part((x, y, width, height), reduced, size)


def _look_fields(look: Look) -> dict[str, Any]:
    fields = {"strength": look.strength, "texture": look.texture, "edits": dict(look.edits)}
    return fields if look.render == PHOTO else {**fields, "render": look.render}


def _look_from(fields: Fields) -> Look:
    edits = take_map({"edits": {}, **fields}, "edits")
    if len(edits) > LOOKS or any(len(name) > _LONGEST_NAME for name in edits):
        raise ProtocolError("A look has too many edits, or their names are too long.")
    try:
        return Look(
            strength=take_float(fields, "strength", DEFAULT_STRENGTH),
            texture=take_float(fields, "texture", DEFAULT_TEXTURE),
            edits={name: take_float(edits, name, 0.0) for name in edits},
            render=render_named(take_str({"render": PHOTO, **fields}, "render", _LONGEST_NAME)),
        )
    except UsageError as error:  # out of range, or no way to render
        raise ProtocolError(error.message) from error
