"""The requests and answers of the wire as typed values, checked as they are parsed (docs/protocol.md)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from retouchml.errors import ProtocolError, UsageError
from retouchml.look import DEFAULT_STRENGTH, DEFAULT_TEXTURE, Look
from retouchml.pixel_format import PixelFormat, format_from
from retouchml.protocol import (
    HEADER_ITEMS,
    LOOKS,
    SIDE,
    take_bool,
    take_float,
    take_int,
    take_list,
    take_map,
    take_str,
)

PREVIEW_SIDE = 512
SIZES = ("full", "preview", "both")
_FACES = 1024
_NAME = 128


@dataclass(frozen=True)
class Hello:
    """versions: those the client speaks; client: its name, for the log."""

    versions: tuple[int, ...]
    client: str


@dataclass(frozen=True)
class Open:
    """picture: how the pixels lie; icc: whether a profile follows; model, device: "" for the daemon's own."""

    picture: PixelFormat
    icc: bool
    model: str
    device: str = ""


@dataclass(frozen=True)
class Prepare:
    """faces: None for all."""

    photo: str
    faces: tuple[int, ...] | None


@dataclass(frozen=True)
class Render:
    """looks: by face; size: one of ``SIZES``."""

    photo: str
    looks: Mapping[int, Look]
    size: str = "full"
    preview_side: int = PREVIEW_SIDE
    report: bool = False


@dataclass(frozen=True)
class Edits:
    """model, device: "" for the daemon's own."""

    model: str
    device: str = ""


def hello_from(fields: Mapping[str, Any]) -> Hello:
    """Raises ProtocolError or LimitExceeded."""
    versions = take_list(fields, "versions", 16)
    if not versions or not all(isinstance(each, int) and not isinstance(each, bool) for each in versions):
        raise ProtocolError("versions must be a list of whole numbers.")
    return Hello(tuple(versions), take_str({"client": "", **fields}, "client", 200))


def open_from(fields: Mapping[str, Any]) -> Open:
    """Raises ProtocolError or LimitExceeded."""
    return Open(format_from(take_map(fields, "picture")), take_bool(fields, "icc"), *_engine(fields))


def prepare_from(fields: Mapping[str, Any]) -> Prepare:
    """Raises ProtocolError or LimitExceeded."""
    if fields.get("faces") is None:
        return Prepare(photo_in(fields), None)
    faces = take_list(fields, "faces", _FACES)
    return Prepare(photo_in(fields), tuple(_face({"faces": each}, "faces") for each in faces))


def render_from(fields: Mapping[str, Any]) -> Render:
    """Raises ProtocolError or LimitExceeded."""
    looks: dict[int, Look] = {}
    for each in take_list(fields, "looks", LOOKS):
        if not isinstance(each, dict):
            raise ProtocolError("Each of looks must be a map.")
        face = _face(each, "face")
        if face in looks:
            raise ProtocolError(f"Face {face} has two looks.")
        looks[face] = _look_from(each)
    size = take_str({"size": "full", **fields}, "size", 16)
    if size not in SIZES:
        raise ProtocolError(f"size must be one of {', '.join(SIZES)}.")
    side = take_int({"preview_side": PREVIEW_SIDE, **fields}, "preview_side", 64, 2048)
    return Render(photo_in(fields), looks, size, side, take_bool(fields, "report"))


def render_fields(render: Render) -> dict[str, Any]:
    """The fields of a ``render`` request."""
    looks = [
        {"face": face, "strength": look.strength, "texture": look.texture, "edits": dict(look.edits)}
        for face, look in render.looks.items()
    ]
    return {
        "photo": render.photo,
        "looks": looks,
        "size": render.size,
        "preview_side": render.preview_side,
        "report": render.report,
    }


def edits_from(fields: Mapping[str, Any]) -> Edits:
    """Raises ProtocolError."""
    return Edits(*_engine(fields))


def photo_in(fields: Mapping[str, Any]) -> str:
    """The name of a photo. Raises ProtocolError."""
    return take_str(fields, "photo", 64)


