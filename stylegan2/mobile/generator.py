"""MobileStyleGAN behind the common generator interface."""

import copy
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from retouchml.errors import ModelCorrupt, ModelMissing, UsageError
from stylegan2.formats import safetensors_file
from stylegan2.formats.opening import WeightFile
from stylegan2.formats.safetensors_file import Content, Header
from stylegan2.generator import Generator, Noise, StyleLayer, as_picture
from stylegan2.graphed import Graphed
from stylegan2.latents import LatentSpace, known_space
from stylegan2.mobile.convert import load_weights
from stylegan2.mobile.half_images import HalfImages, multiplies_half
from stylegan2.mobile.network import CHANNELS, NUM_STYLES, RESOLUTION, SMALLEST, W_DIM, Mapping, Synthesis
from stylegan2.mobile.small_images import SmallImages
from stylegan2.networks.mapping import truncate
from stylegan2.onnx import OnnxRenderer
from stylegan2.precision import Precision, check_precision, half_type

ARCHITECTURE = "mobilestylegan"


def style_layers() -> tuple[StyleLayer, ...]:
    """The 23 style inputs: one at 4 px, three for each doubling, one for the image."""
    layers = [(4, "conv")]
    for i in range(len(CHANNELS) - 1):
        side = 8 << i
        layers += [(side, "up"), (side, "conv"), (side, "conv")]
    layers.append((RESOLUTION, "image"))
    return tuple(StyleLayer(index, side, role) for index, (side, role) in enumerate(layers))


