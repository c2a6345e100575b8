"""Fits latent networks and ridge regressions, and measures them on held-out samples."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.latent_network import OCTAVES, LatentNetwork
from pipeline.training.sampling import Samples
from stylegan2.latents import LatentSpace

_HOLD_OUT = 0.1  # share of the samples
_BATCH = 256


def octaves_of(samples: Samples, space: LatentSpace, components: int | None = None) -> Tensor:
    """Whitened codes of the samples by octave [N, 9, W], or those of their components that vary most."""
    v = space.whiten(torch.from_numpy(samples.w))[..., -(components or space.mean.shape[0]) :]
    sides = torch.tensor([4 << octave for octave in range(OCTAVES)])
    second = sides[None, :] >= torch.from_numpy(samples.crossover)[:, None]
    return torch.where(second[..., None], v[:, 1, None], v[:, 0, None])


def split(count: int, seed: int = 0) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices to train on and to test on."""
    order = np.random.default_rng(seed).permutation(count)
    tests = round(count * _HOLD_OUT)
    return order[tests:], order[:tests]


def fit_latent_network(
    outputs: tuple[str, ...],  # K names
    octaves: Tensor,  # [N, 9, W] whitened codes
    targets: Tensor,  # [N, K]
    *,
    components: int,  # of the code, those that vary most
    epochs: int = 15,
    rate: float = 2e-3,
    decay: float = 0.1,
) -> tuple[LatentNetwork, dict[str, float]]:
    """Fit a latent network; returns it and each output's R² on the hold-out.

    Only the ``components`` of the whitened code that vary most are used. The others hardly show in a picture,
    yet a network finds chance correlations in them, and an ascent would follow these first.
    """
    torch.manual_seed(0)
    unused = max(octaves.shape[2] - components, 0)
    octaves = octaves.clone()
    octaves[..., :unused] = 0.0
    network = LatentNetwork(outputs, octaves.shape[2])
    train, test = split(len(octaves))
    network.mean.copy_(targets[train].mean(0))
    network.deviation.copy_(targets[train].std(0))
    scaled = (targets - network.mean) / network.deviation
    others = [p for name, p in network.named_parameters() if name != "octave_logits"]
    optimizer = torch.optim.AdamW(
        [
            {"params": others, "lr": rate, "weight_decay": decay},
            {"params": [network.octave_logits], "lr": 20.0 * rate, "weight_decay": 0.0},
        ]
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in torch.split(torch.randperm(len(train)), _BATCH):
            rows = torch.from_numpy(train)[batch]
            loss = torch.nn.functional.smooth_l1_loss(network(octaves[rows]), scaled[rows])
            # A little weight decay of its own on the linear part: it has most of the parameters.
            loss = loss + 0.02 * network.linear.square().sum(1).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        schedule.step()
    network.eval().requires_grad_(False)
    shares = explained(network(octaves[test]), scaled[test])
    r2 = dict(zip(outputs, (round(float(x), 3) for x in shares), strict=True))
    network.linear[:, :unused] = 0.0
    network.hidden_weight[:, :unused] = 0.0
    return network, r2


def explained(said: Tensor, truth: Tensor) -> Tensor:
    """R² of predictions [N] or [N, K]."""
    return 1.0 - (said - truth).square().mean(0) / truth.var(0)


def ridge(x: Tensor, y: Tensor, penalty: float) -> Tensor:
    """Coefficients [P, K] of the linear regression of y [N, K] on x [N, P], both centred.

    penalty: on the squared coefficients, per sample
    """
    gram = x.T.double() @ x.double() + penalty * len(x) * torch.eye(x.shape[1], dtype=torch.float64)
    coefficients: Tensor = torch.linalg.solve(gram, x.T.double() @ y.double())
    return coefficients.float()
