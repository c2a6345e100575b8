"""The realism guard: what the network that a generator was trained against makes of its pictures.

A discriminator sees what no score of attractiveness and no recognition of faces looks at: skin like wax, torn
hair, an eye that melts. Its logits mean something beside those of the same network's own pictures alone.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from retouchml.progress import NEVER, Cancel, check
from stylegan2.generator import Generator
from stylegan2.networks.discriminator import Discriminator

VERSION = 1  # of what is asked of the critic
_SAMPLES = 16  # pictures whose logits say how far two believable ones may be apart; each costs a second or so
_SEED = 0


class Critic:
    """The discriminator of a generator, asked about one picture at a time."""

    def __init__(self, generator: Generator, judge: Discriminator) -> None:
        self._generator, self._judge = generator, judge
        self._spread: float | None = None

    @classmethod
    def of(cls, generator: Generator) -> "Critic | None":
        """That of ``generator``; None where it has none that fits its pictures."""
        judge = generator.discriminator
        if not isinstance(judge, Discriminator) or judge.spec.resolution != generator.resolution:
            return None
        return cls(generator, judge)

    def logit(self, w_plus: Tensor) -> float:
        """How real the picture of a code [L, W] is, higher for more real; of no class in particular."""
        spec = self._judge.spec
        with torch.no_grad():
            image = self._generator.synthesize(w_plus[None]).to(self._judge.output.weight)
            labels = image.new_full((1, spec.labels), 1.0 / spec.labels) if spec.labels else None
            return float(self._judge(image, labels))

    def spread(self, cancel: Cancel = NEVER) -> float:
        """One standard deviation of the logits over the generator's own samples; measured once.

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
        """How many codes [L, W], from the first on, are at most the spread less real than the first.

        Where the critic's numbers are none, all of them. Raises Cancelled.
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
