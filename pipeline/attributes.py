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
from stylegan2.onnx import session

GEOMETRIC = ("smile", "eyes_open", "yaw", "pitch", "mouth_open", "brows")
_MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32)
_CHIP_PADDING = 0.2
_AGE_CHIP, _GENDER_CHIP = 64, 32


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


class AgeGender:
    """Two small ONNX networks (Cydral, for dlib) that tell age and gender from dlib face chips."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Load ``age-v1.onnx``, ``gender-v1.onnx`` and ``manifest.json`` from ``folder``.

        Raises ModelCorrupt if one of them is damaged.
        """
        advice = "Fetch it again: retouchml models fetch age-gender."
        self._age, self._gender = (
            session(folder / f"{name}-v1.onnx", threads, advice) for name in ("age", "gender")
        )
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            self._years = np.array(manifest["models"]["age"]["age_weights"], np.float32)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelCorrupt(f"{folder / 'manifest.json'} is damaged or missing.", advice) from error

    def __call__(self, picture: NDArray[np.float32], landmarks: NDArray[np.float64]) -> tuple[float, float]:
        """(years of age, probability of male) of the face at ``landmarks`` in a picture [H, W, 3]."""
        pixels = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
        points = [dlib.point(round(x), round(y)) for x, y in landmarks.tolist()]
        shape = dlib.full_object_detection(dlib.rectangle(0, 0, *picture.shape[1::-1]), points)

        def chip(size: int) -> NDArray[np.float32]:
            cut = dlib.get_face_chip(np.ascontiguousarray(pixels), shape, size, _CHIP_PADDING)
            scaled = (cut.astype(np.float32) - _MEAN_RGB) / 256.0
            return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])

        ages = self._age.run(None, {"images": chip(_AGE_CHIP)})[0][0]
        genders = self._gender.run(None, {"images": chip(_GENDER_CHIP)})[0][0]
        return float(ages @ self._years), float(genders[1])
