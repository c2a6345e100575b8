"""What the shared network knows of a face: numbers measured on a picture, and predicted from a code.

Measured are expression, pose, age, gender, glasses and the rating, and the main components of dlib's
descriptor, of the landmarks' shape and of a small chip. A taste is learned on these, so that a few hundred
answers are enough; the network predicts them from a latent code, so that the taste has a gradient there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.latent_network import LatentNetwork, learned_part, load_learned, load_network
from pipeline.rater_input import shape_features
from retouchml.errors import ModelCorrupt
from stylegan2.generator import Generator

KIND = "taste"  # of the learned part
CHIP = 16  # pixels
PARTS = ("descriptor", "shape", "chip")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """What instruments measured on one face, or on N with one more axis in front.

    attributes: [A] in their own units; descriptor: [128]; shape: [136]; chip: [768] of 16 px
    """

    attributes: NDArray[np.float32]
    descriptor: NDArray[np.float32]
    shape: NDArray[np.float32]
    chip: NDArray[np.float32]


def stacked(faces: Sequence[Seen]) -> Seen:
    """What was seen of N faces as one, with an axis [N] in front."""
    return Seen(*(np.stack([getattr(face, each.name) for face in faces]) for each in fields(Seen)))


def small_chip(chip: NDArray[np.float32]) -> NDArray[np.float32]:
    """A chip [112, 112, 3] in [0, 1] with few pixels [768]."""
    return np.asarray(cv2.resize(chip, (CHIP, CHIP), interpolation=cv2.INTER_AREA), np.float32).ravel()


def shapes(landmarks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Landmarks [N, 68, 2] → shapes [N, 136]."""
    return np.stack([shape_features(points.astype(np.float64)) for points in landmarks])


@dataclass(frozen=True)
class Representation:
    """The features of faces: P numbers whose squares add up to 1, on average.

    network: predicts them; low, high: [A] what attributes are cut to; centers, bases: by part, of its main
    components; mean, deviation: [P] of the raw features
    """

    network: LatentNetwork
    low: Floats
    high: Floats
    centers: Mapping[str, Floats]
    bases: Mapping[str, Floats]
    mean: Floats
    deviation: Floats

    @property
    def scale(self) -> float:
        """What a feature's standard deviation is."""
        return float(1.0 / np.sqrt(len(self.mean)))

    def measured(self, seen: Seen) -> Floats:
        """The features [N, P] of N faces as instruments saw them."""
        raw = raw_features(seen, self.low, self.high, self.centers, self.bases)
        return (raw - self.mean) / self.deviation * self.scale

    def predicted(self, octaves: Tensor) -> Floats:
        """The features [N, P] that whitened codes by octave [N, 9, W] let expect."""
        with torch.no_grad():
            return np.asarray(self.network(octaves).double().cpu().numpy() * self.scale, np.float64)


def raw_features(
    seen: Seen,
    low: Floats,
    high: Floats,
    centers: Mapping[str, Floats],
    bases: Mapping[str, Floats],
) -> Floats:
    """Features [N, P] in units of their own."""
    columns = [np.clip(seen.attributes, low, high)]
    columns += [(getattr(seen, part) - centers[part]) @ bases[part] for part in PARTS]
    return np.hstack(columns).astype(np.float64)


def load_representation(generator: Generator) -> Representation:
    """The shared network for a generator. Raises ModelMissing, ModelCorrupt or LatentSpaceMismatch."""
    path = learned_part(KIND, generator.latents.name)
    network, _ = load_network(path, KIND, generator)
    tensors = {name: t.double().numpy() for name, t in load_learned(path, KIND).tensors.items()}
    try:
        centers = {part: tensors[f"center.{part}"] for part in PARTS}
        bases = {part: tensors[f"basis.{part}"] for part in PARTS}
        found = Representation(
            network, tensors["low"], tensors["high"], centers, bases, tensors["mean"], tensors["deviation"]
        )
        size = len(found.low) + sum(basis.shape[1] for basis in bases.values())
        if not size == len(found.mean) == len(found.deviation) == len(network.outputs):
            raise ValueError(size)
    except (KeyError, ValueError, IndexError) as error:
        raise ModelCorrupt(
            f"{path.name} does not fit its architecture.", f"Fit it again: retouchml train {KIND}."
        ) from error
    return found
