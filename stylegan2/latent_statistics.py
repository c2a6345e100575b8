"""Measures the latent space of a mapping network, and compares with it what a file says of one."""

import numpy as np
import torch
from torch import Tensor

from stylegan2.known_spaces import names_of, space_of
from stylegan2.latents import LatentSpace
from stylegan2.networks.mapping import Mapping

_SAMPLES = 20_000
_SEED = 2024
_CHUNK = 2_000
_FEW = 500  # samples that tell false statistics from true ones
_OFF = 0.5  # standard deviations; the mean of so few is off by 0.04
_SPREAD = 4.0  # times the variance that whitened samples have at most
_ROUNDING = 0.02


def latent_space(mapping: Mapping) -> LatentSpace:
    """Statistics of W over fixed random z, and random classes where there are some."""
    return LatentSpace.fit(space_of(mapping), _codes(mapping, _SAMPLES))


def belongs(latents: LatentSpace, mapping: Mapping) -> bool:
    """Whether a latent space may be that of a mapping network: by its name, and as a few samples show it."""
    if latents.name not in names_of(mapping):
        return False
    w = _codes(mapping, _FEW)
    v = latents.whiten(w)
    off = (latents.mean - w.mean(0)).abs() > _OFF * w.std(0) + _ROUNDING
    apart = (latents.unwhiten(v) - w).abs().max() > _ROUNDING * max(1.0, float(w.abs().max()))
    odd = (v.mean(0).abs() > _OFF) | (v.square().mean(0) > _SPREAD)
    return not bool(off.any() | apart | odd.any() | ~v.isfinite().all())


def _codes(mapping: Mapping, count: int) -> Tensor:
    """Samples of w [count, W], the same ones each time."""
    spec = mapping.spec
    random = np.random.default_rng(_SEED)
    z = torch.from_numpy(random.standard_normal((count, spec.z_dim)).astype(np.float32))
    labels = torch.eye(spec.labels)[random.integers(spec.labels, size=count)] if spec.labels else None
    parts = (slice(start, start + _CHUNK) for start in range(0, count, _CHUNK))
    with torch.no_grad():
        return torch.cat([mapping(z[part], None if labels is None else labels[part]) for part in parts])
