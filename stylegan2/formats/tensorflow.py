"""NVIDIA's TensorFlow pickles: StyleGAN2 and StyleGAN2-ADA.

A tuple (G, D, Gs) of ``dnnlib.tflib.network.Network``, of which Gs, the moving average, is used. Each holds
source text, which is ignored, and its variables as numpy arrays. Layouts differ from ours: convolutions are
[K, K, I, O], with the kernel rotated by 180° if they double the side, dense layers are [I, O], and 1 is to be
added to the bias of a modulation.
"""

from typing import Any

import numpy as np

from retouchml.errors import ModelCorrupt
from stylegan2.formats import pickle_tree
from stylegan2.formats.network_file import Array, NetworkFile, NetworkSettings, assemble
from stylegan2.formats.numpy_values import ALLOWED as NUMPY_NAMES
from stylegan2.formats.numpy_values import array_of
from stylegan2.formats.pickle_tree import Call, Name

SOURCE = "NVIDIA TensorFlow pickle"
MARK = b"dnnlib.tflib.network"
_NETWORK = Name("dnnlib.tflib.network", "Network")
ALLOWED = frozenset({str(_NETWORK), *NUMPY_NAMES})
_SUPPORTED = "Only networks like those that NVIDIA published can be used."
_ADA_DISCRIMINATOR = "D_main"  # StyleGAN2 has the same formats and calls it D_stylegan2
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
    if not isinstance(tree, tuple) or len(tree) != 3:
        raise ModelCorrupt(f"This {SOURCE} does not hold the three networks G, D and Gs.", _SUPPORTED)
    _, discriminator, generator = (_Network(network) for network in tree)
    mapping, synthesis = generator.component("mapping"), generator.component("synthesis")
    parts = {"mapping": mapping, "synthesis": synthesis, "discriminator": discriminator}

    def find(name: str) -> Array | None:
        if name == "mean":
            return generator.variables.get("dlatent_avg")
        part, _, rest = name.partition(".")
        key = _KEYS[part](rest)
        if key not in parts[part].variables:
            key = key.replace("LabelConcat", "LabelEmbed")  # what ADA calls it
        array = parts[part].variables.get(key)
        return None if array is None else _in_our_layout(key, array)

    settings = NetworkSettings(
        clamp=synthesis.settings.get("conv_clamp"),
        discriminator_clamp=discriminator.settings.get("conv_clamp"),
        rate=mapping.settings.get("mapping_lrmul", 0.01),
        discriminator_rate=discriminator.settings.get("mapping_lrmul", 0.1),
        joint_norm="LabelConcat/weight" in mapping.variables,
        # The default is that of the code that the network was built by.
        group=discriminator.settings.get("mbstd_group_size", None if discriminator.is_ada else 4),
    )
    return assemble(SOURCE, find, settings, 2 * len(data))


class _Network:
    """One ``Network``: the settings it was built with, its components, its variables."""

    def __init__(self, call: Any, settings: dict[str, Any] | None = None) -> None:
        if not isinstance(call, Call) or call.name != _NETWORK or not isinstance(call.state, dict):
            raise ModelCorrupt(f"This {SOURCE} holds something else than networks.", _SUPPORTED)
        state = call.state
        kwargs = state.get("static_kwargs")
        self._components = state.get("components")
        variables = state.get("variables")
        if not (
            isinstance(kwargs, dict) and isinstance(self._components, dict) and isinstance(variables, list)
        ):
            raise ModelCorrupt(f"A network in this {SOURCE} is incomplete.", "Get the file again.")
        self.settings = {**(settings or {}), **kwargs}
        for name, value in _FIXED.items():
            if self.settings.get(name, value) != value:
                raise ModelCorrupt(f"A network in the file was trained with another {name}.", _SUPPORTED)
        self.variables = dict(_variable(item) for item in variables)
        builder = state.get("build_func_name")
        self.is_ada = builder == _ADA_DISCRIMINATOR or "LabelEmbed/weight" in self.variables

    def component(self, name: str) -> "_Network":
        """Mapping or synthesis; settings of its own override those of the whole."""
        assert isinstance(self._components, dict)
        return _Network(self._components.get(name), self.settings)


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


_KEYS = {"mapping": _mapping_key, "synthesis": _synthesis_key, "discriminator": _discriminator_key}
