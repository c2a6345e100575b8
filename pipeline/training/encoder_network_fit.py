"""The network of ``retouchml train encoder --network``: what it learns from, and how it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipeline.encoder import Encoder
from pipeline.encoder_network import EncoderNetwork
from pipeline.pictures import READABLE_SUFFIXES
from pipeline.rater_input import face_chip
from pipeline.training.dataset import Dataset
from pipeline.training.encoder_learner import Example, Learner
from pipeline.training.encoder_views import CROP, Face, photographed, points_of_crop
from pipeline.training.fitting import octaves_of, split
from pipeline.training.labelled import LabelledSamples
from pipeline.training.labellers import Labellers, load_labellers
from pipeline.training.progress_line import ProgressLine
from pipeline.training.sampling import RENDER, picture_of
from retouchml.errors import UsageError
from stylegan2.generator import Generator

_TESTED = 64  # faces at most, generated and photographed each
_LEAST = 20  # photographs; fewer leave nothing to hold out


@dataclass(frozen=True)
class Learned:
    """A network, and lines of text that say how near the images of unseen faces are."""

    network: EncoderNetwork
    figures: str


def photographs_in(folder: Path) -> list[Path]:
    """The pictures in a folder and those below it, in order. Raises UsageError if there are too few."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.", "Choose one with portraits.")
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in READABLE_SUFFIXES and p.is_file())
    if len(found) < _LEAST:
        raise UsageError(f"{_LEAST} photographs are needed, and {folder} has {len(found)}.", _MORE)
    return found


def fit_network(
    dataset: Dataset[LabelledSamples],
    generator: Generator,  # the dataset's, where it computes quickest
    encoder: Encoder,
    guesses: Tensor,  # [N, W] the encoder's, of the samples
    photographs: Sequence[Path],
    views: int,  # to learn from
) -> Learned:
    """Fit a network on samples of a generator and photographs, a tenth of each held out.

    Raises UsageError if too few of the photographs show a face.
    """
    samples = dataset.samples
    octaves = octaves_of(samples, dataset.generator.latents)

    def generated(number: int) -> Example:
        crop = picture_of(generator, samples.w[number], int(samples.crossover[number]), CROP)
        points = points_of_crop(samples.landmarks[number].astype(np.float64), RENDER)
        return Example(Face(crop, points), guesses[number], octaves[number])

    labellers = load_labellers(age_gender=False)
    examples = _photographed(photographs, encoder, labellers) if photographs else []
    train, test = split(len(samples))
    known, unseen = (list(part) for part in split(len(examples)))
    recognition = labellers.recognizer.network.to(generator.device)
    learner = Learner(generator, recognition, len(encoder.bias))
    network = learner.fit(
        lambda number: generated(int(train[number % len(train)])),
        [examples[i] for i in known],
        views,
        ProgressLine("learning", 30.0),
    )
    figures = _line("generated", learner.nearness([generated(int(i)) for i in test[:_TESTED]]))
    if unseen:
        figures += _line("photographed", learner.nearness([examples[i] for i in unseen[:_TESTED]]))
    return Learned(network, figures)


def _photographed(photographs: Sequence[Path], encoder: Encoder, labellers: Labellers) -> list[Example]:
    faces = photographed(photographs, labellers)
    if len(faces) < _LEAST:
        raise UsageError(
            f"{len(faces)} of {len(photographs)} photographs show a face, but {_LEAST} are needed.", _MORE
        )
    examples = []
    for face in faces:
        descriptor = labellers.recognizer.describe(face.crop, face.landmarks)
        guess = encoder(face_chip(face.crop, face.landmarks), descriptor, face.landmarks)
        examples.append(Example(face, torch.as_tensor(guess)))
    return examples


def _line(kind: str, losses: Sequence[float]) -> str:
    first, *others = (f"{loss:.3f}" for loss in losses)
    passes = ", ".join(others)
    return f"loss at 64 px on unseen {kind} faces: {first} by the regression, {passes} after each pass\n"


_MORE = "Choose a folder with more portraits."
