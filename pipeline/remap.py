"""Samples images at other places on a GPU; ``pipeline.flow.Displacement`` does it by OpenCV on the CPU.

Both interpolate with the same cubic kernel (Keys, "Cubic convolution interpolation", 1981, with a = -0.75)
and repeat the border. OpenCV rounds places to 1/32 pixel and torch does not, so that steep edges differ.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

_DEVICES = ("cuda",)  # types of those on which ``on`` has an effect
_device: ContextVar[torch.device | None] = ContextVar("device of remaps", default=None)


@contextmanager
def on(device: torch.device) -> Iterator[None]:
    """A block in which this thread's displacements work on a device, if it is a GPU for that."""
    token = _device.set(device if device.type in _DEVICES else None)
    try:
        yield
    finally:
        _device.reset(token)


def sampler(x: NDArray[np.float32], y: NDArray[np.float32]) -> "Sampler | None":
    """A sampler at places [H, W] of images of the same size; None where OpenCV does it."""
    device = _device.get()
    return None if device is None else Sampler(x, y, device)


class Sampler:
    """Samples images of one size at fixed places, which lie on the device."""

    def __init__(self, x: NDArray[np.float32], y: NDArray[np.float32], device: torch.device) -> None:
        """x, y: [H, W] in pixels; images have the same size."""
        height, width = x.shape
        places = torch.from_numpy(np.stack([x, y], -1)).to(device)
        # from pixels to [-1, 1] between the centres of the first and the last one
        scale = places.new_tensor([2.0 / max(width - 1, 1), 2.0 / max(height - 1, 1)])
        self._places: Tensor = (places * scale - 1.0)[None]

    def __call__(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """The image [H, W] or [H, W, C] at the places."""
        pixels = torch.from_numpy(np.ascontiguousarray(image)).to(self._places.device)
        channels = pixels.reshape(1, *image.shape[:2], -1).permute(0, 3, 1, 2)
        moved = F.grid_sample(
            channels, self._places, mode="bicubic", padding_mode="border", align_corners=True
        )
        return np.asarray(moved[0].permute(1, 2, 0).reshape(image.shape).cpu().numpy(), np.float32)
