"""Tries a slider of one's own on faces that nobody labelled, and measures what it changes there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from pipeline.edits import moved
from pipeline.latent_network import LatentNetwork, by_octave
from pipeline.taste.faces import DrawnFaces
from pipeline.taste.judgement import Joined, Judgement
from pipeline.taste.measuring import ATTRIBUTES, SIDE, Instruments
from pipeline.taste.representation import Representation, stacked
from retouchml.sliders import OWN_STEP, LatentStep

_FACES = 16
_FIRST = 1_000_000  # number of the first face: nobody labels so many


@dataclass(frozen=True)
class Trial:
    """What a slider changed, in standard deviations per unit of the slider, by its mean over faces.

    predicted: its own output, as the code lets expect; seen: the same as instruments see it in the pictures;
    moved: measured attributes by name; released: those that may move along; limit: from which on an attribute
    that should stay has moved
    """

    faces: int
    predicted: float
    seen: float
    moved: Mapping[str, float]
    released: tuple[str, ...]
    limit: float = 0.3


def try_slider(
    judgement: Judgement,
    attributes: LatentNetwork,
    representation: Representation,
    drawn: DrawnFaces,
    released: tuple[str, ...],
    reach: float,
    progress: Callable[[int, int], None],
) -> Trial:
    """The changes from -1 to +1, halved."""
    generator, instruments = drawn.generator, Instruments.load()
    (name,) = judgement.outputs
    step = LatentStep(name, reach, OWN_STEP.finest, released)
    joined = Joined((attributes, judgement))
    numbers = range(_FIRST, _FIRST + _FACES)
    starts = generator.latents.whiten(drawn.codes(numbers))
    ends, outputs, plain = [], [], []
    for done, v in enumerate(starts):
        progress(done, _FACES)
        start = v.expand(generator.num_layers, -1)
        seen = []
        for value in (-1.0, 1.0):
            after = moved(start, step, value, joined, generator)
            outputs.append(value * float(judgement(by_octave(after[None], generator.layers))[0, 0]))
            picture = drawn.render(generator.latents.unwhiten(after), SIDE)
            seen.append(instruments.see(picture))
        ends.append(seen)
        plain.append(instruments.see(drawn.render(generator.latents.unwhiten(start), SIDE)))
    weights = judgement.weights.double().cpu().numpy()
    before = representation.measured(stacked(plain)) @ weights
    low, high = (stacked([each[end] for each in ends]) for end in (0, 1))
    own = (representation.measured(high) - representation.measured(low)) @ weights / 2.0
    spread = np.maximum(_spread(attributes, stacked(plain).attributes), 1e-6)
    change = (high.attributes - low.attributes).mean(0) / 2.0 / spread
    found = dict(zip(ATTRIBUTES, (float(value) for value in change), strict=True))
    seen_own = float(own.mean() / max(before.std(), 1e-6))
    return Trial(_FACES, float(torch.tensor(outputs).mean()), seen_own, found, released)


def _spread(
    attributes: LatentNetwork, plain: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The standard deviation of each attribute among generated faces."""
    known = dict(zip(attributes.outputs, attributes.deviation.tolist(), strict=True))
    spread = [known.get(name, float(plain[:, row].std())) for row, name in enumerate(ATTRIBUTES)]
    return np.array(spread, np.float64)
