"""Where the face is: within its outline, off hair, glasses, eyes and the neighbour's face."""

from dataclasses import fields

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.masks import (
    FaceMasks,
    face_masks,
    feature_mask,
    guided,
    neighbour_weight,
    outline,
    skin_likelihood,
)
from tests.pipeline.synthetic_faces import landmarks, texture

Mask = NDArray[np.float32]
_SIZE = 512
_DEEP = np.full((_SIZE, _SIZE), 500.0, np.float32)


def points(x: float = 256.0, y: float = 290.0, degrees: float = 0.0) -> NDArray[np.float64]:
    """A face as it lies in an FFHQ crop of 512 px."""
    return landmarks((x, y), 112.0, degrees)


@pytest.fixture(scope="module")
def skin_coloured() -> NDArray[np.float32]:
    return texture(_SIZE, _SIZE)


@pytest.fixture(scope="module")
def masks(skin_coloured: NDArray[np.float32]) -> FaceMasks:
    return face_masks(skin_coloured, points(), _DEEP)


def at(mask: Mask, point: NDArray[np.float64]) -> float:
    x, y = np.rint(point).astype(int)
    return float(mask[y, x])


def all_of(masks: FaceMasks) -> dict[str, Mask]:
    return {field.name: getattr(masks, field.name) for field in fields(FaceMasks)}


def test_every_mask_is_between_0_and_1(masks: FaceMasks) -> None:
    for mask in all_of(masks).values():
        assert (mask.shape, mask.dtype) == ((_SIZE, _SIZE), np.float32)
        assert mask.min() >= 0.0
        assert 0.8 < mask.max() < 1.0 + 1e-5


def test_no_mask_reaches_the_corners(masks: FaceMasks) -> None:
    for mask in all_of(masks).values():
        assert max(mask[:20].max(), mask[-4:, :60].max(), mask[:, :8].max(), mask[:, -8:].max()) == 0.0


def test_cheeks_are_skin_and_eyes_brows_and_lips_are_not(masks: FaceMasks) -> None:
    cheeks = [(points()[3] + points()[31]) / 2.0, (points()[13] + points()[35]) / 2.0]
    assert min(at(masks.skin, cheek) for cheek in cheeks) > 0.7
    parts = [points()[36:42].mean(0), points()[42:48].mean(0), points()[19], points()[51], points()[57]]
    assert max(at(masks.skin, part) for part in parts) < 0.1
    assert min(at(masks.features, part) for part in parts) > 0.7
    assert min(at(masks.tone, part) for part in [*parts, *cheeks]) > 0.7


def test_lips_may_part_in_the_mouth_alone(masks: FaceMasks) -> None:
    assert at(masks.mouth, points()[60:68].mean(0)) > 0.9
    assert at(masks.mouth, points()[30]) == 0.0
    assert at(masks.mouth, points()[8]) == 0.0


def test_the_face_lies_inside_what_may_move(masks: FaceMasks) -> None:
    assert masks.motion[masks.face > 0.01].min() > 0.0
    assert masks.motion.sum() > masks.face.sum()
    # A jaw can move outwards only where there is room for it.
    assert at(masks.motion, points()[8] + (0.0, 12.0)) > 0.0


def test_skin_is_part_of_what_is_recoloured(masks: FaceMasks) -> None:
    assert (masks.skin <= masks.tone + 1e-5).all()


def test_dark_hair_over_the_forehead_is_left_out(
    skin_coloured: NDArray[np.float32], masks: FaceMasks
) -> None:
    hairy = skin_coloured.copy()
    hairy[:215] = (0.08, 0.06, 0.05)
    tone, bare = face_masks(hairy, points(), _DEEP).tone, masks.tone
    hair = bare[170:200, 220:292]
    assert hair.mean() > 0.5
    assert tone[170:200, 220:292].mean() < 0.25 * hair.mean()


def test_a_frame_of_glasses_is_no_skin(skin_coloured: NDArray[np.float32], masks: FaceMasks) -> None:
    framed = skin_coloured.copy()
    x, y = np.rint((points()[31] + points()[3]) / 2.0).astype(int)
    framed[y - 5 : y + 5, x - 40 : x + 40] = 0.04
    with_frame = face_masks(framed, points(), _DEEP)
    assert masks.skin[y, x] > 0.7
    assert with_frame.skin[y, x] < 0.25


def test_a_face_of_any_colour_is_its_own_skin() -> None:
    for shade in (1.0, 0.55, 0.3):
        masks = face_masks(texture(_SIZE, _SIZE) * np.float32(shade), points(), _DEEP)
        assert masks.skin.sum() > 20_000


def test_masks_turn_with_the_face() -> None:
    crop = texture(_SIZE, _SIZE)
    upright, tilted = (face_masks(crop, points(degrees=d), _DEEP) for d in (0.0, 25.0))
    for name, mask in all_of(upright).items():
        assert all_of(tilted)[name].sum() == pytest.approx(mask.sum(), rel=0.12)


