"""Where a patch, which may be reduced, lies in the part of a layer that the preview shows."""

import math
from dataclasses import dataclass

from retouchml.client.answers import WirePatch
from retouchml.results import Box


@dataclass(frozen=True)
class PlacedPatch:
    """The part of a patch that is shown.

    part: in the patch's own pixels; stride: every how-manieth of them is shown; covers: x, y, width, height
    of the layer that they cover
    """

    part: Box
    stride: int
    covers: tuple[float, float, float, float]


def placed(patch: WirePatch, box: Box, stride: int) -> PlacedPatch | None:
    """The part of a patch in a box of the layer, every stride-th pixel of which is shown, if there is any."""
    own_sizes = patch.picture.width, patch.picture.height
    factors = [own / length for own, length in zip(own_sizes, patch.box[2:], strict=True)]
    own_stride = max(1, int(stride * min(factors) + 1e-6))
    starts, sizes, covers = [], [], []
    for axis, (own, factor) in enumerate(zip(own_sizes, factors, strict=True)):
        first, length = patch.box[axis], patch.box[axis + 2]
        low = max(first, box[axis])
        high = min(first + length, box[axis] + box[axis + 2])
        if low >= high:
            return None
        if factor == 1.0:  # on the same pixels as the layer's own
            start = -(-(low - box[axis]) // stride) * stride + box[axis] - first
        else:
            start = int((low - first) * factor)
        start = min(start, own - 1)
        end = min(own, max(start + 1, math.ceil((high - first) * factor)))
        starts.append(start)
        sizes.append(end - start)
        shown = len(range(start, end, own_stride))
        covers.append((first + start / factor, shown * own_stride / factor))
    (left, width), (top, height) = covers
    part = (starts[0], starts[1], sizes[0], sizes[1])
    return PlacedPatch(part, own_stride, (left, top, width, height))
