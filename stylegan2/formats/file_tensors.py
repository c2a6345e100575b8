"""The tensors of a file by its own names, so that none of them is overlooked.

A network with more tensors than ours use computes something else: a fork with attention layers has all that a
StyleGAN2 network has, and more. So what is left over after reading is a reason to refuse the file.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retouchml.errors import ModelCorrupt

Array = NDArray[Any]
PUBLISHED_ONLY = "Only StyleGAN2 networks like those that were published, without added layers, can be used."
# Last parts of the names of tensors without influence on images.
_UNUSED = frozenset(
    {"lod", "num_batches_tracked", "magnitude_ema", "pl_mean", "w_avg", "dlatent_avg", "latent_avg"}
)
_FILTERS = ("resample_filter", "kernel")
_FILTER = np.outer([1.0, 3.0, 3.0, 1.0], [1.0, 3.0, 3.0, 1.0]) / 64.0
_SHOWN = 60  # characters of a name


@dataclass(frozen=True)
class FileTensors:
    """What a file has for a generator and its discriminator."""

    values: Mapping[str, Any]  # by the file's names, in whatever form the format has
    key: Callable[[str], str]  # our name of a tensor → the file's
    open: Callable[[str, str], Array]  # our name, the file's → a view of the file in our layout
    filters: Callable[[str], Array] | None = None  # the file's name → the filter, where files have filters

    def find(self, name: str) -> Array | None:
        """The tensor that we call ``name``; None if the file has none."""
        key = self.key(name)
        return self.open(name, key) if key in self.values else None

    def check_all_used(self, names: Collection[str], what: str) -> None:
        """Raise ModelCorrupt if the file has more than ``names``, in our words, that changes images."""
        used = {self.key(name) for name in names}
        odd = [key for key in self.values if key not in used and not self._is_known(key)]
        if odd:
            more = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
            raise ModelCorrupt(
                f"This {what} has tensors that a StyleGAN2 network does not have: {shown(odd[0])}{more}.",
                PUBLISHED_ONLY,
            )

    def _is_known(self, key: str) -> bool:
        last = key.replace("/", ".").rpartition(".")[2]
        if last in _FILTERS and self.filters is not None:
            check_filter(self.filters(key), key)
            return True
        return last in _UNUSED


def check_filter(values: Array, name: str) -> None:
    """Raise ModelCorrupt if a resampling filter, whose sum should be 1, is not that of StyleGAN2."""
    fits = values.shape == _FILTER.shape and values.dtype.kind == "f"
    if fits and np.allclose(values, _FILTER, rtol=2e-3, atol=0):
        return
    raise ModelCorrupt(
        f"The network in the file was trained with another resampling filter: {shown(name)}.", PUBLISHED_ONLY
    )


def shown(name: str) -> str:
    """A name from a file for a message: cut, and without control characters."""
    return repr(name[:_SHOWN])
