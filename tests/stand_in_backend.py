"""The stand-in for the pipeline in tests and benchmarks: a backend without models.

The picture's first value says how many faces it has. A retouch inverts the values in a face's box.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retouchml.look import Look, check_edits, check_faces
from retouchml.own_parts import STANDARD
from retouchml.progress import NEVER, Cancel, Progress, check
from retouchml.results import Box, Face, FaceReport, Refinement
from retouchml.settings import PrecisionName
from retouchml.sliders import EDITS
from tests.waiting import nap

SIDE = 4
"""Pixels of the first face's box; every further face is a pixel larger."""
LARGE_FACE = "tests.stand_in_backend:LargeFaceBackend"
"""``LargeFaceBackend`` as ``--backend`` names it."""
FACE_PAIR = "tests.stand_in_backend:FacePairBackend"
"""``FacePairBackend`` as ``--backend`` names it."""
HELD_PAIR = "tests.stand_in_backend:HeldPairBackend"
"""``HeldPairBackend`` as ``--backend`` names it."""
FACE_ROW = "tests.stand_in_backend:FaceRowBackend"
"""``FaceRowBackend`` as ``--backend`` names it."""
_LANDMARKS = tuple((float(x), float(y)) for x, y in np.linspace(0, 1, 136).reshape(68, 2))


@dataclass(frozen=True)
class Patch:
    """The inverted pixels [h, w, 4] in a box."""

    face: int
    box: Box
    pixels: npt.NDArray[Any]

    @property
    def x(self) -> int:
        return self.box[0]

    @property
    def y(self) -> int:
        return self.box[1]


@dataclass(frozen=True)
class Step:
    """As ``pipeline.refined.Refined``."""

    refinement: Refinement
    faces: tuple[int, ...]
    patches: tuple[Patch, ...]
    is_last: bool = False
    scale: float = 1.0


