"""Stamps of tensors: they tell whether a result that was computed from tensors is still valid."""

from collections.abc import Iterable

from torch import Tensor

Stamp = tuple[tuple[int, int], ...]


def stamp(tensors: Iterable[Tensor]) -> Stamp:
    """The addresses and versions of tensors; their values are not read.

    It differs once a tensor is at another address, or torch has counted a write to it. Torch does not count
    writes through ``.data``, nor those to tensors of inference mode. A tensor that is moved or cast and back,
    or replaced, may end up at the same address, and is then taken for the old one. If that may have happened,
    call ``network.load_state_dict(network.state_dict())``: it writes to each tensor, which is counted except
    for tensors of inference mode.
    """
    return tuple((tensor.data_ptr(), 0 if tensor.is_inference() else tensor._version) for tensor in tensors)
