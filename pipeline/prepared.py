"""A face prepared for looks that need the generator: its inversion and score path.

The slow work is done once, so that a moved slider costs one picture and one stitch, or the stitch alone if it
moves no code.
"""

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pipeline.beautify import ScorePath
from pipeline.cache import Caches, inversion_key, path_key
from pipeline.carried import Carried, carried_between
from pipeline.generated import GeneratedFace
from pipeline.identity import chip_frame
from pipeline.inversion_target import TARGET
from pipeline.invert import Begun, Inversion
from pipeline.kept import Kept
from pipeline.local_face import LocalFace, StepClock
from pipeline.moving_face import CoarseFace, MovingFace
from pipeline.networks import Networks
from pipeline.rater_input import face_chip
from pipeline.rendered import generated_face
from pipeline.window import Window
from retouchml.look import Look
from retouchml.progress import Cancel, Progress, check, silent
from retouchml.sliders import BY_NAME

Code = tuple[float, tuple[tuple[str, float], ...]]
"""What a look's code depends on: the strength, and the sliders that move it."""
KeptFields = Kept[tuple[Code | None, int], tuple[Code, Carried]]
"""By the code of a knot, or None for the newest of all others, and the factor by which a face is shrunk."""
KNOTS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The strengths between which all others are interpolated, in the full patch as in a preview."""
_KNOT_CODES: frozenset[Code] = frozenset((strength, ()) for strength in KNOTS)


@dataclass(frozen=True)
class PreparedFace:
    """A face ready for any look: its score path, and what the generator's pictures bring along it."""

    face: MovingFace
    path: ScorePath
    before: GeneratedFace  # [h, w] the generator's picture of the inverted face
    kept: KeptFields
    is_draft: bool = False  # whether a few of the generator's pixels will do

    def carried(self, networks: Networks, look: Look, factor: int = 1) -> Carried:
        """What the generator brings to this face with a look; factor: by which its sides are divided.

        A strength alone is interpolated between the knots, whatever was computed before: the same look is
        always the same picture. What is computed is kept as long as there is room: then the next call gives
        the same object.
        """
        look = look.in_photograph
        strength, edits = code = code_of(look)
        is_knot = code in _KNOT_CODES
        slot = code if is_knot else None
        kept = self.kept.get(self, (slot, factor))
        if kept is not None and kept[0] == code:
            return kept[1]
        if not edits and not is_knot:
            carried = self.between_knots(networks, strength, factor)
            if factor == 1:
                return carried  # large, and quickly made again
        elif is_knot and factor > 1:
            carried = self._knot(networks, look, code).shrunk(factor)
        else:
            carried = self._carried(networks, look, factor)
        self.kept.put(self, (slot, factor), (code, carried), carried.nbytes)
        return carried

    def _knot(self, networks: Networks, look: Look, code: Code) -> Carried:
        """The same for all pixels at a knot, kept only where nothing else has to go for it."""
        kept = self.kept.get(self, (code, 1))
        if kept is not None:
            return kept[1]
        carried = self._carried(networks, look)
        if self.kept.has_room(carried.nbytes):
            self.kept.put(self, (code, 1), (code, carried), carried.nbytes)
        return carried

    def knots_ahead(self, networks: Networks, factor: int, strength: float) -> Iterator[None]:
        """Compute what moved strengths need at the knots, if it is not there yet.

        The knots that are closest to ``strength`` come first. A knot is two steps, its picture and what that
        brings: a slider that is moved meanwhile waits for the end of a step. The last step is for sliders
        that move the code.
        """
        for knot in sorted(KNOTS, key=lambda knot: abs(knot - strength)):
            if self.kept.get(self, ((knot, ()), factor)) is None:
                if not self.is_draft:
                    networks.pictures.picture(self.path.at(knot), self.face.local.size)
                yield
                self.carried(networks, Look(knot), factor)
                yield
        if factor > 1:
            networks.pictures.get_ready(self.path.at(strength))

    def between_knots(self, networks: Networks, strength: float, factor: int) -> Carried:
        """What a strength alone brings, from the knots around it: exact at these, interpolated between."""
        upper = bisect.bisect_left(KNOTS, strength)
        after = self.carried(networks, Look(KNOTS[upper]), factor)
        if KNOTS[upper] == strength:
            return after
        before = self.carried(networks, Look(KNOTS[upper - 1]), factor)
        share = (strength - KNOTS[upper - 1]) / (KNOTS[upper] - KNOTS[upper - 1])
        return before.towards(after, share)

    def _carried(self, networks: Networks, look: Look, factor: int = 1) -> Carried:
        """The same, computed: with all pixels for factor 1, with few for a preview."""
        w_plus = networks.edit_applier.apply(self.path.at(look.strength), look.code_edits)
        lips_part = _parts_lips(look)
        coarse, face = self._coarse, self.face
        is_small = factor >= coarse.factor
        after = generated_face(
            networks.pictures,
            networks.finder,
            w_plus,
            face,
            coarse.factor if is_small else 1,
            with_teeth=lips_part,
            is_draft=self.is_draft,
        )
        edits = [(BY_NAME[name].latent, value) for name, value in look.code_edits.items()]
        lines = [abs(value) for step, value in edits if step is not None and step.brings_lines]
        size = face.local.size // coarse.factor
        carried = carried_between(
            coarse.crop,
            coarse.before,
            after if is_small else after.shrunk(coarse.factor),
            coarse.masks,
            size,
            lines=min(1.0, max(lines, default=0.0)),
            # Other edits ask for no other expression: the photograph's own mouth stays.
            lips_part=lips_part,
            agreement=coarse.agreement,
            held=coarse.covering,
        )
        if not is_small:
            carried = carried.enlarged(coarse.factor)
            if lips_part:
                carried = carried.with_mouth(face.crop, self.before, after, face.masks, face.local.size)
            return carried
        if lips_part:
            carried = carried.with_mouth(coarse.crop, coarse.before, after, coarse.masks, size)
        return carried if factor == coarse.factor else carried.shrunk(factor // coarse.factor)

    @cached_property
    def _coarse(self) -> CoarseFace:
        return CoarseFace.of(self.face, self.before)


@dataclass(frozen=True)
class GuessedFace:
    """A face whose inversion has begun."""

    prepared: PreparedFace  # with the code and the path that it has so far
    begun: Begun


def prepare_face(
    local: LocalFace,
    networks: Networks,
    caches: Caches | None,
    seconds: dict[str, float],  # by step; what the steps take is added
    kept: KeptFields,
    guessed: GuessedFace | None,
    progress: Progress,
    cancel: Cancel,
) -> PreparedFace:
    """Invert a face and find its score path; if it is guessed, from there on. Raises Cancelled."""
    clock = StepClock(seconds)
    begun = None if guessed is None else guessed.begun
    inversion = _inversion(local.whole, local.landmarks, networks, caches, begun, progress, cancel)
    clock.lap("invert")
    path = _path(inversion.w_plus, local, networks, caches, progress, cancel)
    return _on_path(path, local, networks, clock, kept, cancel)


def guess_face(
    local: LocalFace,
    networks: Networks,
    caches: Caches | None,
    seconds: dict[str, float],
    kept: KeptFields,
    progress: Progress,
    cancel: Cancel,
) -> GuessedFace | None:
    """A face prepared with its code after an inversion's smallest pictures. Raises Cancelled.

    Its pictures of the generator have few pixels: it is not shown for long.

    None if that would not be much sooner than the whole: the inversion is in the cache, or not on a CPU.
    """
    generator = networks.generator
    if generator.device.type != "cpu" or _cached(local.whole, local.landmarks, networks, caches) is not None:
        return None
    clock = StepClock(seconds)
    start = encoded(local.whole, local.landmarks, networks)
    begun = networks.inverter.begin(local.whole, local.landmarks, start, progress=progress, cancel=cancel)
    clock.lap("invert")
    hasty = replace(networks, beautifier=networks.beautifier.hasty())
    path = _path(begun.w_plus, local, hasty, None, silent, cancel)
    return GuessedFace(_on_path(path, local, networks, clock, kept, cancel, is_draft=True), begun)


def _on_path(
    path: ScorePath,
    local: LocalFace,
    networks: Networks,
    clock: StepClock,
    kept: KeptFields,
    cancel: Cancel,
    *,
    is_draft: bool = False,
) -> PreparedFace:
    """The face with its path."""
    clock.lap("beautify")
    check(cancel)
    face = MovingFace.of(local, Window.around(local.moving, local.size))
    before = generated_face(networks.pictures, networks.finder, path.knots[0], face, is_draft=is_draft)
    return PreparedFace(face, path, before, kept, is_draft)


def code_of(look: Look) -> Code:
    """What the code of a look depends on; edits are applied in their order."""
    return look.strength, tuple(look.code_edits.items())


def _cached(
    crop: NDArray[np.float32], points: NDArray[np.float64], networks: Networks, caches: Caches | None
) -> Inversion | None:
    """A face's inversion as the cache has it."""
    generator = networks.generator
    key = inversion_key(crop, points, generator.identity)
    cached = caches.inversions.get(key) if caches else None
    if cached is None or cached.w_plus.shape != (generator.num_layers, generator.w_dim):
        return None
    return Inversion(cached.w_plus.to(generator.device), cached.loss, cached.distance)


def _inversion(
    crop: NDArray[np.float32],
    points: NDArray[np.float64],
    networks: Networks,
    caches: Caches | None,
    begun: Begun | None,
    progress: Progress,
    cancel: Cancel,
) -> Inversion:
    cached = _cached(crop, points, networks, caches)
    if cached is not None:
        return cached
    start = encoded(crop, points, networks) if begun is None else begun
    inversion = networks.inverter.invert(crop, points, start, progress=progress, cancel=cancel)
    if caches is not None:
        caches.inversions.put(inversion_key(crop, points, networks.generator.identity), inversion)
    return inversion


def encoded(crop: NDArray[np.float32], points: NDArray[np.float64], networks: Networks) -> Tensor | None:
    """The encoder's guess of a face's whitened code, [W] or [1 + L, W]; None without an encoder."""
    encoder = networks.encoder
    if encoder is None:
        return None
    guess = encoder(face_chip(crop, points), networks.recognizer.describe(crop, points), points)
    return encoder.refined(guess, crop, networks.generator)


def _path(
    w_plus: Tensor,
    local: LocalFace,
    networks: Networks,
    caches: Caches | None,
    progress: Progress,
    cancel: Cancel,
) -> ScorePath:
    """The path that begins at a face's code [L, W]."""
    small = (local.landmarks + 0.5) * (TARGET / local.size) - 0.5
    chip_grid = chip_frame(small).grid(TARGET, TARGET).to(networks.generator.device)
    key = path_key(w_plus, chip_grid, networks.beautifier.identity) if caches else ""
    cached = caches.paths.get(key) if caches else None
    if cached is not None and cached.knots.shape[1:] == w_plus.shape:
        return ScorePath(cached.knots.to(networks.generator.device), cached.gains, cached.score)
    path = networks.beautifier.path(w_plus, chip_grid, progress=progress, cancel=cancel)
    if caches is not None:
        caches.paths.put(key, path)
    return path


def _parts_lips(look: Look) -> bool:
    """Whether a look opens or closes the mouth, so that it may show the generator's teeth."""
    steps = (BY_NAME[name].latent for name in look.code_edits)
    return any(step is not None and step.parts_lips for step in steps)
