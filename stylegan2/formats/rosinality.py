"""Checkpoints of rosinality/stylegan2-pytorch, in both layouts of ``torch.save``.

A dict of state dicts: "g_ema", the moving average, which is used; "latent_avg", if it was stored; in training
checkpoints also "g", "d" and the optimisers, of which only "d" is used. Other layouts: ``checkpoint_parts``.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from retouchml.errors import ModelCorrupt
from stylegan2.formats import pickle_tree, torch_legacy, torch_zip
from stylegan2.formats.checkpoint_parts import find_parts
from stylegan2.formats.file_tensors import FileTensors
from stylegan2.formats.network_file import Array, NetworkFile, NetworkSettings, assemble
from stylegan2.formats.numpy_values import ALLOWED as NUMPY_NAMES
from stylegan2.formats.pickle_tree import INERT
from stylegan2.formats.torch_values import STORAGE_NAMES, TENSOR_NAMES, array_of, storage_key

SOURCE = "rosinality checkpoint"
_WHAT = "This checkpoint"  # as long as it is not known whose it is
ALLOWED = TENSOR_NAMES | NUMPY_NAMES | INERT
_MOST_LAYERS = 18  # with two inputs of noise each but the first: 2048 px
_DRAWN_NOISE = "The file has no noise images; fixed ones were drawn, since the network's own are unknown."


def read_zip(data: memoryview) -> NetworkFile:
    """As torch saves since 1.6. Raises ModelCorrupt."""
    archive = torch_zip.Archive(data, _WHAT)
    tree, _ = pickle_tree.read(archive.pickle, STORAGE_NAMES | ALLOWED, _WHAT)
    return _network(tree, lambda reference: archive.storage(storage_key(reference)), len(data))


def read_legacy(data: memoryview) -> NetworkFile:
    """As torch saved before. Raises ModelCorrupt."""
    tree, storages = torch_legacy.read(data, ALLOWED, _WHAT)
    return _network(tree, lambda reference: storages[storage_key(reference).key], len(data))


def _network(tree: Any, open_storage: Callable[[Any], Array], size: int) -> NetworkFile:
    parts = find_parts(tree, _WHAT)
    generator, discriminator, notes = parts.generator, parts.discriminator, parts.notes
    values = {f"g_ema.{key}": value for key, value in generator.items()}
    values |= {f"d.{key}": value for key, value in discriminator.items()}
    if parts.mean is not None:
        values["latent_avg"] = parts.mean
    drawn: dict[str, int] = {}  # layers by the names of their noise
    if not any(key.startswith("noises.") for key in generator):
        drawn = {f"g_ema.noises.noise_{layer}": layer for layer in range(_count_layers(generator))}
        values |= drawn
        notes += (_DRAWN_NOISE,)

    def key(name: str) -> str:
        if name == "mean":
            return "latent_avg"
        part, _, rest = name.partition(".")
        if part == "discriminator":
            return f"d.{_discriminator_key(rest, discriminator)}"
        return f"g_ema.{_KEYS[part](rest)}"

    def open_tensor(key: str) -> Array:
        return array_of(values[key], key, open_storage)

    def open_filter(key: str) -> Array:
        # those of the generator double the side, and keep the brightness by themselves
        view: Array = open_tensor(key) / (4.0 if key.startswith("g_ema.") else 1.0)
        return view

    def open_ours(name: str, key: str) -> Array:
        if key in drawn:
            return _drawn_noise(drawn[key])
        if name == "mean":
            return _one_mean(open_tensor(key))
        return _in_our_layout(name, open_tensor(key))

    tensors = FileTensors(values, key, open_ours, open_filter)
    size += sum(_drawn_noise(layer).nbytes for layer in drawn.values())
    return assemble(SOURCE, tensors, NetworkSettings(notes=notes), 2 * size)


def _count_layers(generator: dict[str, Any]) -> int:
    """The number of layers that have noise."""
    return (
        next((n for n in range(_MOST_LAYERS) if f"convs.{n}.conv.weight" not in generator), _MOST_LAYERS) + 1
    )


@cache
def _drawn_noise(layer: int) -> Array:
    """Fixed noise [side, side] of a layer, the same on every machine: numpy never changes this generator."""
    side = 4 << ((layer + 1) // 2)
    noise: Array = np.random.RandomState(layer).standard_normal((side, side)).astype(np.float32)
    noise.setflags(write=False)
    return noise


def _one_mean(array: Array) -> Array:
    """The mean [W] from [W], [1, W], or [L, W] with the same for each layer, as pSp and e4e keep it."""
    rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    if (rows != rows[0]).any():
        raise ModelCorrupt(
            f"latent_avg in this {SOURCE} differs from layer to layer.",
            "Remove latent_avg from the file: then the mean is measured.",
        )
    mean: Array = rows[0]
    return mean


def _in_our_layout(name: str, array: Array) -> Array:
    """A tensor in our layout, without leading dimensions of size 1."""
    last = name.rpartition(".")[2]
    view: Array = array
    if last == "noise" and array.ndim == 4:
        view = array[0, 0]
    elif last == "noise_strength" and array.shape == (1,):
        view = array.reshape(())
    elif (last == "const" and array.ndim == 4) or (last == "weight" and array.ndim == 5):
        view = array[0]
    elif last == "bias" and array.ndim == 4:
        view = array.reshape(-1)
    return view


def _mapping_key(name: str) -> str:
    first, number, *last = name.split(".")
    # style.0 is the normalisation of z
    return f"style.{int(number) + 1}.{last[0]}" if first == "layers" else "no labels"


def _synthesis_key(name: str) -> str:
    if name == "const":
        return "input.input"
    _, number, part, *rest = name.split(".")
    index, last = int(number), ".".join(rest)
    if part == "skip":
        return "no residual generator"
    if part == "to_image":
        layer = f"to_rgbs.{index - 1}" if index else "to_rgb1"
        return f"{layer}.bias" if last == "bias" else f"{layer}.conv.{_conv(last)}"
    order = 2 * index - (part == "conv0")
    layer = f"convs.{order - 1}" if order else "conv1"
    named = {"noise": f"noises.noise_{order}", "noise_strength": f"{layer}.noise.weight"}
    named["bias"] = f"{layer}.activate.bias"
    return named.get(last) or f"{layer}.conv.{_conv(last)}"


def _conv(last: str) -> str:
    return last.replace("affine", "modulation")


def _discriminator_key(name: str, state: dict[str, Any]) -> str:
    """The key of a discriminator's tensor; its blocks are counted from the largest side down."""
    first, *rest = name.split(".")
    count = sum(f"convs.{i}.conv1.0.weight" in state for i in range(1, 16))
    if first == "from_image":
        top = str(4 << count)
        return f"convs.0.{'0.weight' if rest[1] == 'weight' else '1.bias'}" if rest[0] == top else "none"
    if first == "blocks":
        side, part, last = rest
        block = f"convs.{count - (int(side).bit_length() - 4)}"
        # a blur comes before the second convolution and the skip connection
        shift = 0 if part == "conv0" else 1
        layer = {"conv0": "conv1", "conv1": "conv2", "skip": "skip"}[part]
        return f"{block}.{layer}.{shift + (last == 'bias')}.{last}"
    if first == "conv":
        return f"final_conv.{'0.weight' if rest[0] == 'weight' else '1.bias'}"
    return (
        f"final_linear.{ {'dense': 0, 'output': 1}[first] }.{rest[0]}"
        if first in ("dense", "output")
        else "none"
    )


_KEYS = {"mapping": _mapping_key, "synthesis": _synthesis_key}