def test_every_mask_fades_out_before_the_frame(skin_coloured: NDArray[np.float32]) -> None:
    inside = np.maximum(np.arange(_SIZE, dtype=np.float32) - 250.0, 0.0)[None, :].repeat(_SIZE, 0)
    masks = face_masks(skin_coloured, points(), inside)
    for mask in (masks.motion, masks.tone, masks.skin, masks.features, masks.mouth):
        assert not mask[inside == 0].any()
    assert masks.tone[:, 253].max() < 0.5 < masks.tone[:, 330].max()


@pytest.mark.parametrize("size", [256, 320, 1024])
def test_masks_have_the_same_share_of_a_crop_of_any_size(size: int, masks: FaceMasks) -> None:
    scaled = (points() + 0.5) * (size / _SIZE) - 0.5
    other = face_masks(texture(size, size), scaled, np.full((size, size), 9999.0, np.float32))
    for name, mask in all_of(masks).items():
        assert all_of(other)[name].mean() == pytest.approx(mask.mean(), rel=0.2, abs=0.002)


def test_the_outline_holds_all_landmarks_and_a_forehead() -> None:
    hull = outline(points(), _SIZE)
    assert all(hull[int(y), int(x)] for x, y in points()[17:])
    top = np.flatnonzero(hull.any(1))[0]
    assert points()[17:27, 1].min() - top > 40


def test_features_hold_eyes_brows_and_lips() -> None:
    mask = feature_mask(points(), _SIZE)
    inner = [
        points()[part].mean(0)
        for part in (slice(17, 22), slice(22, 27), slice(36, 42), slice(42, 48), slice(48, 60))
    ]
    assert min(at(mask, part) for part in inner) > 0.9
    assert at(mask, points()[30]) < 0.05


def test_a_colour_unlike_the_face_s_own_is_unlikely_skin() -> None:
    crop = texture(_SIZE, _SIZE)
    crop[:, :40] = (0.1, 0.5, 0.2)
    likely = skin_likelihood(crop, points())
    assert likely[:, :40].max() == 0.0
    assert likely[200:400, 200:300].mean() > 0.85


def test_a_tiny_face_has_masks_too() -> None:
    small = landmarks((32.0, 36.0), 14.0)
    masks = face_masks(texture(64, 64), small, np.full((64, 64), 99.0, np.float32))
    assert all(np.isfinite(mask).all() for mask in all_of(masks).values())


def test_landmarks_past_the_frame_are_no_error() -> None:
    masks = face_masks(texture(_SIZE, _SIZE), points(-100.0, 600.0), _DEEP)
    assert all(np.isfinite(mask).all() for mask in all_of(masks).values())


# ---- neighbours


def test_a_neighbour_far_away_takes_nothing() -> None:
    assert neighbour_weight(points(), [], _SIZE) is None
    assert neighbour_weight(points(), [points(x=1400.0)], _SIZE) is None


def test_two_faces_that_touch_share_no_pixel(skin_coloured: NDArray[np.float32]) -> None:
    left, right = points(x=170.0), points(x=170.0 + 150.0)
    first, second = (
        face_masks(skin_coloured, mine, _DEEP).weighted(weight)
        for mine, other in ((left, right), (right, left))
        if (weight := neighbour_weight(mine, [other], _SIZE)) is not None
    )
    for name, mask in all_of(first).items():
        assert float(np.minimum(mask, all_of(second)[name]).max()) == 0.0
    assert at(first.skin, (left[3] + left[31]) / 2.0) > 0.5


# ---- the filter


def plain_guided(guide: Mask, values: Mask, radius: int, epsilon: float) -> Mask:
    """He et al., pixel by pixel, well inside the picture."""
    height, width = guide.shape
    slope, offset = np.zeros_like(guide), np.zeros_like(guide)
    for y in range(radius, height - radius):
        for x in range(radius, width - radius):
            window = (slice(y - radius, y + radius + 1), slice(x - radius, x + radius + 1))
            g, v = guide[window], values[window]
            slope[y, x] = ((g * v).mean() - g.mean() * v.mean()) / (g.var() + epsilon)
            offset[y, x] = v.mean() - slope[y, x] * g.mean()
    result = np.zeros_like(guide)
    for y in range(2 * radius, height - 2 * radius):
        for x in range(2 * radius, width - 2 * radius):
            window = (slice(y - radius, y + radius + 1), slice(x - radius, x + radius + 1))
            result[y, x] = slope[window].mean() * guide[y, x] + offset[window].mean()
    return result


def test_the_guided_filter_equals_its_definition() -> None:
    random = np.random.default_rng(0)
    guide, values = (random.random((24, 28)).astype(np.float32) for _ in range(2))
    inner = (slice(4, -4), slice(4, -4))
    assert np.allclose(
        guided(guide, values, 2, 1e-2)[inner], plain_guided(guide, values, 2, 1e-2)[inner], atol=1e-4
    )
