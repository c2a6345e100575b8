"""Samples of a generator: codes, and the labels of their pictures.

Each sample is two codes w and a resolution at which the second takes over (style mixing, as StyleGAN2 was
trained), so that what is learned knows which layers matter. They are drawn in parts, each from a seed of its
own and kept in a file of its own, so that a run can continue after an interruption.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.appearance import appearance
from pipeline.attributes import GEOMETRIC, geometric, glasses
from pipeline.rater_input import face_chip
from pipeline.training.labellers import Labellers
from pipeline.training.tables import load_table, save_table
from stylegan2.generator import Generator, as_picture

VERSION = 4  # of the samples; a file of another version is not used
PART = 500  # samples in a file
RENDER = 256  # pixels; side of the pictures that are labelled
ATTRIBUTES = (*GEOMETRIC, "age", "male", "glasses")
_CHUNK = 100  # samples; an interruption loses no more
_CROSSOVERS = (8, 16, 32, 64, 128)
_MIXED = 0.4  # share of samples with two codes


@dataclass(frozen=True)
class Samples:
    """N labelled samples."""

    w: NDArray[np.float32]  # [N, 2, W] the two codes
    crossover: NDArray[np.int32]  # [N] side in pixels from which the second code holds
    landmarks: NDArray[np.float32]  # [N, 68, 2] in pixels of a 256 px picture
    descriptors: NDArray[np.float32]  # [N, 128]
    activations: NDArray[np.float16]  # [N, ACTIVATIONS] of dlib's network
    attributes: NDArray[np.float32]  # [N, len(ATTRIBUTES)]
    appearance: NDArray[np.float32]  # [N, len(APPEARANCE)]
    chips: NDArray[np.uint8]  # [N, 112, 112, 3], the input of the pixel rater

    def __len__(self) -> int:
        return len(self.w)

    def first(self, count: int) -> "Samples":
        """The first ``count`` samples."""
        return Samples(*(getattr(self, f.name)[:count] for f in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence["Samples"]) -> "Samples":
        """The samples of several parts, in order."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))


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


def picture_of(
    generator: Generator, w: NDArray[np.float32], crossover: int, side: int = RENDER
) -> NDArray[np.float32]:
    """The picture [S, S, 3] in [0, 1] of two codes [2, W] and a crossover resolution."""
    layers = [1 if layer.resolution >= crossover else 0 for layer in generator.layers]
    w_plus = torch.from_numpy(w[layers]).to(generator.device)
    with torch.no_grad():
        image = generator.synthesize(w_plus[None], side)
    return as_picture(image[0])


def collect(generator: Generator, labellers: Labellers, count: int, seed: int, path: Path) -> Iterator[int]:
    """Add labelled samples to the file ``path`` up to ``count``; yields their number after each chunk."""
    saved = load_table(path, Samples)
    parts: list[Samples] = [saved] if saved is not None else []
    finished = len(saved) if saved is not None else 0
    chunk: list[tuple[NDArray[np.generic], ...]] = []
    for index, (w, crossover) in enumerate(draw(generator, count, seed)):
        if index < finished:
            continue
        chunk.append(_label(generator, labellers, w, crossover))
        if len(chunk) == _CHUNK or index == count - 1:
            parts.append(Samples(*(np.stack(column) for column in zip(*chunk, strict=True))))
            chunk = []
            save_table(path, Samples.joined(parts))
            yield index + 1


def _label(
    generator: Generator, labellers: Labellers, w: NDArray[np.float32], crossover: int
) -> tuple[NDArray[np.generic], ...]:
    picture = picture_of(generator, w, crossover)
    enlarged = np.asarray(cv2.resize(picture, (2 * RENDER, 2 * RENDER)), np.float32)
    landmarks = labellers.finder.landmarks_in_crop(enlarged) / 2.0
    assert labellers.age_gender is not None
    age, male = labellers.age_gender(picture, landmarks)
    shape = geometric(landmarks)
    attributes = [*(shape[name] for name in GEOMETRIC), age, male, glasses(picture, landmarks)]
    sight = labellers.recognizer.see(picture, landmarks)
    return (
        w,
        np.array(crossover, np.int32),
        landmarks.astype(np.float32),
        sight.descriptor,
        sight.activations.astype(np.float16),
        np.array(attributes, np.float32),
        np.array(appearance(picture, landmarks), np.float32),
        np.rint(face_chip(picture, landmarks) * 255.0).astype(np.uint8),
    )
