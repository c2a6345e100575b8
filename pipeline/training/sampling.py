"""Pictures from the generator, with what was measured on them: the raw material of the scorer and the edits.

Each sample is two codes w and a resolution at which the second takes over (style mixing, as StyleGAN2 was
trained), so that what is learned knows which layers matter. The measurements of finished samples are kept in
a file that grows, so a run can be stopped and taken up again.
"""

from collections.abc import Iterator
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
from stylegan2.generator import Generator, as_picture

RENDER = 256  # pixels; side at which samples are looked at
ATTRIBUTES = (*GEOMETRIC, "age", "male", "glasses")
_CHUNK = 100
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

    def save(self, path: Path) -> None:
        """Write as one npz file, at once or not at all."""
        partial = path.with_suffix(".partial.npz")
        np.savez(partial, **{field.name: getattr(self, field.name) for field in fields(self)})
        partial.replace(path)

    @classmethod
    def load(cls, *paths: Path) -> "Samples":
        """Read and join files that ``save`` wrote."""
        files = [np.load(path, allow_pickle=False) for path in paths]
        return cls(*(np.concatenate([file[field.name] for file in files]) for field in fields(cls)))


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
        psi = float(random.uniform(0.6, 1.0))
        w = generator.map(z.to(generator.device), truncation_psi=psi)[:, 0].cpu().numpy()
        mixed = random.random() < _MIXED
        crossover = int(random.choice(_CROSSOVERS)) if mixed else 2 * generator.resolution
        yield (w if mixed else w[[0, 0]]), crossover


def collect(generator: Generator, labellers: Labellers, count: int, seed: int, path: Path) -> Iterator[int]:
    """Label ``count`` samples into ``path``, adding to what it holds; yields how many, after each chunk."""
    done = Samples.load(path) if path.exists() else None
    rows: list[Samples] = [done] if done is not None else []
    finished = len(done) if done is not None else 0
    chunk: list[tuple[NDArray[np.generic], ...]] = []
    for index, (w, crossover) in enumerate(draw(generator, count, seed)):
        if index < finished:
            continue
        chunk.append(_label(generator, labellers, w, crossover))
        if len(chunk) == _CHUNK or index == count - 1:
            rows.append(Samples(*(np.stack(column) for column in zip(*chunk, strict=True))))
            chunk = []
            joined = Samples(*(np.concatenate([getattr(r, f.name) for r in rows]) for f in fields(Samples)))
            if len(joined) % (10 * _CHUNK) == 0 or index == count - 1:
                joined.save(path)
            yield len(joined)


def _label(
    generator: Generator, labellers: Labellers, w: NDArray[np.float32], crossover: int
) -> tuple[NDArray[np.generic], ...]:
    with torch.no_grad():
        image = generator.synthesize(w_plus_of(generator, w, crossover)[None].to(generator.device), RENDER)
    picture = as_picture(image[0])
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
