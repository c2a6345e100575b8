"""A generator and labellers that cost nothing, and a folder laid out like SCUT-FBP5500."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
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
from pipeline.training.labellers import Labellers
from pipeline.training.sampling import ATTRIBUTES, Samples, collect
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


def samples(generator: Generator, count: int) -> Samples:
    """Unmixed codes, attributes that are linear in the whitened code, and faces that all differ a little."""
    random = np.random.default_rng(3)
    w = random.standard_normal((count, WIDTH)).astype(np.float32)
    v = generator.latents.whiten(torch.from_numpy(w)).numpy()
    attributes = v @ random.standard_normal((WIDTH, len(ATTRIBUTES))) / WIDTH**0.5
    attributes[:, ATTRIBUTES.index("male")] = 1.0 / (1.0 + np.exp(-v[:, -1]))
    faces = landmarks() + random.standard_normal((count, 68, 2))
    return Samples(
        np.stack([w, w], 1),
        np.full(count, 2048, np.int32),
        faces.astype(np.float32),
        np.hstack([v, np.zeros((count, 128 - WIDTH))]).astype(np.float32),
        np.resize(v.T, (ACTIVATIONS, count)).T.astype(np.float16),
        attributes.astype(np.float32),
        v[:, : len(APPEARANCE)].astype(np.float32),
        random.integers(0, 256, (count, 112, 112, 3), dtype=np.uint8),
    )


def sampled(path: Path, count: int, generator: SmallGenerator | None = None) -> Samples:
    """The samples of a file, after sampling it up to ``count``."""
    list(collect(generator or SmallGenerator(), labellers(), count, 1, path))
    table = load_table(path, Samples)
    assert table is not None
    return table


def assert_equal(a: Samples, b: Samples) -> None:
    for field in fields(Samples):
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
