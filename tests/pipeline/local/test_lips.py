"""Richer lips: more of their own colour, in their own hue and light, never past their contour."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.local.lips import Lips
from tests.pipeline.local.painted_face import SIZE, PaintedFace, to_lab


@pytest.fixture(scope="module")
def face() -> PaintedFace:
    return PaintedFace.make()


def test_lips_gain_colour_and_keep_hue_and_light(face: PaintedFace) -> None:
    lips = face.regions.lips
    changed = face.crop + Lips.of(face.crop, face.regions, SIZE).change(1.0)
    before, after = (face.lab(picture, lips).mean(0) for picture in (face.crop, changed))
    chroma = [float(np.hypot(*lab[1:])) for lab in (before, after)]
    assert 1.1 * chroma[0] < chroma[1] < chroma[0] + 9.0
    assert np.arctan2(after[2], after[1]) == pytest.approx(np.arctan2(before[2], before[1]), abs=0.03)
    assert after[0] == pytest.approx(before[0], abs=0.5)


def test_nothing_past_the_contour_changes(face: PaintedFace) -> None:
    change = Lips.of(face.crop, face.regions, SIZE).change(1.0)
    assert not change[face.regions.lips == 0.0].any()
    assert not Lips.of(face.crop, face.regions, SIZE).change(0.0).any()


def test_a_blotch_is_evened_and_a_highlight_stays(face: PaintedFace) -> None:
    lips, crop = face.regions.lips, face.crop.copy()
    rows, columns = np.nonzero(lips > 0.95)
    lower = rows > np.median(rows)
    y, x = int(np.median(rows[lower])), int(np.median(columns[lower]))
    blotch, highlight = (
        (slice(y - 4, y + 5), slice(x - 24, x - 15)),
        (slice(y - 3, y + 4), slice(x + 10, x + 26)),
    )
    crop[blotch] += np.array((-0.06, 0.06, 0.05), np.float32)
    crop[highlight] = 0.93
    before, after = to_lab(crop), to_lab(crop + Lips.of(crop, face.regions, SIZE).change(1.0))

    def uneven(lab: NDArray[np.float32]) -> float:
        plain = lab[y - 4 : y + 5, x - 8 : x + 4, 1].mean()
        return float(abs(lab[blotch][..., 1].mean() - plain))

    assert uneven(after) < 0.85 * uneven(before)
    assert np.abs(after - before)[highlight].max() < 0.5
