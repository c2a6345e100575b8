"""The photographs that are measured: those of a folder, test photographs of SCUT-FBP5500."""

from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np

from pipeline.training.scut import GROUPS, read_fold
from retouchml.errors import UsageError
from retouchml.results import Face

LEAST_TRUST = 0.5  # in the shape and the skin of a face that is measured

_SEED = 7
_ENDINGS = frozenset((".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"))


def choose_photos(folder: Path, count: int, number: int = 1, skip: int = 0) -> list[Path]:
    """Test photographs of fold ``number``, always the same, balanced by group to within one.

    skip: how many to leave out first. Raises UsageError if the folder is not laid out like SCUT-FBP5500.
    """
    _, test = read_fold(folder, number)
    random = np.random.default_rng(_SEED)
    groups = []
    for group in GROUPS:
        members = sorted(name for name in test if name.startswith(group))
        groups.append([str(name) for name in random.permutation(members)])
    names = [name for row in zip_longest(*groups) for name in row if name is not None]
    return [folder / "Images" / name for name in names[skip : skip + count]]


def photos_in(folder: Path) -> list[Path]:
    """The pictures in a folder, sorted by name. Raises UsageError if there is none."""
    try:
        photos = sorted(path for path in folder.iterdir() if path.suffix.lower() in _ENDINGS)
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}.") from error
    if not photos:
        raise UsageError(f"There is no picture in {folder}.")
    return photos


def why_not(faces: Sequence[Face]) -> str:
    """Why the largest face of a photo is not measured; "" if it is.

    A face whose retouch is held back would count as one that is retouched with care.
    """
    if not faces:
        return "no face"
    quality = faces[0].quality
    held = min(quality.trust.shape, quality.trust.skin)
    return "; ".join(quality.notes) or "not trusted" if held < LEAST_TRUST else ""
