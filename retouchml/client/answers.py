"""The answers of the protocol, one class each.

``fields`` gives the map that is sent, ``from_fields`` reads and checks it; that raises ProtocolError, or
LimitExceeded if a number is too large. docs/protocol.md is the contract; the requests are in ``messages``,
the answer to ``status`` is in ``status``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from retouchml.client.fields import take_float, take_int, take_list, take_map, take_number, take_str
from retouchml.client.messages import Fields, face_in, photo_in
from retouchml.client.pixel_format import PixelFormat, format_from
from retouchml.client.protocol import HEADER_ITEMS, LOOKS, SIDE, STRING_BYTES
from retouchml.errors import ProtocolError
from retouchml.progress import FaceStage
from retouchml.results import FULL, Box, Edit, Face, FaceQuality, FaceReport, Trust

_NAME = 128
_NOTES = 64  # of one face
_MEASURES = ("yaw", "pitch", "cut", "eye_distance", "sharpness", "covered", "uncertainty")
Frames = Sequence["bytes | memoryview"]


@dataclass(frozen=True)
class Welcome:
    """The answer to ``hello``.

    version: of the protocol on this connection; software: the daemon's version; instance: different in each
    run of the daemon; limits: by name; sliders: the names that it knows, None from a daemon that does not
    say; features: see ``versions.FEATURES``
    """

    version: int
    software: str
    pid: int
    instance: str
    limits: Mapping[str, int] = field(default_factory=dict)
    sliders: tuple[str, ...] | None = None
    features: tuple[str, ...] = ()

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        sliders = None if self.sliders is None else list(self.sliders)
        features = list(self.features)
        return {**asdict(self), "limits": dict(self.limits), "sliders": sliders, "features": features}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Welcome":
        """Read it back."""
        return cls(
            take_int(fields, "version", 0, HEADER_ITEMS),
            take_str(fields, "software", _NAME),
            take_int(fields, "pid", 0, 1 << 53),
            take_str(fields, "instance", _NAME),
            take_map({"limits": {}, **fields}, "limits"),
            None if fields.get("sliders") is None else _names(fields, "sliders"),
            _names({"features": [], **fields}, "features"),
        )


@dataclass(frozen=True)
class Opened:
    """The answer to ``open``. photo: its name in requests; faces: the largest first; seconds: by step.

    needs: boxes of the photo that came reduced, and whose own pixels decide about its faces
    """

    photo: str
    faces: tuple[Face, ...]
    model: str = ""
    device: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    needs: tuple[Box, ...] = ()

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {
            "photo": self.photo,
            "faces": [_face_fields(face) for face in self.faces],
            "model": self.model,
            "device": self.device,
            "seconds": dict(self.seconds),
            "needs": [list(box) for box in self.needs],
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "Opened":
        """Read it back."""
        faces = take_list(fields, "faces", HEADER_ITEMS)
        return cls(
            photo_in(fields),
            tuple(_face_from(face) for face in faces),
            str(fields.get("model", "")),
            str(fields.get("device", "")),
            take_map({"seconds": {}, **fields}, "seconds"),
            tuple(
                _box({"needs": each}, "needs")
                for each in take_list({"needs": [], **fields}, "needs", HEADER_ITEMS)
            ),
        )


@dataclass(frozen=True)
class Prepared:
    """The answer to ``prepare``. seconds: by step."""

    seconds: Mapping[str, float]

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {"seconds": dict(self.seconds)}

    @classmethod
    def from_fields(cls, fields: Fields) -> "Prepared":
        """Read it back."""
        return cls(take_map(fields, "seconds"))


@dataclass(frozen=True)
class WirePatch:
    """What changed around one face: pixels to lay over the rectangle ``box`` of the photo.

    picture: the layout of ``pixels``; a preview is smaller than the rectangle, and has to be enlarged to it
    """

    face: int
    box: Box
    picture: PixelFormat
    pixels: "bytes | memoryview" = field(repr=False)

    def fields(self) -> dict[str, Any]:
        """As a map of the wire; the pixels are a frame of their own."""
        x, y, width, height = self.box
        return {
            "face": self.face,
            "x": x,
            "y": y,
            "width": width,
            "height": height,
            "picture": self.picture.fields(),
        }

    @classmethod
    def from_fields(cls, fields: Any, pixels: "bytes | memoryview") -> "WirePatch":
        """Read it back, with its frame."""
        if not isinstance(fields, dict):
            raise ProtocolError("A patch must be a map.")
        picture = format_from(take_map(fields, "picture"))
        picture.check_frame(len(pixels))
        x, y = take_int(fields, "x", 0, SIDE), take_int(fields, "y", 0, SIDE)
        box = (x, y, take_int(fields, "width", 1, SIDE), take_int(fields, "height", 1, SIDE))
        return cls(face_in(fields, "face"), box, picture, pixels)


@dataclass(frozen=True)
class Rendered:
    """The answer to ``render``, and its previews.

    report: empty unless requested; seconds: by step

    refinement: how far the patches are computed, as in ``retouchml.results``, or what a newer daemon knows;
    faces: those whose earlier patches these replace; scale: of the photo's resolution, at which the change
    was computed
    """

    patches: tuple[WirePatch, ...]
    report: tuple[FaceReport, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    refinement: str = FULL
    faces: tuple[int, ...] = ()
    scale: float = 1.0

    def fields(self) -> dict[str, Any]:
        """As a map of the wire; ``frames`` has the pixels."""
        return {
            "patches": [patch.fields() for patch in self.patches],
            "report": [_report_fields(report) for report in self.report],
            "seconds": dict(self.seconds),
            "refinement": self.refinement,
            "faces": list(self.faces),
            "scale": self.scale,
        }

    @property
    def frames(self) -> "list[bytes | memoryview]":
        """The pixels of the patches, in their order."""
        return [patch.pixels for patch in self.patches]

    @classmethod
    def from_fields(cls, fields: Fields, frames: Frames) -> "Rendered":
        """Read it back, with its frames."""
        entries = take_list(fields, "patches", LOOKS)
        if len(entries) != len(frames):
            raise ProtocolError(f"{len(entries)} patches came with {len(frames)} data frames.")
        patches = [WirePatch.from_fields(*each) for each in zip(entries, frames, strict=True)]
        report = [_report_from(each) for each in take_list(fields, "report", LOOKS)]
        fields = {"refinement": FULL, "faces": [], **fields}  # a daemon of version 0.2 does not say
        return cls(
            tuple(patches),
            tuple(report),
            take_map(fields, "seconds"),
            take_str(fields, "refinement", _NAME),
            tuple(face_in({"face": each}, "face") for each in take_list(fields, "faces", LOOKS)),
            take_float(fields, "scale", 1.0, 0.0, 1.0),
        )


@dataclass(frozen=True)
class EditList:
    """The answer to ``edits``: the sliders of a model on a device."""

    model: str
    device: str
    edits: tuple[Edit, ...]

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {
            "model": self.model,
            "device": self.device,
            "edits": [asdict(edit) for edit in self.edits],
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "EditList":
        """Read it back."""
        return cls(
            take_str(fields, "model", STRING_BYTES),
            take_str(fields, "device", STRING_BYTES),
            tuple(_edit_from(each) for each in take_list(fields, "edits", HEADER_ITEMS)),
        )


@dataclass(frozen=True)
class CancelAnswer:
    """The answer to ``cancel``. found: whether such a request was open."""

    found: bool

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        return {"found": self.found}

    @classmethod
    def from_fields(cls, fields: Fields) -> "CancelAnswer":
        """Read it back."""
        return cls(bool(fields.get("found")))


@dataclass(frozen=True)
class ProgressNote:
    """The progress of a request.

    stage: perhaps a ``FaceStage``; fraction: of the stage, 0 to 1; remaining: seconds, None if unknown
    """

    stage: str
    fraction: float
    remaining: float | None = None

    def fields(self) -> dict[str, Any]:
        """As a map of the wire."""
        fields = {"stage": str(self.stage), "fraction": self.fraction, "remaining": self.remaining}
        if isinstance(self.stage, FaceStage):
            fields |= {"face": self.stage.face, "faces": self.stage.faces}
        return fields

    @classmethod
    def from_fields(cls, fields: Fields) -> "ProgressNote":
        """Read it back."""
        stage = take_str(fields, "stage", _NAME)
        if "faces" in fields:
            faces = take_int(fields, "faces", 1, HEADER_ITEMS)
            stage = FaceStage(stage, take_int(fields, "face", 1, faces), faces)
        fraction = take_float(fields, "fraction", 0.0, 0.0, 1.0)
        if fields.get("remaining") is None:
            return cls(stage, fraction)
        return cls(stage, fraction, take_float(fields, "remaining", 0.0))


def _box(fields: Fields, name: str) -> Box:
    """Read four whole numbers. Raises ProtocolError."""
    box = take_list(fields, name, 4)
    if len(box) != 4 or not all(isinstance(each, int) for each in box):
        raise ProtocolError(f"{name} must be four whole numbers.")
    return box[0], box[1], box[2], box[3]


def _names(fields: Fields, name: str) -> tuple[str, ...]:
    """Read a list of strings. Raises ProtocolError."""
    return tuple(take_str({name: each}, name, _NAME) for each in take_list(fields, name, HEADER_ITEMS))


def _face_fields(face: Face) -> dict[str, Any]:
    return {
        "box": list(face.box),
        "landmarks": [list(point) for point in face.landmarks],
        "score": face.score,
        "score_uncertainty": face.score_uncertainty,
        "quality": {
            **asdict(face.quality),
            "notes": list(face.quality.notes),
            "outside": list(face.quality.outside),
        },
    }


def _face_from(fields: Any) -> Face:
    if not isinstance(fields, dict):
        raise ProtocolError("A face must be a map.")
    landmarks = take_list(fields, "landmarks", HEADER_ITEMS)
    if not all(isinstance(point, list) and len(point) == 2 for point in landmarks):
        raise ProtocolError("Landmarks must be pairs of numbers.")
    points = tuple((float(x), float(y)) for x, y in landmarks)
    return Face(
        _box(fields, "box"),
        points,
        take_number(fields, "score"),
        _quality_from(fields),
        _uncertainty_from(fields),
    )


def _uncertainty_from(fields: Fields) -> float | None:
    """The uncertainty of a score; None from a daemon that does not know it."""
    if fields.get("score_uncertainty") is None:
        return None
    return take_float(fields, "score_uncertainty", 0.0, 0.0)


def _quality_from(face: Fields) -> FaceQuality:
    """The quality of a face; that of a daemon that does not know it is full."""
    if "quality" not in face:
        return FaceQuality()
    fields = take_map(face, "quality")
    trust = take_map({"trust": {}, **fields}, "trust")
    notes = take_list({"notes": [], **fields}, "notes", _NOTES)
    if not all(isinstance(note, str) and len(note) <= STRING_BYTES for note in notes):
        raise ProtocolError("Notes must be strings.")
    return FaceQuality(
        **{name: take_float(fields, name, 0.0) for name in _MEASURES},
        trust=Trust(**{kind: take_float(trust, kind, 1.0, 0.0, 1.0) for kind in asdict(Trust())}),
        notes=tuple(notes),
        outside=_names({"outside": [], **fields}, "outside"),
    )


def _report_fields(report: FaceReport) -> dict[str, Any]:
    return {**asdict(report), "box": list(report.box), "patch": list(report.patch)}


def _report_from(fields: Any) -> FaceReport:
    if not isinstance(fields, Mapping):
        raise ProtocolError("A report must be a map.")
    return FaceReport(
        face_in(fields, "face"),
        _box(fields, "box"),
        take_number(fields, "score_before"),
        take_number(fields, "score_after"),
        take_number(fields, "identity_distance"),
        _box(fields, "patch"),
        _uncertainty_from(fields),
    )


def _edit_from(fields: Any) -> Edit:
    if not isinstance(fields, Mapping):
        raise ProtocolError("An edit must be a map.")
    name, description = (take_str(fields, each, STRING_BYTES) for each in ("name", "description"))
    with_defaults = {"group": "", "default": 0.0, **fields}  # a daemon of version 0.2 says no more
    return Edit(
        name,
        take_number(fields, "low"),
        take_number(fields, "high"),
        description,
        take_str(with_defaults, "group", STRING_BYTES),
        take_number(with_defaults, "default"),
        None if fields.get("full") is None else take_number(fields, "full"),
    )
