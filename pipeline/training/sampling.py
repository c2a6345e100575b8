"""Pictures from the generator, with what was measured on them: the raw material of the scorer and the edits.

Each sample is two codes w and a resolution at which the second takes over (style mixing, as StyleGAN2 was
trained), so that what is learned knows which layers matter. The measurements of finished samples are kept in
a file that grows, so a run can be stopped and taken up again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.attributes import GEOMETRIC, AgeGender, geometric, glasses
from pipeline.faces import FaceFinder
from pipeline.identity import Recognizer
from pipeline.rater_input import face_chip
from pipeline.training.kept import keep, kept
from stylegan2.generator import Generator, as_picture

VERSION = 1  # of what is drawn and measured
RENDER = 256  # pixels; side at which samples are looked at
ATTRIBUTES = (*GEOMETRIC, "age", "male", "glasses")
_CHUNK = 100
_KEPT = 500  # samples after which the file is written again: what a stop loses at most
_CROSSOVERS = (8, 16, 32, 64, 128)
_MIXED = 0.4  # share of samples with two codes


@dataclass(frozen=True)
class Samples:
    """N labelled samples.

    w: [N, 2, W] the two codes; crossover: [N] side in pixels from which the second holds; landmarks:
    [N, 68, 2] in pixels of a 256 px picture; descriptors: [N, 128]; attributes: [N, len(ATTRIBUTES)]; chips:
    [N, 112, 112, 3] uint8, the raters' view
    """

    w: NDArray[np.float32]
    crossover: NDArray[np.int32]
    landmarks: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    attributes: NDArray[np.float32]
    chips: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.w)

    @classmethod
    def joined(cls, parts: Sequence["Samples"]) -> "Samples":
        """All samples of several, in order."""
        return cls(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls)))


@dataclass(frozen=True)
class Labellers:
    """The measuring instruments."""

    finder: FaceFinder
    recognizer: Recognizer
    age_gender: AgeGender | None = None


def w_plus_of(generator: Generator, w: NDArray[np.float32], crossover: int) -> torch.Tensor:
    """Two codes [2, W] and a crossover resolution → w_plus [L, W]."""
    layers = [1 if layer.resolution >= crossover else 0 for layer in generator.layers]
    return torch.from_numpy(w[layers])


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


def picture_of(generator: Generator, w: NDArray[np.float32], crossover: int) -> NDArray[np.float32]:
    """The picture [256, 256, 3] in [0, 1] of one draw."""
    with torch.no_grad():
        image = generator.synthesize(w_plus_of(generator, w, crossover)[None].to(generator.device), RENDER)
    return as_picture(image[0])


def collect(generator: Generator, labellers: Labellers, count: int, seed: int, path: Path) -> Iterator[int]:
    """Label ``count`` samples into ``path``, adding to what it holds; yields how many, after each chunk."""
    done = kept(path, Samples)
    parts: list[Samples] = [done] if done is not None else []
    finished = written = len(done) if done is not None else 0
    chunk: list[tuple[NDArray[np.generic], ...]] = []
    for index, (w, crossover) in enumerate(draw(generator, count, seed)):
        if index < finished:
            continue
        chunk.append(_label(generator, labellers, w, crossover))
        if len(chunk) == _CHUNK or index == count - 1:
            parts.append(Samples(*(np.stack(column) for column in zip(*chunk, strict=True))))
            chunk = []
            if index + 1 - written >= _KEPT or index == count - 1:
                keep(path, Samples.joined(parts))
                written = index + 1
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
    return (
        w,
        np.array(crossover, np.int32),
        landmarks.astype(np.float32),
        labellers.recognizer.describe(picture, landmarks),
        np.array(attributes, np.float32),
        np.rint(face_chip(picture, landmarks) * 255.0).astype(np.uint8),
    )
