"""A prepared face, and the change that a look makes to it.

The slow work is done once, so that a moved slider costs one picture and one stitch.
"""

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
from pipeline.cache import Caches, inversion_key, path_key
from pipeline.change import Change, agreement_of, change_between
from pipeline.identity import chip_frame
from pipeline.invert import TARGET, Inversion
from pipeline.masks import FaceMasks, Mask, face_masks, without_neighbours
from pipeline.networks import Networks
from pipeline.rater_input import face_chip
from pipeline.skin import SkinLayers
from pipeline.window import Window
from retouchml.look import Look
from retouchml.progress import Cancel, Progress, check
from retouchml.sliders import BY_NAME

_LARGEST, _SMALLEST, _STEP = 1024, 256, 64  # pixels of a crop's side


@dataclass(frozen=True)
class PreparedFace:
    """A face ready for looks: its score path, and the window of its crop [S, S] that a look may change."""

    alignment: Alignment  # of the window's pixels
    size: int  # S, side of the crop
    window: Window
    crop: NDArray[np.float32]  # [H, W, 3] in [0, 1]
    masks: FaceMasks  # [H, W] each
    skin: SkinLayers  # [H, W] each
    path: ScorePath
    before: NDArray[np.float32]  # [H, W, 3] in [0, 1], the generator's picture of the inverted face
    support: NDArray[np.uint8]  # [H, W] 1 where a look may change something

    def picture_after(self, networks: Networks, look: Look) -> NDArray[np.float32]:
        """The generator's picture [H, W, 3] of this face with a look."""
        w_plus = networks.edit_applier.apply(self.path.at(look.strength), look.edits)
        return self.window.of(_resized(networks.generator.render(w_plus), self.size))

    def change(self, after: NDArray[np.float32], look: Look) -> Change:
        """The change of the window for a look; after: the generator's picture with that look."""
        edits = [(BY_NAME[name].latent, value) for name, value in look.edits.items() if value]
        lines = [abs(value) for step, value in edits if step is not None and step.brings_lines]
        return change_between(
            self.crop,
            self.before,
            after,
            self.masks,
            self.skin,
            look.strength,
            look.texture,
            self.size,
            lines=min(1.0, max(lines, default=0.0)),
            # Other edits ask for no other expression: the photograph's own mouth stays.
            lips_part=any(step is not None and step.parts_lips for step, _ in edits),
            agreement=self._agreement,
        )

    @cached_property
    def _agreement(self) -> Mask:
        return agreement_of(self.crop, self.before, self.size)


def face_crop(
    photo: NDArray[np.generic], landmarks: NDArray[np.float64]
) -> tuple[NDArray[np.float32], Alignment]:
    """The FFHQ crop of a face at about the photo's own scale, 256 to 1024 px, and its alignment."""
    side = ffhq_alignment(landmarks, _LARGEST).side
    size = int(np.clip(np.ceil(side / _STEP) * _STEP, _SMALLEST, _LARGEST))
    alignment = ffhq_alignment(landmarks, size)
    return alignment.cut(photo), alignment


def prepare_face(
    photo: NDArray[np.generic],  # [H, W, C]
    landmarks: NDArray[np.float64],  # [68, 2] in photo pixels
    neighbours: Sequence[NDArray[np.float64]],  # landmarks of the other faces
    networks: Networks,
    caches: Caches | None,
    seconds: dict[str, float],  # by step; what the steps take is added
    progress: Progress,
    cancel: Cancel,
) -> PreparedFace:
    """Crop and invert a face and find its score path. Raises Cancelled."""
    clock = _StepClock(seconds)
    crop, alignment = face_crop(photo, landmarks)
    points = alignment.to_crop(landmarks)
    clock.lap("align")
    inversion = _inversion(crop, points, networks, caches, progress, cancel)
    clock.lap("invert")
    small = (points + 0.5) * (TARGET / crop.shape[0]) - 0.5
    grid = chip_frame(small).grid(TARGET, TARGET).to(networks.generator.device)
    path = _path(inversion.w_plus, grid, networks, caches, progress, cancel)
    clock.lap("beautify")
    check(cancel)
    before = _resized(networks.generator.render(path.knots[0]), crop.shape[0])
    inside = alignment.inside(*photo.shape[:2])
    masks = face_masks(crop, points, inside)
    masks = without_neighbours(masks, points, [alignment.to_crop(other) for other in neighbours])
    skin = SkinLayers.of(crop, masks.skin)
    support = ((masks.motion > 0) | (masks.tone > 0) | (masks.mouth > 0)).astype(np.uint8)
    window = Window.around(support, crop.shape[0])
    clock.lap("masks")
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


def _inversion(
    crop: NDArray[np.float32],
    points: NDArray[np.float64],
    networks: Networks,
    caches: Caches | None,
    progress: Progress,
    cancel: Cancel,
) -> Inversion:
    generator = networks.generator
    key = inversion_key(crop, generator.identity)
    cached = caches.inversions.get(key) if caches else None
    if cached is not None and cached.w_plus.shape == (generator.num_layers, generator.w_dim):
        return Inversion(cached.w_plus.to(generator.device), cached.loss, cached.distance)
    start = None
    if networks.encoder is not None:
        start = networks.encoder(face_chip(crop, points), networks.recognizer.describe(crop, points), points)
    inversion = networks.inverter.invert(crop, points, start, progress=progress, cancel=cancel)
    if caches is not None:
        caches.inversions.put(key, inversion)
    return inversion


def _path(
    w_plus: Tensor,
    chip_grid: Tensor,
    networks: Networks,
    caches: Caches | None,
    progress: Progress,
    cancel: Cancel,
) -> ScorePath:
    key = path_key(w_plus, chip_grid, networks.beautifier.identity) if caches else ""
    cached = caches.paths.get(key) if caches else None
    if cached is not None and cached.knots.shape[1:] == w_plus.shape:
        return ScorePath(cached.knots.to(networks.generator.device), cached.gains, cached.score)
    path = networks.beautifier.path(w_plus, chip_grid, progress=progress, cancel=cancel)
    if caches is not None:
        caches.paths.put(key, path)
    return path


def _resized(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if picture.shape[0] == size:
        return picture
    smaller = picture.shape[0] > size
    resized = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.asarray(resized, np.float32)


class _StepClock:
    """Measures the seconds of one step after the other."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def lap(self, step: str) -> None:
        """Add the seconds since the last call to a step's total."""
        now = time.monotonic()
        self._seconds[step] = self._seconds.get(step, 0.0) + now - self._last
        self._last = now
