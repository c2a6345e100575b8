"""Finds the generator in a checkpoint: people store rosinality's networks under many names.

A checkpoint is a state dict, or a dict with some. Names of tensors may have a prefix: of DataParallel
("module."), or of a larger network (pSp and e4e: "decoder."). BasicSR renames the layers.
"""

import re
from dataclasses import dataclass
from typing import Any

from retouchml.errors import ModelCorrupt
from stylegan2.formats.file_tensors import shown
from stylegan2.formats.pickle_tree import Call, Name
from stylegan2.formats.torch_values import is_tensor

_PLACES = (
    "g_ema",
    "params_ema",
    "ema",
    "state_dict",
    "params",
    "generator",
    "model",
    "g",
)  # the first counts
_TRAINED = ("g", "params")  # not a moving average
_GENERATOR = "conv1.conv.weight"
_DISCRIMINATOR = "final_conv.0.weight"
_MEAN = "latent_avg"
_SUPPORTED = "Only checkpoints of rosinality/stylegan2-pytorch, and of what is built on it, can be used."
_NO_AVERAGE = "The file has no moving average of the generator, so the generator in training is used."
_BASICSR = (
    (re.compile(r"^style_mlp\."), "style."),
    (re.compile(r"^constant_input\.weight$"), "input.input"),
    (re.compile(r"^noises\.noise(\d+)$"), r"noises.noise_\1"),
    (re.compile(r"^style_(conv1|convs\.\d+)\.weight$"), r"\1.noise.weight"),
    (re.compile(r"^style_(conv1|convs\.\d+)\.activate\."), r"\1.activate."),
    (re.compile(r"^style_(conv1|convs\.\d+)\.modulated_conv\."), r"\1.conv."),
    (re.compile(r"^(to_rgb1|to_rgbs\.\d+)\.modulated_conv\."), r"\1.conv."),
)
_BASICSR_GENERATOR = "style_conv1.modulated_conv.weight"

State = dict[str, Any]


@dataclass(frozen=True)
class CheckpointParts:
    """The networks of a checkpoint: tensors, still in the tree, by rosinality's names."""

    generator: State
    discriminator: State  # empty if there is none
    mean: Any  # latent_avg; None if there is none
    notes: tuple[str, ...]  # what a person should know


def find_parts(tree: Any, what: str) -> CheckpointParts:
    """The networks in a checkpoint's tree. Raises ModelCorrupt if there is no generator."""
    top = state_of(tree)
    places = [(name, state_of(top.get(name))) for name in _PLACES]
    for name, state in [*places, ("", top)]:
        prefix = _prefix(state, what)
        if prefix is None:
            continue
        generator = _below(prefix, state)
        mean = next((each for each in (top.get(_MEAN), state.get(_MEAN)) if is_tensor(each)), None)
        notes = (_NO_AVERAGE,) if name in _TRAINED else ()
        return CheckpointParts(_in_rosinality_names(generator), _discriminator(top), mean, notes)
    raise _no_generator(top, places, what)


def state_of(value: Any) -> State:
    """The entries of a dict or an OrderedDict whose keys are text; empty if it is something else."""
    if isinstance(value, Call) and value.name == Name("collections", "OrderedDict"):
        value = value.entries
    return (
        {key: each for key, each in value.items() if isinstance(key, str)} if isinstance(value, dict) else {}
    )


def _prefix(state: State, what: str) -> str | None:
    """What the names of the generator's tensors begin with; None if there is no generator."""
    found = []
    for mark, first in ((_GENERATOR, "style.1.weight"), (_BASICSR_GENERATOR, "style_mlp.1.weight")):
        prefixes = (key.removesuffix(mark) for key in state if key.endswith(mark))
        found += [prefix for prefix in prefixes if f"{prefix}{first}" in state]
    averages = [prefix for prefix in found if "ema" in prefix]
    if len(found) > 1 and len(averages) != 1:
        names = " and ".join(shown(prefix) for prefix in found[:2])
        raise ModelCorrupt(
            f"{what} has several generators, {names}, and none of them alone is a moving average.",
            "Save the state_dict() of one of them, and import that.",
        )
    return next(iter([*averages, *found]), None)


def _below(prefix: str, state: State) -> State:
    """The tensors below a prefix."""
    return {
        key.removeprefix(prefix): value
        for key, value in state.items()
        if key.startswith(prefix) and is_tensor(value)
    }


def _in_rosinality_names(state: State) -> State:
    if _BASICSR_GENERATOR not in state:
        return state
    renamed: State = {}
    for key, value in state.items():
        for pattern, name in _BASICSR:
            key = pattern.sub(name, key)
        renamed[key] = value
    return renamed


def _discriminator(top: State) -> State:
    state = state_of(top.get("d"))
    prefixes = [key.removesuffix(_DISCRIMINATOR) for key in state if key.endswith(_DISCRIMINATOR)]
    return _below(prefixes[0], state) if len(prefixes) == 1 else _below("", state)


def _no_generator(top: State, places: list[tuple[str, State]], what: str) -> ModelCorrupt:
    keys = [key for _, state in [*places, ("", top)] for key in state]
    if any("synthesis.b4." in key for key in keys):
        return ModelCorrupt(
            f"{what} holds the weights of NVIDIA's PyTorch code, without the network's settings.",
            "Use the .pkl file that this code wrote: it has both.",
        )
    if any("synthesis.input." in key for key in keys):
        return ModelCorrupt("This is a StyleGAN3 network, which is not supported.", _SUPPORTED)
    return ModelCorrupt(f"{what} holds no StyleGAN2 generator, no g_ema or its like.", _SUPPORTED)
