"""Small images and gradients in bfloat16 against torch's, in float64."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.networks import load_networks
from stylegan2.mobile import generator as mobile_generator
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.mobile.half_images import HalfImages, multiplies_half
from stylegan2.mobile.network import NUM_STYLES, W_DIM, Synthesis
from stylegan2.mobile.small_images import SmallImages
from tests.conftest import at_home
from tests.stylegan2.mobile.image_checks import (
    check_that_there_is_no_second_gradient,
    check_that_two_images_can_wait,
    exact,
    image_and_gradient,
    relative,
    with_styles_of_zero,
)


def alike(value: torch.Tensor, reference: torch.Tensor) -> float:
    """The cosine of two gradients."""
    cosine = torch.nn.functional.cosine_similarity(value.double().flatten(), reference.flatten(), dim=0)
    return float(cosine)


@pytest.mark.parametrize("side", [64, 128, 256, 512])
def test_images_and_gradients_are_nearly_those_of_float64(side: int, network: Synthesis) -> None:
    torch.manual_seed(side)
    w_plus = torch.randn(1, NUM_STYLES, W_DIM)
    upstream = torch.randn(1, 3, 1, 1).expand(1, 3, side, side).contiguous()
    image, gradient = image_and_gradient(HalfImages(network), w_plus, upstream)
    expected, slope = image_and_gradient(exact(network).coarse, w_plus.double(), upstream.double())
    assert image.dtype == gradient.dtype == torch.float32
    assert image.shape == expected.shape
    assert relative(image, expected) < 0.05
    # every row, so that no style's gradient is another's
    rows = torch.nn.functional.cosine_similarity(gradient[0].double(), slope[0], dim=1)
    assert float(rows.min()) > 0.95
    assert 0.97 < float(gradient.norm() / slope.norm()) < 1.03


def test_a_style_of_zero_has_a_gradient(network: Synthesis) -> None:
    changed = with_styles_of_zero(network)
    torch.manual_seed(5)
    w_plus, upstream = torch.randn(1, NUM_STYLES, W_DIM), torch.ones(1, 3, 64, 64)
    image, gradient = image_and_gradient(HalfImages(changed), w_plus, upstream)
    expected, slope = image_and_gradient(exact(changed).coarse, w_plus.double(), upstream.double())
    assert relative(image, expected) < 0.05
    assert alike(gradient, slope) > 0.99


def test_each_code_of_a_batch_has_its_own_image_and_gradient(network: Synthesis) -> None:
    torch.manual_seed(6)
    half = HalfImages(network)
    w_plus, upstream = torch.randn(3, NUM_STYLES, W_DIM), torch.randn(3, 3, 64, 64)
    images, gradients = image_and_gradient(half, w_plus, upstream)
    for index in range(3):
        one = slice(index, index + 1)
        image, gradient = image_and_gradient(half, w_plus[one], upstream[one])
        assert torch.equal(images[one], image)
        assert torch.equal(gradients[one], gradient)
    with torch.no_grad():
        assert torch.equal(half(w_plus, 64), images)


def test_maps_are_used_again_for_the_same_result_and_no_others_are_made(network: Synthesis) -> None:
    torch.manual_seed(7)
    half = HalfImages(network)
    w_plus, upstream = torch.randn(1, NUM_STYLES, W_DIM), torch.randn(1, 3, 64, 64)
    first = image_and_gradient(half, w_plus, upstream)
    assert half._size is not None
    kept = {shape: len(maps) for shape, maps in half._size._pool._free.items()}
    assert len(kept) > 5
    with torch.no_grad():
        half(w_plus, 64)
    again = image_and_gradient(half, w_plus, upstream)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    assert {shape: len(maps) for shape, maps in half._size._pool._free.items()} == kept


def test_an_image_without_gradient_leaves_its_maps_to_the_next(network: Synthesis) -> None:
    half = HalfImages(network)
    with torch.no_grad():
        half(torch.randn(1, NUM_STYLES, W_DIM), 64)
        assert half._size is not None
        kept = {shape: len(maps) for shape, maps in half._size._pool._free.items()}
        half(torch.randn(2, NUM_STYLES, W_DIM), 64)
    assert {shape: len(maps) for shape, maps in half._size._pool._free.items()} == kept
    assert len(kept) > 5


def test_two_images_can_wait_for_their_gradients(network: Synthesis) -> None:
    check_that_two_images_can_wait(HalfImages(network))


def test_there_is_no_second_gradient(network: Synthesis) -> None:
    check_that_there_is_no_second_gradient(HalfImages(network))


@pytest.mark.parametrize("side", [64, 128, 256])
def test_images_of_the_default_generator_are_those_of_float32_to_46_db(side: int, real_home: Path) -> None:
    with at_home(real_home):
        weights = mobile_weights()
    generator = MobileGenerator("ffhq-mobile", weights, torch.device("cpu"))
    torch.manual_seed(side)
    w_plus, other = (generator.map(torch.randn(1, 512), truncation_psi=0.7) for _ in range(2))
    reference = SmallImages(generator.network)
    with torch.no_grad():
        upstream = (reference(w_plus, side) - reference(other, side)).sign()  # of the mean difference
    image, gradient = image_and_gradient(HalfImages(generator.network), w_plus, upstream)
    expected, slope = image_and_gradient(reference, w_plus, upstream)
    assert float((image - expected).square().mean().sqrt()) < 2.0 * 10.0 ** (-46.0 / 20.0)
    assert alike(gradient, slope.double()) > 0.995


def mobile_weights() -> Path:
    """The default generator's file of weights."""
    from stylegan2 import zoo

    return zoo.path("ffhq-mobile", "ffhq-mobile.safetensors")


@pytest.mark.parametrize("able", [True, False])
def test_numbers_are_short_by_default_where_the_processor_multiplies_them(
    able: bool, real_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mobile_generator, "multiplies_half", lambda: able)
    with at_home(real_home):
        automatic = load_networks("ffhq-mobile", "cpu").generator
        asked = load_networks("ffhq-mobile", "cpu", precision="float32").generator
    assert isinstance(automatic, MobileGenerator)
    assert isinstance(asked, MobileGenerator)
    w_plus = asked.map(torch.zeros(1, 512))
    with torch.no_grad():
        for side in (64, 256, 512):
            same = torch.equal(automatic.synthesize(w_plus, side), asked.synthesize(w_plus, side))
            assert same is not able
    assert automatic.half_is_quick is able
    assert not asked.half_is_quick
    assert np.array_equal(automatic.render(w_plus[0]), asked.render(w_plus[0]))
    assert automatic.identity == asked.identity


def test_a_processor_without_instructions_for_them_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("avx512_bf16", "amx_tile"):
        monkeypatch.setattr(torch.cpu, f"_is_{name}_supported", lambda: False, raising=False)
    assert not multiplies_half()
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert multiplies_half()
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported")
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported")
    assert not multiplies_half()
