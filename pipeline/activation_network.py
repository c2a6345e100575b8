"""The network that rates a face by the activations of dlib's recognition network.

These are averaged over the cells of a grid, block by block (``pipeline.identity``). The finest blocks are
made coarser first, so that the first layer stays small.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.identity import ACTIVATIONS, SEEN_BLOCKS

_COARSEST = 4  # cells a side; finer grids are halved
_HIDDEN, _SECOND = 128, 64


def split_blocks(activations: Tensor) -> list[Tensor]:
    """Activations [N, ACTIVATIONS] → those of each block [N, C · cells²]."""
    return list(torch.split(activations, [block.size for block in SEEN_BLOCKS], 1))


def coarse(activations: Tensor) -> list[Tensor]:
    """Activations [N, ACTIVATIONS] → the network's inputs, those of each block; together [N, INPUTS]."""
    parts = []
    for block, values in zip(SEEN_BLOCKS, split_blocks(activations), strict=True):
        if block.cells > _COARSEST:
            grid = values.reshape(-1, block.channels, block.cells, block.cells)
            values = F.avg_pool2d(grid, 2).flatten(1)
        parts.append(values)
    return parts


INPUTS = sum(part.shape[1] for part in coarse(torch.zeros(1, ACTIVATIONS)))


class ActivationNetwork(nn.Module):
    """Activations [N, ACTIVATIONS] → rating less the mean [N]: a linear part and two hidden layers."""

    center: Tensor
    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("center", torch.zeros(INPUTS))
        self.register_buffer("scale", torch.ones(INPUTS))
        self.first = nn.Linear(INPUTS, _HIDDEN)
        self.rest = nn.Sequential(nn.SiLU(), nn.Linear(_HIDDEN, _SECOND), nn.SiLU(), nn.Linear(_SECOND, 1))
        self.linear = nn.Linear(INPUTS, 1)

    def forward(self, activations: Tensor) -> Tensor:
        inputs = (torch.cat(coarse(activations), 1) - self.center) * self.scale
        rating: Tensor = self.rest(self.first(inputs)) + self.linear(inputs)
        return rating[:, 0]
