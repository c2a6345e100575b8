"""Tells whether tensors are still those that something was made from."""

from collections.abc import Iterable

from torch import Tensor

Stamp = tuple[tuple[int, int], ...]


def stamp(tensors: Iterable[Tensor]) -> Stamp:
    """Differs once a tensor lies elsewhere or a write to it was counted; reads no number of them.

    Torch does not count writes through ``.data``, nor any to tensors of inference mode. A tensor that is
    moved or cast and back, or replaced, may end up at the same address, and then passes for the old one.
    Where that may have been, ``network.load_state_dict(network.state_dict())`` is a write to each that
    counts, except to tensors of inference mode.
    """
    return tuple((tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version) for tensor in tensors)
