"""A face that the generator was tuned to, so that it can be shown with the generator's pixels.

The strength is carried over as ever, onto the photograph's own pixels. What comes from the generator is the
step from there to the code with the expression sliders.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from pipeline.align import Alignment
from pipeline.cache import Caches, tuning_key
from pipeline.change import Change
from pipeline.head import head_mask
from pipeline.local_face import LocalFace, Placed
from pipeline.masks import Mask
from pipeline.networks import Networks
from pipeline.pixels import resized
from pipeline.prepared import Code, PreparedFace, code_of
from pipeline.repainted import Repainted, allowed_by_frame, repainted
from pipeline.shape import reshapes
from pipeline.tuning import Tuning, no_tuner
from retouchml.look import Look
from retouchml.progress import Cancel, Progress
from stylegan2.mobile.tuning import TunableNetwork

_SIDES = (256, 512, 1024)  # pixels; of the generator's pictures


@dataclass(frozen=True)
class TunedFace:
    """A prepared face, and the network that shows it as it was photographed."""

    prepared: PreparedFace
    network: TunableNetwork
    tuning: Tuning
    head: Mask  # [S, S] where the photograph shows the head
    allowed: Mask  # [S, S] where the photograph may change
    newest: dict[Code, Repainted] = field(default_factory=dict)  # at most one
    pictures: dict[float, NDArray[np.float32]] = field(default_factory=dict)  # at most one, by strength

    @classmethod
    def of(
        cls, prepared: PreparedFace, tuning: Tuning, networks: Networks, inside: Mask, weight: Mask | None
    ) -> "TunedFace":
        """A face with its tuned weights.

        inside: [S, S] distance of each pixel of its crop to the photograph's frame; weight: 0 where another
        face is nearer, None if none is near. Raises UsageError for a generator that cannot be tuned.
        """
        if networks.tuner is None:
            raise no_tuner()
        local = prepared.face.local
        allowed = allowed_by_frame(inside)
        allowed = allowed if weight is None else np.asarray(allowed * weight, np.float32)
        head = head_mask(local.whole, local.landmarks)
        return cls(prepared, networks.tuner.network(tuning), tuning, head, allowed)

    @property
    def local(self) -> LocalFace:
        """What is known of it without the generator."""
        return self.prepared.face.local

    def placed(self, networks: Networks, look: Look) -> Placed:
        """The change of a look whose expression sliders the generator's pixels show, in the whole crop."""
        local, window = self.local, self.local.window
        still = replace(look, edits={name: v for name, v in look.edits.items() if not _moves_code(name)})
        if still.needs_generator:
            part = self.prepared.face.change(self.prepared.carried(networks, still), still)
        else:
            part = local.change(still)
        base = Change.of_color(np.zeros_like(local.whole))
        base.put(part, window)
        shown = self._repainted(networks, look)
        moved = base.reshaped(shown.flow)
        change = replace(
            moved,
            color=np.asarray(moved.color + shown.color, np.float32),
            pixels=shown.pixels(base.applied(local.whole)),
            cover=shown.cover,
        )
        if reshapes(look):
            flow = np.zeros_like(change.flow)
            window.put(local.shape.flow(look), flow)
            change = change.reshaped(flow)
        support = np.zeros(local.whole.shape[:2], np.uint8)
        window.put(local.support, support)
        support |= (self.allowed > 0) & (change.flow.any(2) | change.color.any(2) | (change.cover > 0))
        return Placed(change, whole_alignment(local), support)

    def _repainted(self, networks: Networks, look: Look) -> Repainted:
        code = code_of(look)
        if code not in self.newest:
            start = self.prepared.path.at(look.strength)
            if look.strength not in self.pictures:
                self.pictures.clear()
                self.pictures[look.strength] = self._picture(start)
            after = self._picture(networks.edit_applier.apply(start, look.edits))
            points = networks.finder.landmarks_in_crop(after)
            heads = self.head, head_mask(after, points)
            self.newest.clear()
            self.newest[code] = repainted(self.pictures[look.strength], after, heads, self.allowed)
        return self.newest[code]

    def _picture(self, w_plus: Tensor) -> NDArray[np.float32]:
        size = self.local.size
        side = next((each for each in _SIDES if each >= size), _SIDES[-1])
        return resized(self.network.render(w_plus, side), size)


def whole_alignment(local: LocalFace) -> Alignment:
    """The alignment of the whole crop of a face, of which it keeps a window's."""
    return local.alignment.from_corner(-local.window.left, -local.window.top)


def tuning_of(
    prepared: PreparedFace, networks: Networks, caches: Caches | None, progress: Progress, cancel: Cancel
) -> Tuning:
    """The weights for a face, from the cache if they are there. Raises UsageError, Cancelled."""
    tuner, local = networks.tuner, prepared.face.local
    if tuner is None:
        raise no_tuner()
    pivot = prepared.path.knots[0]
    key = tuning_key(local.whole, local.landmarks, pivot, tuner.identity) if caches else ""
    cached = caches.tunings.get(key) if caches else None
    if cached is not None:
        return cached
    tuning = tuner.tune(local.whole, local.landmarks, pivot, progress=progress, cancel=cancel)
    if caches is not None:
        caches.tunings.put(key, tuning)
    return tuning


def _moves_code(name: str) -> bool:
    return Look(0.0, edits={name: 1.0}).needs_generator
