"""The latent space W of a generator: its name, its mean, and the whitened P space of meaningful distances.

P undoes the mapping network's last leaky ReLU (slope 0.2, so negative values are multiplied by 5); there,
samples are close to a Gaussian, and PCA whitening makes it nearly a standard one (Zhu et al., "Improved
StyleGAN embedding", arXiv 2012.09036).
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylegan2.networks.mapping import Mapping

_SLOPE = 0.2
# Below this variance a direction is not stretched to unit variance: there, codes drawn towards the mean in W
# lie far off the samples, and whitening would let that noise drown the rest.
_MIN_VARIANCE = 0.05

_SAMPLES = 20_000
_SEED = 2024
_BATCH = 2_000
_FEW_SAMPLES = 500  # enough to tell false statistics from true ones
_MAX_DEVIATIONS = 0.5  # standard deviations; the mean of so few samples is off by 0.04
_MAX_VARIANCE = 4.0  # of whitened samples, about 1
_ROUNDING = 0.02

# The first numbers of w for z_i = sin(i + 1). Those of "ffhq-config-f" come from the distillate, whose
# mapping network is that of NVIDIA's FFHQ config-f.
# fmt: off
_FINGERPRINTS = {
    "ffhq-config-f": (
        -0.0679, -0.0299, -0.2287, 0.1071, 0.0325, -0.0264,
        -0.0305, -0.0069, 2.0196, -0.0266, 0.3772, -0.1259,
    ),
}
# fmt: on
_FINGERPRINT_TOLERANCE = 2e-3  # the distillate's weights went through another framework


@dataclass(frozen=True)
class LatentSpace:
    """Statistics of W, and the way to whitened coordinates v and back.

    name:      which W space this is; learned parts name the one they belong to
    mean:      [W] mean of w
    p_mean:    [W] mean of p = w where w > 0, else 5 w
    whitening: [W, W] v = (p - p_mean) @ whitening
    coloring:  [W, W] p = p_mean + v @ coloring
    """

    name: str
    mean: Tensor
    p_mean: Tensor
    whitening: Tensor
    coloring: Tensor

    @classmethod
    def fit(cls, name: str, w: Tensor) -> "LatentSpace":
        """Statistics of samples ``w`` [N, W]. The components of v are sorted by rising variance of p."""
        w = w.double()
        p = torch.where(w < 0, w / _SLOPE, w)
        p_mean = p.mean(0)
        variance, axes = torch.linalg.eigh(torch.cov((p - p_mean).T))
        deviation = variance.clamp_min(_MIN_VARIANCE).sqrt()
        return cls(
            name,
            w.mean(0).float(),
            p_mean.float(),
            (axes / deviation).float(),
            (axes * deviation).T.contiguous().float(),
        )

    def whiten(self, w: Tensor) -> Tensor:
        """w [..., W] → v [..., W].

        Standard normal over the generator's own samples, but narrower where these have little variance.
        """
        return (torch.where(w < 0, w / _SLOPE, w) - self.p_mean) @ self.whitening

    def unwhiten(self, v: Tensor) -> Tensor:
        """v [..., W] → w [..., W]; the inverse of ``whiten``."""
        return F.leaky_relu(self.p_mean + v @ self.coloring, _SLOPE)

    def to(self, device: torch.device | str) -> "LatentSpace":
        """The same statistics on another device."""
        moved = (t.to(device) for t in (self.mean, self.p_mean, self.whitening, self.coloring))
        return LatentSpace(self.name, *moved)

    def tensors(self) -> dict[str, Tensor]:
        """The statistics by field name, for a weight file."""
        return {name: getattr(self, name) for name in ("mean", "p_mean", "whitening", "coloring")}


def measure_latent_space(mapping: Mapping) -> LatentSpace:
    """The latent space of a mapping network, from fixed random z and, where it has classes, random ones."""
    return LatentSpace.fit(space_name(mapping), _sample_w(mapping, _SAMPLES))


def fits_mapping(latents: LatentSpace, mapping: Mapping) -> bool:
    """Whether a latent space may be that of a mapping network, by its name and a few samples."""
    if latents.name not in (space_name(mapping), _name_by_weights(mapping)):
        return False
    w = _sample_w(mapping, _FEW_SAMPLES)
    v = latents.whiten(w)
    wrong_mean = (latents.mean - w.mean(0)).abs() > _MAX_DEVIATIONS * w.std(0) + _ROUNDING
    wrong_inverse = (latents.unwhiten(v) - w).abs().max() > _ROUNDING * max(1.0, float(w.abs().max()))
    wrong_spread = (v.mean(0).abs() > _MAX_DEVIATIONS) | (v.square().mean(0) > _MAX_VARIANCE)
    return not bool(wrong_mean.any() | wrong_inverse | wrong_spread.any() | ~v.isfinite().all())


def space_name(mapping: Mapping) -> str:
    """The name of the latent space: that of a known one, else one made of the weights.

    Equal weights give equal names, so that what was learned for one copy of a network serves another.
    """
    name = None if mapping.spec.labels else known_space(mapping, mapping.spec.z_dim)
    return name or _name_by_weights(mapping)


def known_space(mapping: Callable[[Tensor], Tensor], z_dim: int) -> str | None:
    """The name of the known latent space that z [N, Z] → w [N, W] leads to; None if it is none of them.

    A space is recognised by what the mapping network computes, since the same network exists as TensorFlow
    pickle, PyTorch pickle, checkpoint and distillate: a hash of the file would know one of these at most.
    """
    z = torch.sin(torch.arange(1, z_dim + 1, dtype=torch.float64)).float()[None]
    with torch.no_grad():
        w = mapping(z)[0].cpu()
    for name, numbers in _FINGERPRINTS.items():
        expected = torch.tensor(numbers)
        if len(w) == 512 and bool(((w[: len(expected)] - expected).abs() < _FINGERPRINT_TOLERANCE).all()):
            return name
    return None


def _name_by_weights(mapping: Mapping) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(mapping.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return f"w-{digest.hexdigest()[:12]}"


def _sample_w(mapping: Mapping, count: int) -> Tensor:
    """Samples of w [count, W], the same ones each time."""
    spec = mapping.spec
    random = np.random.default_rng(_SEED)
    z = torch.from_numpy(random.standard_normal((count, spec.z_dim)).astype(np.float32))
    labels = torch.eye(spec.labels)[random.integers(spec.labels, size=count)] if spec.labels else None
    parts = (slice(start, start + _BATCH) for start in range(0, count, _BATCH))
    with torch.no_grad():
        return torch.cat([mapping(z[part], None if labels is None else labels[part]) for part in parts])
