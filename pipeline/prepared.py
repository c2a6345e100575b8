"""What is found out once about a face, so that a moved slider costs one picture and one stitch."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pipeline.align import Alignment, ffhq_alignment
from pipeline.beautify import ScorePath
from pipeline.cache import Caches, key, path_key
from pipeline.change import Change, agreement_of, change_between
from pipeline.identity import chip_frame
from pipeline.invert import TARGET, Inversion
from pipeline.masks import FaceMasks, Mask, face_masks, without
from pipeline.networks import Networks
from pipeline.rater_input import face_chip
from pipeline.skin import SkinLayers
from pipeline.window import Window
from retouchml.look import Look
from retouchml.progress import Cancel, Progress, check

_LARGEST, _SMALLEST, _GRAIN = 1024, 256, 64  # pixels of a crop's side


@dataclass(frozen=True)
class PreparedFace:
    """A face ready for looks, in the window [H, W] of its crop [S, S] that a look may change.

    alignment: of the window's pixels; size: S; crop: [H, W, 3] in [0, 1]; before: the generator's picture of
    it [H, W, 3]; support: [H, W] 1 where a look may change something
    """

    alignment: Alignment
    size: int
    window: Window
    crop: NDArray[np.float32]
    masks: FaceMasks
    skin: SkinLayers
    path: ScorePath
    before: NDArray[np.float32]
    support: NDArray[np.uint8]

    def picture_after(self, networks: Networks, look: Look) -> NDArray[np.float32]:
        """The generator's picture [H, W, 3] of this face with a look."""
        w_plus = networks.editor.edit(self.path.at(look.strength), look.edits)
        return self.window.of(_sized(networks.generator.render(w_plus), self.size))

    def change(self, after: NDArray[np.float32], look: Look) -> Change:
        """What turns the window into the look, given the generator's picture of it."""
        return change_between(
            self.crop,
            self.before,
            after,
            self.masks,
            self.skin,
            look.strength,
            look.texture,
            self.size,
            lines=min(1.0, abs(look.edits.get("age", 0.0))),
            # Nobody asked for another expression otherwise: the photograph's own mouth stays.
            lips_part=any(look.edits.get(name) for name in ("smile", "mouth")),
            agreement=self._agreement,
        )

    @cached_property
    def _agreement(self) -> Mask:
        return agreement_of(self.crop, self.before, self.size)


def face_crop(
    photo: NDArray[np.generic], landmarks: NDArray[np.float64]
) -> tuple[NDArray[np.float32], Alignment]:
    """The FFHQ crop of a face at about the photo's own scale, 256 to 1024 px, and where it lies."""
    side = ffhq_alignment(landmarks, _LARGEST).side
    size = int(np.clip(np.ceil(side / _GRAIN) * _GRAIN, _SMALLEST, _LARGEST))
    alignment = ffhq_alignment(landmarks, size)
    return alignment.cut(photo), alignment


def prepare_face(
    photo: NDArray[np.generic],
    landmarks: NDArray[np.float64],
    others: Sequence[NDArray[np.float64]],
    networks: Networks,
    caches: Caches | None,
    seconds: dict[str, float],
    progress: Progress,
    cancel: Cancel,
) -> PreparedFace:
    """Crop, invert and find the path of one face; ``others`` are its neighbours' landmarks.

    Adds to ``seconds``. Raises Cancelled.
    """
    clock = _Clock(seconds)
    crop, alignment = face_crop(photo, landmarks)
    points = alignment.to_crop(landmarks)
    clock.note("align")
    inversion = _inverted(crop, points, networks, caches, progress, cancel)
    clock.note("invert")
    small = (points + 0.5) * (TARGET / crop.shape[0]) - 0.5
    grid = chip_frame(small).grid(TARGET, TARGET).to(networks.generator.device)
    path = _path(inversion.w_plus, grid, networks, caches, progress, cancel)
    clock.note("beautify")
    check(cancel)
    before = _sized(networks.generator.render(path.knots[0]), crop.shape[0])
    inside = alignment.inside(*photo.shape[:2])
    masks = without(face_masks(crop, points, inside), points, [alignment.to_crop(other) for other in others])
    skin = SkinLayers.of(crop, masks.skin)
    support = ((masks.motion > 0) | (masks.tone > 0) | (masks.mouth > 0)).astype(np.uint8)
    window = Window.around(support, crop.shape[0])
    clock.note("masks")
    return PreparedFace(
        alignment.from_corner(window.left, window.top),
        crop.shape[0],
        window,
        window.of(crop),
        window.of_masks(masks),
        skin.within(window),
        path,
        window.of(before),
        window.of(support),
    )


def _inverted(
    crop: NDArray[np.float32],
    points: NDArray[np.float64],
    networks: Networks,
    caches: Caches | None,
    progress: Progress,
    cancel: Cancel,
) -> Inversion:
    name = key(crop, networks.generator.identity)
    kept = caches.inversions.get(name) if caches else None
    if kept is not None and kept.w_plus.shape == (networks.generator.num_layers, networks.generator.w_dim):
        return Inversion(kept.w_plus.to(networks.generator.device), kept.loss, kept.distance)
    start = None
    if networks.encoder is not None:
        start = networks.encoder(face_chip(crop, points), networks.recognizer.describe(crop, points), points)
    inversion = networks.inverter.invert(crop, points, start, progress=progress, cancel=cancel)
    if caches is not None:
        caches.inversions.put(name, inversion)
    return inversion


def _path(
    w_plus: Tensor,
    chip_grid: Tensor,
    networks: Networks,
    caches: Caches | None,
    progress: Progress,
    cancel: Cancel,
) -> ScorePath:
    name = path_key(w_plus, chip_grid, networks.beautifier.identity) if caches else ""
    kept = caches.paths.get(name) if caches else None
    if kept is not None and kept.knots.shape[1:] == w_plus.shape:
        return ScorePath(kept.knots.to(networks.generator.device), kept.gains, kept.score)
    path = networks.beautifier.path(w_plus, chip_grid, progress=progress, cancel=cancel)
    if caches is not None:
        caches.paths.put(name, path)
    return path


def _sized(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if picture.shape[0] == size:
        return picture
    smaller = picture.shape[0] > size
    resized = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.asarray(resized, np.float32)


class _Clock:
    """Adds the seconds since the last note to a step's total."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def note(self, step: str) -> None:
        now = time.monotonic()
        self._seconds[step] = self._seconds.get(step, 0.0) + now - self._last
        self._last = now
