"""The light that a change carries over, and what it leaves out."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.masks import FaceMasks, face_masks
from pipeline.tone import (
    Agreement,
    as_color,
    held_color,
    kept_form,
    lab,
    light_change,
    low_order,
    room_for_light,
)
from tests.pipeline.synthetic_faces import landmarks, texture

_SIZE = 256
_Y, _X = (axis.astype(np.float32) / _SIZE - 0.5 for axis in np.mgrid[0:_SIZE, 0:_SIZE])
_WHOLE = np.ones((_SIZE, _SIZE), np.float32)


@pytest.fixture(scope="module")
def masks() -> FaceMasks:
    points = landmarks((128.0, 135.0), 56.0)
    return face_masks(texture(_SIZE, _SIZE), points, np.full((_SIZE, _SIZE), 500.0, np.float32))


def flat() -> NDArray[np.float32]:
    return np.full((_SIZE, _SIZE, 3), (0.7, 0.55, 0.45), np.float32)


def test_the_low_order_of_a_quadratic_is_the_quadratic() -> None:
    course = 3.0 + 2.0 * _X - _Y + 5.0 * _X * _X - 4.0 * _X * _Y + _Y * _Y
    weight = np.asarray(np.hypot(_X, _Y) < 0.3, np.float32)
    assert np.abs(low_order(course, weight) - course)[weight > 0].max() < 1e-3


def test_the_low_order_ignores_what_has_no_weight_and_stays_small_far_off() -> None:
    weight = np.asarray(np.hypot(_X, _Y) < 0.15, np.float32)
    values = np.where(weight > 0, 4.0 * _X * _X, 1000.0).astype(np.float32)
    assert np.abs(low_order(values, weight)).max() < 1.0
    assert not low_order(values, 0.0 * weight).any()


def test_a_highlight_outside_the_shown_face_does_not_bleed_in(masks: FaceMasks) -> None:
    agreement = Agreement(_WHOLE, _WHOLE, 1.0)
    shown = np.asarray(_X > 0.0, np.float32) * masks.tone
    after = np.where((_X > 0.0)[..., None], flat(), 1.0).astype(np.float32)
    change = light_change(flat(), after, masks, shown, agreement, _SIZE)
    assert np.abs(change).max() < 0.05


def test_light_is_added_without_color() -> None:
    light = np.asarray(4.0 * np.exp(-(_X**2 + _Y**2) / 0.02), np.float32)
    before, after = lab(flat()), lab(flat() + as_color(flat(), light, _SIZE))
    assert np.abs(after[..., 0] - before[..., 0] - light).max() < 0.1
    assert np.abs(after[..., 1:] - before[..., 1:]).max() < 0.4
    assert not as_color(flat(), 0.0 * light, _SIZE).any()


def test_of_a_large_crop_the_colour_is_nearly_that_of_all_its_pixels() -> None:
    size = 1024
    y, x = (axis.astype(np.float32) / size - 0.5 for axis in np.mgrid[0:size, 0:size])
    picture = np.asarray(0.7 * texture(size, size) + 0.1, np.float32)
    light = np.asarray(4.0 * np.exp(-(x**2 + y**2) / 0.002), np.float32)
    smooth = lab(np.asarray(cv2.GaussianBlur(picture, (0, 0), 2.5), np.float32))
    lighter = smooth + np.dstack([light, 0.0 * light, 0.0 * light])
    expected = cv2.cvtColor(lighter, cv2.COLOR_Lab2RGB) - cv2.cvtColor(smooth, cv2.COLOR_Lab2RGB)
    color = as_color(picture, light, size)
    assert expected.max() > 0.02
    assert np.abs(color - expected).max() < 0.05 * expected.max()
    bright = np.asarray(np.clip(picture + 0.35, 0.0, 1.0), np.float32)
    small = cv2.resize(bright, (512, 512), interpolation=cv2.INTER_AREA)
    room = cv2.resize(room_for_light(np.asarray(small, np.float32), 512), (size, size))
    assert 0.0 <= room.min() < 0.5 < room.max()
    assert np.abs(room_for_light(bright, size) - room).mean() < 0.02


def test_agreement_falls_with_what_differs_at_its_own_scale(masks: FaceMasks) -> None:
    crop = texture(_SIZE, _SIZE)
    same = Agreement.of(crop, crop, masks, _SIZE)
    assert same.whole == 1.0
    assert min(same.broad.min(), same.fine.min()) > 0.99
    grain = np.random.default_rng(2).normal(0.0, 0.08, crop.shape).astype(np.float32)
    grainy = Agreement.of(crop + cv2.GaussianBlur(grain, (0, 0), 0.7) * 2.0, crop, masks, _SIZE)
    assert grainy.fine.mean() < grainy.broad.mean() - 0.1


def test_a_tone_that_differs_over_the_whole_skin_is_no_disagreement(masks: FaceMasks) -> None:
    crop = texture(_SIZE, _SIZE)
    assert Agreement.of(crop, crop * 0.8, masks, _SIZE).whole == 1.0


def test_a_foreign_face_agrees_nowhere(masks: FaceMasks) -> None:
    crop = texture(_SIZE, _SIZE)
    foreign = np.where((np.hypot(_X, _Y) % 0.1 < 0.05)[..., None], 0.1, crop).astype(np.float32)
    assert Agreement.of(crop, foreign, masks, _SIZE).whole == 0.0


def inward(depth: float) -> NDArray[np.float32]:
    """1 deeper inside a disc than a depth, 0 at its outline and beyond."""
    return np.asarray(np.clip((110.0 - np.hypot(_X, _Y) * _SIZE) / depth, 0.0, 1.0), np.float32)


def test_the_colour_of_skin_is_held_along_the_outline_and_not_deep_inside() -> None:
    skin = np.asarray(np.hypot(_X, _Y) * _SIZE < 108.0, np.float32)
    shift = np.zeros((_SIZE, _SIZE, 3), np.float32)
    shift[..., 1] = 5.0 * skin  # of a*
    changed = np.asarray(cv2.cvtColor(lab(flat()) + shift, cv2.COLOR_Lab2RGB), np.float32)
    held = changed + held_color(flat(), changed, skin, inward(15.0), _SIZE)
    left = lab(held)[..., 1] - lab(flat())[..., 1]
    distance = np.hypot(_X, _Y) * _SIZE
    assert left[(distance > 100.0) & (distance < 106.0)].mean() < 1.5
    assert left[distance < 50.0].mean() > 3.5
    assert np.abs(lab(held)[..., 0] - lab(changed)[..., 0]).max() < 0.5
    assert np.array_equal(held[distance > 110.0], changed[distance > 110.0])


def test_small_changes_of_colour_and_healed_spots_are_not_held() -> None:
    skin, inner = np.asarray(np.hypot(_X, _Y) * _SIZE < 108.0, np.float32), inward(15.0)
    faint, spot = (np.zeros((_SIZE, _SIZE, 3), np.float32) for _ in range(2))
    faint[..., 1] = 0.4
    spot[126:130, 226:230, 1] = -8.0  # near the outline
    for shift, kept in ((faint, 0.4), (spot, 8.0)):
        changed = np.asarray(cv2.cvtColor(lab(flat()) + shift, cv2.COLOR_Lab2RGB), np.float32)
        held = changed + held_color(flat(), changed, skin, inner, _SIZE)
        left = np.abs(lab(held)[127:129, 227:229, 1] - lab(flat())[127:129, 227:229, 1])
        assert left.min() > 0.8 * kept


def modelled(light: float, blush: float) -> NDArray[np.float32]:
    """Skin with round cheeks that are lighter and redder, and a small dark spot."""
    colors = lab(flat())
    for x in (-0.2, 0.2):
        cheek = np.exp(-((_X - x) ** 2 + _Y**2) / 0.006)
        colors[..., 0] += light * cheek
        colors[..., 1] += blush * cheek
    return np.asarray(cv2.cvtColor(colors.astype(np.float32), cv2.COLOR_Lab2RGB), np.float32)


def test_skin_that_got_flat_and_pale_gets_its_form_back() -> None:
    before, after = modelled(10.0, 6.0), modelled(7.5, 3.0)
    kept = after + kept_form(before, after, _WHOLE, _WHOLE, _SIZE)
    cheek, between = (128, 179), (128, 128)

    def modelling(picture: NDArray[np.float32]) -> NDArray[np.float32]:
        colors = lab(picture)
        return np.asarray(colors[cheek] - colors[between], np.float32)

    assert 8.4 < modelling(kept)[0] < 10.0
    assert 3.5 < modelling(kept)[1] < 5.5
    assert np.abs(lab(kept).mean((0, 1)) - lab(after).mean((0, 1))).max() < 0.1


def test_form_that_stayed_or_grew_is_left_as_it_is() -> None:
    before = modelled(10.0, 6.0)
    for after in (before, modelled(9.8, 5.0), modelled(12.0, 7.0)):
        assert not kept_form(before, after, _WHOLE, _WHOLE, _SIZE).any()
    for before in (flat(), modelled(-10.0, -6.0)):
        # no form, or the opposite one
        assert not kept_form(before, modelled(5.0, 5.0), _WHOLE, _WHOLE, _SIZE).any()


def test_what_was_healed_does_not_come_back_with_the_form() -> None:
    before, after = modelled(10.0, 6.0), modelled(7.5, 3.0)
    spot = np.s_[124:133, 124:133]
    before[spot] *= 0.7
    kept = after + kept_form(before, after, _WHOLE, _WHOLE, _SIZE)
    around = lab(kept)[124:133, 110:119, 0].mean()
    assert lab(kept)[spot][..., 0].mean() == pytest.approx(around, abs=0.5)


def test_where_the_colour_may_not_change_form_stays_lost() -> None:
    tone = np.asarray(_X < 0.0, np.float32)
    change = kept_form(modelled(10.0, 6.0), modelled(7.5, 3.0), _WHOLE, tone, _SIZE)
    assert not change[tone == 0.0].any()
    assert change[tone > 0.0].any()


def test_light_next_to_white_has_no_room_to_change() -> None:
    picture = flat()
    picture[:, 100:] = 0.985
    room = room_for_light(picture, _SIZE)
    assert (room[:, :80] == 1.0).all()
    assert room[:, 120:].max() < 0.01
    assert ((room >= 0.0) & (room <= 1.0)).all()


def test_a_fine_change_on_the_eyes_is_bounded(masks: FaceMasks) -> None:
    lashes = np.where(np.arange(_SIZE) // 3 % 2 == 0, np.float32(0.7), np.float32(1.25))
    after = np.asarray(flat() * lashes[None, :, None], np.float32)
    change = light_change(flat(), after, masks, masks.tone, Agreement(_WHOLE, _WHOLE, 1.0), _SIZE)
    eyes = masks.features > 0.99
    across = change[eyes & (lashes > 1.0)].mean() - change[eyes & (lashes < 1.0)].mean()
    assert 2.0 < across < 5.0
