"""The caches of faces, inversions, paths and tuned weights: a photograph seen before is ready at once.

All entries lie on disk (``pipeline.store``), the latest also in memory. The key of a photograph's faces is a
hash of its pixels; that of an inversion, of the crop, its landmarks, the generator and the recipe; that of a
path, of its first code, the place of the face chip, and everything that guides the ascent; that of tuned
weights, of the crop, its code and the recipe.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.beautify import ScorePath
from pipeline.faces import FaceLocation, Search
from pipeline.invert import VERSION, Inversion
from pipeline.store import Store
from pipeline.tuning import Tuning
from retouchml.paths import RESULT_CACHES, cache_dir
from retouchml.results import Box

_SEARCHES, _INVERSIONS, _PATHS, _TUNINGS = RESULT_CACHES
_BOUND = 256 * 2**20  # bytes in all, of each kind
_SHAPE_LIMIT = 64  # layers, or knots; a larger entry is damaged
_FACES_LIMIT = 4096
_LARGEST_COORDINATE = 1 << 20  # pixels; a face may reach beyond its photo, but not that far
_PARTS = 16.0  # of a pixel; to which landmarks are rounded
_LARGEST_CODE = 1e4  # values of w_plus are some tens at most
_LARGEST_CHANGE = 10.0  # of a tuned weight; hundredths are usual
_WEIGHTS_LIMIT = 64  # tensors
# entries, of about 1 kB a face, 50 kB, 0.7 MB and 3 MB each
_SEARCHES_IN_MEMORY, _INVERSIONS_IN_MEMORY, _PATHS_IN_MEMORY, _TUNINGS_IN_MEMORY = 64, 64, 16, 2
_PSNR = "psnr"
_Result = TypeVar("_Result")


def photo_key(pixels: NDArray[np.generic], icc: bytes, finder: str) -> str:
    """Key of the faces that ``FaceFinder.find`` finds in a photo [H, W, C] with a colour profile.

    finder: its identity
    """
    digest = hashlib.sha256(f"{finder}/{pixels.shape}/{pixels.dtype.str}".encode())
    digest.update(np.ascontiguousarray(pixels).data)
    digest.update(icc)
    return digest.hexdigest()


def inversion_key(crop: NDArray[np.float32], landmarks: NDArray[np.float64], generator: str) -> str:
    """Key of the inversion of a crop [S, S, 3] in [0, 1]; crops that are equal to 8 bits share it.

    landmarks: [68, 2] in pixels of the crop, by which the inversion is weighted; generator: its identity
    """
    digest = hashlib.sha256(f"{generator}/{VERSION}/{crop.shape}".encode())
    digest.update(np.rint(crop * 255.0).astype(np.uint8).tobytes())
    digest.update(np.rint(landmarks * _PARTS).astype("<i4").tobytes())
    return digest.hexdigest()


def path_key(w_plus: Tensor, chip_grid: Tensor, beautifier: str) -> str:
    """Key of the path that ``Beautifier.path`` finds; beautifier: its identity."""
    digest = hashlib.sha256(f"{beautifier}/{tuple(w_plus.shape)}".encode())
    for tensor in (w_plus, chip_grid):
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def tuning_key(crop: NDArray[np.float32], landmarks: NDArray[np.float64], w_plus: Tensor, tuner: str) -> str:
    """Key of the weights that ``Tuner.tune`` finds; tuner: its identity."""
    digest = hashlib.sha256(inversion_key(crop, landmarks, tuner).encode())
    digest.update(w_plus.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


class _Cache(ABC, Generic[_Result]):
    """A cache of results by key, on disk and, for the latest, in memory."""

    suffix: str  # of its files
    folder: str  # in the cache folder
    dtype = torch.float32

    def __init__(self, folder: Path | None = None, bound: int = _BOUND, in_memory: int = 0) -> None:
        """folder: by default a folder in the user's cache; bound: bytes on disk; in_memory: entries."""
        self._store = Store(folder or cache_dir() / self.folder, self.suffix, bound, self.dtype)
        self._in_memory = in_memory
        self._latest: dict[str, _Result] = {}

    def get(self, key: str) -> _Result | None:
        """The result for a key, or None."""
        result = self._latest.get(key)
        if result is not None:
            return result
        tensors = self._store.read(key)
        return None if tensors is None else self._from_tensors(tensors)

    def put(self, key: str, result: _Result) -> None:
        """Store a result; on disk only if there is room."""
        self._latest[key] = result
        if len(self._latest) > self._in_memory:
            del self._latest[next(iter(self._latest))]
        self._store.write(key, self._to_tensors(result))

    @staticmethod
    @abstractmethod
    def _to_tensors(result: _Result) -> dict[str, Tensor]: ...

    @staticmethod
    @abstractmethod
    def _from_tensors(tensors: Mapping[str, Tensor]) -> _Result | None:
        """The result, or None if the tensors are something else."""


