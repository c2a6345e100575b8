"""The realism guard, which rejects pictures that look less real to the generator's own discriminator.

A discriminator sees what neither the score nor face recognition measures: skin like wax, torn hair, a
distorted eye. Its logits only mean something relative to those of the same generator's other pictures.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from retouchml.progress import NEVER, Cancel, check
from stylegan2.generator import Generator
from stylegan2.networks.discriminator import Discriminator

VERSION = 1  # of the criterion; a cached path of another version is not used
_SAMPLES = 16  # pictures for the spread of logits; each costs about a second
_SEED = 0


class RealismGuard:
    """The realism guard of a generator; it sees one picture at a time."""

    def __init__(self, generator: Generator, discriminator: Discriminator) -> None:
        self._generator, self._discriminator = generator, discriminator
        self._spread: float | None = None

    @classmethod
    def of(cls, generator: Generator) -> "RealismGuard | None":
        """The guard of a generator; None if it has no discriminator that fits its pictures."""
        discriminator = generator.discriminator
        if not isinstance(discriminator, Discriminator):
            return None
        fits = discriminator.spec.resolution == generator.resolution
        return cls(generator, discriminator) if fits else None

    def logit(self, w_plus: Tensor) -> float:
        """The discriminator's logit for the picture of a code [L, W]: higher is more real.

        A conditional discriminator gets the mean of all classes.
        """
        spec = self._discriminator.spec
        with torch.no_grad():
            image = self._generator.synthesize(w_plus[None]).to(self._discriminator.output.weight)
            labels = image.new_full((1, spec.labels), 1.0 / spec.labels) if spec.labels else None
            return float(self._discriminator(image, labels))

    def spread(self, cancel: Cancel = NEVER) -> float:
        """The standard deviation of the logits over samples of the generator; measured once.

        Raises Cancelled.
        """
        if self._spread is None:
            random = torch.Generator().manual_seed(_SEED)
            z = torch.randn(_SAMPLES, self._generator.z_dim, generator=random).to(self._generator.device)
            labels = self._generator.random_labels(np.random.default_rng(_SEED), _SAMPLES)
            logits = []
            for w_plus in self._generator.map(z, labels):
                check(cancel)
                logits.append(self.logit(w_plus))
            self._spread = float(np.std(logits, ddof=1))
        return self._spread

    def believable(self, codes: Sequence[Tensor], cancel: Cancel = NEVER) -> int:
        """The number of codes [L, W], from the first on, at most one spread less real than the first.

        All of them if the logits are not finite. Raises Cancelled.
        """
        if len(codes) < 2:
            return len(codes)
        least = self.logit(codes[0]) - self.spread(cancel)
        if not math.isfinite(least):
            return len(codes)
        for index, code in enumerate(codes):
            check(cancel)
            if index and self.logit(code) < least:
                return index
        return len(codes)
