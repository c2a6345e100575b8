"""Attributes of a face: expression and pose from landmarks, age and gender from networks, glasses.

The measures of expression and pose are ratios to the distance between the eyes, so they do not depend on the
picture's size. They label samples for the edits, and measure for ``benchmarks/quality.py`` what a retouch
moves besides its purpose.
"""

import json
from pathlib import Path

import cv2
import dlib
import numpy as np
from numpy.typing import NDArray

from retouchml.errors import ModelCorrupt
from stylegan2 import zoo
from stylegan2.onnx import session

GEOMETRIC = ("smile", "eyes_open", "yaw", "pitch", "mouth_open", "brows")
_MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32)
_CHIP_PADDING = 0.2
_AGE_CHIP, _GENDER_CHIP = 64, 32
MODEL = "age-gender"  # of the zoo
_ADVICE = "Fetch it again: retouchml models fetch age-gender."


def geometric(landmarks: NDArray[np.float64]) -> dict[str, float]:
    """Expression and pose of landmarks [68, 2], each in eye distances.

    smile: mouth corners above the lips' middle, and the mouth's width; eyes_open: height of the eyes; yaw:
    nose tip beside the line between the eyes; pitch: nose tip below them; mouth_open: gap between the inner
    lips; brows: height of the brows above the eyes.
    """
    left, right = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    distance = float(np.hypot(*(right - left)))
    across = (right - left) / distance
    down = np.array([-across[1], across[0]])
    lips = landmarks[[51, 57, 62, 66]].mean(0)
    corners = landmarks[[48, 54]]
    width = float(np.hypot(*(corners[1] - corners[0])))
    tip = landmarks[30] - (left + right) / 2.0
    lids = (landmarks[[41, 40, 47, 46]] - landmarks[[37, 38, 43, 44]]) @ down
    measures = {
        "smile": float(((lips - corners) @ down).mean()) + 0.5 * width,
        "eyes_open": float(lids.mean()),
        "yaw": float(tip @ across),
        "pitch": float(tip @ down),
        "mouth_open": float((landmarks[66] - landmarks[62]) @ down),
        "brows": float(((left + right) / 2.0 - landmarks[17:27].mean(0)) @ down),
    }
    return {name: value / distance for name, value in measures.items()}


def glasses(crop: NDArray[np.float32], landmarks: NDArray[np.float64]) -> float:
    """How much the face in an FFHQ crop [S, S, 3] in [0, 1] wears glasses: 0 without, above 1 with a frame.

    A frame crosses the bridge of the nose and runs below the eyes, where bare skin is smooth: the measure is
    the strongest vertical contrast there.
    """
    grey = cv2.GaussianBlur(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (0, 0), crop.shape[0] / 256.0)
    left, right = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    unit = float(np.hypot(*(right - left)))
    vertical = np.abs(cv2.Sobel(grey, cv2.CV_32F, 0, 1)) * unit

    def strongest(center: NDArray[np.float64], half_width: float, half_height: float) -> float:
        x, y = center
        rows = slice(max(0, int(y - half_height * unit)), max(1, int(y + half_height * unit) + 1))
        columns = slice(max(0, int(x - half_width * unit)), max(1, int(x + half_width * unit) + 1))
        patch = vertical[rows, columns]
        return float(patch.mean(axis=1).max()) if patch.size else 0.0

    bridge = strongest((landmarks[27] + landmarks[28]) / 2.0, 0.07, 0.16)
    rims = [strongest(eye + np.array([0.0, 0.42 * unit]), 0.14, 0.16) for eye in (left, right)]
    return (bridge + min(rims)) / 10.0


class AgeNetwork:
    """A small ONNX network (Cydral, for dlib) that tells an age from a dlib face chip."""

    def __init__(self, model: Path, manifest: Path, threads: int = 1) -> None:
        """model: ``age-v1.onnx``. Raises ModelCorrupt if a file is damaged."""
        self._session = session(model, threads, _ADVICE)
        try:
            facts = json.loads(manifest.read_text(encoding="utf-8"))
            self._years = np.array(facts["models"]["age"]["age_weights"], np.float32)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelCorrupt(f"{manifest} is damaged or missing.", _ADVICE) from error

    @classmethod
    def load(cls) -> "AgeNetwork":
        """Load it from the zoo. Raises ModelMissing or ModelCorrupt."""
        return cls(zoo.path(MODEL, "age-v1.onnx"), zoo.path(MODEL, "manifest.json"))

    def years(self, picture: NDArray[np.float32], landmarks: NDArray[np.float64]) -> float:
        """The age of the face at ``landmarks`` [68, 2] in a picture [H, W, 3] in [0, 1]."""
        said = self._session.run(None, {"images": _chip(picture, landmarks, _AGE_CHIP)})[0][0]
        return float(said @ self._years)


class AgeGender:
    """The age network, and another by the same maker that tells gender."""

    def __init__(self, age: AgeNetwork, gender: Path, threads: int = 1) -> None:
        """gender: ``gender-v1.onnx``. Raises ModelCorrupt if it is damaged."""
        self._age = age
        self._gender = session(gender, threads, _ADVICE)

    @classmethod
    def load(cls) -> "AgeGender":
        """Load both from the zoo. Raises ModelMissing or ModelCorrupt."""
        return cls(AgeNetwork.load(), zoo.path(MODEL, "gender-v1.onnx"))

    def __call__(self, picture: NDArray[np.float32], landmarks: NDArray[np.float64]) -> tuple[float, float]:
        """(years of age, probability of male) of the face at ``landmarks`` in a picture [H, W, 3]."""
        genders = self._gender.run(None, {"images": _chip(picture, landmarks, _GENDER_CHIP)})[0][0]
        return self._age.years(picture, landmarks), float(genders[1])


def _chip(
    picture: NDArray[np.float32], landmarks: NDArray[np.float64], size: int
) -> NDArray[np.float32]:  # [1, 3, size, size]
    pixels = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    points = [dlib.point(round(x), round(y)) for x, y in landmarks.tolist()]
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, *picture.shape[1::-1]), points)
    cut = dlib.get_face_chip(np.ascontiguousarray(pixels), shape, size, _CHIP_PADDING)
    scaled = (cut.astype(np.float32) - _MEAN_RGB) / 256.0
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])
