"""The latent space W of a generator: its mean, and the whitened P space in which distances mean something.

P undoes the mapping network's last leaky ReLU (slope 0.2, so negative values are multiplied by 5); there,
samples are close to a Gaussian, and PCA whitening makes it nearly a standard one (Zhu et al., "Improved
StyleGAN embedding", arXiv 2012.09036).
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

_SLOPE = 0.2
# Below this variance a direction is not stretched to unit variance: there, codes drawn towards the mean in W
# lie far off the samples, and whitening would let that noise drown the rest.
_MIN_VARIANCE = 0.05


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

        Standard normal over the generator's own samples, but narrower where these hardly vary.
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
