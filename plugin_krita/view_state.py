"""What the docker shows and what the user has set: immutable values, without Krita and Qt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from retouchml import progress
from retouchml.look import DEFAULT_STRENGTH, DEFAULT_TEXTURE, Look
from retouchml.sliders import BY_NAME, STRENGTH, TEXTURE

from . import texts

BEAUTIFY, FIND_FACES, PREVIEW = "beautify", "find", "preview"
"""Kinds of tasks."""
OFF, STARTING, READY = "off", "starting", "ready"
"""States of the daemon, as far as the plug-in knows."""

_STORED = ("strength", "texture", "live", "mask")


@dataclass(frozen=True)
class UserSettings:
    """What the user has set.

    strength, texture, edits: as in ``Look``; live: whether the preview follows the sliders; mask: whether the
    result gets a transparency mask
    """

    strength: float = DEFAULT_STRENGTH
    texture: float = DEFAULT_TEXTURE
    edits: Mapping[str, float] = field(default_factory=dict)
    live: bool = True
    mask: bool = False

    @property
    def look(self) -> Look:
        """The look that the sliders describe."""
        return Look(self.strength, self.texture, {name: value for name, value in self.edits.items() if value})

    def to_json(self) -> str:
        """The settings that are kept from one run of Krita to the next; edits are not."""
        return json.dumps({name: getattr(self, name) for name in _STORED})

    @classmethod
    def from_json(cls, text: str) -> "UserSettings":
        """The settings in ``to_json``'s text; the defaults if it makes no sense."""
        try:
            stored = json.loads(text)
            return cls(
                strength=BY_NAME[STRENGTH].clamp(float(stored["strength"])),
                texture=BY_NAME[TEXTURE].clamp(float(stored["texture"])),
                live=bool(stored["live"]),
                mask=bool(stored["mask"]),
            )
        except (ValueError, KeyError, TypeError):
            return cls()


@dataclass(frozen=True)
class TaskView:
    """The task under way.

    kind: ``BEAUTIFY``, ``FIND_FACES`` or ``PREVIEW``; stage: as in ``retouchml.progress``; fraction: of the
    whole task, 0 to 1; remaining: seconds, None if unknown
    """

    kind: str
    stage: str
    fraction: float = 0.0
    remaining: float | None = None

    @property
    def text(self) -> str:
        """The title of the stage, with the seconds that remain if they are known."""
        return progress.describe(self.stage, self.remaining, texts.text)


@dataclass(frozen=True)
class Image:
    """8 bits a channel, BGRA in rows without a gap, straight alpha: what QImage calls ARGB32."""

    width: int
    height: int
    pixels: bytes = field(repr=False)


@dataclass(frozen=True)
class FaceView:
    """A face of the active layer. ticked: to be retouched; shown: in the preview."""

    number: int
    thumbnail: Image
    ticked: bool
    shown: bool


@dataclass(frozen=True)
class Preview:
    """A rectangle of the layer before the retouch. after: the patch that covers it at ``at`` (x, y)."""

    before: Image
    after: Image | None = None
    at: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Notice:
    """A sentence for the user and what to do next."""

    sentence: str
    advice: str = ""
    is_error: bool = True


@dataclass(frozen=True)
class View:
    """Everything that the docker shows.

    layer: the name of the active layer, "" if there is none; missing: why there is none; faces: None before
    they were searched for; device: what the daemon computes on, "" if unknown
    """

    layer: str = ""
    missing: str = ""
    settings: UserSettings = UserSettings()
    faces: tuple[FaceView, ...] | None = None
    preview: Preview | None = None
    task: TaskView | None = None
    notice: Notice | None = None
    daemon: str = OFF
    device: str = ""

    @property
    def can_start(self) -> bool:
        """Whether Beautify has something to do."""
        return bool(self.layer) and not self.is_busy

    @property
    def is_busy(self) -> bool:
        """Whether a task runs that the user asked for; a preview may be interrupted at any time."""
        return self.task is not None and self.task.kind != PREVIEW
