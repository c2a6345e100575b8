"""Samples of a generator: codes, and what is measured of their pictures.

Each sample is two codes w and a resolution at which the second takes over (style mixing, as StyleGAN2 was
trained), so that what is learned knows which layers matter. They are drawn in parts, each from a seed of its
own and kept in a file of its own, so that a run can continue after an interruption.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Generic, Self, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.training.tables import load_table, save_table
from stylegan2.generator import Generator, as_picture

PART = 500  # samples in a file, of most kinds
RENDER = 256  # pixels; side of the pictures that are measured
_CHUNK = 100  # samples; an interruption loses no more
_CROSSOVERS = (8, 16, 32, 64, 128)
_MIXED = 0.4  # share of samples with two codes


@dataclass(frozen=True)
class Rows:
    """A table whose columns are arrays with N rows."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def first(self, count: int) -> Self:
        """The first ``count`` rows."""
        return type(self)(*(getattr(self, f.name)[:count] for f in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The rows of several parts, in order."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))


@dataclass(frozen=True)
class Samples(Rows):
    """N samples; kinds of them add what was measured of each."""

    w: NDArray[np.float32]  # [N, 2, W] the two codes
    crossover: NDArray[np.int32]  # [N] side in pixels from which the second code holds


Measured = TypeVar("Measured", bound=Rows)
Row = tuple[NDArray[np.generic], ...]  # of a table
Drawn = tuple[NDArray[np.float32], float]  # codes or lengths of paths, and a number that belongs to them
Draw = Callable[[Generator, int, int], Iterator[Drawn]]  # of a count and a seed
Measure = Callable[[NDArray[np.float32], float], Row]  # of what was drawn


def draw(generator: Generator, count: int, seed: int) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Pairs of codes [2, W], truncation 0.6 to 1, and the crossover: past the last layer if unmixed."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        z = torch.from_numpy(random.standard_normal((2, generator.z_dim)).astype(np.float32))
        labels = generator.random_labels(random, 2)  # as in the statistics of the latent space
        psi = float(random.uniform(0.6, 1.0))
        w = generator.map(z.to(generator.device), labels, psi)[:, 0].cpu().numpy()
        mixed = random.random() < _MIXED
        crossover = int(random.choice(_CROSSOVERS)) if mixed else 2 * generator.resolution
        yield (w if mixed else w[[0, 0]]), crossover


@dataclass(frozen=True)
class SampleKind(Generic[Measured]):
    """A kind of samples: which table they are in, and what makes its rows."""

    name: str  # of its files
    version: int  # a file of another version is not used
    table: type[Measured]
    measure: Callable[[Generator], Measure]  # loads what it needs, and raises ModelMissing or ModelCorrupt
    # names what measures and users may replace: samples of another one are not used
    by: Callable[[], str] | None = None
    draw: Draw = draw
    part: int = PART  # samples in a file


def picture_of(
    generator: Generator, w: NDArray[np.float32], crossover: float, side: int = RENDER
) -> NDArray[np.float32]:
    """The picture [S, S, 3] in [0, 1] of two codes [2, W] and a crossover resolution."""
    layers = [1 if layer.resolution >= crossover else 0 for layer in generator.layers]
    w_plus = torch.from_numpy(w[layers]).to(generator.device)
    with torch.no_grad():
        image = generator.synthesize(w_plus[None], side)
    return as_picture(image[0])


def collect(
    kind: SampleKind[Measured], generator: Generator, count: int, seed: int, path: Path
) -> Iterator[int]:
    """Add samples to the file ``path`` up to ``count``; yields their number after each chunk."""
    saved = load_table(path, kind.table)
    parts: list[Measured] = [saved] if saved is not None else []
    finished = len(saved) if saved is not None else 0
    measure = kind.measure(generator)
    chunk: list[Row] = []
    for index, (codes, number) in enumerate(kind.draw(generator, count, seed)):
        if index < finished:
            continue
        chunk.append(measure(codes, number))
        if len(chunk) == _CHUNK or index == count - 1:
            parts.append(kind.table(*(np.stack(column) for column in zip(*chunk, strict=True))))
            chunk = []
            save_table(path, kind.table.joined(parts))
            yield index + 1
