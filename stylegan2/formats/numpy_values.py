"""Numpy arrays and scalars from a pickle's tree, as views of the file."""

import math
from typing import Any

import numpy as np

from retouchml.errors import ModelCorrupt
from stylegan2.formats.network_file import Array
from stylegan2.formats.pickle_tree import Call, Name

_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")  # until numpy 1, and from numpy 2 on
_RECONSTRUCT = {Name(module, "_reconstruct") for module in _MODULES}
_SCALAR = {Name(module, "scalar") for module in _MODULES}
_DTYPE, _NDARRAY = Name("numpy", "dtype"), Name("numpy", "ndarray")
ALLOWED = frozenset(map(str, {*_RECONSTRUCT, *_SCALAR, _DTYPE, _NDARRAY}))
_KINDS = {"f2", "f4", "f8", "i4", "i8", "b1", "u1"}


def array_of(value: Any, what: str) -> Array:
    """The array or scalar that ``value`` stands for. Raises ModelCorrupt, whose message calls it ``what``."""
    if isinstance(value, float | int):
        return np.asarray(value, np.float64)
    if isinstance(value, Call) and value.name in _SCALAR and len(value.args) == 2:
        dtype, raw = value.args
        return _array(dtype, (), raw, what)
    state = value.state if isinstance(value, Call) and value.name in _RECONSTRUCT else None
    if not isinstance(state, tuple) or len(state) != 5:
        raise _no_array(what)
    _, shape, dtype, column_major, raw = state
    if not isinstance(shape, tuple) or not all(type(size) is int and size > 0 for size in shape):
        raise _no_array(what)
    if column_major:
        return _array(dtype, shape[::-1], raw, what).T
    return _array(dtype, shape, raw, what)


def _array(dtype: Any, shape: tuple[int, ...], raw: Any, what: str) -> Array:
    kind = _dtype(dtype)
    if kind is None or not isinstance(raw, memoryview) or len(shape) > 8:
        raise _no_array(what)
    if math.prod(shape) * kind.itemsize != len(raw):
        raise ModelCorrupt(
            f"{what} has {len(raw)} bytes in the file, which is not its size.", "Get it again."
        )
    return np.frombuffer(raw, kind).reshape(shape)


def _dtype(value: Any) -> "np.dtype[Any] | None":
    kind = value.first if isinstance(value, Call) and value.name == _DTYPE else None
    if not isinstance(value, Call) or not isinstance(kind, str) or kind not in _KINDS:
        return None
    order = value.state[1] if isinstance(value.state, tuple) and len(value.state) > 1 else None
    return np.dtype(f"{order}{kind}") if order in ("<", ">", "|") else None


def _no_array(what: str) -> ModelCorrupt:
    return ModelCorrupt(f"{what} is no proper array in the file.", "Get the file again.")
