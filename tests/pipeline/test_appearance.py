"""Hair, beard and skin as they are measured on a drawn face."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.appearance import APPEARANCE, appearance
from tests.pipeline.synthetic_faces import landmarks

SIDE = 256
POINTS = landmarks((128.0, 150.0), 110.0)
SKIN, HAIR, BEARD = (0.80, 0.62, 0.52), (0.30, 0.22, 0.16), (0.35, 0.30, 0.28)


def drawn(hair: tuple[float, ...] = HAIR, chin: tuple[float, ...] = SKIN) -> NDArray[np.float32]:
    """A head of hair, on it a face of skin, and below the nose what grows there."""
    picture = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    picture[: int(POINTS[36, 1])] = hair
    face = cv2.convexHull(np.rint(POINTS).astype(np.int32))
    cv2.fillConvexPoly(picture, face, SKIN)
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(mask, face, 1)
    mask[: int(POINTS[33, 1])] = 0
    picture[mask > 0] = chin
    return picture


def measured(picture: NDArray[np.float32]) -> dict[str, float]:
    return dict(zip(APPEARANCE, appearance(picture, POINTS), strict=True))


def test_hair_is_lighter_or_darker_whatever_the_skin_and_the_beard_are() -> None:
    dark, light = measured(drawn()), measured(drawn(hair=(0.85, 0.75, 0.55)))
    lightness = cv2.cvtColor(np.array([[HAIR]], np.float32), cv2.COLOR_RGB2Lab)[0, 0, 0]
    assert dark["hair_lightness"] == pytest.approx(float(lightness), abs=0.5)
    assert light["hair_lightness"] > dark["hair_lightness"] + 40.0
    assert light["beard"] == pytest.approx(dark["beard"], abs=0.5)
    assert light["skin_lightness"] == pytest.approx(dark["skin_lightness"], abs=0.5)


def test_a_beard_is_told_from_bare_skin_and_from_a_shadow() -> None:
    bare, bearded = measured(drawn()), measured(drawn(chin=BEARD))
    shade = measured(drawn(chin=tuple(0.85 * value for value in SKIN)))
    assert bearded["beard"] > bare["beard"] + 40.0
    assert shade["beard"] < bare["beard"] + 0.5 * (bearded["beard"] - bare["beard"])
    assert bearded["hair_lightness"] == pytest.approx(bare["hair_lightness"], abs=0.5)


def test_the_size_of_the_picture_does_not_matter() -> None:
    large = np.asarray(cv2.resize(drawn(chin=BEARD), (1024, 1024)), np.float32)
    found = appearance(large, (POINTS + 0.5) * 4.0 - 0.5)
    assert found == pytest.approx(appearance(drawn(chin=BEARD), POINTS), abs=2.0)


def test_a_face_that_the_picture_cuts_is_measured_without_an_error() -> None:
    assert all(np.isfinite(appearance(drawn(), POINTS + np.array([0.0, 300.0]))))
