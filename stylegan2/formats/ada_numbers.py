"""The plain values beside the tensors of NVIDIA's PyTorch modules: they must be what our layers compute with.

A module's ``__dict__`` has its activation, gains, clamp, padding and factors of resampling. A fork, or a file
that somebody edited, may have others, and then makes other images, though every tensor is in its place.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from retouchml.errors import ModelCorrupt
from stylegan2.formats.file_tensors import PUBLISHED_ONLY, shown
from stylegan2.formats.numpy_values import array_of
from stylegan2.formats.pickle_tree import Call
from stylegan2.networks.layers import GAIN

Values = dict[str, Any]
_TOLERANCE = 1e-5  # of gains, relative

_LINEAR: Values = {"activation": "linear", "bias_gain": 1.0}
_LRELU: Values = {"activation": "lrelu", "act_gain": GAIN, "up": 1, "down": 1}
_CONV: Values = {**_LRELU, "padding": 1}
_SKIP: Values = {
    "activation": "linear",
    "act_gain": 1.0,
    "padding": 0,
    "conv_clamp": None,
    "up": 1,
    "down": 1,
    "bias": None,
}
# path of a module below the generator or the discriminator → its values
_GENERATOR: tuple[tuple[str, Values], ...] = (
    (r"mapping\.embed", _LINEAR),
    (r"mapping\.fc\d+", {"activation": "lrelu"}),
    (r"synthesis\.b\d+\.\w+\.affine", _LINEAR),
    (r"synthesis\.b\d+\.conv0", {**_CONV, "up": 2, "use_noise": True}),
    (r"synthesis\.b\d+\.conv1", {**_CONV, "use_noise": True}),
    (r"synthesis\.b\d+\.torgb", {}),
    (r"synthesis\.b\d+\.skip", {**_SKIP, "up": 2}),
)
_DISCRIMINATOR: tuple[tuple[str, Values], ...] = (
    (r"mapping\.embed", _LINEAR),
    (r"mapping\.fc\d+", {"activation": "lrelu"}),
    (r"b\d+\.fromrgb", {**_LRELU, "padding": 0}),
    (r"b\d+\.conv0", _CONV),
    (r"b4\.conv", _CONV),
    (r"b\d+\.conv1", {**_CONV, "down": 2}),
    (r"b\d+\.skip", {**_SKIP, "down": 2}),
    (r"b4\.fc", {"activation": "lrelu", "bias_gain": 1.0}),
    (r"b4\.out", _LINEAR),
)
_CLAMPED = re.compile(r"(synthesis\.)?b\d+\.(conv\d?|torgb|fromrgb)")
_SMALLEST = "b4.fromrgb"  # the reader asks whether that one is clamped


@dataclass(frozen=True)
class Expected:
    """What a whole network's modules share."""

    is_generator: bool
    rate: float  # of its mapping
    clamp: float | None
    deviations: int = 1  # features of minibatch standard deviation


def check_values(modules: Mapping[str, Values], fan_in: Mapping[str, int], expected: Expected) -> None:
    """Raise ModelCorrupt if a module has another value than its layer here.

    modules: the plain values of each by its path; fan_in: inputs of each output, of the modules with weights
    """
    for path, values in modules.items():
        for name, should_be in _expected(path, fan_in.get(path), expected):
            if name in values and not _is(values[name], should_be):
                found = _text(_plain(values[name]))
                raise ModelCorrupt(
                    f"The module {shown(path)} of this network has {name} {found};"
                    f" in StyleGAN2 it has {_text(should_be)}.",
                    PUBLISHED_ONLY,
                )


def _expected(path: str, fan_in: int | None, expected: Expected) -> Iterator[tuple[str, Any]]:
    table = _GENERATOR if expected.is_generator else _DISCRIMINATOR
    yield from next((values for pattern, values in table if re.fullmatch(pattern, path)), {}).items()
    rate = 1.0
    if re.fullmatch(r"mapping\.fc\d+", path):
        rate = expected.rate
        yield "bias_gain", rate
    if fan_in:
        yield "weight_gain", rate / math.sqrt(fan_in)
    if _CLAMPED.fullmatch(path) and path != _SMALLEST:
        yield "conv_clamp", expected.clamp
    if path == "b4.mbstd":
        yield "num_channels", expected.deviations


def _is(value: Any, expected: Any) -> bool:
    value = _plain(value)
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        return type(value) is type(expected) and value == expected
    if type(value) not in (int, float):
        return False
    return math.isclose(value, expected, rel_tol=_TOLERANCE)


def _plain(value: Any) -> Any:
    """A number of numpy's as one of Python's; anything else as it is."""
    if not isinstance(value, Call):
        return value
    array = array_of(value, "A number beside the tensors")
    return array.item() if array.ndim == 0 else value


def _text(value: Any) -> str:
    """A value for a message; nothing of unknown kind is shown."""
    if type(value) is str:
        return shown(value)
    if type(value) is float:
        return f"{value:g}"
    return (
        str(value) if value is None or (type(value) in (bool, int) and abs(value) < 1e9) else "something else"
    )
