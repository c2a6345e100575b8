"""Modules as NVIDIA's PyTorch pickles hold them, made of arrays: what the trimmed networks lack."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylegan2.formats.pickle_tree import PERSISTENT, Call, Name
from tests.stylegan2.formats import hostile_files as files

Array = NDArray[np.float32]
_MODULE = Name("torch_utils.persistence", "_reconstruct_persistent_obj")
_RANDOM = np.random.default_rng(7)


def numbers(*shape: int) -> Array:
    """Noise."""
    return _RANDOM.standard_normal(shape).astype(np.float32)


def parameter(array: Array) -> Call:
    """A tensor whose storage is a file in the file."""
    reference = Call(PERSISTENT, (("storage", Name("torch", "FloatStorage"), "0", "cpu", array.size, None),))
    raw = files.legacy(reference, ["0"], struct.pack("<q", array.size) + array.tobytes())
    strides = tuple(step // array.itemsize for step in array.strides)
    storage = Call(Name("torch.storage", "_load_from_bytes"), (raw,))
    arguments = (storage, 0, array.shape, strides, False, Call(Name("collections", "OrderedDict"), ()))
    return Call(Name("torch._utils", "_rebuild_tensor_v2"), arguments)


def module(settings: dict[str, Any], modules: dict[str, Call] | None = None, **arrays: Array) -> Call:
    """A module with plain numbers beside its parameters and submodules."""
    parameters = {name: parameter(array) for name, array in arrays.items()}
    return Call(_MODULE, ({"state": {**settings, "_parameters": parameters, "_modules": modules or {}}},))


def judge(outputs: int = 1, clamp: Any = None, group: Any = 4, mapping: Call | None = None) -> Call:
    """A skip discriminator of 16 px with 8 features in every layer."""
    bounded = {"conv_clamp": clamp}

    def layer(c_in: int, kernel: int, settings: dict[str, Any]) -> Call:
        return module(settings, weight=numbers(8, c_in, kernel, kernel), bias=numbers(8))

    blocks = {}
    for side in (16, 8):
        parts = {
            "fromrgb": layer(3, 1, bounded),
            "conv0": layer(8, 3, bounded),
            "conv1": layer(8, 3, bounded),
        }
        blocks[f"b{side}"] = module({}, parts)
    last = {
        "fromrgb": layer(3, 1, {"conv_clamp": None}),  # as its code builds it, whatever the others have
        "mbstd": module({"group_size": group}),
        "conv": layer(9, 3, bounded),
        "fc": module({}, weight=numbers(8, 128), bias=numbers(8)),
        "out": module({}, weight=numbers(outputs, 8), bias=numbers(outputs)),
    }
    mapped = {} if mapping is None else {"mapping": mapping}
    return module({}, {**blocks, "b4": module({}, last), **mapped})
