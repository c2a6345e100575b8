"""A generator and labellers that cost nothing, and a folder laid out like SCUT-FBP5500."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pipeline.appearance import APPEARANCE
from pipeline.identity import ACTIVATIONS, Sight
from pipeline.latent_network import OCTAVES
from pipeline.training.climbed import ClimbedSamples
from pipeline.training.fitting import octaves_of
from pipeline.training.identity import DescribedSamples
from pipeline.training.labelled import ATTRIBUTES, LABELLED, LabelledSamples, label
from pipeline.training.labellers import Labellers
from pipeline.training.photo_paths import RATINGS, PhotoSamples
from pipeline.training.rated import RatedSamples
from pipeline.training.sampling import Measured, collect
from pipeline.training.tables import load_table
from stylegan2.generator import Generator, Noise, StyleLayer
from stylegan2.latents import LatentSpace
from tests.pipeline.synthetic_faces import landmarks

WIDTH = 12


class SmallGenerator(Generator):
    """One style input an octave; its pictures are of one colour, the code's first three numbers."""

    name = "small"
    resolution = 1024
    layers = tuple(StyleLayer(index, 4 << index, "conv") for index in range(9))
    device = torch.device("cpu")

    def __init__(self) -> None:
        codes = torch.randn(400, WIDTH, generator=torch.Generator().manual_seed(1))
        self.latents = LatentSpace.fit("small-w", codes)
        self.pictures = 0

    def map(
        self,
        z: Tensor,
        labels: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
    ) -> Tensor:
        return (z * truncation_psi)[:, None].expand(-1, self.num_layers, -1)

    def synthesize(self, w_plus: Tensor, resolution: int | None = None, noise: Noise = "const") -> Tensor:
        self.pictures += 1
        side = resolution or self.resolution
        return torch.tanh(w_plus[:, 0, :3])[..., None, None].expand(-1, -1, side, side)


def labellers() -> Labellers:
    """Labellers that find the same face everywhere, and describe it by the picture's colour."""

    def see(picture: NDArray[np.float32], points: NDArray[np.float64]) -> Sight:
        colour = picture.mean((0, 1)).astype(np.float32)
        return Sight(np.resize(colour, 128), np.resize(colour, ACTIVATIONS))

    tools: Any = SimpleNamespace(
        landmarks_in_crop=lambda crop: landmarks((256.0, 256.0), 120.0),
        see=see,
    )
    return Labellers(tools, tools, lambda picture, points: (30.0, 0.5))


QUICK = replace(LABELLED, measure=lambda generator: partial(label, generator, labellers()))
"""Labelled samples that these labellers measure."""


def samples(generator: Generator, count: int) -> LabelledSamples:
    """Unmixed codes, attributes that are linear in the whitened code, and faces that all differ a little."""
    random = np.random.default_rng(3)
    w = random.standard_normal((count, WIDTH)).astype(np.float32)
    v = generator.latents.whiten(torch.from_numpy(w)).numpy()
    attributes = v @ random.standard_normal((WIDTH, len(ATTRIBUTES))) / WIDTH**0.5
    attributes[:, ATTRIBUTES.index("male")] = 1.0 / (1.0 + np.exp(-v[:, -1]))
    faces = landmarks() + random.standard_normal((count, 68, 2))
    return LabelledSamples(
        np.stack([w, w], 1),
        np.full(count, 2048, np.int32),
        faces.astype(np.float32),
        np.hstack([v, np.zeros((count, 128 - WIDTH))]).astype(np.float32),
        np.resize(v.T, (ACTIVATIONS, count)).T.astype(np.float16),
        attributes.astype(np.float32),
        v[:, : len(APPEARANCE)].astype(np.float32),
        random.integers(0, 256, (count, 112, 112, 3), dtype=np.uint8),
    )


def rated_samples(generator: Generator, count: int) -> RatedSamples:
    """Unmixed codes, the number that varies most as the rating, and its gradient."""
    drawn = samples(generator, count)
    gradients = np.zeros((count, OCTAVES, WIDTH), np.float16)
    gradients[:, 2, -1] = 1.0
    v = generator.latents.whiten(torch.from_numpy(drawn.w)).numpy()
    return RatedSamples(drawn.w, drawn.crossover, 3.0 + v[:, 0, -1], gradients)


def climbed_samples(generator: Generator, count: int) -> ClimbedSamples:
    """The same, as samples from paths."""
    rated = rated_samples(generator, count)
    octaves = octaves_of(rated, generator.latents).numpy().astype(np.float16)
    return ClimbedSamples(octaves, rated.ratings, rated.gradients)


def photo_samples(generator: Generator, count: int) -> PhotoSamples:
    """The same, four to a photograph, of which the first shows no face."""
    climbed = climbed_samples(generator, RATINGS * count)
    parts = (part.reshape(count, RATINGS, *part.shape[1:]) for part in vars(climbed).values())
    found = PhotoSamples(*parts)
    found.ratings[0] = np.nan
    return found


def described_samples(count: int) -> DescribedSamples:
    """Gradients in three octaves."""
    gradients = np.random.default_rng(2).standard_normal((count, OCTAVES, WIDTH)).astype(np.float16)
    gradients[:, 3:] = 0.0
    return DescribedSamples(gradients)


def sampled(path: Path, count: int, generator: SmallGenerator | None = None) -> LabelledSamples:
    """The samples of a file, after sampling it up to ``count``."""
    list(collect(QUICK, generator or SmallGenerator(), count, 1, path))
    table = load_table(path, LabelledSamples)
    assert table is not None
    return table


def assert_equal(a: Measured, b: Measured) -> None:
    for field in fields(a):
        assert np.array_equal(getattr(a, field.name), getattr(b, field.name)), field.name


def lay_out(
    folder: Path,
    pictures: Mapping[str, NDArray[np.uint8]],
    ratings: Sequence[float],
    test: Sequence[str],
    folds: Sequence[int] = (1,),
) -> Path:
    """Write rated ``pictures``; the names in ``test`` are the test part of every fold."""
    (folder / "Images").mkdir(parents=True)
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / "Images" / name)
    labels = folder / "train_test_files"
    rows = [f"{name} {rating:.6f}" for name, rating in zip(pictures, ratings, strict=True)]
    for number in folds:
        part = labels / "5_folders_cross_validations_files" / f"cross_validation_{number}"
        part.mkdir(parents=True)
        (part / f"test_{number}.txt").write_text("".join(f"{r}\n" for r in rows if r.split()[0] in test))
        train = [row for row in rows if row.split()[0] not in test]
        (part / f"train_{number}.txt").write_text("\n".join(train))
    (labels / "All_labels.txt").write_text("\n".join(rows) + "\n")
    return folder
