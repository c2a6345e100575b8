"""NVIDIA's PyTorch pickles: stylegan2-ada-pytorch, and the StyleGAN2 configurations of stylegan3.

A dict of modules, of which G_ema, the moving average, is used. Each is pickled with its source text, which is
compared with the known versions; the weights are in the module's ``__dict__``, with parameters, buffers,
submodules and plain numbers.
"""

import math
from collections.abc import Collection
from typing import Any

from retouchml.errors import ModelCorrupt
from stylegan2.formats import pickle_tree, torch_legacy
from stylegan2.formats.ada_numbers import Expected, check_values
from stylegan2.formats.file_tensors import PUBLISHED_ONLY, FileTensors, shown
from stylegan2.formats.known_sources import PYTORCH
from stylegan2.formats.network_file import Array, NetworkFile, NetworkSettings, assemble, other_channels
from stylegan2.formats.numpy_values import ALLOWED as NUMPY_NAMES
from stylegan2.formats.pickle_tree import INERT, Budget, Call, Name
from stylegan2.formats.source_text import notes_on
from stylegan2.formats.torch_values import TENSOR_NAMES, array_of, is_tensor

SOURCE = "NVIDIA PyTorch pickle"
_OBJECT = Name("torch_utils.persistence", "_reconstruct_persistent_obj")
_STORAGE = Name("torch.storage", "_load_from_bytes")
_DICT = Name("dnnlib.util", "EasyDict")
ALLOWED = frozenset({str(_OBJECT), str(_STORAGE), str(_DICT)}) | TENSOR_NAMES | NUMPY_NAMES | INERT
_NO_AVERAGE = "The file has no moving average of the generator, so the generator in training is used."
_MAX_DEPTH = 8
_MOST_TENSORS = 10_000
_MOST_MODULES = 1000  # a network of 1024 px has some 100; they may be named more than once
_SUPPORTED = "Only StyleGAN2 networks like those that NVIDIA published can be used."
_FIXED = {"img_channels": 3, "resample_filter": [1, 3, 3, 1], "activation": "lrelu", "use_noise": True}


def read(data: memoryview) -> NetworkFile:
    """The moving average of the generator, and the discriminator if there is one. Raises ModelCorrupt."""
    # A file may name thousands of storages over the same bytes, each with pickles of its own.
    budget = Budget()
    tree, _ = pickle_tree.read(data, ALLOWED, "This pickle", budget)
    whole, discriminator_tree, notes = _networks(tree)
    generator = _Module(whole)
    discriminator = None if discriminator_tree is None else _Module(discriminator_tree)
    if "synthesis.input" in generator.modules:
        raise _stylegan3(generator)
    storages: dict[int, Array] = {}

    def open_storage(reference: Any) -> Array:
        raw = reference.first if isinstance(reference, Call) and reference.name == _STORAGE else None
        if not isinstance(raw, memoryview):
            raise ModelCorrupt(f"A tensor in this {SOURCE} has no storage.", "Get the file again.")
        if id(reference) not in storages:
            storages[id(reference)] = torch_legacy.storage(raw, f"A storage in this {SOURCE}", budget)
        return storages[id(reference)]

    values = {f"G_ema.{key}": value for key, value in generator.tensors.items()}
    if discriminator is not None:
        values |= {f"D.{key}": value for key, value in discriminator.tensors.items()}

    def open_tensor(key: str) -> Array:
        return array_of(values[key], key, open_storage)

    tensors = FileTensors(values, _key, lambda _, key: open_tensor(key), open_tensor)
    programs = generator.programs + (discriminator.programs if discriminator else [])
    settings = NetworkSettings(
        clamp=generator.setting("synthesis.b4.conv1", "conv_clamp", None),
        discriminator_clamp=discriminator.setting("b4.conv", "conv_clamp", None) if discriminator else None,
        rate=generator.setting("mapping.fc0", "bias_gain", 0.01),
        discriminator_rate=discriminator.setting("mapping.fc0", "bias_gain", 0.01) if discriminator else 0.01,
        group=discriminator.setting("b4.mbstd", "group_size", 4) if discriminator else 4,
        clamp_smallest=discriminator is not None
        and discriminator.setting("b4.fromrgb", "conv_clamp", None) is not None,
        notes=notes + notes_on(programs, PYTORCH),
    )
    network = assemble(SOURCE, tensors, settings, 2 * len(data))
    used = {_key(name) for name in network.tensors}
    generator.check_modules("G_ema", used)
    check_values(generator.modules, _fan_in(network, "G_ema."), Expected(True, settings.rate, settings.clamp))
    if discriminator is not None and network.discriminator is not None:
        discriminator.check_modules("D", used)
        numbers = Expected(
            False, settings.discriminator_rate, settings.discriminator_clamp, network.discriminator.deviations
        )
        check_values(discriminator.modules, _fan_in(network, "D."), numbers)
    return network


def _fan_in(network: NetworkFile, prefix: str) -> dict[str, int]:
    """Inputs of each output of the layers with weights, by the path of their modules."""
    weights = {_key(name): tensor for name, tensor in network.tensors.items() if name.endswith("weight")}
    return {
        key.removeprefix(prefix).removesuffix(".weight"): math.prod(tensor.shape[1:])
        for key, tensor in weights.items()
        if key.startswith(prefix)
    }


