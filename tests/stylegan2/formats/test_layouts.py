"""Networks that other programs and older versions stored in another way: the same network, or a sentence."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from retouchml.errors import ModelCorrupt
from stylegan2.formats.network_file import NetworkFile
from stylegan2.formats.pickle_tree import Call, Name
from stylegan2.loading import read_network
from tests.stylegan2.formats import hostile_files as files
from tests.stylegan2.formats.hostile_costs import module_state
from tests.stylegan2.formats.pickle_writer import dumps
from tests.stylegan2.formats.pytorch_modules import module, numbers, parameter

ROSINALITY = files.DATA / "tf32_skip_as_rosinality.pt"
PYTORCH = files.DATA / "tf32_skip_as_ada.pkl"
TENSORFLOW = files.DATA / "tf32_resnet.pkl"

State = dict[str, Tensor]


def checkpoint() -> dict[str, Any]:
    """The reference checkpoint."""
    whole: dict[str, Any] = torch.load(ROSINALITY, weights_only=True)
    return whole


def saved(value: Any, folder: Path, *, zipped: bool = True) -> Path:
    """A file of torch."""
    path = folder / "network.pt"
    torch.save(value, path, _use_new_zipfile_serialization=zipped)
    return path


def written(content: bytes, folder: Path) -> Path:
    """A file of these bytes."""
    path = folder / "network.pkl"
    path.write_bytes(content)
    return path


def assert_same(network: NetworkFile, source: Path, tolerance: float = 0.0) -> None:
    """The generator of a network is that of the reference file, to ``tolerance`` of each number."""
    expected = read_network(source).without_discriminator()
    actual = network.without_discriminator()
    assert actual.generator == expected.generator
    assert actual.tensors.keys() == expected.tensors.keys()
    for name, tensor in expected.tensors.items():
        torch.testing.assert_close(
            actual.tensors[name], tensor, rtol=tolerance, atol=1e-4 * tolerance, msg=name
        )


def refusal(path: Path) -> str:
    """The sentence with which a file is refused; one for hostile files would say "refused"."""
    with pytest.raises(ModelCorrupt) as refused:
        read_network(path)
    sentence = refused.value.explain()
    assert "refused" not in sentence
    assert "Get the file" not in sentence
    return sentence


# ---- what checkpoints are called


def prefixed(prefix: str, state: State) -> State:
    return {f"{prefix}{name}": value for name, value in state.items()}


def basicsr_names(state: State) -> State:
    """As BasicSR names the layers; it has no buffers of filters."""
    named = {}
    for name, value in state.items():
        first, *rest = name.split(".")
        if first == "style":
            named[f"style_mlp.{'.'.join(rest)}"] = value
        elif first == "input":
            named["constant_input.weight"] = value
        elif first == "noises":
            named[f"noises.{rest[0].replace('_', '')}"] = value
        elif not name.endswith("kernel"):
            place = name.replace("to_rgbs.", "rgb.").replace("to_rgb1.", "rgb1.")
            place = place.replace("conv1.", "style_conv1.", 1).replace("convs.", "style_convs.", 1)
            place = place.replace(".conv.", ".modulated_conv.").replace(".noise.weight", ".weight")
            named[place.replace("rgb.", "to_rgbs.").replace("rgb1.", "to_rgb1.")] = value
    return named


LAYOUTS: dict[str, Callable[[State, Tensor], Any]] = {
    "a raw state dict": lambda state, mean: {**state, "latent_avg": mean},
    "params_ema": lambda state, mean: {"params_ema": state, "latent_avg": mean},
    "params_ema in BasicSR's names": lambda s, mean: {"params_ema": basicsr_names(s), "latent_avg": mean},
    "pSp": lambda state, mean: {
        "state_dict": {**prefixed("decoder.", state), "encoder.input_layer.0.weight": torch.ones(3)},
        "opts": {"output_size": 32, "device": torch.device("cpu"), "exp_dir": Path("here")},
        "latent_avg": mean.repeat(8, 1),
    },
    "module. before each name": lambda s, mean: {"g_ema": prefixed("module.", s), "latent_avg": mean},
    "latent_avg [1, W]": lambda state, mean: {"g_ema": state, "latent_avg": mean[None]},
    "latent_avg [L, W]": lambda state, mean: {"g_ema": state, "latent_avg": mean.repeat(8, 1)},
    "both generators in one": lambda state, mean: {
        **prefixed("g_ema.", state),
        **prefixed("g.", {name: value + 1.0 for name, value in state.items()}),
        "latent_avg": mean,
    },
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_checkpoint_in_another_layout_is_the_same_network(
    layout: str, zipped: bool, tmp_path: Path
) -> None:
    whole = checkpoint()
    value = LAYOUTS[layout](whole["g_ema"], whole["latent_avg"])
    network = read_network(saved(value, tmp_path, zipped=zipped))
    assert_same(network, ROSINALITY)
    assert network.notes == ()


def test_the_generator_in_training_is_used_if_there_is_no_average_and_that_is_noted(tmp_path: Path) -> None:
    whole = checkpoint()
    network = read_network(saved({"g": whole["g_ema"], "latent_avg": whole["latent_avg"]}, tmp_path))
    assert_same(network, ROSINALITY)
    assert "no moving average" in network.notes[0]


def test_several_generators_of_which_none_is_an_average_are_not_guessed_at(tmp_path: Path) -> None:
    state = checkpoint()["g_ema"]
    assert "several generators" in refusal(saved(prefixed("a.", state) | prefixed("b.", state), tmp_path))


def test_a_mean_that_differs_from_layer_to_layer_is_said(tmp_path: Path) -> None:
    whole = checkpoint()
    means = whole["latent_avg"].repeat(8, 1)
    means[3] += 1.0
    assert "latent_avg" in refusal(saved({"g_ema": whole["g_ema"], "latent_avg": means}, tmp_path))


def test_a_checkpoint_without_noise_gets_the_same_noise_each_time_and_says_so(tmp_path: Path) -> None:
    whole = checkpoint()
    state = {name: value for name, value in whole["g_ema"].items() if not name.startswith("noises.")}
    path = saved({"g_ema": state, "latent_avg": whole["latent_avg"]}, tmp_path)
    network, again = read_network(path), read_network(path)
    assert "noise" in network.notes[0]
    assert network.fingerprint == again.fingerprint
    expected = read_network(ROSINALITY)
    different = {n for n, t in network.tensors.items() if not torch.equal(t, expected.tensors[n])}
    assert different == {name for name in expected.tensors if name.endswith(".noise")}
    noise = network.tensors["synthesis.blocks.3.conv1.noise"]
    assert noise.shape == (32, 32)
    assert 0.9 < float(noise.std()) < 1.1
    assert float(network.tensors["synthesis.blocks.0.conv1.noise"][0, 0]) == pytest.approx(1.76405, abs=1e-5)


def test_a_checkpoint_that_lacks_one_noise_of_several_is_refused(tmp_path: Path) -> None:
    whole = checkpoint()
    del whole["g_ema"]["noises.noise_3"]
    with pytest.raises(ModelCorrupt, match=r"lacks synthesis\.blocks\.2\.conv0\.noise"):
        read_network(saved(whole, tmp_path))


# ---- half precision


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float16, 1e-3), (torch.bfloat16, 8e-3)])
def test_checkpoints_of_16_bits_are_read(
    kind: torch.dtype, tolerance: float, zipped: bool, tmp_path: Path
) -> None:
    whole = checkpoint()
    state = {name: value.to(kind) for name, value in whole["g_ema"].items()}
    path = saved({"g_ema": state, "latent_avg": whole["latent_avg"].to(kind)}, tmp_path, zipped=zipped)
    network = read_network(path)
    assert_same(network, ROSINALITY, tolerance)
    weight = network.tensors["synthesis.blocks.3.conv1.weight"]
    assert torch.equal(weight, state["convs.5.conv.weight"][0].float())


def halved(tree: Any, kind: torch.dtype, storage: str) -> Any:
    """Every tensor of a pickled module in another type, as ``.half()`` leaves them."""
    visited: set[int] = set()

    def visit(value: Any) -> None:
        if id(value) in visited:
            return
        visited.add(id(value))
        if isinstance(value, Call):
            if value.name.attribute == "_rebuild_tensor_v2":
                raw = bytes(value.args[0].first)
                count = int(np.prod(value.args[2])) if value.args[2] else 1
                full = torch.from_numpy(np.frombuffer(raw[-4 * count :], "<f4").copy())
                bits = full.to(kind).view(torch.int16).numpy().tobytes()
                reference = Call(
                    Name("", "persistent"), (("storage", Name("torch", storage), "0", "cpu", count, None),)
                )
                content = files.legacy(reference, ["0"], count.to_bytes(8, "little") + bits)
                value.args = (Call(value.args[0].name, (content,)), 0, *value.args[2:])
                return
            for part in (*value.args, value.state, *value.items, *value.entries.values()):
                visit(part)
        elif isinstance(value, dict):
            for part in value.values():
                visit(part)
        elif isinstance(value, list | tuple):
            for part in value:
                visit(part)

    visit(tree)
    return tree


@pytest.mark.parametrize(
    ("kind", "storage", "tolerance"),
    [(torch.float16, "HalfStorage", 1e-3), (torch.bfloat16, "BFloat16Storage", 8e-3)],
)
def test_a_pytorch_network_of_16_bits_is_read(
    kind: torch.dtype, storage: str, tolerance: float, tmp_path: Path
) -> None:
    path = written(dumps(halved(files.ada_tree(), kind, storage)), tmp_path)
    assert_same(read_network(path), PYTORCH, tolerance)


# ---- one network alone


def test_a_pickle_of_g_ema_alone_is_read(tmp_path: Path) -> None:
    network = read_network(written(dumps(files.ada_tree()["G_ema"]), tmp_path))
    assert_same(network, PYTORCH)
    assert network.discriminator is None


def test_a_pickle_of_g_without_its_average_is_read_and_that_is_noted(tmp_path: Path) -> None:
    network = read_network(written(dumps({"G": files.ada_tree()["G_ema"]}), tmp_path))
    assert_same(network, PYTORCH)
    assert "no moving average" in network.notes[0]


@pytest.mark.parametrize("shape", [lambda gs: gs, lambda gs: (gs,), lambda gs: [gs]])
def test_a_pickle_of_gs_alone_is_read(shape: Callable[[Any], Any], tmp_path: Path) -> None:
    network = read_network(written(dumps(shape(files.tf_tree()[2]), 4), tmp_path))
    assert_same(network, TENSORFLOW)
    assert network.discriminator is None
    assert network.notes == ()


def test_a_tensorflow_g_alone_is_read_and_its_lack_of_an_average_noted(tmp_path: Path) -> None:
    generator = files.tf_tree()[0]
    generator.state["name"] = "G"
    network = read_network(written(dumps(generator, 4), tmp_path))
    assert "no moving average" in network.notes[0]


def test_a_tensorflow_discriminator_alone_is_no_generator(tmp_path: Path) -> None:
    assert "Gs" in refusal(written(dumps(files.tf_tree()[1], 4), tmp_path))


# ---- what cannot be read has a name


def array(*values: float) -> Call:
    """A numpy array, as those that StyleGAN3 keeps beside its tensors."""
    return files._array((len(values),), np.array(values, "<f8").tobytes(), "f8")


def stylegan3(kernel: int) -> Call:
    """A generator laid out as the published ones: numpy arrays in each layer, an input that is computed."""
    sizes = {"in_size": array(36, 36), "out_size": array(36, 36), "conv_clamp": 256, "conv_kernel": kernel}
    layer = module(
        {**sizes, "_init_kwargs": {"conv_kernel": kernel, "use_radial_filters": kernel == 1}},
        {"affine": module({"activation": "linear"}, weight=numbers(8, 8), bias=numbers(8))},
        weight=numbers(8, 8, kernel, kernel),
        bias=numbers(8),
    )
    buffers = {"magnitude_ema": parameter(numbers(1)), "up_filter": parameter(numbers(12))}
    layer.args[0]["state"]["_buffers"] = buffers
    first = module({"bandwidth": array(2.0)}, weight=numbers(8, 8))
    first.args[0]["state"]["_buffers"] = {"freqs": parameter(numbers(8, 2)), "phases": parameter(numbers(8))}
    synthesis = module(
        {"_init_kwargs": {"w_dim": 8, "conv_kernel": kernel}}, {"input": first, "L0_36_8": layer}
    )
    mapping = module({"w_avg_beta": 0.998}, {"fc0": module({}, weight=numbers(8, 8), bias=numbers(8))})
    return module({"img_channels": 3}, {"synthesis": synthesis, "mapping": mapping})


@pytest.mark.parametrize(("kernel", "name"), [(3, "StyleGAN3-T"), (1, "StyleGAN3-R")])
def test_stylegan3_is_named(kernel: int, name: str, tmp_path: Path) -> None:
    content = dumps({"G": stylegan3(kernel), "D": None, "G_ema": stylegan3(kernel)})
    assert name in refusal(written(content, tmp_path))


@pytest.mark.parametrize("variable", ["ToRGB_lod0/weight", "4x4/Const/StyleMod/weight"])
def test_the_configurations_a_to_d_are_named(variable: str, tmp_path: Path) -> None:
    tree = files.tf_tree()
    synthesis = tree[2].state["components"]["synthesis"].state
    synthesis["build_func_name"] = "G_synthesis_stylegan_revised"
    kept = [item for item in synthesis["variables"] if "ToRGB" not in item[0] and "Conv0_up" not in item[0]]
    synthesis["variables"] = [*kept, (variable, array(1.0))]
    assert "configurations a to d" in refusal(written(dumps(tree, 4), tmp_path))


@pytest.mark.parametrize("name", ["network.Network", "tfutil.Network"])
def test_a_progressive_gan_is_named(name: str, tmp_path: Path) -> None:
    network = Call(Name(*name.split(".")), ())
    assert "Progressive GAN" in refusal(written(dumps((network, network, network)), tmp_path))


def test_a_network_that_is_not_square_is_named(tmp_path: Path) -> None:
    whole = checkpoint()
    whole["g_ema"]["input.input"] = torch.ones(1, 48, 4, 6)
    assert "6 by 4 pixels" in refusal(saved(whole, tmp_path))


@pytest.mark.parametrize(("channels", "kind"), [(1, "grey"), (4, "RGBA"), (2, "other channels")])
def test_networks_of_other_colours_are_named(channels: int, kind: str, tmp_path: Path) -> None:
    whole = checkpoint()
    for name, value in whole["g_ema"].items():
        if name.startswith("to_rgb") and name.endswith("conv.weight"):
            whole["g_ema"][name] = value[:, :1].repeat(1, channels, 1, 1, 1)
        elif name.startswith("to_rgb") and name.endswith(".bias") and "modulation" not in name:
            whole["g_ema"][name] = value[:, :1].repeat(1, channels, 1, 1)
    assert kind in refusal(saved(whole, tmp_path))
    tree = files.tf_tree()
    for network in (tree[0], tree[2]):
        network.state["static_kwargs"]["num_channels"] = channels
    assert kind in refusal(written(dumps(tree, 4), tmp_path))
    pytorch = files.ada_tree()
    module_state(pytorch["G_ema"])["_init_kwargs"] = {"img_channels": channels}
    assert kind in refusal(written(dumps(pytorch), tmp_path))


class Generator(nn.Module):
    """A module that is saved whole, as beginners do."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 3)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
