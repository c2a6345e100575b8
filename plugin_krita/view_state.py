"""What the docker shows and what the user has set: immutable values, without Krita and Qt."""

import json
from dataclasses import dataclass, field, replace

from retouchml import progress
from retouchml.errors import UsageError
from retouchml.look import PHOTO, Look, render_named
from retouchml.presets import library
from retouchml.remembered import preset_of, remembered
from retouchml.sliders import BY_NAME, STRENGTH, TEXTURE

from . import texts

BEAUTIFY, FIND_FACES, PREVIEW = "beautify", "find", "preview"
"""Kinds of tasks."""
OFF, STARTING, READY = "off", "starting", "ready"
"""States of the daemon, as far as the plug-in knows."""


@dataclass(frozen=True)
class UserSettings:
    """What the user has set.

    look: of the ticked faces; live: whether the preview follows the sliders; mask: whether the result gets a
    transparency mask; keep: whether earlier results of the layer stay
    """

    look: Look = field(default_factory=Look)
    live: bool = True
    mask: bool = False
    keep: bool = False

    def to_json(self) -> str:
        """The settings that are kept from one run of Krita to the next."""
        look = remembered(self.look)
        stored = {"strength": look.strength, "texture": look.texture, "edits": dict(look.edits)}
        stored["render"] = look.render
        options = {"live": self.live, "mask": self.mask, "keep": self.keep}
        return json.dumps({**stored, "preset": preset_of(look), **options})

    @classmethod
    def from_json(cls, text: str) -> "UserSettings":
        """The settings in ``to_json``'s text; the defaults if it makes no sense."""
        try:
            stored = json.loads(text)
            edits = stored.get("edits", {}).items()  # version 0.2 kept none
            values = {name: value for name, value in edits if name in BY_NAME}
            values |= {name: stored[name] for name in (STRENGTH, TEXTURE)}
            in_range = {name: BY_NAME[name].clamp(float(value)) for name, value in values.items()}
            render = render_named(str(stored.get("render", PHOTO)))  # version 0.2 had none
            own = replace(Look().with_values(in_range), render=render)
            look = _preset_look(stored.get("preset")) or remembered(own)
            keep = bool(stored.get("keep"))  # version 0.2 had none
            return cls(look, live=bool(stored["live"]), mask=bool(stored["mask"]), keep=keep)
        except (ValueError, KeyError, TypeError, AttributeError, UsageError):
            return cls()


def _preset_look(name: object) -> Look | None:
    """The look of a preset, None if there is none of that name any more."""
    try:
        return library.preset(name).look if isinstance(name, str) and name else None
    except UsageError:
        return None


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

    @property
    def stage_text(self) -> str:
        """The title of the stage without these seconds."""
        return progress.describe(self.stage, None, texts.text)


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
class PlacedImage:
    """An image over another. at, size: where it lies (x, y) and how large it is, in the other's pixels."""

    image: Image
    at: tuple[float, float]
    size: tuple[float, float]


@dataclass(frozen=True)
class Preview:
    """A rectangle of the layer before the retouch, and what covers a part of it afterwards.

    scale: pixels of the screen for one of ``before``; is_whole: whether the whole face fits
    """

    before: Image
    after: PlacedImage | None = None
    scale: float = 1.0
    is_whole: bool = True


@dataclass(frozen=True)
class PastView:
    """A result of the document's history. picture: a PNG file; title: its look, for people"""

    picture: bytes = field(repr=False)
    title: str


@dataclass(frozen=True)
class Notice:
    """A sentence for the user and what to do next."""

    sentence: str
    advice: str = ""
    is_error: bool = True


@dataclass(frozen=True)
class View:
    """Everything that the docker shows.

    layer: the name of the active layer, "" if there is none; title: it and its document; missing: why there
    is none; faces: None before they were searched for; device: what the daemon computes on, "" if unknown;
    is_result: whether a result that can be edited again is the active layer; is_look_shared: whether a
    moved slider changes every face, not only the shown one; jobs: those that wait, with their numbers and
    their layers; history: the last results of the document; remote: the name of the other machine that does
    the work, "" for this one; instead: why this one does it nevertheless, "" if it does not; score: how the
    shown face is rated, "" if that is not to be shown
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
    remote: str = ""
    instead: str = ""
    is_result: bool = False
    title: str = ""
    is_look_shared: bool = True
    jobs: tuple[tuple[int, str], ...] = ()
    history: tuple[PastView, ...] = ()
    score: str = ""

    @property
    def can_start(self) -> bool:
        """Whether Beautify has something to do; it waits for a job that is under way."""
        return bool(self.layer)

    @property
    def can_find(self) -> bool:
        """Whether faces can be searched for now."""
        return bool(self.layer) and not self.is_busy

    @property
    def is_busy(self) -> bool:
        """Whether a task runs that the user asked for; a preview may be interrupted at any time."""
        return self.task is not None and self.task.kind != PREVIEW
