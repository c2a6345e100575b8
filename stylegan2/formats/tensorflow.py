"""NVIDIA's TensorFlow pickles: StyleGAN2 and StyleGAN2-ADA.

A tuple (G, D, Gs) of ``dnnlib.tflib.network.Network``, of which Gs, the moving average, is used. Each holds
source text, which is compared with the known versions, and its variables as numpy arrays. Layouts differ
from ours: convolutions are [K, K, I, O], with the kernel rotated by 180° if they double the side, dense
layers are [I, O], and 1 is to be added to the bias of a modulation.
"""

from typing import Any

import numpy as np

from retouchml.errors import ModelCorrupt
from stylegan2.formats import pickle_tree
from stylegan2.formats.file_tensors import FileTensors
from stylegan2.formats.known_sources import TENSORFLOW
from stylegan2.formats.network_file import Array, NetworkFile, NetworkSettings, assemble, other_channels
from stylegan2.formats.numpy_values import ALLOWED as NUMPY_NAMES
from stylegan2.formats.numpy_values import array_of
from stylegan2.formats.pickle_tree import Call, Name
from stylegan2.formats.source_text import notes_on

SOURCE = "NVIDIA TensorFlow pickle"
MARK = b"dnnlib.tflib.network"
_NETWORK = Name("dnnlib.tflib.network", "Network")
ALLOWED = frozenset({str(_NETWORK), *NUMPY_NAMES})
_SUPPORTED = "Only networks like those that NVIDIA published can be used."
_ADA_DISCRIMINATOR = "D_main"  # StyleGAN2 has the same formats and calls it D_stylegan2
_NO_AVERAGE = "The file has no moving average of the generator, so the generator in training is used."
_MOST_DEPTH = 4  # networks in networks
# Settings that change the computation, each with the one value that is supported.
_FIXED = {
    "nonlinearity": "lrelu",
    "mapping_nonlinearity": "lrelu",
    "normalize_latents": True,
    "num_channels": 3,
    "resample_kernel": [1, 3, 3, 1],
    "use_noise": True,
    "mbstd_num_features": 1,
}


def read(data: memoryview) -> NetworkFile:
    """The moving average of the generator, and the discriminator. Raises ModelCorrupt."""
    tree, _ = pickle_tree.read(data, ALLOWED, f"This {SOURCE}")
    generator, discriminator, notes = _networks(tree)
    mapping, synthesis = generator.component("mapping"), generator.component("synthesis")
    variables = {
        **generator.all_variables("Gs"),
        **(discriminator.all_variables("D") if discriminator else {}),
    }

    def key(name: str) -> str:
        if name == "mean":
            return "Gs/dlatent_avg"
        part, _, rest = name.partition(".")
        key = _PREFIXES[part] + _KEYS[part](rest)
        # the latter is what ADA calls it
        return key if key in variables else key.replace("LabelConcat", "LabelEmbed")

    tensors = FileTensors(variables, key, lambda _, key: _in_our_layout(key, variables[key]))
    programs = [part.program for part in (generator, mapping, synthesis, discriminator) if part]
    of_discriminator = discriminator.settings if discriminator else {}
    settings = NetworkSettings(
        clamp=synthesis.settings.get("conv_clamp"),
        discriminator_clamp=of_discriminator.get("conv_clamp"),
        rate=mapping.settings.get("mapping_lrmul", 0.01),
        discriminator_rate=of_discriminator.get("mapping_lrmul", 0.1),
        joint_norm="LabelConcat/weight" in mapping.variables,
        # The default is that of the code that the network was built by.
        group=of_discriminator.get("mbstd_group_size", None if discriminator and discriminator.is_ada else 4),
        notes=notes + notes_on(programs, TENSORFLOW),
    )
    return assemble(SOURCE, tensors, settings, 2 * len(data))


def _networks(tree: Any) -> tuple["_Network", "_Network | None", tuple[str, ...]]:
    """The generator, the discriminator, and notes: from (G, D, Gs), or fewer, told by their names."""
    if isinstance(tree, tuple) and len(tree) == 3:
        _, discriminator, generator = (_Network(network) for network in tree)
        return generator, discriminator, ()
    networks = [_Network(network) for network in (tree if isinstance(tree, tuple | list) else [tree])[:3]]
    by_name = {network.name: network for network in networks}
    found = by_name.get("Gs") or by_name.get("G")
    if found is None:
        raise ModelCorrupt(f"This {SOURCE} holds none of the generators G and Gs.", _SUPPORTED)
    notes = () if "Gs" in by_name else (_NO_AVERAGE,)
    return found, by_name.get("D"), notes


