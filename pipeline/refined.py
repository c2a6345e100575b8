"""A retouch while it gets finer: the patches that are there so far, and the canvas that they start from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.known_faces import KnownFaces
from pipeline.local.retouch import touches_locally
from pipeline.patch import Patch, paint
from pipeline.shape import reshapes
from retouchml.look import Look
from retouchml.progress import NEVER, Cancel, EitherCancel, Progress, check, progress_of_face
from retouchml.results import FULL, LOCAL, QUICK, Box, Refinement


@dataclass(frozen=True)
class Refined:
    """The patches of some faces, as far as their retouch is computed.

    refinement: how far that is
    faces:      their numbers; earlier patches of these give way
    patches:    in the order of the faces; a face that does not change has none
    is_last:    whether the whole retouch is finished; then these are all faces and their final patches
    scale:      of the photo's resolution, at which the change was computed, above 0 to 1
    """

    refinement: Refinement
    faces: tuple[int, ...]
    patches: tuple[Patch, ...]
    is_last: bool = False
    scale: float = 1.0


class Canvas:
    """The pixels from which the next patch is made.

    The patch of a face that overlaps one before it must start from that one's pixels.
    """

    def __init__(self, photo: NDArray[np.generic]) -> None:
        """photo: [H, W, C], which is never written to."""
        self._photo = photo
        self.pixels = photo

    @property
    def is_painted(self) -> bool:
        """Whether it differs from the photo."""
        return self.pixels is not self._photo

    def add(self, patch: Patch | None, later: Iterable[Box]) -> None:
        """Paint a patch if it overlaps one of the rectangles that later patches may change."""
        if patch is not None and any(overlap(patch.box, box) for box in later):
            if not self.is_painted:
                self.pixels = self._photo.copy()
            paint(self.pixels, patch)


def shows_unprepared(look: Look) -> bool:
    """Whether a face shows something of a look before it is inverted."""
    return touches_locally(look) or reshapes(look.in_photograph)


def overlap(one: Box, other: Box) -> bool:
    """Whether two rectangles have a pixel in common."""
    return (
        one[0] < other[0] + other[2]
        and other[0] < one[0] + one[2]
        and one[1] < other[1] + other[3]
        and other[1] < one[1] + one[3]
    )


def refinements(
    known: KnownFaces,
    photo: NDArray[np.generic],  # [H, W, C]
    looks: Mapping[int, Look],  # none of them untouched
    shown: int | None,
    progress: Progress,
    cancel: Cancel,
    superseded: Cancel,
) -> Iterator[Refined]:
    """What ``Photo.refined`` yields. Raises Cancelled."""
    leave = EitherCancel(cancel, superseded)
    order = sorted(looks, key=lambda face: (face != shown, face))
    canvas, waiting = Canvas(photo), sorted(looks)
    final: dict[int, Patch | None] = {}
    for position, face in enumerate(order):
        look = looks[face]
        on_face = progress_of_face(progress, position, len(order))
        known.recall(face, look)
        if known.shows_generated(look) and face not in known.tuned:
            on_face("tune", 0.0, None)  # so that a bar counts with it
        if look.needs_generator and face not in known.prepared:
            yield from _early(known, face, look, canvas, on_face, cancel, leave)
            check(leave)
            known.prepare(face, on_face, cancel)
            known.recall(face, look)
        if not known.is_ready(face, look):
            check(leave)
            patch = known.patch(face, look, known.carried_change, canvas.pixels, leave)
            yield Refined(QUICK, (face,), () if patch is None else (patch,))
            known.tune(face, on_face, leave)  # the newer look may need none; else it goes on with this one
        check(leave)
        on_face("render", 0.0, None)
        patch = final[face] = known.patch(face, look, known.change, canvas.pixels, leave)
        if len(final) < len(order):
            yield Refined(FULL, (face,), () if patch is None else (patch,))
        # The canvas takes them in the order of ``render``; the shown one may have been made too early.
        while waiting and waiting[0] in final:
            done = waiting.pop(0)
            if canvas.is_painted and done != face:
                final[done] = known.patch(done, looks[done], known.change, canvas.pixels, leave)
            canvas.add(final[done], known.boxes(waiting, looks))
    progress("render", 1.0, 0.0)
    patches = tuple(patch for _, patch in sorted(final.items()) if patch is not None)
    yield Refined(FULL, tuple(sorted(looks)), patches, is_last=True)


def at_once(known: KnownFaces, photo: NDArray[np.generic], face: int, look: Look) -> Refined:
    """The finest that a face of a photo [H, W, C] shows with a look without being prepared."""
    known.recall(face, look)
    if known.is_ready(face, look):
        refinement, change = FULL, known.change
    elif face in known.prepared:
        refinement, change = QUICK, known.carried_change
    elif face in known.guessed:
        refinement, change = QUICK, known.guessed_change
    else:
        refinement, change = LOCAL, known.local_change
    patch = known.patch(face, look, change, photo, NEVER)
    return Refined(refinement, (face,), () if patch is None else (patch,))


def _early(
    known: KnownFaces,
    face: int,
    look: Look,
    canvas: Canvas,
    progress: Progress,
    cancel: Cancel,
    leave: Cancel,  # also when the look is superseded, but not while the face is inverted
) -> Iterator[Refined]:
    """What a face with a look can show before it is prepared."""
    if shows_unprepared(look):
        patch = known.patch(face, look, known.local_change, canvas.pixels, leave)
        yield Refined(LOCAL, (face,), () if patch is None else (patch,))
        check(leave)
    if known.guess(face, progress, cancel):
        patch = known.patch(face, look, known.guessed_change, canvas.pixels, leave)
        yield Refined(QUICK, (face,), () if patch is None else (patch,))