def _networks(tree: Any) -> tuple[Any, Any, tuple[str, ...]]:
    """The generator, the discriminator or None, and notes."""
    if isinstance(tree, Call) and tree.name == _OBJECT:
        return tree, None, ()
    networks = _plain_dict(tree) or {}
    if networks.get("G_ema") is not None:
        return networks["G_ema"], networks.get("D"), ()
    if networks.get("G") is not None:
        return networks["G"], networks.get("D"), (_NO_AVERAGE,)
    raise ModelCorrupt("This pickle holds no G_ema, and is no generator.", _SUPPORTED)


def _stylegan3(generator: "_Module") -> ModelCorrupt:
    """The error for a StyleGAN3 network, with its configuration."""
    kernel = generator.setting("synthesis", "_init_kwargs", None)
    rotates = (_plain_dict(kernel) or {}).get("conv_kernel", 3) == 1
    return ModelCorrupt(
        f"This is a StyleGAN3-{'R' if rotates else 'T'} network, which is not supported.", _SUPPORTED
    )


class _Module:
    """A pickled module, flattened: by dotted name its tensors (still in the tree) and its submodules."""

    def __init__(self, root: Any) -> None:
        self.tensors: dict[str, Any] = {}
        self.modules: dict[str, dict[str, Any]] = {}
        self.programs: list[tuple[str, str]] = []  # source text and class of each module
        self._add("", root, _MAX_DEPTH)

    def setting(self, module: str, name: str, default: Any) -> Any:
        """A plain number beside a module's tensors."""
        return self.modules.get(module, {}).get(name, default)

    def check_modules(self, name: str, used: Collection[str]) -> None:
        """Raise ModelCorrupt if there are modules beside those of the tensors ``used``: they compute, too."""
        known = {"b4.mbstd"}  # the only one without tensors
        for key in used:
            path = key.removeprefix(f"{name}.")
            while path:
                path = path.rpartition(".")[0]
                known.add(path)
        if odd := self.modules.keys() - known:
            raise ModelCorrupt(
                f"This {SOURCE} has a module that a StyleGAN2 network does not have: {shown(min(odd))}.",
                PUBLISHED_ONLY,
            )

    def _add(self, prefix: str, value: Any, depth: int) -> None:
        if value is None:
            return
        content = _plain_dict(value.first) if isinstance(value, Call) and value.name == _OBJECT else None
        state = _plain_dict(content.get("state")) if content else None
        if state is None or depth == 0 or len(self.modules) >= _MOST_MODULES:
            raise ModelCorrupt(f"A module in this {SOURCE} is not one.", _SUPPORTED)
        self.modules[prefix.removesuffix(".")] = state
        program, built = ((content or {}).get(name) for name in ("module_src", "class_name"))
        if isinstance(program, str) and isinstance(built, str):
            self.programs.append((program, built))
        for kind in ("_parameters", "_buffers"):
            for name, tensor in (_plain_dict(state.get(kind)) or {}).items():
                if tensor is None:
                    continue
                if not is_tensor(tensor) or len(self.tensors) >= _MOST_TENSORS:
                    raise ModelCorrupt(f"A module in this {SOURCE} holds no proper tensor.", _SUPPORTED)
                self.tensors[f"{prefix}{name}"] = tensor
        for name, module in (_plain_dict(state.get("_modules")) or {}).items():
            self._add(f"{prefix}{name}.", module, depth - 1)
        settings = _plain_dict(state.get("_init_kwargs")) or {}
        for name, expected in _FIXED.items():
            if settings.get(name, expected) == expected:
                continue
            if name == "img_channels":
                raise other_channels(settings[name])
            raise ModelCorrupt(f"A network in the file was trained with another {name}.", _SUPPORTED)


def _plain_dict(value: Any) -> dict[str, Any] | None:
    """The entries of a dict, an OrderedDict or an EasyDict."""
    if isinstance(value, Call) and value.name in (_DICT, Name("collections", "OrderedDict")):
        value = value.entries or value.state or {}
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        return None
    return value


def _key(name: str) -> str:
    """Our name of a tensor → the file's."""
    part, _, rest = name.partition(".")
    if name == "mean":
        return "G_ema.mapping.w_avg"
    return ("D." if part == "discriminator" else "G_ema.") + _KEYS[part](rest)


def _mapping_key(name: str) -> str:
    first, *rest = name.split(".")
    return f"mapping.embed.{rest[0]}" if first == "embed" else f"mapping.fc{rest[0]}.{rest[1]}"


def _synthesis_key(name: str) -> str:
    if name == "const":
        return "synthesis.b4.const"
    _, number, part, *rest = name.split(".")
    block = f"synthesis.b{4 << int(number)}"
    if part == "skip":
        return f"{block}.skip.weight"
    layer = "torgb" if part == "to_image" else part
    return f"{block}.{layer}.{'noise_const' if rest == ['noise'] else '.'.join(rest)}"


def _discriminator_key(name: str) -> str:
    first, *rest = name.split(".")
    if first == "mapping":
        return _mapping_key(".".join(rest))
    if first == "from_image":
        return f"b{rest[0]}.fromrgb.{rest[1]}"
    if first == "blocks":
        return f"b{'.'.join(rest)}"
    return {"conv": "b4.conv", "dense": "b4.fc", "output": "b4.out"}[first] + f".{rest[0]}"


_KEYS = {"mapping": _mapping_key, "synthesis": _synthesis_key, "discriminator": _discriminator_key}
