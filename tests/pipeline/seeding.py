"""Photographs that are ready at once: their faces are given the code that the portrait's inversion found."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.cache import InversionCache, key
from pipeline.invert import Inversion
from pipeline.pixels import as_channels
from pipeline.prepared import face_crop
from pipeline.retoucher import Photo, Retoucher
from retouchml.paths import cache_dir
from tests.conftest import at_home


def seed(retoucher: Retoucher, portrait: Photo, pixels: NDArray[Any], cache: InversionCache) -> Photo:
    """Open ``pixels`` and keep the portrait's code for each of its faces."""
    photo = retoucher.open(pixels)
    portrait.prepare()
    code = portrait._prepared[0].path.knots[0]
    for face in photo.faces:
        crop, _ = face_crop(as_channels(pixels), face.landmarks)
        cache.put(key(crop, retoucher.model), Inversion(code, 0.0, 0.0))
    return photo


def session_cache(home: Any) -> InversionCache:
    """The cache of the session's retoucher."""
    with at_home(home):
        return InversionCache(cache_dir() / "inversions")


def changed(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.bool_]:
    """Which pixels [H, W] differ."""
    differ = np.asarray(before != after)
    return differ if differ.ndim == 2 else differ.any(axis=2)
