"""What the docker shows and what the user has chosen, as values that never change."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_STRENGTH = 0.5
DEFAULT_TEXTURE = 0.7

BEAUTIFY, FIND, PREVIEW = "beautify", "find", "preview"
"""Kinds of jobs."""
OFF, STARTING, READY = "off", "starting", "ready"
"""What is known of the daemon."""


@dataclass(frozen=True)
class Settings:
    """strength, texture: 0 to 1; edits: by name, -1 to 1; live: preview as sliders move; mask: add one."""

    strength: float = DEFAULT_STRENGTH
    texture: float = DEFAULT_TEXTURE
    edits: Mapping[str, float] = field(default_factory=dict)
    live: bool = True
    mask: bool = False


@dataclass(frozen=True)
class Job:
    """Work under way. fraction: of this stage, None where it is not known; remaining: seconds, or None."""

    kind: str
    stage: str
    fraction: float | None = None
    remaining: float | None = None


@dataclass(frozen=True)
class Image:
    """8 bits a channel, BGRA in rows without a gap, straight alpha: what QImage calls ARGB32."""

    width: int
    height: int
    pixels: bytes = field(repr=False)


@dataclass(frozen=True)
class Face:
    """A face of the active layer. chosen: to be retouched; shown: in the preview."""

    index: int
    picture: Image
    chosen: bool
    shown: bool


@dataclass(frozen=True)
class Preview:
    """A rectangle of the layer before; ``after`` is to be laid over it at ``at`` (x, y)."""

    before: Image
    after: Image | None = None
    at: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Notice:
    """One sentence for the user and what to do next."""

    sentence: str
    advice: str = ""
    is_error: bool = True


@dataclass(frozen=True)
class View:
    """Everything that the docker shows."""

    layer: str = ""
    missing: str = ""  # why there is no layer
    settings: Settings = Settings()
    edits: tuple[str, ...] = ()
    faces: tuple[Face, ...] | None = None  # None: nobody has looked yet
    preview: Preview | None = None
    job: Job | None = None
    notice: Notice | None = None
    daemon: str = OFF
    device: str = ""

    @property
    def can_work(self) -> bool:
        """Whether Beautify has something to do."""
        return bool(self.layer) and not self.is_busy

    @property
    def is_busy(self) -> bool:
        """Whether a job runs that the user asked for; a preview may be interrupted at any time."""
        return self.job is not None and self.job.kind != PREVIEW
