"""Lists what a computation asks of a device, and objects to what a CUDA graph cannot hold.

Tensors of the device "meta" have no numbers, so nothing can be read back from them, and one that is made on
the CPU on the way stands out, as it would on a GPU.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# They wait for the GPU, since what they give, or its shape, depends on numbers.
_WAITING = {"_local_scalar_dense", "item", "nonzero", "is_nonzero", "equal", "masked_select"}


@dataclass(frozen=True)
class Issued:
    """An operation: its name, and the tensors that went in, then those that came out."""

    name: str
    tensors: tuple[Tensor, ...]


class Listing(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes down every operation that torch hands to a device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.issued: list[Issued] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = tuple(leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor))
        self.issued.append(Issued(func.overloadpacket.__name__, tensors))
        return result


def issued(compute: Callable[[], object]) -> list[Issued]:
    """The operations of a second call: as before a recording, the first has prepared what can be."""
    listing = Listing()
    compute()
    with listing:
        compute()
    return listing.issued


def objections(operations: list[Issued], device: str) -> list[str]:
    """What would break a recording, or be slow: waiting, other devices, double precision."""
    wrong = [f"{each.name} waits" for each in operations if each.name in _WAITING]
    for each in operations:
        wrong += [f"{each.name} on {t.device}" for t in each.tensors if t.device.type != device]
        wrong += [f"{each.name} in double precision" for t in each.tensors if t.dtype == torch.float64]
    return wrong
