"""Fits the networks that rate activations: kernel ridge regression on photographs teaches them.

The regression has one Gaussian kernel for each block of dlib's network, and is more exact than a network
that learns from the ratings. But it holds the photographs' own activations, and those of real people must not
be in a file. So networks learn what it says of the photographs and of mixtures of two (mixup, arXiv
1710.09412), which it can rate as well: their number has no limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipeline.activation_network import INPUTS, ActivationNetwork, coarse, split_blocks

_RIDGE = 0.03
_MIXTURES = 24_000
_SKEW = 0.6  # of the beta distribution of a mixture's shares
_COMPONENTS = 400  # of the inputs, on which a network is fitted
_EPOCHS, _BATCH, _RATE, _DECAY, _DROPPED = 15, 128, 2e-3, 0.02, 0.1
_CHUNK = 1000
_PAIRS = 800  # photographs on each side, for the median distance


@dataclass(frozen=True)
class Teacher:
    """A kernel ridge regression on the activations of N photographs."""

    products: tuple[Tensor, ...]  # [N, N] of each block, over the median squared distance
    weights: Tensor  # [N]

    @classmethod
    def fitted(cls, activations: Tensor, ratings: Tensor, groups: Sequence[str] = ()) -> "Teacher":
        """On activations [N, ACTIVATIONS] and ratings [N] less their mean.

        groups: [N] whom each photograph shows; no group is then rated higher or lower than people did. That
        is measured on each photograph by the regression on all others.
        """
        products = tuple(_products(block) for block in split_blocks(activations))
        kernels = [_kernel(p.diagonal(), p.diagonal(), p) for p in products]
        kernel = torch.stack(kernels).mean(0).double()
        kernel.diagonal().add_(_RIDGE)
        factor = torch.linalg.cholesky(kernel)
        targets = ratings.double()[:, None]
        weights = torch.cholesky_solve(targets, factor)
        if groups:
            # The error of each left out: a closed form of ridge regression.
            errors = weights[:, 0] / torch.cholesky_inverse(factor).diagonal()
            weights = torch.cholesky_solve(targets + _group_means(errors, groups)[:, None], factor)
        return cls(products, weights[:, 0].float())

    def of_mixtures(self, one: Tensor, other: Tensor, share: Tensor) -> Tensor:
        """Ratings [M] of ``share`` [M] of photograph ``one`` [M] and the rest of ``other`` [M]."""
        parts = zip(*(torch.split(each, _CHUNK) for each in (one, other, share)), strict=True)
        return torch.cat([self._rate(*part) for part in parts])

    def _rate(self, one: Tensor, other: Tensor, share: Tensor) -> Tensor:
        rest = 1.0 - share
        kernel = torch.zeros(())
        for product in self.products:
            norm = product.diagonal()
            own = share**2 * norm[one] + rest**2 * norm[other] + 2.0 * share * rest * product[one, other]
            mixed = share[:, None] * product[one] + rest[:, None] * product[other]
            kernel = kernel + _kernel(own, norm, mixed)
        return kernel / len(self.products) @ self.weights


def fit_students(
    activations: Tensor, ratings: Tensor, members: int, groups: Sequence[str] = ()
) -> list[ActivationNetwork]:
    """Networks that rate activations [N, ACTIVATIONS], from ratings [N] less their mean.

    groups: [N] whom each photograph shows, if that is known
    """
    teacher = Teacher.fitted(activations, ratings, groups)
    random = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    count = len(activations)
    one, other = torch.randint(count, (2, _MIXTURES), generator=random)
    share = torch.distributions.Beta(_SKEW, _SKEW).sample((_MIXTURES,))
    everyone = torch.arange(count)
    said = torch.cat(
        [
            teacher.of_mixtures(everyone, everyone, torch.ones(count)),
            teacher.of_mixtures(one, other, share),
        ]
    )
    blocks = coarse(activations)
    inputs = torch.cat(blocks, 1)
    center = inputs.mean(0)
    # A block counts as much as any other, however many numbers it has.
    scale = torch.cat([1.0 / (_spread(block) * block.shape[1] ** 0.5) for block in blocks])
    inputs = (inputs - center) * scale
    _, _, basis = torch.svd_lowrank(inputs, q=min(_COMPONENTS, count - 1), niter=2)
    reduced = inputs @ basis
    unit = float(reduced.std(0).mean())
    reduced = reduced / unit
    mixed = share[:, None] * reduced[one] + (1.0 - share[:, None]) * reduced[other]
    return [
        _student(torch.cat([reduced, mixed]), said, basis / unit, center, scale, seed)
        for seed in range(members)
    ]


def _student(
    x: Tensor,  # [M, components]
    said: Tensor,  # [M] by the teacher
    basis: Tensor,  # [INPUTS, components]
    center: Tensor,  # [INPUTS]
    scale: Tensor,  # [INPUTS]
    seed: int,
) -> ActivationNetwork:
    torch.manual_seed(seed)
    network = ActivationNetwork()
    first, linear = nn.Linear(x.shape[1], network.first.out_features), nn.Linear(x.shape[1], 1)
    dropped = nn.Dropout(_DROPPED)
    parameters = [*first.parameters(), *network.rest.parameters(), *linear.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=_DECAY)
    steps = _EPOCHS * -(-len(x) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    activation, after = network.rest[0], network.rest[1:]
    for _ in range(_EPOCHS):
        for batch in torch.split(torch.randperm(len(x)), _BATCH):
            ratings = after(dropped(activation(first(x[batch])))) + linear(x[batch])
            loss = nn.functional.mse_loss(ratings[:, 0], said[batch])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    with torch.no_grad():
        network.center.copy_(center)
        network.scale.copy_(scale)
        for whole, part in ((network.first, first), (network.linear, linear)):
            whole.weight.copy_(part.weight @ basis.T)
            whole.bias.copy_(part.bias)
    assert network.first.in_features == INPUTS
    return network.eval()


def _group_means(values: Tensor, groups: Sequence[str]) -> Tensor:
    """The mean of each value's group [N]."""
    names = sorted(set(groups))
    index = torch.tensor([names.index(group) for group in groups])
    sums = torch.zeros(len(names), dtype=values.dtype).index_add_(0, index, values)
    return (sums / torch.bincount(index))[index]


def _spread(values: Tensor) -> Tensor:
    """Standard deviation of each column, never much smaller than those of the others."""
    deviation = values.std(0)
    return deviation + 1e-3 * deviation.mean().clamp_min(1e-6)


def _products(block: Tensor) -> Tensor:
    """Scalar products [N, N] of standardised rows, over the median squared distance of two."""
    values = (block - block.mean(0)) / _spread(block)
    some, others = values[: min(_PAIRS, len(values) // 2)], values[len(values) // 2 :][:_PAIRS]
    return values @ values.T / torch.cdist(some, others).square().median().clamp_min(1e-12)


def _kernel(one: Tensor, other: Tensor, products: Tensor) -> Tensor:
    """Gaussian kernel [M, N] from squared norms [M], [N] and products [M, N] in units of its width."""
    return (2.0 * products - one[:, None] - other[None]).clamp_max(0.0).exp()
