"""A face prepared for looks that need the generator: its inversion and score path.

The slow work is done once, so that a moved slider costs one picture and one stitch.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pipeline.beautify import ScorePath
from pipeline.cache import Caches, inversion_key, path_key
from pipeline.change import Change, change_between
from pipeline.encoder import Encoder
from pipeline.generated import GeneratedFace
from pipeline.identity import chip_frame
from pipeline.inversion_target import TARGET
from pipeline.invert import Inversion
from pipeline.local_face import LocalFace, StepClock
from pipeline.masks import FaceMasks
from pipeline.networks import Networks
from pipeline.rater_input import face_chip
from pipeline.skin import SkinLayers
from pipeline.tone import Agreement
from pipeline.window import Window
from retouchml.look import Look
from retouchml.progress import Cancel, Progress, check, silent
from retouchml.sliders import BY_NAME


@dataclass(frozen=True)
class PreparedFace:
    """A face ready for any look: its score path, and the part of its window that may move."""

    local: LocalFace
    inner: Window  # of the local face's window
    crop: NDArray[np.float32]  # [h, w, 3] in [0, 1], as all that follows of ``inner``
    masks: FaceMasks
    skin: SkinLayers
    path: ScorePath
    before: GeneratedFace  # [h, w] the generator's picture of the inverted face

    def picture_after(self, networks: Networks, look: Look) -> GeneratedFace:
        """The generator's picture [h, w] of this face with a look."""
        w_plus = networks.edit_applier.apply(self.path.at(look.strength), look.edits)
        return _generated(networks, w_plus, self.local, self.inner)

    def change(self, after: GeneratedFace, look: Look) -> Change:
        """The change of the local face's window for a look; after: the generator's picture with that look."""
        edits = [(BY_NAME[name].latent, value) for name, value in look.edits.items() if value]
        lines = [abs(value) for step, value in edits if step is not None and step.brings_lines]
        change = self.local.change(look)
        moved = change_between(
            self.crop,
            self.before,
            after,
            self.masks,
            self.skin,
            look.strength,
            look.texture,
            self.local.size,
            lines=min(1.0, max(lines, default=0.0)),
            # Other edits ask for no other expression: the photograph's own mouth stays.
            lips_part=any(step is not None and step.parts_lips for step, _ in edits),
            agreement=self._agreement,
            local=self.inner.of(change.color),
        )
        change.put(moved, self.inner)
        return change

    @cached_property
    def _agreement(self) -> Agreement:
        return Agreement.of(self.crop, self.before.picture, self.masks, self.local.size)


def prepare_face(
    local: LocalFace,
    networks: Networks,
    caches: Caches | None,
    seconds: dict[str, float],  # by step; what the steps take is added
    progress: Progress,
    cancel: Cancel,
) -> PreparedFace:
    """Invert a face and find its score path. Raises Cancelled."""
    clock = StepClock(seconds)
    inversion = _inversion(local.whole, local.landmarks, networks, caches, progress, cancel)
    clock.lap("invert")
    return _climbed(local, inversion.w_plus, networks, caches, clock, progress, cancel)


def guess_face(
    local: LocalFace, networks: Networks, caches: Caches | None, seconds: dict[str, float], cancel: Cancel
) -> PreparedFace | None:
    """A face prepared with the encoder's guess of its code, until it is inverted. Raises Cancelled.

    None if the guess is not good enough to be shown, or the inversion is in the cache. Nothing of it is kept
    there.
    """
    encoder, generator = networks.encoder, networks.generator
    if encoder is None or not encoder.shows:
        return None
    key = inversion_key(local.whole, local.landmarks, generator.identity)
    if caches is not None and caches.inversions.get(key) is not None:
        return None
    clock = StepClock(seconds)
    code = _start(encoder, local.whole, local.landmarks, networks).to(generator.latents.mean)
    w_plus = generator.latents.unwhiten(code.expand(generator.num_layers, generator.w_dim))
    clock.lap("guess")
    return _climbed(local, w_plus, networks, None, clock, silent, cancel)


def _climbed(
    local: LocalFace,
    w_plus: Tensor,
    networks: Networks,
    caches: Caches | None,
    clock: StepClock,
    progress: Progress,
    cancel: Cancel,
) -> PreparedFace:
    """The face with a code [L, W] and the path that begins there."""
    small = (local.landmarks + 0.5) * (TARGET / local.size) - 0.5
    grid = chip_frame(small).grid(TARGET, TARGET).to(networks.generator.device)
    path = _path(w_plus, grid, networks, caches, progress, cancel)
    clock.lap("beautify")
    check(cancel)
    inner = Window.around(local.moving, local.size)
    return PreparedFace(
        local,
        inner,
        inner.of(local.crop),
        inner.of_masks(local.masks),
        local.skin.within(inner),
        path,
        _generated(networks, path.knots[0], local, inner),
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
    key = inversion_key(crop, points, generator.identity)
    cached = caches.inversions.get(key) if caches else None
    if cached is not None and cached.w_plus.shape == (generator.num_layers, generator.w_dim):
        return Inversion(cached.w_plus.to(generator.device), cached.loss, cached.distance)
    encoder = networks.encoder
    start = None if encoder is None else _start(encoder, crop, points, networks)
    inversion = networks.inverter.invert(crop, points, start, progress=progress, cancel=cancel)
    if caches is not None:
        caches.inversions.put(key, inversion)
    return inversion


def _start(
    encoder: Encoder, crop: NDArray[np.float32], points: NDArray[np.float64], networks: Networks
) -> Tensor:
    """The encoder's guess of a face's whitened code [W]."""
    return encoder(face_chip(crop, points), networks.recognizer.describe(crop, points), points)


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


def _generated(networks: Networks, w_plus: Tensor, local: LocalFace, inner: Window) -> GeneratedFace:
    """The inner window [h, w] of the generator's picture of a code."""
    picture = _resized(networks.generator.render(w_plus), local.size)
    return GeneratedFace.of(picture, networks.finder.landmarks_in_crop).within(local.window).within(inner)


def _resized(picture: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if picture.shape[0] == size:
        return picture
    smaller = picture.shape[0] > size
    resized = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.asarray(resized, np.float32)
