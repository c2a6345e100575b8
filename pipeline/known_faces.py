"""What is known of the faces of one photo, and their patches.

A face is searched for its regions, inverted and given its path when that is first needed, and once.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from pipeline import remap
from pipeline.cache import Caches
from pipeline.change import Change
from pipeline.local_face import LocalFace, local_face
from pipeline.networks import Networks
from pipeline.patch import Patch, box_of, make_patch
from pipeline.prepared import GuessedFace, KeptFields, PreparedFace, guess_face, prepare_face
from pipeline.working_space import WorkingSpace
from retouchml.look import Look
from retouchml.progress import Cancel, Progress, check
from retouchml.results import Box

ChangeOf = Callable[[int, Look], Change]
"""The change of the face of a number for a look."""


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
    ) -> None:
        self._channels = channels
        self._space = space
        self._landmarks = landmarks
        self._networks = networks
        self._caches = caches
        self._kept = kept
        self._local: dict[int, LocalFace] = {}
        self.prepared: dict[int, PreparedFace] = {}
        self.guessed: dict[int, GuessedFace] = {}  # until they are prepared
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

    def boxes(self, faces: Iterable[int]) -> Iterator[Box]:
        """The rectangles that patches of faces may change."""
        for face in faces:
            local = self.local(face)
            box = box_of(local.alignment, local.support, self._channels.shape)
            if box is not None:
                left, top, right, bottom = box
                yield left, top, right - left, bottom - top

    def change(self, face: int, look: Look) -> Change:
        """The change of a look, without its shape sliders; the face is prepared if it needs the generator."""
        if not look.needs_generator:
            return self.local_change(face, look)
        return self._generated_change(self.prepared[face], look)

    def guessed_change(self, face: int, look: Look) -> Change:
        """The same for a face that is only guessed."""
        return self._generated_change(self.guessed[face].prepared, look)

    def local_change(self, face: int, look: Look) -> Change:
        """The change of the local sliders alone."""
        return self.local(face).change(look)

    def _generated_change(self, prepared: PreparedFace, look: Look) -> Change:
        with self.timed("render"):
            carried = prepared.carried(self._networks, look)
        with self.timed("stitch"):
            return prepared.face.change(carried, look)

    def patch(
        self,
        face: int,
        look: Look,
        change_of: ChangeOf,
        pixels: NDArray[np.generic],  # [H, W, C] the photo's, or those with earlier patches
        cancel: Cancel,
    ) -> Patch | None:
        """The patch of a look, shape sliders included; None if it changes nothing. Raises Cancelled."""
        local = self.local(face)
        with remap.on(self._networks.generator.device):
            change = local.reshaped(change_of(face, look), look)
        check(cancel)
        with self.timed("stitch"):
            return make_patch(pixels, local.alignment, change, local.support, face, self._space)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """A block whose seconds are added to those of a step."""
        start = time.monotonic()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + time.monotonic() - start
