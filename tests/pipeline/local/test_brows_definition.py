"""Clearer brows: hairs stand out more, gaps fill a little, and skin beside them stays."""

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.local.brows_definition import Brows
from tests.pipeline.local.painted_face import SIZE, PaintedFace, to_lab


@pytest.fixture(scope="module")
def face() -> PaintedFace:
    """A painted face whose brows have hairs."""
    face = PaintedFace.make()
    columns = np.arange(SIZE, dtype=np.float32)[None, :, None]
    hairs = np.where(face.regions.brows[..., None] > 0.5, 0.05 * np.sin(columns * 1.2), 0.0)
    return PaintedFace(
        np.asarray(np.clip(face.crop + 0.15 * (hairs != 0.0) + hairs, 0, 1), np.float32), face.regions
    )


def test_hairs_stand_out_more(face: PaintedFace) -> None:
    changed = face.crop + Brows.of(face.crop, face.regions, SIZE).change(1.0)
    before, after = (contrast(picture, face) for picture in (face.crop, changed))
    assert 1.1 * before < after < 2.0 * before


def contrast(picture: NDArray[np.float32], face: PaintedFace) -> float:
    light = to_lab(picture)[..., 0]
    return float(np.abs(np.diff(light, n=2, axis=1))[face.regions.brows[:, 1:-1] > 0.9].mean())


def test_a_gap_is_filled_in_part(face: PaintedFace) -> None:
    rows, columns = np.nonzero(face.regions.brows > 0.95)
    y, x = int(rows[len(rows) // 4]), int(columns[len(columns) // 4])
    gap, crop = (slice(y - 3, y + 4), slice(x - 4, x + 5)), face.crop.copy()
    crop[gap] = (0.6, 0.45, 0.38)
    before, after = to_lab(crop), to_lab(crop + Brows.of(crop, face.regions, SIZE).change(1.0))
    brow = np.median(before[..., 0][face.regions.brows > 0.95])
    depth = before[gap][..., 0].mean() - brow
    assert 0.02 * depth < (before - after)[gap][..., 0].mean() < 0.4 * depth


def test_nothing_but_the_brows_changes(face: PaintedFace) -> None:
    change = Brows.of(face.crop, face.regions, SIZE).change(1.0)
    assert not change[face.regions.brows == 0.0].any()
    assert not Brows.of(face.crop, face.regions, SIZE).change(0.0).any()


def test_clear_hairs_gain_less_than_soft_ones(face: PaintedFace) -> None:
    columns = np.arange(SIZE, dtype=np.float32)[None, :, None]
    inside = face.regions.brows[..., None] > 0.5
    plain = np.where(inside, np.float32(0.35), face.crop)
    gains = []
    for height in (0.03, 0.2):
        hairs = np.where(inside, height * np.sin(columns * 1.2), 0.0)
        crop = np.asarray(np.clip(plain + hairs, 0.0, 1.0), np.float32)
        changed = crop + Brows.of(crop, face.regions, SIZE).change(1.0)
        gains.append(contrast(changed, face) / contrast(crop, face))
    assert gains[0] > 1.15
    assert 1.0 < gains[1] < 1.0 + 0.35 * (gains[0] - 1.0)
