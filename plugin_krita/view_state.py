"""What the docker shows and what the user has set: immutable values, without Krita and Qt."""

import json
from dataclasses import dataclass, field

from retouchml import progress
from retouchml.errors import UsageError
from retouchml.look import Look
from retouchml.sliders import BY_NAME, EYES_AND_TEETH, SKIN, STRENGTH, TEXTURE

from . import texts

BEAUTIFY, FIND_FACES, PREVIEW = "beautify", "find", "preview"
"""Kinds of tasks."""
OFF, STARTING, READY = "off", "starting", "ready"
"""States of the daemon, as far as the plug-in knows."""

_KEPT_GROUPS = (SKIN.name, EYES_AND_TEETH.name)
"""Groups whose sliders are kept from one run of Krita to the next: expressions belong to one picture."""


@dataclass(frozen=True)
class UserSettings:
    """What the user has set.

    look: of the ticked faces; live: whether the preview follows the sliders; mask: whether the result gets a
    transparency mask
    """

    look: Look = field(default_factory=Look)
    live: bool = True
    mask: bool = False

    def to_json(self) -> str:
        """The settings that are kept from one run of Krita to the next."""
        look = self.look
        kept = {name: value for name, value in look.edits.items() if _is_kept(name)}
        stored = {"strength": look.strength, "texture": look.texture, "edits": kept}
        return json.dumps({**stored, "live": self.live, "mask": self.mask})

    @classmethod
    def from_json(cls, text: str) -> "UserSettings":
        """The settings in ``to_json``'s text; the defaults if it makes no sense."""
        try:
            stored = json.loads(text)
            edits = stored.get("edits", {}).items()  # version 0.2 kept none
            values = {name: value for name, value in edits if _is_kept(name)}
            values |= {name: stored[name] for name in (STRENGTH, TEXTURE)}
            in_range = {name: BY_NAME[name].clamp(float(value)) for name, value in values.items()}
            look = Look().with_values(in_range)
            return cls(look, live=bool(stored["live"]), mask=bool(stored["mask"]))
        except (ValueError, KeyError, TypeError, AttributeError, UsageError):
            return cls()


def _is_kept(name: str) -> bool:
    return name in BY_NAME and BY_NAME[name].group in _KEPT_GROUPS


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
    """A face of the active layer.

    ticked: to be retouched; shown: in the preview; notes: what is held back, a phrase each
    """

    number: int
    thumbnail: Image
    ticked: bool
    shown: bool
    notes: tuple[str, ...] = ()


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
