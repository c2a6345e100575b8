"""The Python interface: open a photograph, prepare its faces, render looks as patches.

In short::

    retoucher = Retoucher()
    photo = retoucher.open(pixels)
    patches = photo.render({0: Look(strength=0.6, edits={"smile": 0.4})})
    result = photo.apply(patches)
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from pipeline.align import ffhq_alignment
from pipeline.cache import Caches, photo_key
from pipeline.faces import FoundFace
from pipeline.networks import Networks, load_networks
from pipeline.patch import Patch, box_of, layer_of, make_patch, paint, painted
from pipeline.pixels import as_channels
from pipeline.prepared import PreparedFace, face_crop, prepare_face
from retouchml.errors import UsageError
from retouchml.look import Look
from retouchml.progress import NEVER, Cancel, Progress, check, silent
from retouchml.results import Edit, Face, FaceReport
from retouchml.settings import DEFAULT_MODEL, EngineName
from retouchml.sliders import EDITS, check_names


class Retoucher:
    """The loaded models. Make one and keep it: loading takes seconds."""

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        device: str = "auto",
        cache: bool = True,
        engine: EngineName = "torch",
    ) -> None:
        """cache: keep on disk what is found out about faces, so that a photograph seen before is ready.

        engine: torch, or tensorflow1, which runs StyleGAN2 networks alone. Raises UsageError, ModelMissing,
        ModelCorrupt, LatentSpaceMismatch or DeviceError.
        """
        self.networks = load_networks(model, device, engine)
        self._caches = Caches.of_user() if cache else None
        self.model = model
        self.device = str(self.networks.generator.device)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The manual sliders."""
        return tuple(Edit(slider.name, slider.low, slider.high, slider.help) for slider in EDITS)

    def open(
        self,
        pixels: NDArray[np.generic],
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> "Photo":
        """Find the faces of a photo [H, W] or [H, W, C]: uint8, uint16 or float32, sRGB, straight alpha.

        The array is kept, not copied, and never written to. Raises PictureUnsupported for another kind of
        array, and Cancelled.
        """
        progress, cancel = progress or silent, cancel or NEVER
        channels = as_channels(pixels)
        progress("detect", 0.0, None)
        start = time.monotonic()
        found = self._find(channels, cancel)
        photo = Photo(pixels, channels, found, self.networks, self._caches)
        photo.seconds["detect"] = time.monotonic() - start
        progress("detect", 1.0, 0.0)
        return photo

    def _find(self, channels: NDArray[np.generic], cancel: Cancel) -> Sequence[FoundFace]:
        if self._caches is None:
            return self.networks.finder.find(channels, cancel)
        name = photo_key(channels)
        found = self._caches.searches.get(name)
        if found is None:
            found = tuple(self.networks.finder.find(channels, cancel))
            self._caches.searches.put(name, found)
        check(cancel)
        return found


class Photo:
    """One open photograph: its faces, and what was prepared for them."""

    def __init__(
        self,
        pixels: NDArray[np.generic],
        channels: NDArray[np.generic],
        found: Sequence[FoundFace],
        networks: Networks,
        caches: Caches | None,
    ) -> None:
        self._pixels = pixels
        self._channels = channels
        self._networks = networks
        self._caches = caches
        self._found = tuple(found)
        self._prepared: dict[int, PreparedFace] = {}
        self.seconds: dict[str, float] = {}
        self.faces = tuple(
            Face(face.box, _pairs(face.landmarks), self._rate(channels, face.landmarks)) for face in found
        )

    def prepare(
        self,
        faces: Sequence[int] | None = None,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        """Invert faces and find their paths, all of them by default: the slow part, done once.

        Raises UsageError for a face that is not there, and Cancelled.
        """
        progress, cancel = progress or silent, cancel or NEVER
        wanted = range(len(self.faces)) if faces is None else faces
        waiting = [face for face in wanted if self._known(face) not in self._prepared]
        for position, face in enumerate(waiting):
            others = [other.landmarks for index, other in enumerate(self._found) if index != face]
            share = _shared(progress, position, len(waiting))
            self._prepared[face] = prepare_face(
                self._channels,
                self._found[face].landmarks,
                others,
                self._networks,
                self._caches,
                self.seconds,
                share,
                cancel,
            )

    def render(
        self,
        looks: Mapping[int, Look],
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> list[Patch]:
        """Patches for faces by index; a face whose look is untouched has none. Prepares faces where needed.

        Raises UsageError for a face or an edit that is not there, and Cancelled.
        """
        progress, cancel = progress or silent, cancel or NEVER
        for face, look in looks.items():
            self._known(face)
            check_names(look.edits)
        active = {face: look for face, look in looks.items() if not look.untouched}
        self.prepare(list(active), progress=progress, cancel=cancel)
        canvas = self._channels
        patches: list[Patch] = []
        for position, (face, look) in enumerate(sorted(active.items())):
            check(cancel)
            progress("render", position / len(active), None)
            prepared = self._prepared[face]
            with self._timed("render"):
                after = prepared.picture_after(self._networks, look)
            check(cancel)
            with self._timed("stitch"):
                change = prepared.change(after, look)
                patch = make_patch(canvas, prepared.alignment, change, prepared.support, face)
            if patch is None:
                continue
            if position + 1 < len(active) and any(
                _overlap(patch, other) for other in self._boxes(active, face)
            ):
                # A neighbour whose patch overlaps goes on from what this one left.
                canvas = canvas.copy() if canvas is self._channels else canvas
                paint(canvas, patch)
            patches.append(patch)
        progress("render", 1.0, 0.0)
        return patches

    def apply(self, patches: Sequence[Patch]) -> NDArray[np.generic]:
        """A copy of the photo, in its own shape and depth, with patches painted on it; alpha is kept."""
        return painted(self._channels, patches).reshape(self._pixels.shape)

    def layer(self, patches: Sequence[Patch]) -> NDArray[np.generic]:
        """Patches on a transparent canvas [H, W, 4] of the photo's size and depth."""
        return layer_of(self._channels, patches)

    def report(self, patches: Sequence[Patch]) -> list[FaceReport]:
        """Score and identity of each patched face, measured on the photograph's pixels before and after."""
        reports = []
        for patch in patches:
            face = self._found[patch.face]
            square = ffhq_alignment(face.landmarks, 1)
            left, top, right, bottom = square.bounds(*self._channels.shape[:2])
            region = self._channels[top:bottom, left:right].copy()
            before, _ = face_crop(region, face.landmarks - (left, top))
            paint(region, patch, (left, top))
            after, _ = face_crop(region, face.landmarks - (left, top))
            # Found in the same way in both, so that only the retouch makes a difference.
            points, shown = (self._networks.finder.landmarks_in_crop(crop) for crop in (before, after))
            recognizer = self._networks.recognizer
            distance = np.linalg.norm(recognizer.describe(before, points) - recognizer.describe(after, shown))
            reports.append(
                FaceReport(
                    face=patch.face,
                    box=face.box,
                    score_before=self.faces[patch.face].score,
                    score_after=self._networks.rater.rate(after, shown),
                    identity_distance=float(distance),
                    patch=patch.box,
                )
            )
        return reports

    def _known(self, face: int) -> int:
        if not 0 <= face < len(self.faces):
            count = len(self.faces)
            raise UsageError(
                f"There is no face {face}: {count} found, counted from 0." if count else "No face was found."
            )
        return face

    def _rate(self, channels: NDArray[np.generic], landmarks: NDArray[np.float64]) -> float:
        crop, _ = face_crop(channels, landmarks)
        return self._networks.rater.rate(crop, self._networks.finder.landmarks_in_crop(crop))

    def _boxes(self, active: Mapping[int, Look], face: int) -> Iterator[tuple[int, int, int, int]]:
        for other in (each for each in active if each > face):
            prepared = self._prepared[other]
            box = box_of(prepared.alignment, prepared.support, self._channels.shape)
            if box is not None:
                left, top, right, bottom = box
                yield left, top, right - left, bottom - top

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - start


def _pairs(landmarks: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in landmarks)


def _overlap(patch: Patch, box: tuple[int, int, int, int]) -> bool:
    x, y, width, height = patch.box
    return x < box[0] + box[2] and box[0] < x + width and y < box[1] + box[3] and box[1] < y + height


def _shared(progress: Progress, position: int, count: int) -> Progress:
    """Progress of one face out of several as progress of the whole."""

    def call(stage: str, fraction: float, remaining: float | None) -> None:
        left = None if remaining is None or position + 1 < count else remaining
        progress(stage, (position + fraction) / count, left)

    return call if count > 1 else progress
