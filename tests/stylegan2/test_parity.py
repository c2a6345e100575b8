"""Every network of the reference implementations, to the digit: weights in each format, images, gradients.

A trimmed set lies in ``tests/data``; the whole one is used, too, where it lies beside the checkout.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import stylegan2
from stylegan2.full_generator import FullGenerator
from stylegan2.precision import Precision

_TRIMMED = Path(__file__).parents[1] / "data" / "stylegan2"
_WHOLE = Path(__file__).parents[3] / "shared" / "data" / "stylegan2-reference"
_REFERENCES = {
    "tf32_skip.pkl": "tf32_skip",
    "tf64_skip.pkl": "tf64_skip",
    "tf32_resnet.pkl": "tf32_resnet",
    "tf32_cond3.pkl": "tf32_cond3",
    "ada32.pkl": "ada32",
    "ada32_torch171.pkl": "ada32",
    "ada64_aug_torch171.pkl": "ada64_aug",
    "tf32_skip_as_ada.pkl": "tf32_skip",
    "tf32_skip_as_rosinality.pt": "tf32_skip",
    "ros64_small.pt": "ros64_small",
    "ros64_small_legacyfmt.pt": "ros64_small",
}
_TRIMMED_FILES = ("tf32_resnet.pkl", "tf32_cond3.pkl", "tf32_skip_as_ada.pkl", "tf32_skip_as_rosinality.pt")
_CASES = [(_TRIMMED, name) for name in _TRIMMED_FILES] + [(_WHOLE, name) for name in _REFERENCES]


@pytest.fixture(params=_CASES, ids=lambda case: f"{case[0].name}-{case[1]}")
def file(request: pytest.FixtureRequest) -> Path:
    folder, name = request.param
    if not (folder / name).exists():
        pytest.skip(f"{name} is not beside this checkout")
    return Path(folder / name)


@cache
def network(file: Path, precision: Precision = "float32") -> FullGenerator:
    generator = stylegan2.load(file, precision=precision)
    assert isinstance(generator, FullGenerator)
    return generator


@cache
def numbers(file: Path, kind: str = "ref") -> Mapping[str, Tensor]:
    """What the reference computed, by name; nothing where there is no such file."""
    path = file.with_name(f"{_REFERENCES[file.name]}_{kind}.npz")
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as content:
        return {name: torch.from_numpy(content[name]) for name in content.files}


def assert_image(image: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    assert image.shape == expected.shape
    assert float((image - expected).abs().max()) <= tolerance * max(1.0, float(expected.abs().max()))


def gradient(generator: FullGenerator, w_plus: Tensor, *, plain: bool) -> Tensor:
    leaf = w_plus.clone().requires_grad_(True)
    loss = generator.synthesis(leaf, plain=plain).square().mean()
    return torch.autograd.grad(loss, leaf)[0]


def test_codes_are_those_of_the_reference_for_every_truncation(file: Path) -> None:
    generator, arrays = network(file), numbers(file)
    checked = 0
    for name, expected in arrays.items():
        if not name.startswith("w_psi"):
            continue
        psi, _, cutoff = name.removeprefix("w_psi").partition("_cut")
        last = None if cutoff in ("", "None") else int(cutoff)
        w_plus = generator.map(arrays["z"], arrays.get("labels"), float(psi), last)
        assert float((w_plus - expected).abs().max()) <= 1e-5, name
        image = arrays.get(name.replace("w_", "img_", 1))
        if image is not None:
            assert_image(generator.synthesize(w_plus), image)
        checked += 1
    assert checked


@pytest.mark.parametrize("plain", [False, True], ids=["fast", "plain"])
@pytest.mark.parametrize("count", [4, 1])
def test_images_are_those_of_the_reference_alone_and_in_a_batch(file: Path, count: int, plain: bool) -> None:
    arrays = numbers(file)
    w_plus = arrays["wplus"][:count]
    assert_image(network(file).synthesis(w_plus, plain=plain), arrays["img_wplus"][:count])


def test_noise_can_be_left_out(file: Path) -> None:
    arrays = numbers(file)
    image = network(file).synthesize(arrays["wplus"], noise="none")
    if "img_wplus_nonoise" in arrays:
        assert_image(image, arrays["img_wplus_nonoise"])
    assert float((image - arrays["img_wplus"]).abs().max()) > 0.1


def test_pictures_of_8_bits_differ_by_one_level_at_most(file: Path) -> None:
    arrays = numbers(file)
    if "u8_wplus" not in arrays:
        pytest.skip("the reference has no picture of 8 bits")
    image = network(file).synthesize(arrays["wplus"]).permute(0, 2, 3, 1)
    levels = (image * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    difference = (levels.int() - arrays["u8_wplus"].int()).abs()
    assert int(difference.max()) <= 1
    assert float((difference > 0).float().mean()) < 2e-4


@pytest.mark.parametrize("plain", [False, True], ids=["fast", "plain"])
def test_the_discriminator_gives_the_scores_of_the_reference(file: Path, plain: bool) -> None:
    arrays, judge = numbers(file), network(file).discriminator
    if "d_scores" not in arrays or judge is None:
        pytest.skip("the file or the reference has no discriminator")
    scores = judge(arrays["img_wplus"], arrays.get("labels"), plain=plain)
    assert float((scores - arrays["d_scores"]).abs().max()) <= 2e-5


@pytest.mark.parametrize("plain", [False, True], ids=["fast", "plain"])
def test_gradients_are_those_of_the_reference(file: Path, plain: bool) -> None:
    arrays = numbers(file)
    actual = gradient(network(file), arrays["grad_input_wplus"], plain=plain)
    expected = arrays["grad_wplus"]
    assert float((actual - expected).norm() / expected.norm()) <= 1e-3


@pytest.mark.parametrize("plain", [False, True], ids=["fast", "plain"])
def test_in_double_precision_images_and_gradients_agree_to_a_millionth(file: Path, plain: bool) -> None:
    arrays, exact = numbers(file), numbers(file, "f64")
    if not exact:
        pytest.skip("the reference has no numbers of double precision")
    generator = network(file, "float64")
    expected = exact["img_wplus_f64"]
    image = generator.synthesis(arrays["wplus"][: len(expected)].double(), plain=plain)
    assert float((image - expected).abs().max()) <= 1e-6
    actual = gradient(generator, arrays["grad_input_wplus"].double(), plain=plain)
    slope = exact["grad_wplus_f64"]
    assert float((actual - slope).norm() / slope.norm()) <= 1e-6


def test_half_precision_stays_near(file: Path) -> None:
    arrays = numbers(file)
    image: Any = network(file, "float16").synthesize(arrays["wplus"])
    expected = arrays["img_wplus"]
    assert image.dtype == torch.float32
    assert float((image - expected).abs().max()) <= 0.02 * max(1.0, float(expected.abs().max()))
