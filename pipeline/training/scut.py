"""Rated photographs: SCUT-FBP5500 (Liang et al., ICPR 2018, arXiv 1801.06345), measured once.

Any data set of the same layout will do: ``Images/`` and ``train_test_files/All_labels.txt`` with a file name
and a rating on each line.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.faces import FaceFinder
from pipeline.identity import Recognizer
from pipeline.rater_input import face_chip
from pipeline.training.labellers import Labellers
from pipeline.training.tables import load_table, save_table
from retouchml.errors import UsageError

GROUPS = ("AF", "AM", "CF", "CM")
_LABELS = Path("train_test_files") / "All_labels.txt"
_PHOTOS = Path("Images")
_LAYOUT = f"Give a folder with {_PHOTOS} and {_LABELS.parent}, as SCUT-FBP5500 has them."
_FOLDS = Path("train_test_files") / "5_folders_cross_validations_files"
_VERSION = 2  # of the measurements
_SAVE_EVERY = 250  # photographs; an interruption loses no more


@dataclass(frozen=True)
class RatedPhotos:
    """N rated photographs with their measurements; photographs without a face are left out."""

    names: NDArray[np.str_]  # [N] of the files
    ratings: NDArray[np.float32]  # [N] 1 to 5
    landmarks: NDArray[np.float32]  # [N, 68, 2] pixels
    descriptors: NDArray[np.float32]  # [N, 128]
    activations: NDArray[np.float16]  # [N, ACTIVATIONS] of dlib's network
    chips: NDArray[np.uint8]  # [N, 112, 112, 3]

    def __len__(self) -> int:
        return len(self.names)

    def rows_of(self, names: set[str]) -> NDArray[np.intp]:
        """Indices of the photographs with these names."""
        return np.flatnonzero([name in names for name in self.names])


def group_of(name: str) -> str:
    """Whom a photograph shows, of ``GROUPS``, as its file is named; "" if that does not say."""
    return next((group for group in GROUPS if name.startswith(group)), "")


def read_ratings(folder: Path) -> dict[str, float]:
    """File name → mean rating. Raises UsageError if the folder is not laid out like SCUT-FBP5500."""
    labels = folder / _LABELS
    ratings = dict(_parse_rating(labels, number, line) for number, line in _lines(labels))
    absent = [name for name in sorted(ratings) if not (folder / _PHOTOS / name).is_file()]
    if absent:
        raise UsageError(
            f"{folder / _PHOTOS / absent[0]} has a rating, but is not there"
            + (f", nor are {len(absent) - 1} others." if len(absent) > 1 else "."),
            "Every photograph that has a rating must be there.",
        )
    return ratings


def read_fold(folder: Path, number: int) -> tuple[set[str], set[str]]:
    """Names of the training and the test photographs of official fold 1 to 5.

    Raises UsageError if the two have a name in common, or the folder is not laid out like SCUT-FBP5500.
    """
    parts = folder / _FOLDS / f"cross_validation_{number}"
    train, test = (
        {line.split()[0] for _, line in _lines(parts / f"{part}_{number}.txt")} for part in ("train", "test")
    )
    if both := train & test:
        raise UsageError(
            f"{min(both)} is in both parts of fold {number} of {folder}.",
            "What is trained on must not be tested on.",
        )
    return train, test


def _lines(listing: Path) -> list[tuple[int, str]]:
    """Numbers and text of the lines that are not blank."""
    try:
        text = listing.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{listing} cannot be read: {reason}.", _LAYOUT) from error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise UsageError(f"{listing} names no photograph.", _LAYOUT)
    return lines


def _parse_rating(labels: Path, number: int, line: str) -> tuple[str, float]:
    words = line.split()
    try:
        name, rating = words[0], float(words[1])
    except (IndexError, ValueError):
        name, rating = "", math.nan
    if len(words) != 2 or not 1.0 <= rating <= 5.0:
        raise UsageError(
            f"Line {number} of {labels} is not a file name and a rating from 1 to 5: {line.strip()[:80]!r}.",
            "Correct it.",
        )
    return name, rating


def measure(
    folder: Path,
    ratings: Mapping[str, float],  # by file name
    labellers: Labellers,
    cache: Path,  # folder that keeps the measurements for the next run
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> RatedPhotos:
    """Measure every rated photograph of ``folder``, unless an earlier run did, or go on where it ended.

    Raises UsageError if a photograph cannot be read, or none shows a face.
    """
    digest = hashlib.sha256(repr((_VERSION, sorted(ratings.items()))).encode()).hexdigest()[:16]
    path = cache / f"photos-{digest}.npz"
    if (photos := load_table(path, RatedPhotos)) is not None:
        return photos
    begun = path.with_suffix(".part.npz")
    saved = load_table(begun, RatedPhotos)
    last = "" if saved is None else str(saved.names[-1])
    rows = [] if saved is None else [*zip(*vars(saved).values(), strict=True)]
    for done, (name, rating) in enumerate(sorted(ratings.items())):
        progress(done, len(ratings))
        if name <= last:
            continue
        if rows and done % _SAVE_EVERY == 0:
            save_table(begun, _table(rows))
        row = _measure_one(folder / _PHOTOS / name, labellers.finder, labellers.recognizer)
        if row is not None:
            rows.append((name, np.float32(rating), *row))
    if not rows:
        raise UsageError(f"No face was found in any photograph of {folder}.", "Give photographs of faces.")
    photos = _table(rows)
    save_table(path, photos)
    begun.unlink(missing_ok=True)
    return photos


def _table(rows: Sequence[tuple[Any, ...]]) -> RatedPhotos:
    return RatedPhotos(*(np.stack(column) for column in zip(*rows, strict=True)))


def _measure_one(path: Path, finder: FaceFinder, recognizer: Recognizer) -> tuple[Any, ...] | None:
    """What a row of ``RatedPhotos`` has beside name and rating; None if no face is found."""
    image = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise UsageError(
            f"{path} is no readable picture.", "Every photograph that has a rating must be there."
        )
    faces = finder.find(image)
    if not faces:
        return None
    landmarks = faces[0].landmarks
    sight = recognizer.see(image.astype(np.float32) / 255.0, landmarks)
    chip = np.rint(face_chip(image, landmarks) * 255.0).astype(np.uint8)
    return landmarks.astype(np.float32), sight.descriptor, sight.activations.astype(np.float16), chip
