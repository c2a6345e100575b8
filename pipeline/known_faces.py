"""What is known of the faces of one photo, and their patches.

A face is searched for its regions, inverted and given its path when that is first needed, and once.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from pipeline import remap
from pipeline.cache import Caches
from pipeline.local_face import LocalFace, Placed, local_face, whole_alignment
from pipeline.networks import Networks
from pipeline.patch import Patch, box_of, make_patch
from pipeline.prepared import GuessedFace, KeptFields, PreparedFace, guess_face, prepare_face
from pipeline.tuned_face import KeptTuned, TunedFace, known_tuning, tuning_of
from pipeline.tuning import Tuning, no_tuner
from pipeline.working_space import WorkingSpace
from retouchml.look import Look
from retouchml.progress import Cancel, Progress, check
from retouchml.results import Box

ChangeOf = Callable[[int, Look], Placed]
"""The change of the face of a number for a look, shape sliders included."""


class KnownFaces:
    """The faces of one photo, by their numbers, as far as they were looked at."""

    def __init__(
        self,
        channels: NDArray[np.generic],  # [H, W, C]
        space: WorkingSpace,
        landmarks: Sequence[NDArray[np.float64]],  # of each face [68, 2]
        networks: Networks,
        caches: Caches | None,
        kept: KeptFields,
        kept_tuned: KeptTuned,
    ) -> None:
        self._channels = channels
        self._space = space
        self._landmarks = landmarks
        self._networks = networks
        self._caches = caches
        self._kept, self._kept_tuned = kept, kept_tuned
        self._local: dict[int, LocalFace] = {}
        self.prepared: dict[int, PreparedFace] = {}
        self.guessed: dict[int, GuessedFace] = {}  # until they are prepared
        self.tuned: dict[int, TunedFace] = {}
        self.seconds: dict[str, float] = {}

    def local(self, face: int) -> LocalFace:
        """What is known of a face without the generator."""
        if face not in self._local:
            others = [points for index, points in enumerate(self._landmarks) if index != face]
            self._local[face] = local_face(
                self._channels,
                self._landmarks[face],
                others,
                self._networks.mesh,
                self.seconds,
                self._space,
                self._networks.people,
            )
        return self._local[face]

    def prepare(self, face: int, progress: Progress, cancel: Cancel) -> None:
        """Invert a face and find its score path. Raises Cancelled."""
        self.prepared[face] = prepare_face(
            self.local(face),
            self._networks,
            self._caches,
            self.seconds,
            self._kept,
            self.guessed.get(face),
            progress,
            cancel,
        )
        self.guessed.pop(face, None)

    def shows_generated(self, look: Look) -> bool:
        """Whether the generator's pixels show a look here.

        Raises UsageError if it needs them, and the generator cannot be tuned to a face.
        """
        if look.needs_generated and self._networks.tuner is None:
            raise no_tuner()
        return look.shows_generated and self._networks.tuner is not None

    def is_ready(self, face: int, look: Look) -> bool:
        """Whether the slow steps of a look are done."""
        if not look.needs_generator:
            return True
        return face in self.prepared and (face in self.tuned or not self.shows_generated(look))

    def recall(self, face: int, look: Look) -> None:
        """Take the weights that the generator was tuned to a face with before, if a look needs them."""
        if face in self.prepared and not self.is_ready(face, look):
            tuning = known_tuning(self.prepared[face], self._networks, self._caches)
            if tuning is not None:
                self._take(face, tuning)

    def tune(self, face: int, progress: Progress, cancel: Cancel) -> None:
        """Tune the generator to a prepared face. Raises UsageError if it cannot be, and Cancelled.

        After that, the next call goes on where it was.
        """
        with self.timed("tune"):
            watched = progress, cancel
            self._take(
                face,
                tuning_of(self.prepared[face], self._networks, self._caches, self._kept_tuned, *watched),
            )

    def _take(self, face: int, tuning: Tuning) -> None:
        prepared = self.prepared[face]
        whole = whole_alignment(prepared.face.local)
        others = [whole.to_crop(points) for index, points in enumerate(self._landmarks) if index != face]
        height, width = self._channels.shape[:2]
        self.tuned[face] = TunedFace(prepared, tuning, (height, width), others, self._kept_tuned)

    def guess(self, face: int, progress: Progress, cancel: Cancel) -> bool:
        """Begin to invert a face, if that was not done; whether it can be shown before it is prepared.

        Raises Cancelled.
        """
        if face not in self.guessed:
            check(cancel)
            guess = guess_face(
                self.local(face), self._networks, self._caches, self.seconds, self._kept, progress, cancel
            )
            if guess is None:
                return False
            self.guessed[face] = guess
        return True

    def boxes(self, faces: Iterable[int], looks: Mapping[int, Look]) -> Iterator[Box]:
        """The rectangles that patches of faces with these looks may change."""
        for face in faces:
            local = self.local(face)
            alignment, support = local.reach(looks[face], generated=self.shows_generated(looks[face]))
            box = box_of(alignment, support, self._channels.shape)
            if box is not None:
                left, top, right, bottom = box
                yield left, top, right - left, bottom - top

    def change(self, face: int, look: Look) -> Placed:
        """The change of a look; the face is ready for it."""
        if not look.needs_generator:
            return self.local_change(face, look)
        if not self.shows_generated(look):
            return self.carried_change(face, look)
        with self.timed("render"):
            return self.tuned[face].placed(self._networks, look)

    def carried_change(self, face: int, look: Look) -> Placed:
        """The same with the photograph's own pixels alone, whatever the look says; the face is prepared."""
        return self._carried_change(self.prepared[face], look)

    def guessed_change(self, face: int, look: Look) -> Placed:
        """The same for a face that is only guessed."""
        return self._carried_change(self.guessed[face].prepared, look)

    def local_change(self, face: int, look: Look) -> Placed:
        """The change of the sliders that work on the photograph's own pixels alone."""
        local, look = self.local(face), look.in_photograph
        return local.placed(local.change(look), look)

    def _carried_change(self, prepared: PreparedFace, look: Look) -> Placed:
        look = look.in_photograph
        with self.timed("render"):
            carried = prepared.carried(self._networks, look)
        with self.timed("stitch"):
            return prepared.face.local.placed(prepared.face.change(carried, look), look)

    def patch(
        self,
        face: int,
        look: Look,
        change_of: ChangeOf,
        pixels: NDArray[np.generic],  # [H, W, C] the photo's, or those with earlier patches
        cancel: Cancel,
    ) -> Patch | None:
        """The patch of a look, shape sliders included; None if it changes nothing. Raises Cancelled."""
        with remap.on(self._networks.generator.device):
            placed = change_of(face, look)
        check(cancel)
        with self.timed("stitch"):
            return make_patch(pixels, placed.alignment, placed.change, placed.support, face, self._space)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """A block whose seconds are added to those of a step."""
        start = time.monotonic()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - start
