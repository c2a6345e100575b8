"""Torch tensors from a pickle's tree, as views of the storages in the file.

Torch itself would unpickle; here a storage is a range of bytes, and a tensor is used only if its size, stride
and offset lie within it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from retouchml.errors import ModelCorrupt
from stylegan2.formats.network_file import Array
from stylegan2.formats.pickle_tree import PERSISTENT, Call, Name

_BFLOAT16 = np.dtype([("upper", "<u2")])  # the upper half of float32, which numpy does not know by itself
_TYPES: dict[str, "str | np.dtype[Any]"] = {
    "BFloat16Storage": _BFLOAT16,
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "<i1",
    "ByteStorage": "<u1",
    "BoolStorage": "<u1",
}
TENSOR = Name("torch._utils", "_rebuild_tensor_v2")
PARAMETER = Name("torch._utils", "_rebuild_parameter")
STORAGE_NAMES = frozenset(f"torch.{name}" for name in _TYPES) | {str(PERSISTENT)}
TENSOR_NAMES = frozenset({str(TENSOR), str(PARAMETER), "collections.OrderedDict"})
_AGAIN = "Get the file again."


@dataclass(frozen=True)
class StorageKey:
    """A pickle's reference to a storage."""

    key: str
    dtype: "np.dtype[Any]"
    count: int  # numbers in it

    @property
    def size(self) -> int:
        """Bytes."""
        return self.count * self.dtype.itemsize


def storage_key(value: Any) -> StorageKey:
    """The reference to a storage that ``value`` stands for. Raises ModelCorrupt if it is none."""
    pid = value.first if isinstance(value, Call) and value.name == PERSISTENT else None
    if not isinstance(pid, tuple) or len(pid) < 5 or pid[0] != "storage" or not isinstance(pid[1], Name):
        raise ModelCorrupt("The file refers to something else than a storage of numbers.", _AGAIN)
    dtype, key, count = _TYPES.get(pid[1].attribute), pid[2], pid[4]
    if dtype is None or not isinstance(key, str) or type(count) is not int or not 0 <= count < 1 << 40:
        raise ModelCorrupt("The file refers to a storage that makes no sense.", _AGAIN)
    if len(pid) > 5 and pid[5] is not None:
        raise ModelCorrupt("The file refers to a part of a storage, which no network needs.", _AGAIN)
    return StorageKey(key, np.dtype(dtype), count)


def is_tensor(value: Any) -> bool:
    """Whether ``value`` stands for a tensor or a parameter."""
    return isinstance(value, Call) and value.name in (TENSOR, PARAMETER)


def array_of(value: Any, what: str, open_storage: Callable[[Any], Array]) -> Array:
    """The tensor or parameter that ``value`` stands for; ``open_storage`` gives its storage [n].

    Raises ModelCorrupt, whose message calls it ``what``.
    """
    if isinstance(value, Call) and value.name == PARAMETER and value.args:
        value = value.args[0]
    if not isinstance(value, Call) or value.name != TENSOR or len(value.args) < 4:
        raise ModelCorrupt(f"{what} is no proper tensor in the file.", _AGAIN)
    reference, offset, size, stride = value.args[:4]
    numbers = (offset, *size, *stride) if isinstance(size, tuple) and isinstance(stride, tuple) else (None,)
    if not all(type(number) is int and 0 <= number < 1 << 40 for number in numbers) or len(size) > 8:
        raise ModelCorrupt(f"{what} is no proper tensor in the file.", _AGAIN)
    storage = open_storage(reference)
    count = int(np.prod(size, dtype=object)) if size else 1
    last = offset + sum((s - 1) * step for s, step in zip(size, stride, strict=False))
    # A tensor without elements is refused: beside a size of zero, others may be of any size.
    if len(size) != len(stride) or not 0 < count <= len(storage) or last >= len(storage):
        raise ModelCorrupt(f"{what} reaches past the numbers that the file has for it.", _AGAIN)
    steps = [step * storage.itemsize for step in stride]
    view = as_strided(storage[offset:], size, steps, writeable=False)
    return _widened(view["upper"]) if view.dtype == _BFLOAT16 else view


def _widened(upper: Array) -> Array:
    """float32 from its upper halves."""
    bits = np.zeros((*upper.shape, 2), "<u2")
    bits[..., 1] = upper
    return bits.view("<f4")[..., 0]
