"""Tells whether tensors are still those that something was made from."""

from collections.abc import Iterable

from torch import Tensor

Stamp = tuple[tuple[int, int], ...]


def stamp(tensors: Iterable[Tensor]) -> Stamp:
    """Equal as long as no tensor has moved, changed its type or been written to; reads no number of them.

    What a tensor of inference mode is written goes unnoticed: torch counts it nowhere.
    """
    return tuple((tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version) for tensor in tensors)
