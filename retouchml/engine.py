"""What the commands ask of whoever does the retouching.

``pipeline.retoucher`` fulfils these protocols in this process. They are the seam for anything else that can
take its place: a connection to the daemon, or a stand-in for tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from retouchml.look import Look

EngineName = Literal["torch", "tensorflow1"]  # what runs the generator
ENGINES: tuple[EngineName, ...] = ("torch", "tensorflow1")

Progress = Callable[[str, float, "float | None"], None]  # stage, fraction 0..1, remaining seconds


class Cancel(Protocol):
    """Something long work polls."""

    def is_set(self) -> bool:
        """Whether to stop."""


class EditInfo(Protocol):
    """One manual slider."""

    @property
    def name(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def description(self) -> str: ...


class Face(Protocol):
    """A face in a photo: box (x, y, width, height), 68 landmarks [68, 2], attractiveness on the 1-5 scale."""

    @property
    def box(self) -> tuple[int, int, int, int]: ...
    @property
    def landmarks(self) -> npt.NDArray[Any]: ...
    @property
    def score(self) -> float: ...


class FaceReport(Protocol):
    """What was done to face number ``face``; ``patch`` is the changed rectangle (x, y, width, height)."""

    @property
    def face(self) -> int: ...
    @property
    def box(self) -> tuple[int, int, int, int]: ...
    @property
    def score_before(self) -> float: ...
    @property
    def score_after(self) -> float: ...
    @property
    def identity_distance(self) -> float: ...
    @property
    def patch(self) -> tuple[int, int, int, int]: ...


class Photo(Protocol):
    """A photograph whose faces were found. Patches are the engine's own affair, only handed back to it."""

    @property
    def faces(self) -> Sequence[Face]: ...
    @property
    def seconds(self) -> Mapping[str, float]: ...

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Sequence[Any]:
        """Patches that give the faces of these numbers these looks; raises Cancelled."""

    def apply(self, patches: Sequence[Any]) -> npt.NDArray[Any]:
        """The photograph with the patches on it, of the shape and type that was opened."""

    def layer(self, patches: Sequence[Any]) -> npt.NDArray[Any]:
        """The patches alone, RGBA [H, W, 4] in the photograph's type, transparent elsewhere."""

    def report(self, patches: Sequence[Any]) -> Sequence[FaceReport]:
        """Figures on each patch."""


class Engine(Protocol):
    """A loaded generator, scorer and edits."""

    @property
    def model(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def edits(self) -> Sequence[EditInfo]: ...

    def open(
        self,
        pixels: npt.NDArray[np.generic],
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Photo:
        """Find the faces in ``pixels`` [H, W(, C)], sRGB-encoded; raises Cancelled."""


EngineFactory = Callable[[str, str], Engine]  # model, device
