"""The default generator behind the common interface, and what it makes of a damaged file."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import stylegan2
from retouchml.errors import ModelCorrupt, ModelMissing, UsageError
from stylegan2 import zoo
from stylegan2.formats.opening import WeightFile
from stylegan2.generator import Generator, as_picture
from stylegan2.mobile.generator import MobileGenerator, style_layers
from stylegan2.precision import Precision
from tests.conftest import at_home


@pytest.fixture(scope="module")
def weights(real_home: Path) -> Path:
    """The default model's weight file."""
    with at_home(real_home):
        return zoo.path("ffhq-mobile", "ffhq-mobile.safetensors")


def test_there_are_23_style_inputs_one_for_4_px_three_an_octave_and_one_for_the_picture() -> None:
    layers = style_layers()
    assert [layer.index for layer in layers] == list(range(23))
    assert [layer.resolution for layer in layers] == [
        4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64, 128, 128, 128, 256, 256, 256, 512, 512, 512, 1024
    ]  # fmt: skip
    assert [layer.role for layer in layers] == ["conv", *["up", "conv", "conv"] * 7, "image"]


def test_a_generator_has_the_sizes_of_ffhq(generator: Generator) -> None:
    assert (generator.num_layers, generator.w_dim, generator.resolution) == (23, 512, 1024)


def test_truncation_draws_codes_towards_the_mean(generator: Generator) -> None:
    torch.manual_seed(0)
    z = torch.randn(2, 512)
    full, half, none = (generator.map(z, truncation_psi=psi) for psi in (1.0, 0.5, 0.0))
    assert full.shape == (2, 23, 512)
    assert torch.equal(full[:, 0], full[:, 22])
    assert torch.allclose(none, generator.latents.mean.expand_as(none))
    assert torch.allclose(half, (full + none) / 2.0, atol=1e-5)


def test_the_statistics_are_those_of_the_mapping_network(generator: Generator) -> None:
    torch.manual_seed(1)
    v = generator.latents.whiten(generator.map(torch.randn(2000, 512))[:, 0])
    assert float(v.mean(0).abs().max()) < 0.15
    assert v[:, -100:].std(0).mean().item() == pytest.approx(1.0, abs=0.03)


def test_rendering_is_the_synthesised_picture_clipped_to_0_and_1(generator: Generator) -> None:
    torch.manual_seed(2)
    w_plus = generator.map(torch.randn(1, 512), truncation_psi=0.8)
    with torch.no_grad():
        image = generator.synthesize(w_plus)
    picture = generator.render(w_plus[0])
    assert picture.shape == (1024, 1024, 3)
    assert picture.dtype == np.float32
    assert (picture.min(), picture.max()) == (0.0, 1.0)
    assert np.allclose(picture, as_picture(image[0]), atol=1e-3)


@pytest.mark.parametrize("shape", [(23, 512), (1, 18, 512), (1, 23, 256), (1, 1, 23, 512), (1, 23)])
def test_codes_of_another_shape_are_refused(generator: Generator, shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="w_plus"):
        generator.synthesize(torch.zeros(shape), 64)


@pytest.mark.parametrize("resolution", [0, 32, 100, 2048, -64])
def test_a_picture_of_another_size_is_refused(generator: Generator, resolution: int) -> None:
    with pytest.raises(UsageError, match=str(resolution)):
        generator.synthesize(torch.zeros(1, 23, 512), resolution)


def test_several_codes_are_synthesised_at_once(generator: Generator) -> None:
    w_plus = generator.map(torch.randn(3, 512))
    with torch.no_grad():
        together = generator.synthesize(w_plus, 64)
        alone = generator.synthesize(w_plus[1:2], 64)
    assert together.shape == (3, 3, 64, 64)
    assert torch.allclose(together[1:2], alone, atol=1e-4)


def damaged(weights: Path, target: Path, **changed: torch.Tensor | None) -> Path:
    """A copy of a weight file with tensors changed, by name with dots as two underscores.

    None leaves one out.
    """
    tensors = load_file(weights)
    for name, value in changed.items():
        if value is None:
            del tensors[name.replace("__", ".")]
        else:
            tensors[name.replace("__", ".")] = value
    save_file(tensors, target, {"architecture": "mobilestylegan", "latent_space": "ffhq-config-f"})
    return target