@dataclass(frozen=True)
class WireFace:
    """A face of an open photo: box (x, y, width, height), 68 landmarks (x, y), score 1 to 5."""

    box: tuple[int, int, int, int]
    landmarks: tuple[tuple[float, float], ...]
    score: float


@dataclass(frozen=True)
class WirePatch:
    """What changed around one face: pixels to lay over the rectangle (x, y, width, height) of the photo.

    picture: how ``pixels`` lie; smaller than the rectangle for a preview, which is to be enlarged to it
    """

    face: int
    box: tuple[int, int, int, int]
    picture: PixelFormat
    pixels: "bytes | memoryview" = field(repr=False)


def face_from(fields: Any) -> WireFace:
    """Raises ProtocolError."""
    if not isinstance(fields, dict):
        raise ProtocolError("A face must be a map.")
    landmarks = take_list(fields, "landmarks", HEADER_ITEMS)
    if not all(isinstance(point, list) and len(point) == 2 for point in landmarks):
        raise ProtocolError("Landmarks must be pairs of numbers.")
    points = tuple((float(x), float(y)) for x, y in landmarks)
    score = fields.get("score")
    if not isinstance(score, int | float):
        raise ProtocolError("A face's score must be a number.")
    return WireFace(box_in(fields, "box"), points, float(score))


def patches_from(fields: Mapping[str, Any], frames: Sequence["bytes | memoryview"]) -> tuple[WirePatch, ...]:
    """The patches of an answer to ``render``. Raises ProtocolError or LimitExceeded."""
    entries = take_list(fields, "patches", LOOKS)
    if len(entries) != len(frames):
        raise ProtocolError(f"{len(entries)} patches came with {len(frames)} data frames.")
    patches = []
    for entry, frame in zip(entries, frames, strict=True):
        if not isinstance(entry, dict):
            raise ProtocolError("A patch must be a map.")
        picture = format_from(take_map(entry, "picture"))
        picture.check_frame(len(frame))
        x, y = take_int(entry, "x", 0, SIDE), take_int(entry, "y", 0, SIDE)
        box = (x, y, take_int(entry, "width", 1, SIDE), take_int(entry, "height", 1, SIDE))
        patches.append(WirePatch(_face(entry, "face"), box, picture, frame))
    return tuple(patches)


def progress_from(fields: Mapping[str, Any]) -> tuple[str, float, float | None]:
    """Stage, fraction 0 to 1, remaining seconds. Raises ProtocolError."""
    stage = take_str(fields, "stage", _NAME)
    fraction = take_float(fields, "fraction", 0.0, 1.0, 0.0)
    if fields.get("remaining") is None:
        return stage, fraction, None
    return stage, fraction, take_float(fields, "remaining", -math.inf, math.inf, 0.0)


def box_in(fields: Mapping[str, Any], name: str) -> tuple[int, int, int, int]:
    """Four whole numbers. Raises ProtocolError."""
    box = take_list(fields, name, 4)
    if len(box) != 4 or not all(isinstance(each, int) for each in box):
        raise ProtocolError(f"{name} must be four whole numbers.")
    return box[0], box[1], box[2], box[3]


def _face(fields: Mapping[str, Any], name: str) -> int:
    return take_int(fields, name, 0, _FACES)


def _engine(fields: Mapping[str, Any]) -> tuple[str, str]:
    given = {"model": "", "device": "", **fields}
    return take_str(given, "model", _NAME), take_str(given, "device", _NAME)


def _look_from(fields: Mapping[str, Any]) -> Look:
    edits = take_map({"edits": {}, **fields}, "edits")
    if len(edits) > LOOKS or any(len(name) > _NAME for name in edits):
        raise ProtocolError("A look has too many edits, or their names are too long.")
    try:
        return Look(
            strength=take_float(fields, "strength", 0.0, 1.0, DEFAULT_STRENGTH),
            texture=take_float(fields, "texture", 0.0, 1.0, DEFAULT_TEXTURE),
            edits={name: take_float(edits, name, -1.0, 1.0, 0.0) for name in edits},
        )
    except UsageError as error:  # unreachable while Look's ranges are those above
        raise ProtocolError(error.message) from error