class MobileGenerator(Generator):
    """MobileStyleGAN in torch; on a CPU, ONNX Runtime makes the images in float32."""

    resolution = RESOLUTION

    def __init__(
        self,
        name: str,
        weights: WeightFile | Path,
        device: torch.device,
        fast: WeightFile | None = None,
        precision: Precision = "float32",
        *,
        small_images: bool = True,
    ) -> None:
        """weights: our own safetensors file; fast: the network as ONNX, with which a CPU renders.

        small_images: whether ONNX Runtime makes small images and their gradients on a CPU, in a third of
        torch's time
        precision: float16 and bfloat16 are used for the four highest resolutions of images of full size.
        Raises ModelCorrupt if the weights are something else, UsageError for another precision.
        """
        check_precision(precision)
        if precision == "float64":
            raise UsageError("MobileStyleGAN does not compute in float64.", "Use float32.")
        self.name = name
        self.device = device
        self.layers = style_layers()
        content = _read(weights)
        tensors, metadata = content.tensors, content.metadata
        self._mapping, self._synthesis = Mapping(), Synthesis()
        load_weights(self._mapping, _below("mapping.", tensors))
        load_weights(self._synthesis, _below("synthesis.", tensors))
        self._synthesis.to(device)
        half = half_type(precision)
        self._full = self._synthesis  # renders images of full size
        if half is not None:
            self._full = copy.deepcopy(self._synthesis)
            self._full.halve(half)
        # In float32, torch's own depthwise kernels on CUDA take contiguous maps alone, and others are copied
        # for them. ``benchmarks.gpu`` measures both layouts.
        self.layout = torch.contiguous_format if device.type == "cuda" else torch.channels_last
        self.lay_out(self.layout)
        self.graphed = Graphed(nn.ModuleList([self._synthesis, self._full]), self._image, enabled=False)
        if known_space(self._mapping, W_DIM) != metadata["latent_space"]:
            raise ModelCorrupt(
                f"{name} claims a latent space that its mapping network does not have.",
                "Fetch it again.",
            )
        self._mapping.to(device)
        self.latents = _latents(metadata["latent_space"], _below("latents.", tensors)).to(device)
        self._fast = fast
        self._renderer: OnnxRenderer | None = None
        self._small = SmallImages(self._synthesis) if small_images and device.type == "cpu" else None
        self._half: HalfImages | None = None  # images up to 512 px, once numbers are short

    @property
    def network(self) -> Synthesis:
        """The synthesis network in torch."""
        return self._synthesis

    def lay_out(self, layout: torch.memory_format) -> None:
        """Put the weights into another order in memory, which feature maps follow."""
        for network in (self._synthesis, self._full):
            network.to(memory_format=layout)  # type: ignore[call-overload]

    def shorten_numbers(self) -> bool:
        """Make images of up to 512 px and their gradients in bfloat16 from now on, in half of the time.

        Returns whether it does: only where ONNX Runtime made them, and the processor multiplies in bfloat16.
        """
        if self._small is not None and multiplies_half():
            self._half = HalfImages(self._synthesis)
        return self._half is not None

    @property
    def has_short_numbers(self) -> bool:
        """Whether small images are made in bfloat16, see ``shorten_numbers``."""
        return self._half is not None

    @property
    def half_is_quick(self) -> bool:
        return self.has_short_numbers  # else the last step to the full side costs next to nothing

    def map(
        self,
        z: Tensor,
        labels: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
    ) -> Tensor:
        if labels is not None:
            raise UsageError("This network takes no labels.")
        with torch.no_grad():
            w = self._mapping(z)
            return truncate(w, self.latents.mean, self.num_layers, truncation_psi, truncation_cutoff)

    def synthesize(self, w_plus: Tensor, resolution: int | None = None, noise: Noise = "const") -> Tensor:
        if noise != "const":
            raise UsageError("This network's noise is folded into it and cannot be changed.")
        if w_plus.ndim != 3 or w_plus.shape[1:] != (NUM_STYLES, self.w_dim):
            raise UsageError(f"w_plus of shape {tuple(w_plus.shape)} does not fit this generator.")
        if resolution not in (None, SMALLEST, 128, 256, 512, RESOLUTION):
            raise UsageError(
                f"This generator renders at 64 to {RESOLUTION} pixels, powers of two; {resolution} is not."
            )
        return self.graphed(w_plus, resolution or RESOLUTION)

    def _image(self, w_plus: Tensor, resolution: int) -> Tensor:
        if resolution < RESOLUTION:
            small = self._half or self._small
            if small is None or w_plus.dtype != torch.float32:
                return self._synthesis.coarse(w_plus, resolution)
            return small(w_plus, resolution)
        image: Tensor = self._full(w_plus)
        return image

    def render(self, w_plus: Tensor) -> NDArray[np.float32]:
        is_half = self._full is not self._synthesis
        if self.device.type != "cpu" or is_half or self._fast is None or not self._fast.path.exists():
            return super().render(w_plus)
        if self._renderer is None:
            self._renderer = OnnxRenderer(self._fast.read())
        return as_picture(torch.from_numpy(self._renderer(w_plus.detach().numpy())))


def _latents(name: str, tensors: dict[str, Tensor]) -> LatentSpace:
    shapes = {key: tuple(value.shape) for key, value in tensors.items()}
    vector, matrix = (W_DIM,), (W_DIM, W_DIM)
    complete = shapes == {"mean": vector, "p_mean": vector, "whitening": matrix, "coloring": matrix}
    if not complete or not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
        raise ModelCorrupt(
            "The network file does not hold the statistics of its latent space.", "Fetch it again."
        )
    return LatentSpace(name, **tensors)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _read(weights: WeightFile | Path) -> Content:
    def check(header: Header) -> None:
        if header.metadata.get("architecture") != ARCHITECTURE or "latent_space" not in header.metadata:
            raise ModelCorrupt("The file of weights holds another kind of network.", "Fetch it again.")
        if any(entry.dtype != torch.float32 for entry in header.entries.values()):
            raise ModelCorrupt("The file of weights holds numbers of another kind.", "Fetch it again.")

    try:
        return safetensors_file.read(weights, check)
    except ModelMissing as error:
        raise ModelCorrupt(error.message, "Fetch it again.") from error
