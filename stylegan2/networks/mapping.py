"""The mapping network: z and labels → w, and the truncation towards the mean."""

import torch
from torch import Tensor, nn

from retouchml.errors import UsageError
from stylegan2.networks.layers import EqualLinear, activate, normalize
from stylegan2.networks.spec import MappingSpec


class Mapping(nn.Module):
    """z [N, Z], labels [N, classes] → w [N, W]."""

    def __init__(self, spec: MappingSpec) -> None:
        super().__init__()
        self.spec = spec
        if spec.labels:
            self.embed = EqualLinear(spec.labels, spec.label_width, bias=not spec.joint_norm)
            if spec.joint_norm:
                self.embed.weight_gain = 1.0  # LabelConcat in TensorFlow is not equalised
        inputs = (spec.z_dim + spec.label_width, *spec.widths)
        layers = (EqualLinear(a, b, spec.rate) for a, b in zip(inputs, spec.widths, strict=False))
        self.layers = nn.ModuleList(layers)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self._input(z, labels)
        for layer in self.layers:
            x = activate(layer(x))
        return x

    def _input(self, z: Tensor, labels: Tensor | None) -> Tensor:
        spec = self.spec
        if z.ndim != 2 or z.shape[1] != spec.z_dim:
            raise UsageError(
                f"z of shape {tuple(z.shape)} does not fit: this network takes [N, {spec.z_dim}]."
            )
        if not spec.labels:
            if labels is not None and labels.numel():
                raise UsageError("This network takes no labels.")
            return normalize(z)
        if labels is None:  # as TensorFlow's Network.run does
            labels = z.new_zeros(len(z), spec.labels)
        if labels.shape != (len(z), spec.labels):
            raise UsageError(
                f"Labels of shape {tuple(labels.shape)} do not fit: this network takes [N, {spec.labels}]."
            )
        features = self.embed(labels.to(z))
        if spec.joint_norm:
            return normalize(torch.cat([z, features], 1))
        return torch.cat([normalize(z), normalize(features)], 1) if spec.z_dim else normalize(features)


def truncate(w: Tensor, mean: Tensor, num_layers: int, psi: float, cutoff: int | None) -> Tensor:
    """w [N, W] → w_plus [N, L, W]; layers below ``cutoff`` (all if None) are drawn towards ``mean`` [W]."""
    w_plus = w[:, None].repeat(1, num_layers, 1)
    if psi != 1.0:
        layers = slice(None, cutoff)
        w_plus[:, layers] = mean + psi * (w_plus[:, layers] - mean)
    return w_plus