@dataclass
class Photo:
    """An open picture [H, W(, C)]; remembers every look it was asked for."""

    pixels: npt.NDArray[Any]
    faces: Sequence[Face]
    looks: list[Mapping[int, Look]] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: {"detect": 0.25})

    @property
    def reads(self) -> Sequence[Box]:
        """The boxes of its faces, and as much again on each side."""
        return [(max(0, x - w), max(0, y - h), 3 * w, 3 * h) for x, y, w, h in (f.box for f in self.faces)]

    def prepare(
        self,
        faces: Sequence[int] | None = None,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        if progress is not None:
            progress("invert", 0.5, 12.0)
        self.seconds["invert"] = 1.5

    @property
    def faults(self) -> Sequence[str]:
        """Edits that it knows beside RetouchML's."""
        return ()

    def check(self, looks: Mapping[int, Look]) -> None:
        check_faces(looks, self.faces)
        for look in looks.values():
            check_edits(name for name in look.edits if name not in self.faults)

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> list[Patch]:
        self.looks.append(looks)
        active = {face: look for face, look in looks.items() if not look.untouched}
        self.prepare(list(active), progress=progress, cancel=cancel)
        return [self.patch(face, look, cancel) for face, look in active.items()]

    def refined(
        self,
        looks: Mapping[int, Look],
        *,
        shown: int | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        superseded: Cancel | None = None,
    ) -> Iterator[Step]:
        """A face that is not prepared yet has a local step: half of the final values."""
        self.looks.append(looks)
        active = {face: look for face, look in looks.items() if not look.untouched}
        final: dict[int, Patch] = {}
        for face in sorted(active, key=lambda face: (face != shown, face)):
            if not self.is_prepared(face):
                patch = Photo.patch(self, face, active[face], None)
                patch.pixels[..., :3] = patch.pixels[..., :3] / 2
                yield Step("local", (face,), (patch,))
            self.prepare([face], progress=progress, cancel=cancel)
            check(superseded or NEVER)
            final[face] = self.patch(face, active[face], cancel)
            if len(final) < len(active):
                yield Step("full", (face,), (final[face],))
        yield Step("full", tuple(sorted(final)), tuple(final[face] for face in sorted(final)), is_last=True)

    def preview(
        self,
        looks: Mapping[int, Look],
        side: int,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> list[Patch]:
        """The final patches; what the daemon makes of them is reduced to ``side``."""
        return [self.patch(face, look, cancel) for face, look in looks.items() if not look.untouched]

    def ahead(self, looks: Mapping[int, Look], side: int, *, shown: int | None = None) -> Iterator[bool]:
        """Nothing is computed ahead."""
        yield from ()

    def at_once(self, looks: Mapping[int, Look], shown: int | None = None) -> Step:
        """The first step of ``refined``."""
        self.check(looks)
        return next(Photo.refined(self, looks, shown=shown))

    def is_prepared(self, _face: int) -> bool:
        return True

    def has_preview(self, face: int, look: Look) -> bool:
        return not look.needs_generator or self.is_prepared(face)

    def patch(self, face: int, _look: Look, _cancel: Cancel | None) -> Patch:
        x, y, width, height = self.faces[face].box
        color = self.pixels.reshape(*self.pixels.shape[:2], -1)[y : y + height, x : x + width]
        if color.shape[2] == 4:
            pixels = self._white - color  # in one go, since the benchmark of the daemon counts milliseconds
            pixels[..., 3] = self._white
        else:
            pixels = np.full((height, width, 4), self._white, color.dtype)
            pixels[..., :3] = self._white - color[..., : 3 if color.shape[2] == 3 else 1]
        return Patch(face, (x, y, width, height), pixels)

    def apply(self, patches: Sequence[Patch]) -> npt.NDArray[Any]:
        result = self.pixels.copy()
        for patch in patches:
            x, y, width, height = patch.box
            result[y : y + height, x : x + width] = self._white - result[y : y + height, x : x + width]
        return result

    def layer(self, patches: Sequence[Patch]) -> npt.NDArray[Any]:
        layer = np.zeros((*self.pixels.shape[:2], 4), self.pixels.dtype)
        for patch in patches:
            x, y, width, height = patch.box
            layer[y : y + height, x : x + width] = self._white
        return layer

    def report(self, patches: Sequence[Patch]) -> list[FaceReport]:
        return [
            FaceReport(
                patch.face, patch.box, 3.0, float("nan") if patch.face else 3.25, 0.125, patch.box, 0.25
            )
            for patch in patches
        ]

    @property
    def _white(self) -> Any:
        return np.iinfo(self.pixels.dtype).max if self.pixels.dtype.kind == "u" else 1.0


class Backend:
    """Finds and retouches faces; remembers every look it was asked for."""

    edits = tuple(slider.as_edit() for slider in EDITS)

    def __init__(
        self, model: str = "ffhq-mobile", device: str = "auto", precision: PrecisionName = "auto"
    ) -> None:
        self.model = model
        self.precision = precision
        self.device = "cpu" if device == "auto" else device
        self.looks: list[Mapping[int, Look]] = []
        self.scorers: list[str] = []  # of the photos, in the order in which they were opened

    def open(
        self,
        pixels: npt.NDArray[Any],
        *,
        icc: bytes = b"",
        at: Sequence[Box] = (),
        scorer: str = "",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Photo:
        self.scorers.append(scorer)
        if progress is not None:
            progress("detect", 0.0, None)
        return Photo(pixels, (*faces_of(int(pixels.flat[0])), *marked(at)), self.looks)


ONE_MORE_FACE = b"a profile by which one more face is found"


def faces_of(count: int) -> tuple[Face, ...]:
    """So many faces, one beside the other."""
    return tuple(
        Face(
            (2 + 10 * index, 3, SIDE + index, SIDE + index),
            _LANDMARKS,
            3.0 + index / 10,
            score_uncertainty=0.25,
        )
        for index in range(count)
    )


def marked(places: Sequence[Box]) -> list[Face]:
    """Faces at these places."""
    return [Face(box, _LANDMARKS, 3.0) for box in places]


def picture(faces: int, *, dtype: str = "uint8", channels: int = 3) -> npt.NDArray[Any]:
    """A picture [24, 40, channels] of some texture in which ``Backend`` finds ``faces``."""
    pixels = np.random.default_rng(faces).integers(0, 200, (24, 40, channels)).astype(dtype)
    pixels[0, 0, 0] = faces
    return pixels


class QuietPhoto(Photo):
    """Is prepared already, and reports no progress: a message for each render would be measured, too."""

    def prepare(
        self,
        faces: Sequence[int] | None = None,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        pass


class LargeFaceBackend(Backend):
    """Finds one square face in the middle of any picture, at once: what is measured is the others' time.

    It is as large as STAND_IN_SIDE says, and half as high as the picture by default.
    """

    def open(self, pixels: npt.NDArray[Any], **_: Any) -> Photo:
        height, width = pixels.shape[:2]
        side = min(int(os.environ.get("STAND_IN_SIDE", height // 2)), height, width)
        box = ((width - side) // 2, (height - side) // 2, side, side)
        return QuietPhoto(pixels, (Face(box, _LANDMARKS, 3.0),), seconds={})


class MeasuredPhoto(Photo):
    """A retouch inverts a face as far as the look's strength and expressions go; the generator's pixels are
    white.
    """

    def patch(self, face: int, look: Look, cancel: Cancel | None) -> Patch:
        patch = super().patch(face, look, cancel)
        x, y, width, height = patch.box
        color = self.pixels.reshape(*self.pixels.shape[:2], -1)[y : y + height, x : x + width]
        before = np.broadcast_to(color[..., : 3 if color.shape[2] > 2 else 1], (height, width, 3))
        amount = min(1.0, look.strength + sum(abs(value) for value in look.edits.values()))
        mixed = before + amount * (patch.pixels[..., :3] - before.astype(np.float64))
        patch.pixels[..., :3] = mixed if self.pixels.dtype.kind == "f" else np.rint(mixed)
        if look.shows_generated:
            patch.pixels[..., :3] = self._white
        patch.pixels[..., 3] = self._white
        return patch

    def report(self, patches: Sequence[Patch]) -> list[FaceReport]:
        """By the scores of its faces."""
        rows = [(row, self.faces[row.face].score) for row in super().report(patches)]
        return [
            replace(row, score_before=score, score_after=score + row.score_after - row.score_before)
            for row, score in rows
        ]


class FacePairBackend(Backend):
    """Finds two faces in any picture, left and right of its middle, each a quarter as high as the picture."""

    count = 2

    photo = MeasuredPhoto

    def open(self, pixels: npt.NDArray[Any], *, at: Sequence[Box] = (), scorer: str = "", **_: Any) -> Photo:
        height, width = pixels.shape[:2]
        count = self.count
        side = min(height // 4, width // (2 * count))
        lefts = ((2 * index + 1) * width // (2 * count) - side // 2 for index in range(count))
        boxes = [(left, (height - side) // 2, side, side) for left in lefts]
        faces = marked([*boxes, *(place for place in at if place not in boxes)])
        if scorer not in ("", STANDARD):  # by which a test sees it
            faces = [replace(face, score=4.0) for face in faces]
        return self.photo(pixels, faces, seconds={})


class HeldPhoto(MeasuredPhoto):
    """Its faces are prepared once there is a file ``go`` in RETOUCHML_HOME."""

    def is_prepared(self, _face: int) -> bool:
        return (Path(os.environ["RETOUCHML_HOME"]) / "go").exists()

    def prepare(
        self,
        faces: Sequence[int] | None = None,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        while not self.is_prepared(0):
            if progress is not None:
                progress("invert", 0.5, None)
            nap(0.05, cancel)


class HeldPairBackend(FacePairBackend):
    """As ``FacePairBackend``, with faces that take as long to prepare as a test wants."""

    photo = HeldPhoto


class FaceRowBackend(FacePairBackend):
    """Finds twenty faces side by side."""

    count = 20


class SlowPhoto(Photo):
    """Renders until it is stopped; touches ``marker`` as it begins, ``asked`` beside it when asked to stop.

    ``manners``: "polite" stops when asked, "deaf" does not, "stuck" ignores exceptions, too.
    """

    marker: Path
    manners: str

    def render(
        self, looks: Mapping[int, Look], *, progress: Progress | None = None, cancel: Cancel | None = None
    ) -> list[Patch]:
        self.marker.touch()
        while True:
            try:
                time.sleep(0.01)
            except KeyboardInterrupt:
                if self.manners != "stuck":
                    raise
            if cancel is not None and cancel.is_set():
                self.marker.with_name("asked").touch()
                if self.manners == "polite":
                    check(cancel)


class SlowBackend(Backend):
    """Opens slow photos."""

    def __init__(self, marker: Path, manners: str) -> None:
        super().__init__()
        self._marker = marker
        self._manners = manners

    def open(
        self,
        pixels: npt.NDArray[Any],
        *,
        icc: bytes = b"",
        at: Sequence[Box] = (),
        scorer: str = "",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Photo:
        photo = SlowPhoto(pixels, super().open(pixels).faces, self.looks)
        photo.marker = self._marker
        photo.manners = self._manners
        return photo
