"""A face that the generator was tuned to, so that it can be shown with the generator's pixels.

The strength is carried over as ever, onto the photograph's own pixels. What comes from the generator is the
step from there to the code with the expression sliders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pipeline.cache import Caches, tuning_key
from pipeline.change import Change
from pipeline.generated import bare_skin
from pipeline.head import above_clothes, head_mask
from pipeline.kept import Kept
from pipeline.local_face import LocalFace, Placed, whole_alignment
from pipeline.masks import Mask, Points, neighbour_weight, outline
from pipeline.networks import Networks
from pipeline.pixels import resized
from pipeline.prepared import Code, PreparedFace, code_of
from pipeline.repainted import Repainted, allowed_by_frame, repainted
from pipeline.shape import shapes
from pipeline.tuning import Tuner, Tuning, TuningRun, no_tuner
from pipeline.window import Window
from retouchml.look import Look
from retouchml.progress import Cancel, Progress
from retouchml.sliders import BY_NAME, GAZE
from stylegan2.mobile.tuning import TunableNetwork

_SIDES = (256, 512, 1024)  # pixels; of the generator's pictures
_KEPT_SHOWN = 176 << 20  # bytes: two faces of 1024 px
_KEPT_RUNS = TuningRun.nbytes  # bytes: one tuning that was left
_FIELDS = 20  # of one channel, in all that ``_Shown`` holds


@dataclass
class _Shown:
    """What the newest look of a tuned face was made from; all of it can be made again in a second."""

    network: TunableNetwork
    head: Mask  # [S, S] where the photograph shows the head
    allowed: Mask  # [S, S] where the photograph may change
    loose: Mask  # [S, S] where no clothes are
    before: tuple[float, NDArray[np.float32]] | None = None  # a strength, and the picture [S, S, 3] of it
    newest: tuple[Code, Repainted] | None = None

    @property
    def nbytes(self) -> int:
        """About the memory that it takes once a look was shown."""
        return self.network.nbytes + _FIELDS * self.head.nbytes


@dataclass(frozen=True)
class KeptTuned:
    """What is kept of the tuned faces of all photos, and of a tuning that was left before its end."""

    shown: Kept[None, _Shown] = field(default_factory=lambda: Kept(_KEPT_SHOWN))
    runs: Kept[None, TuningRun] = field(default_factory=lambda: Kept(_KEPT_RUNS))


@dataclass(frozen=True)
class TunedFace:
    """A prepared face, and the weights with which the generator shows it as it was photographed."""

    prepared: PreparedFace
    tuning: Tuning
    frame: tuple[int, int]  # height and width of the photograph
    others: Sequence[Points]  # landmarks [68, 2] of the other faces, in pixels of its crop
    kept: KeptTuned

    @property
    def local(self) -> LocalFace:
        """What is known of it without the generator."""
        return self.prepared.face.local

    def placed(self, networks: Networks, look: Look) -> Placed:
        """The change of a look whose expression sliders the generator's pixels show, in the whole crop."""
        local, window = self.local, self.local.window
        moving = look.code_edits
        still = replace(look, edits={name: v for name, v in look.edits.items() if name not in moving})
        if still.needs_generator:
            part = self.prepared.face.change(self.prepared.carried(networks, still), still)
        else:
            part = local.change(still)
        base = Change.of_color(np.zeros_like(local.whole))
        base.put(part, window)
        parts = self._shown(networks)
        shown = self._repainted(networks, parts, look)
        moved = base.reshaped(shown.flow)
        change = replace(
            moved,
            color=np.asarray(moved.color + shown.color, np.float32),
            pixels=shown.pixels(base.applied(local.whole)),
            cover=shown.cover,
        )
        if gaze := look.value(GAZE):
            change = change.reshaped(local.gaze.flow(gaze, change.flow, np.zeros(2)))
        if shapes(look):
            flow = np.zeros_like(change.flow)
            window.put(local.shape.flow(look), flow)
            change = change.reshaped(flow)
        support = np.zeros(local.whole.shape[:2], np.uint8)
        window.put(local.support, support)
        support |= (parts.allowed > 0) & (change.flow.any(2) | change.color.any(2) | (change.cover > 0))
        return local.turned(change, support, look, Window(0, 0, local.size, local.size))

    def _repainted(self, networks: Networks, shown: _Shown, look: Look) -> Repainted:
        code = code_of(look)
        if shown.newest is None or shown.newest[0] != code:
            start = self.prepared.path.at(look.strength)
            if shown.before is None or shown.before[0] != look.strength:
                shown.before = look.strength, self._picture(shown.network, start)
            after = self._edited(networks, shown.network, start, look.code_edits)
            points = networks.finder.landmarks_in_crop(after)
            heads = shown.head, head_mask(after, points, networks.people)
            outlines = (outline(each, self.local.size) for each in (self.local.landmarks, points))
            faces = np.maximum(*outlines).astype(np.float32)
            shown.newest = None  # releases its memory first
            bounds = shown.allowed, shown.loose, faces
            turns = any(_turns(name) for name in look.code_edits)
            shown.newest = code, repainted(shown.before[1], after, heads, *bounds, turns=turns)
        return shown.newest[1]

    def _edited(
        self, networks: Networks, network: TunableNetwork, start: Tensor, edits: Mapping[str, float]
    ) -> NDArray[np.float32]:
        """The picture [S, S, 3] with edits; those of hair alone leave skin, eyes and mouth."""
        whole = self._picture(network, networks.edit_applier.apply(start, edits))
        others = {name: value for name, value in edits.items() if not _is_of_hair(name)}
        if not any(edits[name] for name in edits.keys() - others):
            return whole
        picture = self._picture(network, networks.edit_applier.apply(start, others))
        points = networks.finder.landmarks_in_crop(picture)
        bare = bare_skin(picture, points)[..., None]
        return np.asarray(whole + bare * (picture - whole), np.float32)

    def _shown(self, networks: Networks) -> _Shown:
        """What its looks are made from, as far as it was kept."""
        shown = self.kept.shown.get(self, None)
        if shown is None:
            if networks.tuner is None:
                raise no_tuner()
            local = self.local
            allowed = allowed_by_frame(whole_alignment(local).inside(*self.frame))
            weight = neighbour_weight(local.landmarks, self.others, local.size)
            allowed = allowed if weight is None else np.asarray(allowed * weight, np.float32)
            head = head_mask(local.whole, local.landmarks, networks.people)
            loose = above_clothes(local.landmarks, local.size)
            shown = _Shown(networks.tuner.network(self.tuning), head, allowed, loose)
            self.kept.shown.put(self, None, shown, shown.nbytes)
        return shown

    def _picture(self, network: TunableNetwork, w_plus: Tensor) -> NDArray[np.float32]:
        size = self.local.size
        side = next((each for each in _SIDES if each >= size), _SIDES[-1])
        return resized(network.render(w_plus, side), size)


