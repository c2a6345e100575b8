"""Discriminators beside the reference networks: the plain twin, clamps, groups, mapped labels."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from retouchml.errors import ModelCorrupt, UsageError
from stylegan2.formats import pickle_tree, tensorflow
from stylegan2.formats.network_file import NetworkFile
from stylegan2.loading import read_network
from stylegan2.networks.discriminator import Discriminator
from stylegan2.networks.spec import DiscriminatorSpec, discriminator_from_json, to_json
from tests.stylegan2.formats import hostile_files as files
from tests.stylegan2.formats import pytorch_modules
from tests.stylegan2.formats.pickle_writer import dumps
from tests.stylegan2.formats.pytorch_modules import Array, module, numbers

_CLASSES, _FEATURES = 3, 8


def judge_of_noise(spec: DiscriminatorSpec) -> Discriminator:
    torch.manual_seed(4)
    judge = Discriminator(spec).requires_grad_(False)
    for tensor in judge.parameters():
        torch.nn.init.normal_(tensor)
    return judge.double()


@pytest.mark.parametrize("architecture", ["skip", "resnet", "orig"])
@pytest.mark.parametrize("clamp", [None, 0.7])
def test_the_fast_path_and_its_twin_agree(architecture: str, clamp: float | None) -> None:
    spec = DiscriminatorSpec((8, 6, 4, 4), architecture, dense=8, clamp=clamp)
    judge, images = judge_of_noise(spec), torch.randn(4, 3, 32, 32, dtype=torch.float64)
    scores, plain = judge(images), judge(images, plain=True)
    assert scores.shape == (4, 1)
    assert float(scores.std()) > 1e-5
    assert torch.allclose(scores, plain, rtol=1e-9, atol=1e-9)


def test_only_tensorflow_bounds_what_a_skip_network_sees_at_4_px() -> None:
    spec = DiscriminatorSpec((4, 4), "skip", dense=8, deviations=0, clamp=0.5)
    bounded, free = judge_of_noise(spec), judge_of_noise(replace(spec, clamp_smallest=False))
    images = 10.0 * torch.randn(2, 3, 8, 8, dtype=torch.float64)
    features: list[Tensor] = []
    for judge in (bounded, free):
        judge.conv.register_forward_hook(lambda _module, inputs, _output: features.append(inputs[0]))
        judge(images)
    # what comes from above is at most 0.5, and so is what is added to it where it is bounded
    assert float(features[0].abs().max()) <= 1.0
    assert float(features[1].abs().max()) > 1.0


def test_the_description_of_a_skip_network_keeps_what_bounds_it() -> None:
    spec = DiscriminatorSpec((4, 4), "skip", clamp=0.5, clamp_smallest=False)
    assert discriminator_from_json(to_json(spec)) == spec
    older = to_json(spec).replace(', "clamp_smallest": false', "")
    assert discriminator_from_json(older).clamp_smallest


def tensorflow_conditional(layers: int, **settings: Any) -> tuple[bytes, dict[str, Array]]:
    """The conditional reference network with a discriminator such as StyleGAN2-ADA builds; its new arrays."""
    tree, judges = (
        pickle_tree.read(memoryview((files.DATA / name).read_bytes()), tensorflow.ALLOWED, "test")[0]
        for name in ("tf32_cond3.pkl", "tf32_resnet.pkl")  # the former's own was left out to save room
    )
    state = tree[1].state
    state["build_func_name"] = "D_main"
    state["static_kwargs"].update(settings)
    known = dict(judges[1].state["variables"])
    dense = known["Output/weight"].state[1][0]
    arrays = {
        "Output/weight": numbers(dense, _FEATURES),
        "Output/bias": numbers(_FEATURES),
        "LabelEmbed/weight": numbers(_CLASSES, _FEATURES),
        "LabelEmbed/bias": numbers(_FEATURES),
    }
    for layer in range(layers):
        arrays[f"Mapping{layer}/weight"] = numbers(_FEATURES, _FEATURES)
        arrays[f"Mapping{layer}/bias"] = numbers(_FEATURES)
    replaced = {name: files._array(array.shape, array.tobytes()) for name, array in arrays.items()}
    state["variables"] = list({**known, **replaced}.items())
    return dumps(tree, 4), arrays


def normalized(rows: Tensor) -> Tensor:
    return rows / (rows.square().mean(1, keepdim=True) + 1e-8).sqrt()


def weighed_by_hand(network: NetworkFile, images: Tensor, weights: Tensor) -> Tensor:
    """Σ outputs · weights / √F: the outputs from the same network without its labels."""
    spec = network.discriminator
    assert spec is not None
    tensors = network.below("discriminator.")
    plain = Discriminator(replace(spec, labels=0, mapping=None)).requires_grad_(False)
    plain.load_state_dict({name: value for name, value in tensors.items() if not name.startswith("mapping.")})
    weighed: Tensor = (plain(images) * weights).sum(1, keepdim=True)
    return weighed / math.sqrt(_FEATURES)


def scores(network: NetworkFile, images: Tensor, labels: Tensor) -> Tensor:
    assert network.discriminator is not None
    judge = Discriminator(network.discriminator).requires_grad_(False)
    judge.load_state_dict(network.below("discriminator."))
    actual: Tensor = judge(images, labels)
    return actual


@pytest.mark.parametrize("layers", [0, 1, 2])
@pytest.mark.parametrize("rate", [None, 0.02])
def test_a_conditional_network_of_tensorflow_s_ada_reads_and_judges(
    layers: int, rate: float | None, tmp_path: Path
) -> None:
    settings = {} if rate is None else {"mapping_lrmul": rate}
    content, arrays = tensorflow_conditional(layers, **settings)
    path = tmp_path / "conditional.pkl"
    path.write_bytes(content)
    network = read_network(path)
    assert network.generator.mapping.labels == _CLASSES
    assert network.generator.mapping.rate == 0.01
    known = {name: torch.from_numpy(array) for name, array in arrays.items()}
    images, labels = torch.randn(4, 3, 32, 32), torch.eye(3)[[0, 1, 2, 1]]
    y = labels @ known["LabelEmbed/weight"] / math.sqrt(_CLASSES) + known["LabelEmbed/bias"]
    y = normalized(y)
    multiplier = 0.1 if rate is None else rate
    for layer in range(layers):
        y = y @ known[f"Mapping{layer}/weight"] * (multiplier / math.sqrt(_FEATURES))
        y = F.leaky_relu(y + known[f"Mapping{layer}/bias"] * multiplier, 0.2) * math.sqrt(2.0)
    expected = weighed_by_hand(network, images, y)
    assert torch.allclose(scores(network, images, labels), expected, rtol=1e-5, atol=1e-5)


def test_a_group_that_was_not_set_is_all_of_a_batch_in_ada_and_four_before(tmp_path: Path) -> None:
    path = tmp_path / "conditional.pkl"
    groups = []
    for settings in ({}, {"mbstd_group_size": 2}):
        path.write_bytes(tensorflow_conditional(0, **settings)[0])
        judge = read_network(path).discriminator
        assert judge is not None
        groups.append(judge.group)
    former = read_network(files.DATA / "tf32_resnet.pkl").discriminator
    assert former is not None
    assert [*groups, former.group] == [None, 2, 4]


@pytest.mark.parametrize("layers", [0, 1])
def test_a_conditional_network_of_pytorch_s_ada_reads_and_judges(layers: int, tmp_path: Path) -> None:
    embed = (numbers(_FEATURES, _CLASSES), numbers(_FEATURES))
    layer = (numbers(_FEATURES, _FEATURES), numbers(_FEATURES))
    parts = {"embed": module({"bias_gain": 1.0}, weight=embed[0], bias=embed[1])}
    if layers:
        parts["fc0"] = module({"bias_gain": 0.1}, weight=layer[0], bias=layer[1])
    path = tmp_path / "conditional.pkl"
    judge = pytorch_modules.judge(_FEATURES, mapping=module({}, parts))
    path.write_bytes(dumps({**files.ada_tree(), "D": judge}))
    network = read_network(path)
    images, labels = torch.randn(4, 3, 16, 16), torch.eye(3)[[2, 1, 0, 0]]
    y = normalized(labels @ torch.from_numpy(embed[0].T) / math.sqrt(_CLASSES) + torch.from_numpy(embed[1]))
    if layers:
        y = y @ torch.from_numpy(layer[0].T) * (0.1 / math.sqrt(_FEATURES)) + torch.from_numpy(layer[1]) * 0.1
        y = F.leaky_relu(y, 0.2) * math.sqrt(2.0)
    expected = weighed_by_hand(network, images, y)
    assert torch.allclose(scores(network, images, labels), expected, rtol=1e-5, atol=1e-5)


def test_pytorch_s_clamp_does_not_bound_what_is_seen_at_4_px(tmp_path: Path) -> None:
    path = tmp_path / "clamped.pkl"
    path.write_bytes(dumps({**files.ada_tree(), "D": pytorch_modules.judge(clamp=0.5, group=None)}))
    spec = read_network(path).discriminator
    assert spec is not None
    assert (spec.architecture, spec.clamp, spec.clamp_smallest, spec.group) == ("skip", 0.5, False, None)


def test_labels_that_do_not_fit_the_last_layer_are_refused(tmp_path: Path) -> None:
    content, _ = tensorflow_conditional(0)
    path = tmp_path / "conditional.pkl"
    path.write_bytes(content)
    spec = read_network(path).discriminator
    assert spec is not None
    with pytest.raises(ModelCorrupt, match="labels"):
        discriminator_from_json(to_json(replace(spec, outputs=_FEATURES + 1)))


def test_a_discriminator_judges_whole_groups() -> None:
    judge = Discriminator(DiscriminatorSpec((8, 8, 8), dense=8)).requires_grad_(False)
    for tensor in judge.parameters():
        torch.nn.init.normal_(tensor)
    assert judge(torch.randn(8, 3, 16, 16)).shape == (8, 1)
    with pytest.raises(UsageError, match="4 images at a time"):
        judge(torch.randn(6, 3, 16, 16))
    with pytest.raises(UsageError, match="do not fit"):
        judge(torch.randn(4, 3, 32, 32))
