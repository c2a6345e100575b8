"""Inversions and score paths kept by content, so that a photograph that was open before is ready at once.

The latest may stay in memory, the others lie on disk (``pipeline.store``). An inversion is named by a hash of
the crop, the generator and the recipe; a path by a hash of the code that it starts from, the place of the
face chip, and all that leads the climb.
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

from pipeline.beautify import ScorePath
from pipeline.invert import VERSION, Inversion
from pipeline.store import Store
from retouchml.paths import cache_dir

_BOUND = 256 * 2**20  # bytes in all, of either kind
_SHAPE_LIMIT = 64  # layers, or knots; a larger entry is not ours
_INVERSIONS_IN_MEMORY, _PATHS_IN_MEMORY = 64, 16  # of about 50 kB and 0.7 MB each
_Result = TypeVar("_Result")


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

    kind: str

    def __init__(self, folder: Path | None = None, bound: int = _BOUND, in_memory: int = 0) -> None:
        """folder: by default one named after the kind, in the cache folder; bound: bytes on disk; in_memory:
        entries.
        """
        folder = folder if folder is not None else cache_dir() / f"{self.kind}s"
        self._store = Store(folder, f".{self.kind}", bound)
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


class InversionCache(_Cache[Inversion]):
    """Inversions by ``key``."""

    kind = "inversion"

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

    inversions: InversionCache
    paths: PathCache

    @classmethod
    def of_user(cls) -> "Caches":
        """In the user's cache folder."""
        return cls(InversionCache(in_memory=_INVERSIONS_IN_MEMORY), PathCache(in_memory=_PATHS_IN_MEMORY))
