"""The instruments that see a face for ``pipeline.taste.representation``."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.appearance import appearance
from pipeline.attributes import GEOMETRIC, geometric, glasses
from pipeline.rater import FeatureRater, all_features
from pipeline.rater_input import face_chip, shape_features
from pipeline.taste.representation import Seen, small_chip
from pipeline.training.labellers import Labellers, load_labellers
from retouchml.sliders import SHIPPED

ATTRIBUTES = (*GEOMETRIC, "age", "male", "glasses", "rating")
SIDE = 256  # pixels; of the pictures that are measured


def names_taken() -> tuple[str, ...]:
    """The names that a slider of the user's own cannot have: those of other sliders, and what is measured."""
    return (*(slider.name for slider in SHIPPED), *ATTRIBUTES)


def log_odds(male: float) -> float:
    """Of the gender network's probability: it tells more faces apart."""
    share = min(max(male, 0.01), 0.99)
    return float(np.log(share / (1.0 - share)))


class Instruments:
    """What measures faces."""

    def __init__(self, labellers: Labellers, rater: FeatureRater) -> None:
        self._labellers = labellers
        self._rater = rater

    @classmethod
    def load(cls) -> "Instruments":
        """Load them. Raises ModelMissing or ModelCorrupt."""
        labellers = load_labellers()
        return cls(labellers, FeatureRater(labellers.recognizer))

    def see(self, picture: NDArray[np.float32]) -> Seen:
        """What is seen of the face in an FFHQ crop [S, S, 3] in [0, 1]."""
        picture = np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)
        landmarks = self._landmarks(picture)
        assert self._labellers.age_gender is not None
        age, male = self._labellers.age_gender(picture, landmarks)
        sight = self._labellers.recognizer.see(picture, landmarks)
        rating = self._rater.rate_features(
            all_features(sight.descriptor[None], landmarks[None].astype(np.float32), sight.activations[None])
        )
        expression = geometric(landmarks)
        attributes = [*(expression[name] for name in GEOMETRIC), age, log_odds(male)]
        attributes += [glasses(picture, landmarks), float(rating[0])]
        return Seen(
            np.array(attributes, np.float32),
            sight.descriptor,
            shape_features(landmarks),
            small_chip(face_chip(picture, landmarks)),
        )

    def appearance(self, picture: NDArray[np.float32]) -> tuple[float, float, float]:
        """Hair, beard and skin of the face in an FFHQ crop [S, S, 3] in [0, 1] (``pipeline.appearance``)."""
        picture = np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)
        return appearance(picture, self._landmarks(picture))

    def _landmarks(self, picture: NDArray[np.float32]) -> NDArray[np.float64]:
        """Landmarks [68, 2] in a picture [256, 256, 3]; the predictor was trained on larger faces."""
        enlarged = np.asarray(cv2.resize(picture, (2 * SIDE, 2 * SIDE)), np.float32)
        return self._labellers.finder.landmarks_in_crop(enlarged) / 2.0
