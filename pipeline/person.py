"""Where a picture shows people: MediaPipe's network ``selfie_segmentation``.

A MobileNetV3 (Howard et al., "Searching for MobileNetV3", arXiv 1905.02244) that sees a picture of 256 px. It
knows a person by shape, where colours alone do not tell dark hair from a dark wall. It tells people from what
is behind them, but not one from another, nor a head from its clothes.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.masks import Mask
from stylegan2.onnx import session

SIDE = 256  # pixels; of what it sees and says
_ADVICE = "Fetch it again: retouchml models fetch mediapipe-person."


class PersonNetwork:
    """The network, loaded once."""

    def __init__(self, model: Path | bytes) -> None:
        """model: ``selfie_segmentation.onnx``. Raises ModelCorrupt if it is no network."""
        self._session = session(model, 1, _ADVICE)
        self._input = self._session.get_inputs()[0].name

    def shown(self, picture: NDArray[np.float32]) -> Mask:
        """How likely [256, 256], 0 to 1, each part of a picture [S, S, 3] in [0, 1] shows a person."""
        seen = picture
        if picture.shape[:2] != (SIDE, SIDE):
            how = cv2.INTER_AREA if picture.shape[0] > SIDE else cv2.INTER_LINEAR
            seen = np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=how), np.float32)
        (found,) = self._session.run(None, {self._input: np.clip(seen, 0.0, 1.0)[None]})
        return np.asarray(found, np.float32).reshape(SIDE, SIDE)
