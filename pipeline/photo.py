"""An open photograph: prepare its faces, and render looks as patches."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from pipeline.cache import Caches
from pipeline.faces import FaceLocation
from pipeline.held_back import held_back
from pipeline.known_faces import ChangeOf, KnownFaces
from pipeline.networks import Networks
from pipeline.patch import Patch, layer_of, painted
from pipeline.preview import KeptFaces, PreviewPatch, Previews, reduced_patch
from pipeline.refined import Canvas, Refined, at_once, overlap, refinements, shows_unprepared
from pipeline.report import face_of, report_on
from pipeline.working_space import WorkingSpace
from retouchml.look import Look, check_faces, check_looks
from retouchml.progress import NEVER, Cancel, Progress, check, progress_of_face, silent
from retouchml.results import Box, FaceReport


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
        reads: Sequence[Box] = (),  # as in ``faces.Search``
    ) -> None:
        self.reads = tuple(reads)
        self._pixels = pixels
        self._channels = channels
        self._space = space
        self._networks = networks
        self._kept = kept
        self._previews = Previews(channels, space, kept.previews)
        self._landmarks = tuple(location.landmarks for location in locations)
        self._known = KnownFaces(channels, space, self._landmarks, networks, caches, kept.fields, kept.tuned)
        self.faces = tuple(face_of(location, channels, space, networks) for location in locations)

    @property
    def seconds(self) -> dict[str, float]:
        """What each step took so far."""
        return self._known.seconds

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
        unprepared = [face for face in useful if face not in self._known.prepared]
        for position, face in enumerate(unprepared):
            self._known.prepare(face, progress_of_face(progress, position, len(unprepared)), cancel)

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
        active = self._ready(looks, progress, cancel)
        return self._patches(active, self._known.change, progress, cancel)

    def preview(
        self,
        looks: Mapping[int, Look],
        side: int,
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> list[PreviewPatch]:
        """The patches of ``render``, reduced to ``side`` pixels at most and computed at about that size.

        They are nearly the same as full patches that were reduced. Raises
        as ``render`` does.
        """
        progress, cancel = progress or silent, cancel or NEVER
        active = self._ready(looks, progress, cancel)
        boxes = tuple(self._known.boxes(active, active))
        is_generated = any(self._known.shows_generated(look) for look in active.values())
        if is_generated or any(overlap(one, other) for one, other in combinations(boxes, 2)):
            # The patch of a neighbour that overlaps starts from this one's pixels.
            full = self._patches(active, self._known.change, progress, cancel)
            return [reduced_patch(patch, side) for patch in full]
        patches = []
        for position, (face, look) in enumerate(sorted(active.items())):
            check(cancel)
            progress_of_face(progress, position, len(active))("render", 0.0, None)
            patch = self._preview(face, look, side)
            patches += [] if patch is None else [patch]
        progress("render", 1.0, 0.0)
        return patches

    def has_preview(self, face: int, look: Look) -> bool:
        """Whether ``preview`` of a look takes no slow step, and computes no more than the preview shows.

        One that the generator's pixels show has none: what can be had before it, ``refined`` shows. Raises
        UsageError for a generator that cannot be tuned to a face.
        """
        held = held_back(look, self.faces[face].quality)
        is_prepared = not held.needs_generator or face in self._known.prepared
        return is_prepared and not self._known.shows_generated(held)

    def ahead(self, looks: Mapping[int, Look], side: int, *, shown: int | None = None) -> Iterator[bool]:
        """Compute, a part at each step, what moved sliders of previewed faces will need.

        The face ``shown`` comes first, and of each the strengths that are closest to its own. Each step
        says whether the next one turns to a face that is not shown.
        """
        looks = self._held_back(looks)
        for position, face in enumerate(sorted(looks, key=lambda face: (face != shown, face))):
            if position:
                yield True
            preview = self._previews.face(face, self._known.local(face), side, looks[face])
            yield False
            if preview is not None and face in self._known.prepared:
                prepared, strength = self._known.prepared[face], looks[face].strength
                for _ in prepared.knots_ahead(self._networks, preview.factor, strength):
                    yield False

    def _preview(self, face: int, look: Look, side: int) -> PreviewPatch | None:
        preview = self._previews.face(face, self._known.local(face), side, look)
        if preview is None:
            return None
        if look.needs_generator:
            with self._known.timed("render"):
                carried = self._known.prepared[face].carried(self._networks, look, preview.factor)
            with self._known.timed("stitch"):
                return preview.generated_patch(carried, look, face)
        with self._known.timed("stitch"):
            return preview.local_patch(look, face)

    def render_local(
        self,
        looks: Mapping[int, Look],
        *,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> list[Patch]:
        """Patches of the sliders of the photograph's own pixels alone: a preview before any inversion.

        Raises UsageError for a missing face or edit, and Cancelled.
        """
        looks = self._held_back(looks)
        active = {face: look for face, look in looks.items() if shows_unprepared(look)}
        return self._patches(
            active,
            self._known.local_change,
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
        looks = self._held_back(looks)
        active = {face: look for face, look in sorted(looks.items()) if not look.untouched}
        watched = progress or silent, cancel or NEVER, superseded or NEVER
        return refinements(self._known, self._channels, active, shown, *watched)

    def at_once(self, looks: Mapping[int, Look], shown: int | None = None) -> Refined | None:
        """The finest that the first face of ``refined`` shows without preparing it; None if that is nothing.

        May be called by a progress callback, while faces are prepared for an earlier look. Raises UsageError.
        """
        looks = self._held_back(looks)
        active = [face for face, look in sorted(looks.items()) if not look.untouched]
        if not active:
            return None
        face = shown if shown in active else active[0]
        return at_once(self._known, self._channels, face, looks[face])

    def _ready(self, looks: Mapping[int, Look], progress: Progress, cancel: Cancel) -> dict[int, Look]:
        """The looks that change something, as far as their faces are trusted; these faces are prepared."""
        active = {face: look for face, look in self._held_back(looks).items() if not look.untouched}
        needing = [face for face, look in active.items() if look.needs_generator]
        generated = [face for face, look in active.items() if self._known.shows_generated(look)]
        for face in generated:
            self._known.recall(face, active[face])
        untuned = [face for face in generated if face not in self._known.tuned]
        if untuned:
            progress("tune", 0.0, None)  # so that a bar counts with it
        self.prepare(needing, progress=progress, cancel=cancel)
        for position, face in enumerate(untuned):
            self._known.tune(face, progress_of_face(progress, position, len(untuned)), cancel)
        return active

    def _patches(
        self,
        looks: Mapping[int, Look],
        change_of: ChangeOf,
        progress: Progress,
        cancel: Cancel,
    ) -> list[Patch]:
        canvas = Canvas(self._channels)
        patches: list[Patch] = []
        for position, (face, look) in enumerate(sorted(looks.items())):
            check(cancel)
            progress_of_face(progress, position, len(looks))("render", 0.0, None)
            patch = self._known.patch(face, look, change_of, canvas.pixels, cancel)
            canvas.add(patch, self._known.boxes([other for other in looks if other > face], looks))
            patches += [] if patch is None else [patch]
        progress("render", 1.0, 0.0)
        return patches

    def apply(self, patches: Sequence[Patch]) -> NDArray[np.generic]:
        """A copy of the photo, in its own shape and depth, with patches painted on it; alpha is kept."""
        return painted(self._channels, patches).reshape(self._pixels.shape)

    def layer(self, patches: Sequence[Patch]) -> NDArray[np.generic]:
        """The patches on a transparent canvas [H, W, 4] of the photo's size and depth."""
        return layer_of(self._channels, patches)

    def report(self, patches: Sequence[Patch]) -> list[FaceReport]:
        """Score and identity of each patched face, measured on the photograph's pixels before and after."""
        return [
            report_on(
                patch,
                self.faces[patch.face],
                self._landmarks[patch.face],
                self._channels,
                self._space,
                self._networks,
            )
            for patch in patches
        ]

    def _held_back(self, looks: Mapping[int, Look]) -> dict[int, Look]:
        self.check(looks)
        return {face: held_back(look, self.faces[face].quality) for face, look in looks.items()}
