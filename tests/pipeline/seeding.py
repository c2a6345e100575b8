"""Photographs that are ready at once: the cache has the portrait's code for their faces."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.beautify import ScorePath
from pipeline.cache import InversionCache, inversion_key
from pipeline.invert import Inversion
from pipeline.local_face import face_crop
from pipeline.photo import Photo
from pipeline.pixels import as_channels
from pipeline.retoucher import Retoucher
from retouchml.paths import cache_dir
from tests.conftest import at_home


def seed(retoucher: Retoucher, portrait: Photo, pixels: NDArray[Any], cache: InversionCache) -> Photo:
    """Open ``pixels`` and put the portrait's code into the cache for each of its faces."""
    photo = retoucher.open(pixels)
    portrait.prepare()
    code = portrait._known.prepared[0].path.knots[0]
    for face in photo.faces:
        landmarks = np.array(face.landmarks)
        crop, alignment = face_crop(as_channels(pixels), landmarks)
        cache.put(
            inversion_key(crop, alignment.to_crop(landmarks), retoucher.model), Inversion(code, 0.0, 0.0)
        )
    return photo


def quick_path(retoucher: Retoucher, portrait: Photo) -> Any:
    """A ``Beautifier.path`` that returns the portrait's path at once, and computes that of another face."""
    portrait.prepare()
    portrait_path = portrait._known.prepared[0].path
    climb = retoucher.networks.beautifier.path

    def path(w_plus: Tensor, *arguments: Any, **watched: Any) -> ScorePath:
        return (
            portrait_path
            if torch.equal(w_plus, portrait_path.knots[0])
            else climb(w_plus, *arguments, **watched)
        )

    return path


def session_cache(home: Any) -> InversionCache:
    """The cache of the session's retoucher."""
    with at_home(home):
        return InversionCache(cache_dir() / "inversions")


def changed(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.bool_]:
    """Which pixels [H, W] differ."""
    differ = np.asarray(before != after)
    return differ if differ.ndim == 2 else differ.any(axis=2)
