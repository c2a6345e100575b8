"""The plain values beside the tensors of NVIDIA's PyTorch modules are StyleGAN2's, or the file is refused."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retouchml.errors import ModelCorrupt
from stylegan2.formats.ada_numbers import Expected, check_values
from stylegan2.formats.pickle_tree import Call, Name
from stylegan2.loading import read_network
from tests.stylegan2.formats import hostile_files as files
from tests.stylegan2.formats.hostile_costs import module_state
from tests.stylegan2.formats.pickle_writer import dumps
from tests.stylegan2.formats.pytorch_modules import judge

GENERATOR = Expected(is_generator=True, rate=0.01, clamp=256)
DISCRIMINATOR = Expected(is_generator=False, rate=0.01, clamp=256, deviations=1)
LRELU = {"activation": "lrelu", "act_gain": math.sqrt(2.0)}
GOOD: list[tuple[Expected, str, dict[str, Any], int]] = [
    (GENERATOR, "mapping.embed", {"activation": "linear", "bias_gain": 1, "weight_gain": 0.5}, 4),
    (GENERATOR, "mapping.fc1", {"activation": "lrelu", "bias_gain": 0.01, "weight_gain": 0.01 / 8}, 64),
    (
        GENERATOR,
        "synthesis.b4.conv1.affine",
        {"activation": "linear", "bias_gain": 1, "weight_gain": 0.125},
        64,
    ),
    (
        GENERATOR,
        "synthesis.b8.conv0",
        {**LRELU, "up": 2, "padding": 1, "conv_clamp": 256, "use_noise": True},
        9,
    ),
    (GENERATOR, "synthesis.b8.conv1", {**LRELU, "up": 1, "padding": 1, "conv_clamp": 256.0}, 9),
    (GENERATOR, "synthesis.b8.torgb", {"conv_clamp": 256, "weight_gain": 0.125}, 64),
    (
        GENERATOR,
        "synthesis.b8.skip",
        {"activation": "linear", "act_gain": 1, "up": 2, "down": 1, "conv_clamp": None},
        9,
    ),
    (DISCRIMINATOR, "b8.fromrgb", {**LRELU, "up": 1, "down": 1, "padding": 0, "conv_clamp": 256}, 3),
    (
        DISCRIMINATOR,
        "b8.conv0",
        {**LRELU, "down": 1, "padding": 1, "conv_clamp": 256, "weight_gain": 1 / 3},
        9,
    ),
    (DISCRIMINATOR, "b8.conv1", {**LRELU, "down": 2, "padding": 1, "conv_clamp": 256}, 9),
    (DISCRIMINATOR, "b8.skip", {"activation": "linear", "down": 2, "conv_clamp": None, "bias": None}, 9),
    (DISCRIMINATOR, "b4.conv", {**LRELU, "padding": 1, "conv_clamp": 256}, 9),
    (DISCRIMINATOR, "b4.fc", {"activation": "lrelu", "bias_gain": 1, "weight_gain": 0.125}, 64),
    (DISCRIMINATOR, "b4.out", {"activation": "linear", "bias_gain": 1}, 64),
    (DISCRIMINATOR, "b4.mbstd", {"num_channels": 1}, 0),
]
CASES = [(e, path, values, fan, name) for e, path, values, fan in GOOD for name in values]


@pytest.mark.parametrize(("expected", "path", "values", "fan_in"), GOOD)
def test_the_values_of_the_published_networks_are_accepted(
    expected: Expected, path: str, values: dict[str, Any], fan_in: int
) -> None:
    check_values({path: {**values, "resolution": 8, "training": False}}, {path: fan_in}, expected)


@pytest.mark.parametrize(("expected", "path", "values", "fan_in", "name"), CASES)
def test_each_other_value_is_refused_by_the_names_of_its_module_and_itself(
    expected: Expected, path: str, values: dict[str, Any], fan_in: int, name: str
) -> None:
    for other in ("swish", 3, None, 0.7, True, [1], float("nan")):
        if other == values[name] and type(other) is type(values[name]):
            continue
        with pytest.raises(ModelCorrupt, match=rf"'{path}' of this network has {name} "):
            check_values({path: {**values, name: other}}, {path: fan_in}, expected)


def test_a_number_of_numpy_counts_as_a_number() -> None:
    kind = Call(Name("numpy", "dtype"), ("f8", False, True), (3, "<", None, None, None, -1, -1, 0))
    for gain, fits in ((math.sqrt(2.0), True), (1.0, False)):
        raw = memoryview(np.float64(gain).tobytes())
        values = {"act_gain": Call(Name("numpy.core.multiarray", "scalar"), (kind, raw))}
        if fits:
            check_values({"synthesis.b8.conv1": values}, {}, GENERATOR)
        else:
            with pytest.raises(ModelCorrupt, match=r"has act_gain 1; in StyleGAN2 it has 1\.41421"):
                check_values({"synthesis.b8.conv1": values}, {}, GENERATOR)


def test_the_smallest_fromrgb_may_be_clamped_or_not() -> None:
    for clamp in (None, 256):
        check_values({"b4.fromrgb": {"conv_clamp": clamp}}, {}, DISCRIMINATOR)


@pytest.mark.parametrize(
    ("path", "name", "value", "words"),
    [
        (
            ("synthesis", "b16", "conv1"),
            "activation",
            "relu",
            "has activation 'relu'; in StyleGAN2 it has 'lrelu'",
        ),
        (("synthesis", "b16", "conv1"), "act_gain", 1.0, "has act_gain 1;"),
        (("synthesis", "b32", "torgb"), "conv_clamp", 1.5, "has conv_clamp 1.5;"),
        (("mapping", "fc1"), "bias_gain", 1.0, "has bias_gain 1; in StyleGAN2 it has 0.01"),
        (("synthesis", "b16", "conv0", "affine"), "weight_gain", 2.0, "has weight_gain 2;"),
    ],
)
def test_a_generator_with_another_value_is_refused(
    path: tuple[str, ...], name: str, value: object, words: str, tmp_path: Path
) -> None:
    tree = files.ada_tree()
    module_state(tree["G_ema"], *path)[name] = value
    (tmp_path / "a.pkl").write_bytes(dumps(tree))
    with pytest.raises(ModelCorrupt) as refused:
        read_network(tmp_path / "a.pkl")
    assert f"The module '{'.'.join(path)}' of this network {words}" in refused.value.message


def test_a_discriminator_with_another_clamp_in_one_layer_is_refused(tmp_path: Path) -> None:
    discriminator = judge(clamp=0.5)
    blocks = discriminator.args[0]["state"]["_modules"]
    blocks["b16"].args[0]["state"]["_modules"]["conv1"].args[0]["state"]["conv_clamp"] = 0.25
    (tmp_path / "a.pkl").write_bytes(dumps({**files.ada_tree(), "D": discriminator}))
    with pytest.raises(ModelCorrupt, match=r"'b16\.conv1' of this network has conv_clamp 0\.25; .* 0\.5"):
        read_network(tmp_path / "a.pkl")