class SearchCache(_Cache[Search]):
    """The faces of photographs by ``photo_key``; a photograph without faces has an entry, too."""

    suffix = ".search"
    folder = _SEARCHES
    dtype = torch.float64

    @staticmethod
    def _to_tensors(result: Search) -> dict[str, Tensor]:
        landmarks = np.array([face.landmarks for face in result.faces]).reshape(-1, 68, 2)
        return {
            "landmarks": torch.tensor(landmarks),
            "boxes": _of_boxes([face.box for face in result.faces]),
            "reads": _of_boxes(result.reads),
        }

    @staticmethod
    def _from_tensors(tensors: Mapping[str, Tensor]) -> Search | None:
        landmarks, boxes, reads = (tensors.get(name) for name in ("landmarks", "boxes", "reads"))
        if landmarks is None or boxes is None or reads is None:
            return None
        if landmarks.shape[1:] != (68, 2) or len(boxes) != len(landmarks):
            return None
        if len(boxes) > _FACES_LIMIT or not (_is_within(landmarks, _LARGEST_COORDINATE)):
            return None
        if not _are_boxes(boxes) or not _are_boxes(reads):
            return None
        faces = (
            FaceLocation(box, points) for box, points in zip(_boxes(boxes), landmarks.numpy(), strict=True)
        )
        return Search(tuple(faces), tuple(_boxes(reads)))


def _of_boxes(boxes: Sequence[Box]) -> Tensor:
    return torch.tensor(boxes, dtype=torch.float64).reshape(-1, 4)


def _are_boxes(tensor: Tensor) -> bool:
    is_alike = tensor.ndim == 2 and tensor.shape[1] == 4
    return is_alike and _is_within(tensor, _LARGEST_COORDINATE) and not bool((tensor[:, 2:] < 0).any())


def _boxes(tensor: Tensor) -> list[Box]:
    return [(round(x), round(y), round(width), round(height)) for x, y, width, height in tensor.tolist()]


class InversionCache(_Cache[Inversion]):
    """Inversions by ``inversion_key``."""

    suffix = ".inversion"
    folder = _INVERSIONS

    @staticmethod
    def _to_tensors(result: Inversion) -> dict[str, Tensor]:
        return {"w_plus": result.w_plus, "numbers": torch.tensor([result.loss, result.distance])}

    @staticmethod
    def _from_tensors(tensors: Mapping[str, Tensor]) -> Inversion | None:
        w_plus, numbers = tensors.get("w_plus"), tensors.get("numbers")
        if w_plus is None or numbers is None or numbers.shape != (2,):
            return None
        if w_plus.ndim != 2 or w_plus.shape[0] > _SHAPE_LIMIT or not _is_within(w_plus, _LARGEST_CODE):
            return None
        return Inversion(w_plus, float(numbers[0]), float(numbers[1]))


class PathCache(_Cache[ScorePath]):
    """Score paths by ``path_key``."""

    suffix = ".path"
    folder = _PATHS

    @staticmethod
    def _to_tensors(result: ScorePath) -> dict[str, Tensor]:
        return {"knots": result.knots, "gains": result.gains, "score": torch.tensor([result.score])}

    @staticmethod
    def _from_tensors(tensors: Mapping[str, Tensor]) -> ScorePath | None:
        knots, gains, score = (tensors.get(name) for name in ("knots", "gains", "score"))
        if knots is None or gains is None or score is None or score.shape != (1,):
            return None
        if knots.ndim != 3 or not 0 < knots.shape[0] <= _SHAPE_LIMIT or knots.shape[1] > _SHAPE_LIMIT:
            return None
        if gains.shape != knots.shape[:1] or not _is_within(knots, _LARGEST_CODE):
            return None
        return ScorePath(knots, gains, float(score[0]))


class TuningCache(_Cache[Tuning]):
    """Weights tuned to a face by ``tuning_key``."""

    suffix = ".tuning"
    folder = _TUNINGS
    dtype = torch.float16

    @staticmethod
    def _to_tensors(result: Tuning) -> dict[str, Tensor]:
        return {**result.changes, _PSNR: torch.tensor([result.psnr], dtype=torch.float16)}

    @staticmethod
    def _from_tensors(tensors: Mapping[str, Tensor]) -> Tuning | None:
        changes = {name: value for name, value in tensors.items() if name != _PSNR}
        psnr = tensors.get(_PSNR)
        if psnr is None or psnr.shape != (1,) or not 0 < len(changes) <= _WEIGHTS_LIMIT:
            return None
        if not all(_is_within(value, _LARGEST_CHANGE) for value in changes.values()):
            return None
        return Tuning(changes, float(psnr[0]))


def _is_within(values: Tensor, largest: float) -> bool:
    return bool((values.abs() <= largest).all())


@dataclass(frozen=True)
class Caches:
    """The four caches."""

    searches: SearchCache
    inversions: InversionCache
    paths: PathCache
    tunings: TuningCache

    @classmethod
    def of_user(cls) -> "Caches":
        """The caches in the user's cache folder."""
        return cls(
            SearchCache(in_memory=_SEARCHES_IN_MEMORY),
            InversionCache(in_memory=_INVERSIONS_IN_MEMORY),
            PathCache(in_memory=_PATHS_IN_MEMORY),
            TuningCache(in_memory=_TUNINGS_IN_MEMORY),
        )
