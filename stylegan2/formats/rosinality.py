"""Checkpoints of rosinality/stylegan2-pytorch, in both layouts of ``torch.save``.

A dict of state dicts: "g_ema", the moving average, which is used; "latent_avg", if it was stored; in training
checkpoints also "g", "d" and the optimisers, of which only "d" is used.
"""

from collections.abc import Callable
from typing import Any

from retouchml.errors import ModelCorrupt
from stylegan2.formats import pickle_tree, torch_legacy, torch_zip
from stylegan2.formats.file_tensors import FileTensors
from stylegan2.formats.network_file import Array, NetworkFile, NetworkSettings, assemble
from stylegan2.formats.pickle_tree import Call, Name
from stylegan2.formats.torch_values import STORAGE_NAMES, TENSOR_NAMES, array_of, is_tensor, storage_key

SOURCE = "rosinality checkpoint"
# argparse.Namespace: training checkpoints contain the options of their training
ALLOWED = TENSOR_NAMES | {"argparse.Namespace"}
_SUPPORTED = "Only checkpoints of rosinality/stylegan2-pytorch can be used."


def read_zip(data: memoryview) -> NetworkFile:
    """As torch saves since 1.6. Raises ModelCorrupt."""
    what = f"This {SOURCE}"
    archive = torch_zip.Archive(data, what)
    tree, _ = pickle_tree.read(archive.pickle, STORAGE_NAMES | ALLOWED, what)
    return _network(tree, lambda reference: archive.storage(storage_key(reference)), len(data))


def read_legacy(data: memoryview) -> NetworkFile:
    """As torch saved before. Raises ModelCorrupt."""
    tree, storages = torch_legacy.read(data, ALLOWED, f"This {SOURCE}")
    return _network(tree, lambda reference: storages[storage_key(reference).key], len(data))


def _network(tree: Any, open_storage: Callable[[Any], Array], size: int) -> NetworkFile:
    parts = tree if isinstance(tree, dict) else {}
    generator, discriminator = (_state(parts.get(name)) for name in ("g_ema", "d"))
    if not generator:
        raise ModelCorrupt(f"This {SOURCE} holds no g_ema.", _SUPPORTED)

    values = {f"g_ema.{key}": value for key, value in generator.items()}
    values |= {f"d.{key}": value for key, value in discriminator.items()}
    if is_tensor(parts.get("latent_avg")):
        values["latent_avg"] = parts["latent_avg"]

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
        return _in_our_layout(name, open_tensor(key))

    tensors = FileTensors(values, key, open_ours, open_filter)
    return assemble(SOURCE, tensors, NetworkSettings(), 2 * size)


def _state(value: Any) -> dict[str, Any]:
    if isinstance(value, Call) and value.name == Name("collections", "OrderedDict"):
        value = value.entries
    return value if isinstance(value, dict) else {}


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
