"""Displacement by torch, as on a GPU, beside OpenCV's on the CPU."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline import remap
from pipeline.flow import Displacement, displaced
from pipeline.remap import Sampler

CPU = torch.device("cpu")


def smooth(shape: tuple[int, ...], sigma: float, seed: int = 0) -> NDArray[np.float32]:
    """Smooth noise of about [0, 1]."""
    noise = np.random.default_rng(seed).random(shape).astype(np.float32)
    blurred = np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma), np.float32)
    return np.asarray((blurred - blurred.min()) / (blurred.max() - blurred.min()), np.float32)


def by_torch(image: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    y, x = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    return Sampler(x + flow[..., 0], y + flow[..., 1], CPU)(image)


@pytest.mark.parametrize("shape", [(48, 64), (48, 64, 1), (48, 64, 3), (33, 20, 4)])
def test_torch_displaces_as_opencv_does(shape: tuple[int, ...]) -> None:
    image = smooth(shape, 2.0)
    flow = (smooth((*shape[:2], 2), 4.0, seed=1) - 0.5) * 24.0  # beyond the border, too
    expected = displaced(image, flow)
    found = by_torch(image, flow)
    assert found.dtype == np.float32
    assert found.shape == image.shape
    assert np.abs(found.reshape(expected.shape) - expected).max() < 0.01
    assert np.abs(found.reshape(expected.shape) - expected).mean() < 0.001


def test_by_multiples_of_a_32nd_pixel_the_two_are_equal() -> None:
    image = np.random.default_rng(2).random((40, 40, 3)).astype(np.float32)
    steps = np.random.default_rng(3).integers(-160, 160, (40, 40, 2))
    flow = (steps / 32.0).astype(np.float32)
    assert np.allclose(by_torch(image, flow), displaced(image, flow), atol=2e-4)


def test_no_motion_changes_nothing_and_whole_pixels_shift() -> None:
    image = np.random.default_rng(4).random((24, 24, 3)).astype(np.float32)
    flow = np.zeros((24, 24, 2), np.float32)
    assert np.allclose(by_torch(image, flow), image, atol=1e-5)
    flow[..., 0] = 3.0
    shifted = by_torch(image, flow)
    assert np.allclose(shifted[:, :-3], image[:, 3:], atol=1e-5)
    assert np.allclose(shifted[:, -3:], image[:, -1:], atol=1e-5)  # the border is repeated


def test_the_device_chooses_and_only_within_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    image, flow = smooth((16, 16, 3), 1.0), np.full((16, 16, 2), 0.3, np.float32)
    used: list[str] = []

    class Noting(Sampler):
        def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
            used.append("torch")
            return super().__call__(image)

    monkeypatch.setattr(remap, "Sampler", Noting)
    with remap.on(CPU):
        Displacement(flow)(image)
    assert used == []
    monkeypatch.setattr(remap, "_DEVICES", ("cpu",))  # the CPU stands for a GPU
    with remap.on(CPU):
        inside = Displacement(flow)
        inside(image)
        each = inside.each(image[..., 0], image[..., 1], image[..., 2])
    assert used == ["torch", "torch"]
    assert np.abs(np.dstack(each) - displaced(image, flow)).max() < 0.02
    assert used == ["torch", "torch"]
