"""Whether a retouch moves the light: the lightness of the skin, and its slope across and down the face."""

from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.figures.faces import Area, Picture, Points, lab


@dataclass(frozen=True)
class Light:
    """The change of the skin's lightness L* (0 to 100)."""

    across: float  # of its slope from the left to the right of the face, as the eyes lie, over the whole face
    down: float  # of its slope from the top to the bottom
    mean: float  # of its mean


def light_moved(before: Picture, after: Picture, landmarks: Points, skin: Area) -> Light:
    """The change of a face's light; skin: [S, S] where it is bare in both pictures.

    Spots of light and grain weigh little: the change is blurred, and a plane is fitted to it.
    """
    if np.count_nonzero(skin) < 50:
        return Light(0.0, 0.0, 0.0)
    change = lab(after)[..., 0] - lab(before)[..., 0]
    weight = skin.astype(np.float32)
    sigma = max(0.5, 0.01 * before.shape[0])
    smooth = cv2.GaussianBlur(change * weight, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6
    )
    y, x = np.nonzero(skin)
    right = landmarks[42:48].mean(0) - landmarks[36:42].mean(0)
    right = right / np.hypot(*right)
    offset = np.stack([x, y], 1) - landmarks.mean(0)
    across = offset @ right / np.ptp(landmarks @ right)
    down = offset @ (-right[1], right[0]) / np.ptp(landmarks @ (-right[1], right[0]))
    design = np.stack([np.ones_like(across), across, down], 1)
    slopes = np.linalg.lstsq(design, smooth[skin], rcond=None)[0]
    return Light(across=float(slopes[1]), down=float(slopes[2]), mean=float(change[skin].mean()))