@pytest.mark.parametrize(
    "changed",
    [
        {"synthesis__image_bias": None},
        {"synthesis__surplus": torch.zeros(1)},
        {"synthesis__const": torch.zeros(1, 512, 8, 8)},
        {"mapping__layers__3__weight": torch.full((512, 512), float("inf"))},
        {"latents__mean": None},
        {"latents__whitening": torch.zeros(512, 256)},
        {"latents__coloring": torch.full((512, 512), float("nan"))},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_file_that_is_not_this_network_is_corrupt(
    changed: dict[str, torch.Tensor | None], weights: Path, tmp_path: Path
) -> None:
    path = damaged(weights, tmp_path / "damaged.safetensors", **changed)
    with pytest.raises(ModelCorrupt):
        MobileGenerator("ffhq-mobile", path, torch.device("cpu"))


def test_another_mapping_network_cannot_claim_the_latent_space(weights: Path, tmp_path: Path) -> None:
    path = damaged(weights, tmp_path / "lying.safetensors", mapping__layers__7__bias=torch.ones(512))
    with pytest.raises(ModelCorrupt, match="latent space"):
        stylegan2.load(path)


@pytest.mark.parametrize("length", [0, 7, 8, 5_000, 1_000_000])
def test_a_cut_file_is_corrupt(length: int, weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    with weights.open("rb") as file:
        path.write_bytes(file.read(length))
    with pytest.raises(ModelCorrupt, match=r"cut\.safetensors"):
        MobileGenerator("ffhq-mobile", path, torch.device("cpu"))


@pytest.mark.parametrize(
    "metadata", [None, {"architecture": "stylegan2", "latent_space": "x"}, {"architecture": "mobilestylegan"}]
)
def test_another_network_s_file_is_corrupt(metadata: dict[str, str] | None, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata)
    with pytest.raises(ModelCorrupt, match="another kind"):
        MobileGenerator("other", path, torch.device("cpu"))


def test_a_missing_file_is_corrupt(tmp_path: Path) -> None:
    with pytest.raises(ModelCorrupt):
        MobileGenerator("ffhq-mobile", tmp_path / "none.safetensors", torch.device("cpu"))


def test_only_generators_that_were_fetched_load() -> None:
    with pytest.raises(ModelMissing, match="not on this machine") as missing:
        stylegan2.load("ffhq-mobile")
    assert "retouchml models fetch ffhq-mobile" in missing.value.advice
    with pytest.raises(ModelMissing):
        stylegan2.load("nobody")
    with pytest.raises(ModelMissing, match="no generator"):
        stylegan2.load("dlib-faces")


def test_the_fast_renderer_is_compared_with_its_hash_before_it_is_used(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "fast.onnx").write_bytes(b"another")
    changed = ModelCorrupt("It has changed since it was fetched.")
    fast = WeightFile(tmp_path / "fast.onnx", "0" * 64, changed)
    generator = MobileGenerator("ffhq-mobile", weights, torch.device("cpu"), fast)
    with pytest.raises(ModelCorrupt, match="has changed since it was fetched"):
        generator.render(generator.map(torch.zeros(1, 512))[0])


@pytest.mark.parametrize(("precision", "least"), [("float16", 65.0), ("bfloat16", 45.0)])
def test_half_precision_gives_nearly_the_same_picture_and_small_pictures_to_the_bit(
    precision: Precision, least: float, generator: Generator, weights: Path
) -> None:
    half = MobileGenerator("half", weights, torch.device("cpu"), precision=precision)
    torch.manual_seed(3)
    w_plus = generator.map(torch.randn(1, 512), truncation_psi=0.8)
    with torch.no_grad():
        image, expected = half.synthesize(w_plus), generator.synthesize(w_plus)
        small = MobileGenerator("whole", weights, torch.device("cpu")).synthesize(w_plus, 128)
        assert torch.equal(half.synthesize(w_plus, 128), small)
    assert image.dtype == torch.float32
    assert 10.0 * math.log10(4.0 / float((image - expected).square().mean())) > least
    rendered = half.render(w_plus[0])  # not by ONNX Runtime, which has float32 alone
    assert np.array_equal(rendered, as_picture(image[0]))


def test_codes_far_off_the_faces_make_no_picture_without_numbers_in_float16(
    generator: Generator, weights: Path
) -> None:
    half = MobileGenerator("half", weights, torch.device("cpu"), precision="float16")
    torch.manual_seed(3)
    w_plus = generator.map(torch.randn(1, 512)) * 50.0
    with torch.no_grad():
        assert half.synthesize(w_plus).isfinite().all()


def test_there_is_no_mobile_network_in_double_precision(weights: Path) -> None:
    with pytest.raises(UsageError, match="does not compute in float64"):
        MobileGenerator("double", weights, torch.device("cpu"), precision="float64")
