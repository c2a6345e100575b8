"""The interface of a backend, which retouches for the command line.

``pipeline.retoucher`` is one in this process, ``retouchml.cli.daemon_backend`` is one in the daemon.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from retouchml.progress import Cancel, Progress
from retouchml.results import Box, Face, FaceReport

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from retouchml.look import Look


class BackendPhoto(Protocol):
    """A photograph with its faces. Its patches are opaque: they are only passed back to it."""

    @property
    def faces(self) -> Sequence[Face]: ...

    @property
    def seconds(self) -> Mapping[str, float]:
        """Seconds that each step took, by its name."""

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> Sequence[Any]:
        """Patches that give faces, by their numbers, these looks. Raises Cancelled."""

    def apply(self, patches: Sequence[Any]) -> npt.NDArray[Any]:
        """The photograph with the patches on it, of the shape and type that was opened."""

    def layer(self, patches: Sequence[Any]) -> npt.NDArray[Any]:
        """The patches alone, RGBA [H, W, 4] in the photograph's type, transparent elsewhere."""

    def report(self, patches: Sequence[Any]) -> Sequence[FaceReport]:
        """Scores and distances of the patches' faces."""


class Backend(Protocol):
    """Loaded networks, which retouch photographs."""

    @property
    def model(self) -> str: ...
    @property
    def device(self) -> str: ...

    def open(
        self,
        pixels: npt.NDArray[np.generic],
        *,
        icc: bytes = b"",
        at: Sequence[Box] = (),
        scorer: str = "",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> BackendPhoto:
        """Find the faces in ``pixels`` [H, W(, C)] of a colour profile, b"" for sRGB.

        at: places of faces that the search may miss; scorer: whose taste strength follows. Raises UsageError
        for a place without room or an unknown scorer, and Cancelled.
        """


@runtime_checkable
class Companion(Protocol):
    """A backend beside which there may be others, each used by one thread.

    alone: whether nothing else does the work once it is lost, for this picture nor the next
    """

    @property
    def alone(self) -> bool:
        """See above."""

    def companions(self) -> Sequence[Backend]:
        """Further backends with the same networks, which can work at the same time."""

    def release(self) -> None:
        """Free the photo that was opened last: others may wait for room."""


def companions(backend: Backend) -> Sequence[Backend]:
    """The further backends that can work at the same time; most have none."""
    return backend.companions() if isinstance(backend, Companion) else ()


def is_alone(backend: object) -> bool:
    """Whether nothing else does the work once this backend is lost."""
    return isinstance(backend, Companion) and backend.alone


BackendFactory = Callable[[str, str], Backend]  # model, device
