"""NVIDIA's TensorFlow pickles: StyleGAN2 and StyleGAN2-ADA.

A tuple (G, D, Gs) of ``dnnlib.tflib.network.Network``; Gs, the moving average, is the one to use. Each holds
source text, which is ignored, and its variables as numpy arrays. Layouts differ from ours: convolutions are
[K, K, I, O], the kernels of those that double the side are turned around, dense layers [I, O], and the bias
of a modulation counts one more than it says.
"""

from typing import Any

import numpy as np

from retouchml.errors import ModelCorrupt
from stylegan2.formats import pickle_tree
from stylegan2.formats.network_file import Array, NetworkFile, Traits, assemble
from stylegan2.formats.numpy_values import ALLOWED as NUMPY_NAMES
from stylegan2.formats.numpy_values import array_of
from stylegan2.formats.pickle_tree import Call, Name

SOURCE = "NVIDIA TensorFlow pickle"
MARK = b"dnnlib.tflib.network"
_NETWORK = Name("dnnlib.tflib.network", "Network")
ALLOWED = frozenset({str(_NETWORK), *NUMPY_NAMES})
_ELSEWHERE = "Only networks like those that NVIDIA published can be used."
_ADA_JUDGE = "D_main"  # StyleGAN2 has the same formats and calls it D_stylegan2
# What changes the computation, and the one value that is understood.
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
        raise ModelCorrupt(f"This {SOURCE} does not hold the three networks G, D and Gs.", _ELSEWHERE)
    _, judge, average = (_Network(network) for network in tree)
    mapping, synthesis = average.component("mapping"), average.component("synthesis")
    parts = {"mapping": mapping, "synthesis": synthesis, "discriminator": judge}

    def find(name: str) -> Array | None:
        if name == "mean":
            return average.variables.get("dlatent_avg")
        part, _, rest = name.partition(".")
        place = _PLACES[part](rest)
        if place not in parts[part].variables:
            place = place.replace("LabelConcat", "LabelEmbed")  # what ADA calls it
        array = parts[part].variables.get(place)
        return None if array is None else _ours(place, array)

    traits = Traits(
        clamp=synthesis.settings.get("conv_clamp"),
        judge_clamp=judge.settings.get("conv_clamp"),
        rate=mapping.settings.get("mapping_lrmul", 0.01),
        judge_rate=judge.settings.get("mapping_lrmul", 0.1),
        joint_norm="LabelConcat/weight" in mapping.variables,
        # What was not set has the value of the code that the network was built by.
        group=judge.settings.get("mbstd_group_size", None if judge.is_ada else 4),
    )
    return assemble(SOURCE, find, traits, 2 * len(data))


class _Network:
    """One ``Network``: the settings it was built with, its components, its variables."""

    def __init__(self, call: Any, settings: dict[str, Any] | None = None) -> None:
        if not isinstance(call, Call) or call.name != _NETWORK or not isinstance(call.state, dict):
            raise ModelCorrupt(f"This {SOURCE} holds something else than networks.", _ELSEWHERE)
        state = call.state
        own = state.get("static_kwargs")
        self._components = state.get("components")
        variables = state.get("variables")
        if not (isinstance(own, dict) and isinstance(self._components, dict) and isinstance(variables, list)):
            raise ModelCorrupt(f"A network in this {SOURCE} is incomplete.", "Get the file again.")
        self.settings = {**(settings or {}), **own}
        for name, value in _FIXED.items():
            if self.settings.get(name, value) != value:
                raise ModelCorrupt(f"A network in the file was trained with another {name}.", _ELSEWHERE)
        self.variables = dict(_variable(item) for item in variables)
        builder = state.get("build_func_name")
        self.is_ada = builder == _ADA_JUDGE or "LabelEmbed/weight" in self.variables

    def component(self, name: str) -> "_Network":
        """Mapping or synthesis, with the settings of the whole where it has none of its own."""
        assert isinstance(self._components, dict)
        return _Network(self._components.get(name), self.settings)


def _variable(item: Any) -> tuple[str, Array]:
    if not isinstance(item, tuple) or len(item) != 2 or not isinstance(item[0], str):
        raise ModelCorrupt(f"A variable in this {SOURCE} has no name.", "Get the file again.")
    return item[0], array_of(item[1], f"The variable {item[0][:40]!r}")


def _ours(place: str, array: Array) -> Array:
    """A variable in our layout, as a view where that is possible."""
    last = place.rpartition("/")[2]
    ours: Array = array
    if last == "mod_bias" and array.dtype.kind == "f":
        ours = array + np.float32(1.0)
    elif last == "const" and array.ndim == 4:
        ours = array[0]
    elif last.startswith("noise") and array.ndim == 4:
        ours = array[0, 0]
    elif last in ("weight", "mod_weight") and array.ndim == 2:
        ours = array.T
    elif last == "weight" and array.ndim == 4:
        turned = array[::-1, ::-1] if "/Conv0_up/" in place else array
        ours = turned.transpose(3, 2, 0, 1)
    return ours


def _mapping_place(name: str, layer: str = "Dense") -> str:
    first, number, *last = name.split(".")
    return f"LabelConcat/{number}" if first == "embed" else f"{layer}{number}/{last[0]}"


def _synthesis_place(name: str) -> str:
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


def _judge_place(name: str) -> str:
    first, *rest = name.split(".")
    if first == "mapping":
        return _mapping_place(".".join(rest), "Mapping")
    if first == "from_image":
        return f"{rest[0]}x{rest[0]}/FromRGB/{rest[1]}"
    if first == "blocks":
        side, part, last = rest
        layer = {"conv0": "Conv0", "conv1": "Conv1_down", "skip": "Skip"}[part]
        return f"{side}x{side}/{layer}/{last}"
    return {"conv": "4x4/Conv", "dense": "4x4/Dense0", "output": "Output"}[first] + f"/{rest[0]}"


_PLACES = {"mapping": _mapping_place, "synthesis": _synthesis_place, "discriminator": _judge_place}
