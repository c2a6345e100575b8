"""Faces, inversions and score paths kept by content: a photograph that was open before is ready at once.

The latest may stay in memory, the others lie on disk (``pipeline.store``). The faces of a photograph are
named by a hash of its pixels, an inversion by one of the crop, the generator and the recipe; a path by one of
the code that it starts from, the place of the face chip, and all that leads the climb.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline import faces
from pipeline.beautify import ScorePath
from pipeline.faces import FoundFace
from pipeline.invert import VERSION, Inversion
from pipeline.store import Store
from retouchml.paths import cache_dir

_BOUND = 256 * 2**20  # bytes in all, of each kind
_SHAPE_LIMIT = 64  # layers, or knots; a larger entry is not ours
# of about 1 kB a face, 50 kB and 0.7 MB each
_SEARCHES_IN_MEMORY, _INVERSIONS_IN_MEMORY, _PATHS_IN_MEMORY = 64, 64, 16
_Result = TypeVar("_Result")


def photo_key(pixels: NDArray[np.generic]) -> str:
    """Name of what ``FaceFinder.find`` finds in a photo [H, W, C]."""
    digest = hashlib.sha256(f"{faces.VERSION}/{pixels.shape}/{pixels.dtype.str}".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    return digest.hexdigest()


def key(crop: NDArray[np.float32], generator: str) -> str:
    """Name of the inversion of a crop [S, S, 3] in [0, 1]: equal to 8 bits is equal."""
    digest = hashlib.sha256(f"{generator}/{VERSION}/{crop.shape}".encode())
    digest.update(np.rint(crop * 255.0).astype(np.uint8).tobytes())
    return digest.hexdigest()


def path_key(w_plus: Tensor, chip_grid: Tensor, beautifier: str) -> str:
    """Name of the path that ``Beautifier.path`` finds; beautifier: its identity."""
    digest = hashlib.sha256(f"{beautifier}/{tuple(w_plus.shape)}".encode())
    for tensor in (w_plus, chip_grid):
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


class _Cache(ABC, Generic[_Result]):
    """Results by name, on disk and the latest in memory."""

    kind: str  # the ending of its files
    plural: str  # its folder
    floats = torch.float32

    def __init__(self, folder: Path | None = None, bound: int = _BOUND, in_memory: int = 0) -> None:
        """folder: by default its own in the cache folder; bound: bytes on disk; in_memory: entries."""
        folder = folder if folder is not None else cache_dir() / self.plural
        self._store = Store(folder, f".{self.kind}", bound, self.floats)
        self._in_memory = in_memory
        self._latest: dict[str, _Result] = {}

    def get(self, name: str) -> _Result | None:
        """The kept result, or None."""
        known = self._latest.get(name)
        if known is not None:
            return known
        tensors = self._store.read(name)
        return None if tensors is None else self._unpacked(tensors)

    def put(self, name: str, result: _Result) -> None:
        """Keep a result, on disk if that has room."""
        self._latest[name] = result
        if len(self._latest) > self._in_memory:
            del self._latest[next(iter(self._latest))]
        self._store.write(name, self._packed(result))

    @staticmethod
    @abstractmethod
    def _packed(result: _Result) -> dict[str, Tensor]: ...

    @staticmethod
    @abstractmethod
    def _unpacked(tensors: Mapping[str, Tensor]) -> _Result | None:
        """None where they are something else."""


class SearchCache(_Cache[tuple[FoundFace, ...]]):
    """The faces of photographs by ``photo_key``; none is a result, too."""

    kind = "search"
    plural = "searches"
    floats = torch.float64

    @staticmethod
    def _packed(result: tuple[FoundFace, ...]) -> dict[str, Tensor]:
        return {
            "landmarks": torch.tensor(np.array([face.landmarks for face in result]).reshape(-1, 68, 2)),
            "boxes": torch.tensor([face.box for face in result], dtype=torch.float64).reshape(-1, 4),
            "confidences": torch.tensor([face.confidence for face in result], dtype=torch.float64),
        }

    @staticmethod
    def _unpacked(tensors: Mapping[str, Tensor]) -> tuple[FoundFace, ...] | None:
        landmarks, boxes, confidences = (tensors.get(name) for name in ("landmarks", "boxes", "confidences"))
        if landmarks is None or boxes is None or confidences is None:
            return None
        count = len(confidences) if confidences.ndim == 1 else -1
        if landmarks.shape != (count, 68, 2) or boxes.shape != (count, 4):
            return None
        return tuple(
            FoundFace((round(x), round(y), round(width), round(height)), points, confidence)
            for (x, y, width, height), points, confidence in zip(
                boxes.tolist(), landmarks.numpy(), confidences.tolist(), strict=True
            )
        )


class InversionCache(_Cache[Inversion]):
    """Inversions by ``key``."""

    kind = "inversion"
    plural = "inversions"

    @staticmethod
    def _packed(result: Inversion) -> dict[str, Tensor]:
        return {"w_plus": result.w_plus, "numbers": torch.tensor([result.loss, result.distance])}

    @staticmethod
    def _unpacked(tensors: Mapping[str, Tensor]) -> Inversion | None:
        w_plus, numbers = tensors.get("w_plus"), tensors.get("numbers")
        if w_plus is None or numbers is None or numbers.shape != (2,):
            return None
        if w_plus.ndim != 2 or w_plus.shape[0] > _SHAPE_LIMIT:
            return None
        return Inversion(w_plus, float(numbers[0]), float(numbers[1]))


class PathCache(_Cache[ScorePath]):
    """Score paths by ``path_key``."""

    kind = "path"
    plural = "paths"

    @staticmethod
    def _packed(result: ScorePath) -> dict[str, Tensor]:
        return {"knots": result.knots, "gains": result.gains, "score": torch.tensor([result.score])}

    @staticmethod
    def _unpacked(tensors: Mapping[str, Tensor]) -> ScorePath | None:
        knots, gains, score = (tensors.get(name) for name in ("knots", "gains", "score"))
        if knots is None or gains is None or score is None or score.shape != (1,):
            return None
        if knots.ndim != 3 or not 0 < knots.shape[0] <= _SHAPE_LIMIT or knots.shape[1] > _SHAPE_LIMIT:
            return None
        if gains.shape != knots.shape[:1]:
            return None
        return ScorePath(knots, gains, float(score[0]))


@dataclass(frozen=True)
class Caches:
    """All that is kept of faces."""

    searches: SearchCache
    inversions: InversionCache
    paths: PathCache

    @classmethod
    def of_user(cls) -> "Caches":
        """In the user's cache folder."""
        return cls(
            SearchCache(in_memory=_SEARCHES_IN_MEMORY),
            InversionCache(in_memory=_INVERSIONS_IN_MEMORY),
            PathCache(in_memory=_PATHS_IN_MEMORY),
        )
