"""The Python interface: open a photograph, prepare its faces, render looks as patches.

In short::

    retoucher = Retoucher()
    photo = retoucher.open(pixels)
    patches = photo.render({0: Look(strength=0.6, edits={"smile": 0.4})})
    result = photo.apply(patches)
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline import remap
from pipeline.align import ffhq_alignment
from pipeline.cache import Caches, photo_key
from pipeline.change import Change
from pipeline.face_quality import alignment_of, quality_of, signs_of
from pipeline.faces import FaceLocation
from pipeline.held_back import held_back
from pipeline.local.retouch import touches_locally
from pipeline.local_face import LocalFace, face_crop, local_face
from pipeline.networks import Networks, load_networks
from pipeline.patch import Patch, box_of, layer_of, make_patch, paint, painted
from pipeline.pixels import as_channels
from pipeline.prepared import PreparedFace, guess_face, prepare_face
from pipeline.preview import KeptFaces, PreviewPatch, Previews, reduced_patch
from pipeline.refined import Canvas, Refined, overlap
from pipeline.shape import reshapes
from pipeline.working_space import WorkingSpace, profile_for
from retouchml.look import Look, check_faces, check_looks
from retouchml.progress import NEVER, Cancel, EitherCancel, FaceStage, Progress, check, silent
from retouchml.results import FULL, LOCAL, QUICK, Box, Edit, Face, FaceQuality, FaceReport
from retouchml.settings import (
    DEFAULT_DEVICE,
    DEFAULT_MODEL,
    ENGINES,
    PRECISIONS,
    EngineName,
    PrecisionName,
)
from retouchml.sliders import EDITS


class Retoucher:
    """Retouches photographs with one model on one device; loading the model takes seconds, so keep it."""

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        device: str = DEFAULT_DEVICE,
        cache: bool = True,
        engine: EngineName = ENGINES[0],
        precision: PrecisionName = PRECISIONS[0],
        *,
        graphs: bool = True,
    ) -> None:
        """cache: keep the results of the slow steps on disk; a photograph seen before is then ready at once.

        engine: torch, or tensorflow1, which only runs StyleGAN2 networks. precision: the generator's number
        type; auto is float16 on CUDA, float32 elsewhere. graphs: whether to use CUDA graphs, on CUDA. Raises
        UsageError, ModelMissing, ModelCorrupt, LatentSpaceMismatch or DeviceError.
        """
        self.networks = load_networks(model, device, engine, precision, graphs=graphs)
        self._caches = Caches.of_user() if cache else None
        self._kept = KeptFaces()
        self.model = model
        self.device = str(self.networks.generator.device)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The sliders that a look holds by name."""
        return tuple(slider.as_edit() for slider in EDITS)

    def open(
        self,
        pixels: NDArray[np.generic],
        *,
        icc: bytes = b"",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> "Photo":
        """Find the faces of a photo [H, W] or [H, W, C]: uint8, uint16 or float32, straight alpha.

        icc: its colour profile, b"" for sRGB; the retouch is computed in sRGB's primaries, unbounded.

        The photo keeps the array itself, not a copy, and never writes to it. Raises PictureUnsupported for
        another kind of array, and Cancelled.
        """
        progress, cancel = progress or silent, cancel or NEVER
        channels = as_channels(pixels)
        progress("detect", 0.0, None)
        start = time.monotonic()
        locations = self._find(channels, icc, cancel)
        space = WorkingSpace.of(profile_for(icc, channels))
        photo = Photo(pixels, channels, space, locations, self.networks, self._caches, self._kept)
        photo.seconds["detect"] = time.monotonic() - start
        progress("detect", 1.0, 0.0)
        return photo

    def _find(self, channels: NDArray[np.generic], icc: bytes, cancel: Cancel) -> Sequence[FaceLocation]:
        if self._caches is None:
            return self.networks.finder.find(channels, cancel, icc=icc)
        key = photo_key(channels, icc, self.networks.finder.identity)
        locations = self._caches.searches.get(key)
        if locations is None:
            locations = tuple(self.networks.finder.find(channels, cancel, icc=icc))
            self._caches.searches.put(key, locations)
        check(cancel)
        return locations


class Photo:
    """An open photograph with its faces."""

    def __init__(
        self,
        pixels: NDArray[np.generic],  # as opened, [H, W] or [H, W, C]
        channels: NDArray[np.generic],  # the same as [H, W, C]
        space: WorkingSpace,
        locations: Sequence[FaceLocation],
        networks: Networks,
        caches: Caches | None,
        kept: KeptFaces,
    ) -> None:
        self._pixels = pixels
        self._channels = channels
        self._space = space
        self._networks = networks
        self._caches = caches
        self._kept = kept
        self._previews = Previews(channels, space, kept.previews)
        self._landmarks = tuple(location.landmarks for location in locations)
        self._local: dict[int, LocalFace] = {}
        self._prepared: dict[int, PreparedFace] = {}
        self._guessed: dict[int, PreparedFace] = {}  # until they are prepared
        self.seconds: dict[str, float] = {}
        self.faces = tuple(
            Face(
                location.box,
                _points(location.landmarks),
                self._rate(location.landmarks),
                self._quality(location.landmarks),
            )
            for location in locations
        )

    def prepare(
        self,
        faces: Sequence[int] | None = None,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> None:
        """Invert faces and find their score paths, of all faces by default: the slow part, done once.

        Looks of local sliders alone do not need it. Raises UsageError for a missing face, and Cancelled.
        """
        progress, cancel = progress or silent, cancel or NEVER
        requested = range(len(self.faces)) if faces is None else faces
        check_faces(requested, self.faces)
        # a face whose shape is not trusted at all gets no look that needs the generator
        useful = [face for face in requested if self.faces[face].quality.trust.shape > 0.0]
        unprepared = [face for face in useful if face not in self._prepared]
        for position, face in enumerate(unprepared):
            self._prepare(face, _face_progress(progress, position, len(unprepared)), cancel)

    def _prepare(self, face: int, progress: Progress, cancel: Cancel) -> None:
        local = self._local_face(face)
        self._prepared[face] = prepare_face(
            local, self._networks, self._caches, self.seconds, self._kept.fields, progress, cancel
        )
        self._guessed.pop(face, None)

    def check(self, looks: Mapping[int, Look]) -> None:
        """Raise UsageError for a missing face or edit, as ``render`` does."""
        check_looks(looks, self.faces)

    def render(
        self,
        looks: Mapping[int, Look],
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> list[Patch]:
        """Patches that give the faces of these numbers these looks; an untouched look has no patch.

        Prepares faces whose looks need the generator and that are not prepared yet. A face that the photo
        shows poorly gets less of its look, as its quality says. Raises UsageError for a missing face or edit,
        and Cancelled.
        """
        progress, cancel = progress or silent, cancel or NEVER
        looks = self._held_back(looks)
        active = {face: look for face, look in looks.items() if not look.untouched}
        needing = [face for face, look in active.items() if look.needs_generator]
        self.prepare(needing, progress=progress, cancel=cancel)
        return self._patches(active, self._change, progress, cancel)

    def preview(
        self,
        looks: Mapping[int, Look],
        side: int,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> list[PreviewPatch]:
        """The patches of ``render``, reduced to ``side`` pixels at most and computed at about that size.

        The strength is interpolated, so they are nearly the same as full patches that were reduced. Raises
        as ``render`` does.
        """
        progress, cancel = progress or silent, cancel or NEVER
        looks = self._held_back(looks)
        active = {face: look for face, look in looks.items() if not look.untouched}
        self.prepare(
            [face for face, look in active.items() if look.needs_generator], progress=progress, cancel=cancel
        )
        boxes = tuple(self._boxes(active))
        if any(overlap(one, other) for one, other in combinations(boxes, 2)):
            # The patch of a neighbour that overlaps starts from this one's pixels.
            full = self._patches(active, self._change, progress, cancel)
            return [reduced_patch(patch, side) for patch in full]
        patches = []
        for position, (face, look) in enumerate(sorted(active.items())):
            check(cancel)
            _face_progress(progress, position, len(active))("render", 0.0, None)
            patch = self._preview(face, look, side)
            patches += [] if patch is None else [patch]
        progress("render", 1.0, 0.0)
        return patches

    def is_prepared(self, face: int) -> bool:
        """Whether a face is ready for every look that its quality allows."""
        return face in self._prepared or self.faces[face].quality.trust.shape <= 0.0

    def ahead(self, faces: Iterable[int], side: int) -> Iterator[None]:
        """Compute, a part at each step, what a moved strength of previewed faces will need."""
        for face in faces:
            preview = self._previews.face(face, self._local_face(face), side)
            if preview is not None and face in self._prepared:
                yield from self._prepared[face].knots_ahead(self._networks, preview.factor)

    def _preview(self, face: int, look: Look, side: int) -> PreviewPatch | None:
        preview = self._previews.face(face, self._local_face(face), side)
        if preview is None:
            return None
        if look.needs_generator:
            with self._timed("render"):
                carried = self._prepared[face].shrunk(self._networks, look, preview.factor)
            with self._timed("stitch"):
                return preview.patch(preview.moving.change(carried, look), look, face)
        with self._timed("stitch"):
            return preview.patch(preview.local.change(look), look, face)

    def render_local(
        self,
        looks: Mapping[int, Look],
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> list[Patch]:
        """Patches of the local and shape sliders alone: a preview that is there before any inversion.

        Raises UsageError for a missing face or edit, and Cancelled.
        """
        looks = self._held_back(looks)
        active = {face: look for face, look in looks.items() if touches_locally(look) or reshapes(look)}
        return self._patches(
            active,
            self._local_change,
            progress or silent,
            cancel or NEVER,
        )

    def refined(
        self,
        looks: Mapping[int, Look],
        *,
        shown: int | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
        superseded: Cancel | None = None,
    ) -> Iterator[Refined]:
        """As ``render``, but each patch as soon as it is there, and before it what can be had sooner.

        Face by face, ``shown`` first, then the largest first; each as ``REFINEMENTS`` says, but for what is
        ready at once. The last of all has the patches of ``render``, to the bit.

        superseded: as cancel, but a face whose inversion has begun is prepared first, for the next retouch
        """
        progress, cancel = progress or silent, cancel or NEVER
        leave = EitherCancel(cancel, superseded or NEVER)
        looks = self._held_back(looks)
        active = {face: look for face, look in sorted(looks.items()) if not look.untouched}
        order = sorted(active, key=lambda face: (face != shown, face))
        canvas, waiting = Canvas(self._channels), list(active)
        final: dict[int, Patch | None] = {}
        for position, face in enumerate(order):
            on_face = _face_progress(progress, position, len(order))
            if active[face].needs_generator and face not in self._prepared:
                yield from self._early(face, active[face], canvas, leave)
                check(leave)
                self._prepare(face, on_face, cancel)
            check(leave)
            on_face("render", 0.0, None)
            patch = final[face] = self._patch(face, active[face], self._change, canvas, leave)
            if len(final) < len(order):
                yield Refined(FULL, (face,), () if patch is None else (patch,))
            # The canvas takes them in the order of ``render``; the shown one may have been made too early.
            while waiting and waiting[0] in final:
                done = waiting.pop(0)
                if canvas.is_painted and done != face:
                    final[done] = self._patch(done, active[done], self._change, canvas, leave)
                canvas.add(final[done], self._boxes(waiting))
        progress("render", 1.0, 0.0)
        patches = tuple(patch for _, patch in sorted(final.items()) if patch is not None)
        yield Refined(FULL, tuple(active), patches, is_last=True)

    def at_once(self, looks: Mapping[int, Look], shown: int | None = None) -> Refined | None:
        """The finest that the first face of ``refined`` shows without preparing it; None if that is nothing.

        May be called by a progress callback, while faces are prepared for an earlier look. Raises UsageError.
        """
        looks = self._held_back(looks)
        active = [face for face, look in sorted(looks.items()) if not look.untouched]
        if not active:
            return None
        face = shown if shown in active else active[0]
        look, canvas = looks[face], Canvas(self._channels)
        if not look.needs_generator or face in self._prepared:
            refinement, change = FULL, self._change
        elif face in self._guessed:
            refinement, change = QUICK, self._guessed_change
        else:
            refinement, change = LOCAL, self._local_change
        patch = self._patch(face, look, change, canvas, NEVER)
        return Refined(refinement, (face,), () if patch is None else (patch,))

    def _early(self, face: int, look: Look, canvas: Canvas, cancel: Cancel) -> Iterator[Refined]:
        """What a face with a look can show before it is prepared."""
        if touches_locally(look) or reshapes(look):
            patch = self._patch(face, look, self._local_change, canvas, cancel)
            yield Refined(LOCAL, (face,), () if patch is None else (patch,))
        if face not in self._guessed:
            check(cancel)
            guess = guess_face(
                self._local_face(face), self._networks, self._caches, self.seconds, self._kept.fields, cancel
            )
            if guess is None:
                return
            self._guessed[face] = guess
        patch = self._patch(face, look, self._guessed_change, canvas, cancel)
        yield Refined(QUICK, (face,), () if patch is None else (patch,))

    def _change(self, face: int, look: Look) -> Change:
        if not look.needs_generator:
            return self._local_change(face, look)
        return self._generated_change(self._prepared[face], look)

    def _guessed_change(self, face: int, look: Look) -> Change:
        return self._generated_change(self._guessed[face], look)

    def _local_change(self, face: int, look: Look) -> Change:
        return self._local_face(face).change(look)

    def _generated_change(self, prepared: PreparedFace, look: Look) -> Change:
        with self._timed("render"):
            carried = prepared.carried(self._networks, look)
        with self._timed("stitch"):
            return prepared.face.change(carried, look)

    def _patches(
        self,
        looks: Mapping[int, Look],
        change_of: Callable[[int, Look], Change],
        progress: Progress,
        cancel: Cancel,
    ) -> list[Patch]:
        canvas = Canvas(self._channels)
        patches: list[Patch] = []
        for position, (face, look) in enumerate(sorted(looks.items())):
            check(cancel)
            _face_progress(progress, position, len(looks))("render", 0.0, None)
            patch = self._patch(face, look, change_of, canvas, cancel)
            canvas.add(patch, self._boxes(other for other in looks if other > face))
            patches += [] if patch is None else [patch]
        progress("render", 1.0, 0.0)
        return patches

    def _patch(
        self,
        face: int,
        look: Look,
        change_of: Callable[[int, Look], Change],
        canvas: Canvas,
        cancel: Cancel,
    ) -> Patch | None:
        local = self._local_face(face)
        with remap.on(self._networks.generator.device):
            change = local.reshaped(change_of(face, look), look)
        check(cancel)
        with self._timed("stitch"):
            return make_patch(canvas.pixels, local.alignment, change, local.support, face, self._space)

    def apply(self, patches: Sequence[Patch]) -> NDArray[np.generic]:
        """A copy of the photo, in its own shape and depth, with patches painted on it; alpha is kept."""
        return painted(self._channels, patches).reshape(self._pixels.shape)

    def layer(self, patches: Sequence[Patch]) -> NDArray[np.generic]:
        """The patches on a transparent canvas [H, W, 4] of the photo's size and depth."""
        return layer_of(self._channels, patches)

    def report(self, patches: Sequence[Patch]) -> list[FaceReport]:
        """Score and identity of each patched face, measured on the photograph's pixels before and after."""
        reports = []
        for patch in patches:
            face, landmarks = self.faces[patch.face], self._landmarks[patch.face]
            square = ffhq_alignment(landmarks, 1)
            left, top, right, bottom = square.bounds(*self._channels.shape[:2])
            region = self._channels[top:bottom, left:right].copy()
            before, _ = face_crop(region, landmarks - (left, top), self._space)
            paint(region, patch, (left, top))
            after, _ = face_crop(region, landmarks - (left, top), self._space)
            # Landmarks of both are found in the same way, so that only the retouch makes a difference.
            points_before, points_after = self._networks.finder.landmarks_in_crops(before, after)
            describe = self._networks.recognizer.describe
            distance = np.linalg.norm(describe(before, points_before) - describe(after, points_after))
            reports.append(
                FaceReport(
                    face=patch.face,
                    box=face.box,
                    score_before=face.score,
                    score_after=self._networks.rater.rate(after, points_after),
                    identity_distance=float(distance),
                    patch=patch.box,
                )
            )
        return reports

    def _held_back(self, looks: Mapping[int, Look]) -> dict[int, Look]:
        self.check(looks)
        return {face: held_back(look, self.faces[face].quality) for face, look in looks.items()}

    def _quality(self, landmarks: NDArray[np.float64]) -> FaceQuality:
        alignment = alignment_of(landmarks)
        crop = alignment.cut(self._channels, self._space)
        mesh = None if self._networks.mesh is None else self._networks.mesh.mesh_in_crop(crop)
        by_dlib = self._networks.finder.landmarks_in_crop(crop)
        frame = (self._channels.shape[0], self._channels.shape[1])
        return quality_of(signs_of(crop, alignment, landmarks, by_dlib, mesh, frame))

    def _rate(self, landmarks: NDArray[np.float64]) -> float:
        crop, _ = face_crop(self._channels, landmarks, self._space)
        (points,) = self._networks.finder.landmarks_in_crops(crop)
        return self._networks.rater.rate(crop, points)

    def _local_face(self, face: int) -> LocalFace:
        if face not in self._local:
            others = [points for index, points in enumerate(self._landmarks) if index != face]
            self._local[face] = local_face(
                self._channels,
                self._landmarks[face],
                others,
                self._networks.mesh,
                self.seconds,
                self._space,
            )
        return self._local[face]

    def _boxes(self, faces: Iterable[int]) -> Iterator[Box]:
        """The rectangles that patches of faces may change."""
        for face in faces:
            local = self._local_face(face)
            box = box_of(local.alignment, local.support, self._channels.shape)
            if box is not None:
                left, top, right, bottom = box
                yield left, top, right - left, bottom - top

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - start


def _points(landmarks: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in landmarks)


def _face_progress(progress: Progress, position: int, count: int) -> Progress:
    """Progress of one face as that of all ``count`` faces, which are worked on one after the other."""

    def call(stage: str, fraction: float, remaining: float | None) -> None:
        # Nothing is known of the time that later faces need.
        is_last = position + 1 == count
        named = FaceStage(stage, position + 1, count)
        progress(named, (position + fraction) / count, remaining if is_last else None)

    return call