@pytest.mark.parametrize("whole", [Generator(), nn.Sequential(nn.Linear(2, 2)), {"g_ema": Generator()}])
def test_a_whole_module_is_named_and_its_owner_told_to_save_the_state(
    whole: Any, zipped: bool, tmp_path: Path
) -> None:
    sentence = refusal(saved(whole, tmp_path, zipped=zipped))
    assert "whole objects of a program" in sentence
    assert "state_dict()" in sentence


def test_a_pickled_module_is_named_too(tmp_path: Path) -> None:
    assert "state_dict()" in refusal(written(pickle.dumps(Generator()), tmp_path))


def test_weights_in_the_names_of_nvidias_code_are_told_from_their_pickle(tmp_path: Path) -> None:
    state = {"synthesis.b4.const": torch.ones(8, 4, 4), "mapping.fc0.weight": torch.ones(8, 8)}
    assert ".pkl" in refusal(saved(state, tmp_path))


def test_a_checkpoint_of_another_kind_of_network_says_that_it_has_no_generator(tmp_path: Path) -> None:
    assert "holds no StyleGAN2 generator" in refusal(saved({"layer.weight": torch.ones(3)}, tmp_path))


@pytest.mark.parametrize("name", ["os.system", "subprocess.Popen", "posix.system", "torch.hub.load"])
def test_only_what_could_run_something_is_called_dangerous(name: str, tmp_path: Path) -> None:
    called = Call(Name(*name.rsplit(".", 1)), ("touch ran",))
    with pytest.raises(ModelCorrupt, match=f"refused: it asks for '{name}'"):
        read_network(written(dumps({"G_ema": called}), tmp_path))


def test_nvidias_modules_in_a_file_of_torch_are_told_to_be_pickled(tmp_path: Path) -> None:
    content = files.checkpoint({"G_ema": files.ada_tree()["G_ema"]})
    assert "pickle.dump" in refusal(written(content, tmp_path))
