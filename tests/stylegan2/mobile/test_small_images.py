"""Small images and gradients by ONNX Runtime against torch's, in float64."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from stylegan2 import zoo
from stylegan2.generator import Generator
from stylegan2.mobile.generator import MobileGenerator
from stylegan2.mobile.gradient_graph import band_order
from stylegan2.mobile.network import NUM_STYLES, W_DIM, Synthesis, inverse_haar
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


@pytest.fixture
def threads() -> Iterator[int]:
    """How many threads torch has, and has again after the test."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


@pytest.mark.parametrize("side", [64, 128, 256, 512])
def test_images_and_gradients_are_torchs(side: int, network: Synthesis) -> None:
    torch.manual_seed(side)
    w_plus, upstream = torch.randn(1, NUM_STYLES, W_DIM), torch.randn(1, 3, side, side)
    image, gradient = image_and_gradient(SmallImages(network), w_plus, upstream)
    expected, slope = image_and_gradient(exact(network).coarse, w_plus.double(), upstream.double())
    assert image.shape == expected.shape
    assert gradient.shape == w_plus.shape
    assert relative(image, expected) < 1e-5
    assert relative(gradient, slope) < (1e-3 if side < 512 else 0.05)  # a rounded zero has another sign


def test_a_style_of_zero_has_a_gradient(network: Synthesis) -> None:
    changed = with_styles_of_zero(network)
    torch.manual_seed(5)
    w_plus, upstream = torch.randn(1, NUM_STYLES, W_DIM), torch.randn(1, 3, 64, 64)
    image, gradient = image_and_gradient(SmallImages(changed), w_plus, upstream)
    expected, slope = image_and_gradient(exact(changed).coarse, w_plus.double(), upstream.double())
    assert relative(image, expected) < 1e-5
    assert relative(gradient, slope) < 2e-3


def test_each_code_of_a_batch_has_its_own_image_and_gradient(network: Synthesis) -> None:
    torch.manual_seed(6)
    small = SmallImages(network)
    w_plus, upstream = torch.randn(3, NUM_STYLES, W_DIM), torch.randn(3, 3, 64, 64)
    images, gradients = image_and_gradient(small, w_plus, upstream)
    for index in range(3):
        one = slice(index, index + 1)
        image, gradient = image_and_gradient(small, w_plus[one], upstream[one])
        assert torch.equal(images[one], image)
        assert torch.equal(gradients[one], gradient)
    with torch.no_grad():
        assert torch.allclose(small(w_plus, 64), images, atol=1e-6)


def test_two_images_can_wait_for_their_gradients(network: Synthesis) -> None:
    check_that_two_images_can_wait(SmallImages(network))


def test_there_is_no_second_gradient(network: Synthesis) -> None:
    check_that_there_is_no_second_gradient(SmallImages(network))


def test_only_the_last_size_and_number_of_threads_is_kept(network: Synthesis, threads: int) -> None:
    small = SmallImages(network)
    code = torch.zeros(1, NUM_STYLES, W_DIM)
    made = []
    for side, count in ((64, 1), (64, 1), (64, 2), (128, 2)):
        torch.set_num_threads(count)
        small(code, side)
        made.append(small._sessions)
    assert made[0] is made[1]
    assert len(set(map(id, made))) == 3


def test_threads_that_ask_for_different_sizes_get_these(network: Synthesis) -> None:
    small = SmallImages(network)
    w_plus = torch.randn(1, NUM_STYLES, W_DIM)
    sizes = [64, 128] * 8
    with torch.no_grad(), ThreadPoolExecutor(4) as pool:
        images = list(pool.map(lambda side: small(w_plus, side), sizes))
    assert [each.shape[-1] for each in images] == sizes
    for size in (64, 128):
        first, *others = (image for image, side in zip(images, sizes, strict=True) if side == size)
        assert all(torch.equal(each, first) for each in others)


def test_bands_in_another_order_are_the_same_bands() -> None:
    channels = 12
    names = np.array([*"abc", *(f"{c}{i}" for c in "abc" for i in range(3))])
    assert names[band_order(channels)].tolist() == [
        "a", "a0", "a1", "a2", "b", "b0", "b1", "b2", "c", "c0", "c1", "c2"
    ]  # fmt: skip
    # one channel's four bands, wherever they are, make that channel
    bands = torch.zeros(1, channels, 2, 2)
    bands[:, band_order(channels)[4:8]] = torch.randn(4, 2, 2)
    image = inverse_haar(bands)
    assert float(image[:, 1].abs().min()) > 0.0
    assert float(image[:, [0, 2]].abs().max()) == 0.0


@pytest.fixture(scope="module")
def quick(real_home: Path) -> MobileGenerator:
    """The default generator, whose small images ONNX Runtime makes."""
    with at_home(real_home):
        weights = zoo.path("ffhq-mobile", "ffhq-mobile.safetensors")
        return MobileGenerator("ffhq-mobile", weights, torch.device("cpu"))


@pytest.mark.parametrize("side", [64, 128, 256])
def test_the_default_generator_s_gradients_are_as_near_to_float64_as_torchs(
    side: int, quick: MobileGenerator
) -> None:
    torch.manual_seed(side)
    w_plus = quick.map(torch.randn(1, 512), truncation_psi=0.7)
    upstream = torch.randn(1, 3, side, side)
    image, gradient = image_and_gradient(quick.synthesize, w_plus, upstream)
    reference = quick._synthesis.coarse
    expected, slope = image_and_gradient(exact(quick._synthesis).coarse, w_plus.double(), upstream.double())
    _, by_torch = image_and_gradient(reference, w_plus, upstream)
    assert float((image - expected).abs().max()) < 1e-4
    assert relative(gradient, slope) < max(2e-3, 2.0 * relative(by_torch, slope))
    with torch.no_grad():
        assert not torch.equal(quick.synthesize(w_plus, side), reference(w_plus, side))


def test_onnx_runtime_makes_the_small_images_of_the_default_generator(generator: Generator) -> None:
    assert isinstance(generator, MobileGenerator)
    w_plus = generator.map(torch.zeros(1, 512))
    with torch.no_grad():
        assert not torch.equal(generator.synthesize(w_plus, 64), generator._synthesis.coarse(w_plus, 64))
