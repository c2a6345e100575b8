"""What tests of images and gradients have in common, whichever way these are computed."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from stylegan2.mobile.network import NUM_STYLES, W_DIM, ModulatedConv, Synthesis

Compute = Callable[[Tensor, int], Tensor]  # codes and a side → images


def exact(network: Synthesis) -> Synthesis:
    """The same network in float64."""
    double = copy.deepcopy(network).double()
    for module in double.modules():
        if isinstance(module, ModulatedConv):
            module._coarse.clear()
    return double


def image_and_gradient(compute: Compute, w_plus: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """The images of codes, and the gradient of ``sum(images * upstream)``."""
    leaf = w_plus.clone().requires_grad_(True)
    images = compute(leaf, upstream.shape[-1])
    (gradient,) = torch.autograd.grad(images, leaf, upstream)
    return images.detach(), gradient


def relative(value: Tensor, reference: Tensor) -> float:
    """The largest relative error of a code's layer, or of an image."""
    axes = (-1,) if value.ndim == 3 else (1, 2, 3)
    error = torch.linalg.vector_norm(value.double() - reference.double(), dim=axes)
    return float((error / torch.linalg.vector_norm(reference.double(), dim=axes)).max())


def with_styles_of_zero(network: Synthesis) -> Synthesis:
    """A copy in which the first style of several layers is zero for every code."""
    changed = copy.deepcopy(network)
    affines = (changed.first_affine, changed.blocks[1].up_affine, changed.blocks[6].up_affine)
    for affine in (*affines, changed.blocks[0].conv1.affine, changed.blocks[6].conv1.affine):
        affine.weight[:1] = 0.0
        affine.bias[:1] = 0.0
    return changed


def check_that_two_images_can_wait(compute: Compute) -> None:
    """Two images are made before the gradient of either is."""
    torch.manual_seed(7)
    first, second = (torch.randn(1, NUM_STYLES, W_DIM, requires_grad=True) for _ in range(2))
    upstream = torch.randn(1, 3, 64, 64)
    one, two = compute(first, 64), compute(second, 64)
    (later,) = torch.autograd.grad(two, second, upstream)
    (earlier,) = torch.autograd.grad(one, first, upstream)
    assert torch.equal(earlier, image_and_gradient(compute, first.detach(), upstream)[1])
    assert torch.equal(later, image_and_gradient(compute, second.detach(), upstream)[1])


def check_that_there_is_no_second_gradient(compute: Compute) -> None:
    """The gradient says that it has none itself."""
    leaf = torch.randn(1, NUM_STYLES, W_DIM, requires_grad=True)
    image = compute(leaf, 64)
    (gradient,) = torch.autograd.grad(image.square().sum(), leaf, create_graph=True)
    with pytest.raises(RuntimeError, match="differentiat"):
        torch.autograd.grad(gradient.sum(), leaf)