def known_tuning(prepared: PreparedFace, networks: Networks, caches: Caches | None) -> Tuning | None:
    """The weights for a face as the cache has them."""
    tuner = networks.tuner
    if tuner is None or caches is None:
        return None
    cached = caches.tunings.get(_key(prepared, tuner))
    return cached if cached is not None and tuner.fits(cached) else None


def tuning_of(
    prepared: PreparedFace,
    networks: Networks,
    caches: Caches | None,
    kept: KeptTuned,
    progress: Progress,
    cancel: Cancel,
) -> Tuning:
    """The weights for a face, from the cache if they are there. Raises UsageError, Cancelled.

    One that is cancelled goes on at the next call, as long as it is kept.
    """
    tuner, local = networks.tuner, prepared.face.local
    if tuner is None:
        raise no_tuner()
    known = known_tuning(prepared, networks, caches)
    if known is not None:
        return known
    run = kept.runs.get(prepared, None)
    if run is None:
        run = tuner.begin(local.whole, local.landmarks, prepared.path.knots[0])
        kept.runs.put(prepared, None, run, run.nbytes)
    tuning = tuner.finish(run, progress=progress, cancel=cancel)
    kept.runs.drop(prepared, None)
    if caches is not None:
        caches.tunings.put(_key(prepared, tuner), tuning)
    return tuning


def _key(prepared: PreparedFace, tuner: Tuner) -> str:
    local = prepared.face.local
    return tuning_key(local.whole, local.landmarks, prepared.path.knots[0], tuner.identity)


def _turns(name: str) -> bool:
    step = BY_NAME[name].latent
    return step is not None and step.turns


def _is_of_hair(name: str) -> bool:
    step = BY_NAME[name].latent
    return step is not None and step.hair_alone