class _Network:
    """One ``Network``: the settings it was built with, its components, its variables."""

    def __init__(self, call: Any, settings: dict[str, Any] | None = None) -> None:
        if not isinstance(call, Call) or call.name != _NETWORK or not isinstance(call.state, dict):
            raise ModelCorrupt(f"This {SOURCE} holds something else than networks.", _SUPPORTED)
        state = call.state
        kwargs = state.get("static_kwargs")
        components = state.get("components")
        variables = state.get("variables")
        if not (isinstance(kwargs, dict) and isinstance(components, dict) and isinstance(variables, list)):
            raise ModelCorrupt(f"A network in this {SOURCE} is incomplete.", "Get the file again.")
        name, builder, text = (state.get(key) for key in ("name", "build_func_name", "build_module_src"))
        self.program = (text, builder) if isinstance(text, str) and isinstance(builder, str) else ("", "")
        self.name = name if isinstance(name, str) else ""
        self._components: dict[Any, Any] = components
        self.settings = {**(settings or {}), **kwargs}
        for name, value in _FIXED.items():
            if self.settings.get(name, value) == value:
                continue
            if name == "num_channels":
                raise other_channels(self.settings[name])
            raise ModelCorrupt(f"A network in the file was trained with another {name}.", _SUPPORTED)
        self.variables = dict(_variable(item) for item in variables)
        if len(self.variables) != len(variables):
            raise ModelCorrupt(f"A network in this {SOURCE} has a variable twice.", "Get the file again.")
        if any("StyleMod/" in name or "ToRGB_lod" in name for name in self.variables):
            raise ModelCorrupt(
                "This network has the layers of the first StyleGAN, as configurations a to d have.",
                "Only StyleGAN2's configurations e and f can be used.",
            )
        self.is_ada = builder == _ADA_DISCRIMINATOR or "LabelEmbed/weight" in self.variables

    def component(self, name: str) -> "_Network":
        """Mapping or synthesis; settings of its own override those of the whole."""
        return _Network(self._components.get(name), self.settings)

    def all_variables(self, prefix: str, depth: int = _MOST_DEPTH) -> dict[str, Array]:
        """The variables of the network and of its components, by paths that begin with ``prefix``."""
        if depth == 0:
            raise ModelCorrupt(f"The networks in this {SOURCE} are too deep.", _SUPPORTED)
        found = {f"{prefix}/{name}": array for name, array in self.variables.items()}
        for name in self._components:
            found |= self.component(name).all_variables(f"{prefix}/{name}", depth - 1)
        return found


def _variable(item: Any) -> tuple[str, Array]:
    if not isinstance(item, tuple) or len(item) != 2 or not isinstance(item[0], str):
        raise ModelCorrupt(f"A variable in this {SOURCE} has no name.", "Get the file again.")
    return item[0], array_of(item[1], f"The variable {item[0][:40]!r}")


def _in_our_layout(key: str, array: Array) -> Array:
    """A variable in our layout, as a view if possible."""
    last = key.rpartition("/")[2]
    view: Array = array
    if last == "mod_bias" and array.dtype.kind == "f":
        view = array + np.float32(1.0)
    elif last == "const" and array.ndim == 4:
        view = array[0]
    elif last.startswith("noise") and array.ndim == 4:
        view = array[0, 0]
    elif last in ("weight", "mod_weight") and array.ndim == 2:
        view = array.T
    elif last == "weight" and array.ndim == 4:
        kernel = array[::-1, ::-1] if "/Conv0_up/" in key else array
        view = kernel.transpose(3, 2, 0, 1)
    return view


def _mapping_key(name: str, layer: str = "Dense") -> str:
    first, number, *last = name.split(".")
    return f"LabelConcat/{number}" if first == "embed" else f"{layer}{number}/{last[0]}"


def _synthesis_key(name: str) -> str:
    if name == "const":
        return "4x4/Const/const"
    _, number, part, *rest = name.split(".")
    index, last = int(number), ".".join(rest)
    side = f"{4 << index}x{4 << index}"
    if last == "noise":
        return f"noise{2 * index - (part == 'conv0')}"
    if part == "skip":
        return f"{side}/Skip/weight"
    conv1 = "Conv1" if index else "Conv"
    layer = {"conv0": "Conv0_up", "conv1": conv1, "to_image": "ToRGB"}[part]
    return f"{side}/{layer}/{last.replace('affine.', 'mod_')}"


def _discriminator_key(name: str) -> str:
    first, *rest = name.split(".")
    if first == "mapping":
        return _mapping_key(".".join(rest), "Mapping")
    if first == "from_image":
        return f"{rest[0]}x{rest[0]}/FromRGB/{rest[1]}"
    if first == "blocks":
        side, part, last = rest
        layer = {"conv0": "Conv0", "conv1": "Conv1_down", "skip": "Skip"}[part]
        return f"{side}x{side}/{layer}/{last}"
    return {"conv": "4x4/Conv", "dense": "4x4/Dense0", "output": "Output"}[first] + f"/{rest[0]}"


_PREFIXES = {"mapping": "Gs/mapping/", "synthesis": "Gs/synthesis/", "discriminator": "D/"}
_KEYS = {"mapping": _mapping_key, "synthesis": _synthesis_key, "discriminator": _discriminator_key}
