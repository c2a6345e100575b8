"""The TensorFlow 1.15 engine against the numbers of the reference implementations, and against torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import stylegan2
from stylegan2.tensorflow1.generator import TensorFlow1Generator
from stylegan2.tensorflow1.py37 import messages
from tests.conftest import at_home
from tests.stylegan2 import test_parity as reference


@dataclass(frozen=True)
class Case:
    file: Path
    generator: TensorFlow1Generator


@pytest.fixture(scope="module", params=list(reference._REFERENCES))
def case(request: pytest.FixtureRequest, tensorflow1_home: Path) -> Iterator[Case]:
    found = [folder / request.param for folder in (reference._WHOLE, reference._TRIMMED)]
    file = next((path for path in found if path.exists()), None)
    if file is None:
        pytest.skip(f"{request.param} is not beside this checkout")
    with at_home(tensorflow1_home):
        generator = stylegan2.load(file, "cpu", engine="tensorflow1")
    assert isinstance(generator, TensorFlow1Generator)
    assert generator.child.about["version"].startswith("1.15.")
    yield Case(file, generator)
    generator.child.close()


def gradient(case: Case, w_plus: Tensor, resolution: int | None = None) -> Tensor:
    leaf = w_plus.clone().requires_grad_(True)
    loss = case.generator.synthesize(leaf, resolution).square().mean()
    return torch.autograd.grad(loss, leaf)[0]


def relative_error(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


def test_codes_are_those_of_the_reference_for_every_truncation(case: Case) -> None:
    arrays, checked = reference.numbers(case.file), 0
    for name, expected in arrays.items():
        if name.startswith("w_psi"):
            psi, _, cutoff = name.removeprefix("w_psi").partition("_cut")
            last = None if cutoff in ("", "None") else int(cutoff)
            w_plus = case.generator.map(arrays["z"], arrays.get("labels"), float(psi), last)
            assert float((w_plus - expected).abs().max()) <= 1e-5, name
            checked += 1
    assert checked


def test_images_and_gradients_are_those_of_the_reference(case: Case) -> None:
    arrays = reference.numbers(case.file)
    for count in (4, 1):
        image = case.generator.synthesize(arrays["wplus"][:count])
        reference.assert_image(image, arrays["img_wplus"][:count])
    assert relative_error(gradient(case, arrays["grad_input_wplus"]), arrays["grad_wplus"]) <= 1e-3
    if "img_wplus_nonoise" in arrays:
        image = case.generator.synthesize(arrays["wplus"], noise="none")
        reference.assert_image(image, arrays["img_wplus_nonoise"])


def test_in_double_precision_they_agree_to_a_millionth(case: Case) -> None:
    arrays, exact = reference.numbers(case.file), reference.numbers(case.file, "f64")
    if not exact:
        pytest.skip("the reference has no numbers of double precision")
    expected = exact["img_wplus_f64"]
    image = case.generator.synthesize(arrays["wplus"][: len(expected)].double())
    assert image.dtype == torch.float64
    assert float((image - expected).abs().max()) <= 1e-6
    assert (
        relative_error(gradient(case, arrays["grad_input_wplus"].double()), exact["grad_wplus_f64"]) <= 1e-6
    )


def test_small_and_large_pictures_are_those_of_torch(case: Case) -> None:
    w_plus = reference.numbers(case.file)["wplus"][:1]
    other = Case(case.file, reference.network(case.file))
    for resolution in (8, 16, 2 * case.generator.resolution):
        image, expected = (each.generator.synthesize(w_plus, resolution) for each in (case, other))
        reference.assert_image(image, expected)
        assert relative_error(gradient(case, w_plus, resolution), gradient(other, w_plus, resolution)) <= 1e-3


def test_random_noise_is_new_each_time_and_its_gradient_is_that_of_the_picture(case: Case) -> None:
    if case.file.name != "tf32_skip_as_rosinality.pt":
        pytest.skip("one network is enough")
    w_plus = reference.numbers(case.file)["wplus"][:1].double()
    first, second = (case.generator.synthesize(w_plus, noise="random") for _ in range(2))
    assert 0.01 < float((first - second).abs().mean()) < 1.0
    leaf = w_plus.clone().requires_grad_(True)
    image = case.generator.synthesize(leaf, noise="random")
    (slope,) = torch.autograd.grad(image.sum(), leaf)
    # At another seed the slope differs; at this one, a small step along it must give what it foretells.
    context: Any = image.grad_fn
    step = 1e-6 * slope / slope.norm()
    request = {"op": "synthesize", "w_plus": messages.pack_array((w_plus + step).numpy()), **context.call}
    moved = torch.from_numpy(messages.unpack_array(case.generator.child.ask(request)).copy())
    assert float((moved - image.detach()).sum() / 1e-6) == pytest.approx(float(slope.norm()), rel=1e-3)
