"""Samples with all that instruments see of their pictures: attributes, appearance, descriptor and chip.

``retouchml train`` edits, appearance, taste and encoder learn from them.
"""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.appearance import appearance
from pipeline.attributes import GEOMETRIC, geometric, glasses
from pipeline.rater_input import face_chip
from pipeline.training.labellers import Labellers, load_labellers
from pipeline.training.sampling import RENDER, Measure, Row, SampleKind, Samples, picture_of
from stylegan2.generator import Generator

ATTRIBUTES = (*GEOMETRIC, "age", "male", "glasses")


@dataclass(frozen=True)
class LabelledSamples(Samples):
    """Samples and what was seen of them."""

    landmarks: NDArray[np.float32]  # [N, 68, 2] in pixels of a 256 px picture
    descriptors: NDArray[np.float32]  # [N, 128]
    activations: NDArray[np.float16]  # [N, ACTIVATIONS] of dlib's network
    attributes: NDArray[np.float32]  # [N, len(ATTRIBUTES)]
    appearance: NDArray[np.float32]  # [N, len(APPEARANCE)]
    chips: NDArray[np.uint8]  # [N, 112, 112, 3], the input of the pixel rater


def _measure(generator: Generator) -> Measure:
    return partial(label, generator, load_labellers())


def label(generator: Generator, labellers: Labellers, w: NDArray[np.float32], crossover: float) -> Row:
    """The row of ``LabelledSamples`` of two codes [2, W] and a crossover."""
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


LABELLED = SampleKind("samples", 4, LabelledSamples, _measure)
