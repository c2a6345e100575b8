"""Which faces of a picture are worth a retouch: not those of blurred people in the background."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retouchml.results import Face


@dataclass(frozen=True)
class FaceFilter:
    """Bounds for faces.

    min_size: pixels of the box's shorter side; min_sharpness: as ``FaceQuality.sharpness``, some 0.3 to
    0.6 in a sharp portrait; most: how many, the largest first, None for all
    """

    min_size: int = 0
    min_sharpness: float = 0.0
    most: int | None = None

    def worth(self, chosen: Iterable[int], faces: Sequence[Face]) -> list[int]:
        """Those of the ``chosen`` numbers of ``faces`` that are within the bounds, in their order."""
        kept = [
            number
            for number in chosen
            if min(faces[number].box[2:]) >= self.min_size
            and faces[number].quality.sharpness >= self.min_sharpness
        ]
        if self.most is None or len(kept) <= self.most:
            return kept
        by_size = sorted(kept, key=lambda number: -faces[number].box[2] * faces[number].box[3])
        largest = set(by_size[: self.most])
        return [number for number in kept if number in largest]
