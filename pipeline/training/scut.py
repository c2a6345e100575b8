"""Rated photographs: SCUT-FBP5500 (Liang et al., ICPR 2018, arXiv 1801.06345), measured once and kept.

Any data set of the same layout serves: ``Images/`` and ``train_test_files/All_labels.txt`` with a file name
and a rating a line.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.faces import FaceFinder
from pipeline.identity import Recognizer
from pipeline.rater_input import face_chip
from pipeline.training.sampling import Labellers
from retouchml.errors import UsageError

GROUPS = ("AF", "AM", "CF", "CM")
_LABELS = Path("train_test_files") / "All_labels.txt"
_FOLDS = Path("train_test_files") / "5_folders_cross_validations_files"
_VERSION = 1  # of what is measured


@dataclass(frozen=True)
class Photos:
    """N measured photographs; those in which no face was found are left out.

    names: [N] file names; ratings: [N] 1 to 5; landmarks: [N, 68, 2] pixels; descriptors: [N, 128]; chips:
    [N, 112, 112, 3] uint8
    """

    names: NDArray[np.str_]
    ratings: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    chips: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.names)

    def only(self, names: set[str]) -> NDArray[np.intp]:
        """Indices of the photographs called ``names``."""
        return np.flatnonzero([name in names for name in self.names])


def ratings_of(folder: Path) -> dict[str, float]:
    """File name → mean rating. Raises UsageError where the folder is not laid out like SCUT-FBP5500."""
    labels = folder / _LABELS
    try:
        rows = [line.split() for line in labels.read_text(encoding="utf-8").splitlines() if line.strip()]
        return {name: float(rating) for name, rating in rows}
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{folder} holds no rated photographs ({error}).",
            f"Give a folder with Images and {_LABELS}, a file name and a rating on each line.",
        ) from error


def fold(folder: Path, number: int) -> tuple[set[str], set[str]]:
    """Names of the training and the test photographs of official fold 1 to 5."""
    parts = folder / _FOLDS / f"cross_validation_{number}"
    train, test = (parts / f"{part}_{number}.txt" for part in ("train", "test"))
    return _names(train), _names(test)


def _names(listing: Path) -> set[str]:
    return {line.split()[0] for line in listing.read_text().splitlines() if line.strip()}


def measure(
    folder: Path,
    labellers: Labellers,
    cache: Path,
    report: Callable[[int, int], None] = lambda _done, _all: None,
) -> Photos:
    """Measure every rated photograph of ``folder``, or read what an earlier run measured from ``cache``."""
    ratings = ratings_of(folder)
    digest = hashlib.sha256(repr((_VERSION, sorted(ratings.items()))).encode()).hexdigest()[:16]
    kept = cache / f"photos-{digest}.npz"
    if kept.exists():
        file = np.load(kept, allow_pickle=False)
        return Photos(*(file[field.name] for field in fields(Photos)))
    rows = []
    for done, (name, rating) in enumerate(sorted(ratings.items())):
        report(done, len(ratings))
        row = _measure_one(folder / "Images" / name, labellers.finder, labellers.recognizer)
        if row is not None:
            rows.append((name, np.float32(rating), *row))
    photos = Photos(*(np.stack(column) for column in zip(*rows, strict=True)))
    cache.mkdir(parents=True, exist_ok=True)
    partial = kept.with_suffix(".partial.npz")
    np.savez(partial, **{field.name: getattr(photos, field.name) for field in fields(Photos)})
    partial.replace(kept)
    return photos


def _measure_one(
    path: Path, finder: FaceFinder, recognizer: Recognizer
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]] | None:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise UsageError(
            f"{path} is no readable picture.", "Every photograph that has a rating must be there."
        )
    faces = finder.find(image)
    if not faces:
        return None
    landmarks = faces[0].landmarks
    descriptor = recognizer.describe(image.astype(np.float32) / 255.0, landmarks)
    chip = np.rint(face_chip(image, landmarks) * 255.0).astype(np.uint8)
    return landmarks.astype(np.float32), descriptor, chip
