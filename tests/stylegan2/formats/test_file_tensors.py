"""A network with more in it than a StyleGAN2 network has is refused: its images would be wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from retouchml.errors import ModelCorrupt
from stylegan2.formats.pickle_tree import Call
from stylegan2.loading import read_network
from tests.stylegan2.formats import hostile_files as files
from tests.stylegan2.formats.hostile_costs import module_state
from tests.stylegan2.formats.pickle_writer import dumps
from tests.stylegan2.formats.pytorch_modules import judge, module, numbers, parameter

ROSINALITY = files.DATA / "tf32_skip_as_rosinality.pt"


def refusal(content: bytes, folder: Path) -> str:
    """The sentence with which a file is refused."""
    path = folder / "network"
    path.write_bytes(content)
    with pytest.raises(ModelCorrupt) as refused:
        read_network(path)
    return refused.value.explain()


def array(*shape: int) -> Call:
    """An array as TensorFlow's pickles hold them."""
    return files._array(shape, np.ones(shape, np.float32).tobytes())


def variables(tree: Any, *path: str) -> list[Any]:
    """The variables of a component of Gs."""
    network = tree[2]
    for name in path:
        network = network.state["components"][name]
    found: list[Any] = network.state["variables"]
    return found


@pytest.mark.parametrize("path", [(), ("synthesis",), ("mapping",)])
def test_a_tensorflow_network_with_attention_is_refused_by_the_name_of_its_variable(
    path: tuple[str, ...], tmp_path: Path
) -> None:
    tree = files.tf_tree()
    found = variables(tree, *path)
    found += [("16x16/Attention/gamma", array(1)), ("16x16/Attention/query", array(1, 1, 40, 5))]
    sentence = refusal(dumps(tree, 4), tmp_path)
    assert "/".join(("Gs", *path, "16x16/Attention/gamma")) in sentence
    assert "and 1 more" in sentence


def test_a_tensorflow_discriminator_with_attention_is_refused(tmp_path: Path) -> None:
    tree = files.tf_tree()
    tree[1].state["variables"].append(("16x16/Attention/gamma", array(1)))
    assert "D/16x16/Attention/gamma" in refusal(dumps(tree, 4), tmp_path)


def test_a_tensorflow_network_with_one_more_component_is_refused(tmp_path: Path) -> None:
    tree = files.tf_tree()
    components = tree[2].state["components"]
    state = {**components["mapping"].state, "variables": [("Dense0/weight", array(64, 64))]}
    components["attention"] = Call(components["mapping"].name, (), state)
    assert "Gs/attention/Dense0/weight" in refusal(dumps(tree, 4), tmp_path)


def test_a_variable_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    tree = files.tf_tree()
    variables(tree, "synthesis").append(("4x4/Conv/bias", array(40)))
    assert "twice" in refusal(dumps(tree, 4), tmp_path)


def test_a_pytorch_network_with_self_attention_is_refused_by_the_name_of_its_tensor(tmp_path: Path) -> None:
    tree = files.ada_tree()
    block = module_state(tree["G_ema"], "synthesis", "b16")
    attention = module({}, {"query": module({}, weight=numbers(6, 48, 1, 1))}, gamma=numbers(1))
    block["_modules"].entries["attention"] = attention
    assert "G_ema.synthesis.b16.attention.gamma" in refusal(dumps(tree), tmp_path)


def test_a_pytorch_network_with_a_module_without_tensors_is_refused(tmp_path: Path) -> None:
    tree = files.ada_tree()
    module_state(tree["G_ema"], "synthesis", "b16")["_modules"].entries["blur"] = module({})
    assert "synthesis.b16.blur" in refusal(dumps(tree), tmp_path)


def test_a_pytorch_discriminator_with_one_more_layer_is_refused(tmp_path: Path) -> None:
    discriminator = judge()
    discriminator.args[0]["state"]["_modules"]["b8"].args[0]["state"]["_modules"]["conv2"] = module(
        {"conv_clamp": None}, weight=numbers(8, 8, 3, 3)
    )
    content = dumps({**files.ada_tree(), "D": discriminator})
    assert "D.b8.conv2.weight" in refusal(content, tmp_path)


def test_a_pytorch_network_with_another_resampling_filter_is_refused(tmp_path: Path) -> None:
    tree = files.ada_tree()
    buffers = module_state(tree["G_ema"], "synthesis", "b16", "conv0")["_buffers"]
    entries = buffers.entries if isinstance(buffers, Call) else buffers
    other = np.outer([1, 2, 2, 1], [1, 2, 2, 1]).astype(np.float32) / 36
    entries["resample_filter"] = parameter(other)
    assert "resampling filter" in refusal(dumps(tree), tmp_path)


def saved(tmp_path: Path, **more: torch.Tensor) -> bytes:
    """The reference checkpoint with more tensors, or others; two underscores stand for a dot."""
    whole = torch.load(ROSINALITY, weights_only=True)
    whole["g_ema"] |= {name.replace("__", "."): value for name, value in more.items()}
    torch.save(whole, tmp_path / "made")
    return (tmp_path / "made").read_bytes()


def test_a_rosinality_checkpoint_with_one_more_block_is_refused_by_the_name_of_its_tensor(
    tmp_path: Path,
) -> None:
    content = saved(tmp_path, convs__6__conv__weight=torch.ones(1, 32, 32, 3, 3))
    sentence = refusal(content, tmp_path)
    assert "g_ema.convs.6.conv.weight" in sentence
    assert "more" not in sentence


def test_a_rosinality_checkpoint_with_another_resampling_filter_is_refused(tmp_path: Path) -> None:
    other = torch.outer(torch.tensor([1.0, 2.0, 1.0]), torch.tensor([1.0, 2.0, 1.0])) / 4
    assert "resampling filter" in refusal(saved(tmp_path, convs__0__conv__blur__kernel=other), tmp_path)


def test_a_discriminator_of_another_kind_is_refused(tmp_path: Path) -> None:
    whole = torch.load(ROSINALITY, weights_only=True)
    torch.save({**whole, "d": {"patches.0.weight": torch.ones(3, 3, 3, 3)}}, tmp_path / "made")
    assert "d.patches.0.weight" in refusal((tmp_path / "made").read_bytes(), tmp_path)


def test_counters_and_the_progress_of_training_are_no_reason_to_refuse(tmp_path: Path) -> None:
    tree = files.tf_tree()
    variables(tree, "synthesis").append(("lod", 0.0))
    (tmp_path / "network").write_bytes(dumps(tree, 4))
    assert read_network(tmp_path / "network").generator.synthesis.resolution == 32


def test_a_name_that_could_steer_a_terminal_is_shown_harmless(tmp_path: Path) -> None:
    tree = files.tf_tree()
    variables(tree).append(("\x1b[2J" + "x" * 500, array(1)))
    sentence = refusal(dumps(tree, 4), tmp_path)
    assert sentence.isprintable()
    assert len(sentence) < 300
