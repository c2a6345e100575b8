"""The Python interface: what opens photographs; ``pipeline.photo`` is an open one.

In short::

    retoucher = Retoucher()
    photo = retoucher.open(pixels)
    patches = photo.render({0: Look(strength=0.6, edits={"smile": 0.4})})
    result = photo.apply(patches)
"""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.cache import Caches, photo_key
from pipeline.faces import Search
from pipeline.networks import load_networks
from pipeline.photo import Photo
from pipeline.pixels import as_channels
from pipeline.preview import KeptFaces
from pipeline.reach import whole
from pipeline.working_space import WorkingSpace, profile_for
from retouchml.progress import NEVER, Cancel, Progress, check, silent
from retouchml.results import Box, Edit
from retouchml.settings import (
    DEFAULT_DEVICE,
    DEFAULT_MODEL,
    ENGINES,
    PRECISIONS,
    EngineName,
    PrecisionName,
)
from retouchml.sliders import EDITS


class Retoucher:
    """Retouches photographs with one model on one device; loading the model takes seconds, so keep it."""

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        device: str = DEFAULT_DEVICE,
        cache: bool = True,
        engine: EngineName = ENGINES[0],
        precision: PrecisionName = PRECISIONS[0],
        *,
        graphs: bool = True,
    ) -> None:
        """cache: keep the results of the slow steps on disk; a photograph seen before is then ready at once.

        engine: torch, or tensorflow1, which only runs StyleGAN2 networks. precision: the generator's number
        type; auto is float16 on CUDA, float32 elsewhere. graphs: whether to use CUDA graphs, on CUDA. Raises
        UsageError, ModelMissing, ModelCorrupt, LatentSpaceMismatch or DeviceError.
        """
        self.networks = load_networks(model, device, engine, precision, graphs=graphs)
        self._caches = Caches.of_user() if cache else None
        self._kept = KeptFaces()
        self.model = model
        self.device = str(self.networks.generator.device)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The sliders that a look holds by name."""
        return tuple(slider.as_edit() for slider in EDITS)

    def open(
        self,
        pixels: NDArray[np.generic],
        *,
        icc: bytes = b"",
        at: Sequence[Box] = (),
        scorer: str = "",
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Photo:
        """Find the faces of a photo [H, W] or [H, W, C]: uint8, uint16 or float32, straight alpha.

        at: places (x, y, width, height) of faces that the search may miss; those that it finds come first.
        icc: its colour profile, b"" for sRGB; the retouch is computed in sRGB's primaries, unbounded. scorer:
        the name of the user's own taste that strength follows, "" for the standard one.

        The photo keeps the array itself, not a copy, and never writes to it. Raises PictureUnsupported for
        another kind of array, UsageError for a place that cannot have a face or an unknown scorer, and
        Cancelled.
        """
        progress, cancel = progress or silent, cancel or NEVER
        networks = self.networks.with_scorer(scorer)
        channels = as_channels(pixels)
        progress("detect", 0.0, None)
        start = time.monotonic()
        search = self._search(channels, icc, cancel)
        locations = list(search.faces)
        for box in at:
            check(cancel)
            marked = self.networks.finder.at(channels, box, locations, icc=icc)
            locations += [] if marked is None else [marked]
        space = WorkingSpace.of(profile_for(icc, channels))
        reads = (whole(channels),) if at else search.reads  # at a marked place, the search looks anywhere
        photo = Photo(pixels, channels, space, locations, networks, self._caches, self._kept, reads)
        photo.seconds["detect"] = time.monotonic() - start
        progress("detect", 1.0, 0.0)
        return photo

    def _search(self, channels: NDArray[np.generic], icc: bytes, cancel: Cancel) -> Search:
        if self._caches is None:
            return self.networks.finder.search(channels, cancel, icc=icc)
        key = photo_key(channels, icc, self.networks.finder.identity)
        search = self._caches.searches.get(key)
        if search is None:
            search = self.networks.finder.search(channels, cancel, icc=icc)
            self._caches.searches.put(key, search)
        check(cancel)
        return search
