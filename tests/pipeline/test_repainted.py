"""What the generator's pictures change in a photograph: its own grain stays, and only a head changes."""

from functools import partial

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import repainted as module
from pipeline.change import Change
from pipeline.flow import displaced
from pipeline.repainted import Repainted, allowed_by_frame
from tests.pipeline.synthetic_faces import texture

SIZE = 256
Picture = NDArray[np.float32]


def disc(radius: float, center: tuple[float, float] = (128.0, 128.0)) -> Picture:
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    return np.asarray(np.clip(radius - np.hypot(x - center[0], y - center[1]) + 0.5, 0.0, 1.0), np.float32)


def face(shift: float = 0.0, mouth: float = 0.0) -> Picture:
    """A smooth face of soft spots, shifted to the right, with a dark mouth."""
    noise = np.random.default_rng(3).standard_normal((SIZE, SIZE, 3)).astype(np.float32)
    spots = 0.5 + 1.2 * cv2.GaussianBlur(noise, (0, 0), 5.0)
    moved = cv2.warpAffine(spots, np.array([[1.0, 0.0, shift], [0.0, 1.0, 0.0]]), (SIZE, SIZE))
    inside = disc(80.0)[..., None]
    picture = 0.5 + (moved - 0.5) * inside
    dark = disc(16.0, (128.0, 160.0))[..., None] * mouth
    return np.asarray(np.clip(picture * (1.0 - dark), 0.0, 1.0), np.float32)


HEAD = disc(84.0)
EVERYWHERE = np.ones((SIZE, SIZE), np.float32)
ANYWHERE = EVERYWHERE, EVERYWHERE, HEAD
repainted = partial(module.repainted, turns=True)
GRAIN = np.asarray(texture(SIZE, SIZE) - cv2.GaussianBlur(texture(SIZE, SIZE), (0, 0), 1.5), np.float32)


def shown(photo: Picture, made: Repainted) -> Picture:
    none = np.zeros((SIZE, SIZE), np.float32)
    return Change(made.flow, made.color, made.pixels(photo), made.cover, none).applied(photo)


def fine(picture: Picture, where: NDArray[np.bool_]) -> float:
    grey = picture.mean(axis=2)
    return float((grey - cv2.GaussianBlur(grey, (0, 0), 1.0))[where].std())


def test_without_a_difference_nothing_changes() -> None:
    made = repainted(face(), face(), (HEAD, HEAD), *ANYWHERE)
    assert np.abs(made.flow).max() < 0.05
    assert not made.color.any()
    assert made.cover.max() < 0.01


def test_the_photograph_follows_a_motion_with_its_own_grain() -> None:
    photo, after = face() + GRAIN, face(6.0)
    made = repainted(face(), after, (HEAD, HEAD), *ANYWHERE)
    result, deep = shown(photo, made), disc(60.0) > 0.5
    assert np.abs(cv2.GaussianBlur(result - after, (0, 0), 2.0))[deep].mean() < 0.01
    assert fine(result, deep) == pytest.approx(fine(photo, deep), rel=0.15)
    assert np.median(made.cover[deep]) < 0.05


def test_what_no_motion_explains_has_the_generator_s_pixels_and_grain() -> None:
    photo = face() + GRAIN
    made = repainted(face(), face(mouth=1.0), (HEAD, HEAD), *ANYWHERE)
    result, mouth = shown(photo, made), disc(10.0, (128.0, 160.0)) > 0.5
    assert made.cover[mouth].min() > 0.9
    assert np.abs(cv2.GaussianBlur(result, (0, 0), 2.0))[mouth].mean() < 0.08
    assert fine(result, mouth) > 0.5 * fine(photo, disc(60.0) > 0.5)
    assert np.array_equal(result, shown(photo, made))


def test_only_the_head_and_a_rim_change_and_nothing_where_the_photograph_may_not() -> None:
    after = np.asarray(face(6.0) * 0.8, np.float32)
    allowed = np.asarray(EVERYWHERE.copy())
    allowed[:, :100] = 0.0
    made = repainted(face(), after, (HEAD, HEAD), allowed, EVERYWHERE, HEAD)
    away = (disc(84.0 + 0.11 * SIZE) == 0.0) | (allowed == 0.0)
    for field in (made.flow, made.color, made.cover):
        assert field.any()
        assert not field[away].any()


def test_colours_are_those_of_the_photograph_where_the_generator_s_differ() -> None:
    photo = np.asarray(face() * np.array([1.0, 0.9, 0.8], np.float32), np.float32)
    made = repainted(face(), face(mouth=1.0), (HEAD, HEAD), *ANYWHERE)
    beside = (disc(22.0, (128.0, 160.0)) > 0.5) & (disc(18.0, (128.0, 160.0)) == 0.0)
    ratio = shown(photo, made)[beside].mean(0) / photo[beside].mean(0)
    assert ratio == pytest.approx(np.ones(3), abs=0.05)


def test_where_hair_goes_the_wall_has_the_colours_of_the_photograph_s_wall() -> None:
    bun = disc(24.0, (204.0, 128.0))
    whole = np.maximum(disc(64.0), bun)

    def portrait(head: Picture, hair: float, wall: tuple[float, float, float]) -> Picture:
        inside = head[..., None]
        return np.asarray(inside * hair + (1.0 - inside) * np.array(wall, np.float32), np.float32)

    before, after = (portrait(head, 0.2, (0.6, 0.6, 0.6)) for head in (whole, disc(64.0)))
    photo = portrait(whole, 0.35, (0.55, 0.6, 0.7)) + 0.3 * GRAIN
    made = repainted(before, after, (whole, disc(64.0)), *ANYWHERE)
    bared = disc(16.0, (206.0, 128.0)) > 0.5
    assert shown(photo, made)[bared].mean(0) == pytest.approx([0.55, 0.6, 0.7], abs=0.03)


def strands(seed: int) -> Picture:
    """Hair around a smooth face: as dark everywhere, of strands that are nowhere the same."""
    noise = np.random.default_rng(seed).standard_normal((SIZE, SIZE, 3)).astype(np.float32)
    around = (HEAD * (1.0 - disc(40.0)))[..., None]
    return np.asarray(np.clip(face() * (1.0 - around) + around * (0.4 + 0.15 * noise), 0.0, 1.0), np.float32)


def test_hair_keeps_the_photograph_s_strands_and_takes_the_colour_that_comes() -> None:
    photo, grey = strands(1), np.array([0.06, 0.06, 0.06], np.float32)
    made = repainted(strands(2), strands(3) + grey, (HEAD, HEAD), EVERYWHERE, EVERYWHERE, disc(40.0))
    hair = (disc(72.0) > 0.5) & (disc(58.0) == 0.0)
    assert made.cover[hair].max() < 0.2
    result = shown(photo, made)
    assert (result - photo)[hair].mean(0) == pytest.approx(grey, abs=0.02)
    still = cv2.GaussianBlur(displaced(photo, made.flow), (0, 0), 4.0)
    own = (displaced(photo, made.flow) - still)[hair].ravel()
    assert np.corrcoef((result - cv2.GaussianBlur(result, (0, 0), 4.0))[hair].ravel(), own)[0, 1] > 0.9


def test_skin_that_comes_where_hair_was_is_the_generator_s() -> None:
    bald = np.where((disc(30.0, (128.0, 66.0)) > 0.5)[..., None], np.float32(0.8), strands(2))
    made = repainted(strands(2), bald, (HEAD, HEAD), EVERYWHERE, EVERYWHERE, disc(40.0))
    assert made.cover[disc(12.0, (128.0, 66.0)) > 0.5].min() > 0.8


@pytest.mark.parametrize("way", [(0, 1), (1, 0)])
def test_motion_ends_without_a_line_where_the_head_does(way: tuple[int, int]) -> None:
    y = np.mgrid[0:SIZE, 0:SIZE][0].astype(np.float32)
    soft = cv2.GaussianBlur(HEAD, (0, 0), 3.0) * np.clip((200.0 - y) / 80.0, 0.0, 1.0)
    head = np.asarray(soft, np.float32)
    made = repainted(face(), face(6.0), (head, head), *ANYWHERE)
    out = np.arange(120)
    moved = np.abs(made.flow[128 + way[0] * out, 128 + way[1] * out, 0])
    assert moved[0] > 4.0
    assert moved[-1] == 0.0
    assert np.diff(moved).max() < 0.05 * moved[0]


def test_a_shadow_that_the_head_no_longer_casts_leaves_no_outline() -> None:
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    away = np.maximum(np.hypot(x - 128.0, y - 128.0) - 80.0, 0.0)
    shadow = np.asarray(0.08 * np.exp(-away / 20.0) * (1.0 - disc(80.0)), np.float32)[..., None]
    photo = face() - shadow
    change = shown(photo, repainted(photo, face(), (HEAD, HEAD), *ANYWHERE)) - photo
    outwards = change[128, 128 + 86 :].mean(1)
    assert outwards[0] > 0.03
    assert np.abs(np.diff(outwards)).max() < 0.008


def test_clothes_stay_while_the_head_beside_them_moves() -> None:
    loose = np.asarray(EVERYWHERE.copy())
    loose[150:] = 0.0
    moved = np.abs(repainted(face(), face(6.0), (HEAD, HEAD), EVERYWHERE, loose, HEAD).flow).sum(2)
    beside = (disc(96.0) > 0.5) & (disc(84.0 + 0.035 * SIZE) == 0.0)
    assert moved[:128][beside[:128]].mean() > 0.5
    assert not moved[150:][beside[150:]].any()


def test_a_collar_that_comes_below_the_face_is_not_shown_and_one_in_the_face_is() -> None:
    loose = np.asarray(EVERYWHERE.copy())
    loose[150:] = 0.0
    collar = disc(20.0, (128.0, 190.0))[..., None]
    after = np.asarray(face() * (1.0 - collar) + collar, np.float32)
    inside = disc(14.0, (128.0, 190.0)) > 0.5
    for chin, least, most in ((150, 0.0, 0.02), (220, 0.3, 1.0)):
        faces = np.asarray(HEAD.copy())
        faces[chin:] = 0.0
        made = repainted(face(), after, (HEAD, HEAD), EVERYWHERE, loose, faces)
        change = np.abs(shown(face() + GRAIN, made) - face() - GRAIN).mean(2)
        assert least <= change[inside].mean() <= most


def test_a_wall_that_is_taken_for_the_head_after_stays() -> None:
    wall = disc(30.0, (226.0, 60.0))  # far from the head before
    stripes = 0.4 * np.sin(np.arange(SIZE) / 3.0)[:, None, None]
    after = np.asarray(face() + wall[..., None] * stripes, np.float32)
    made = repainted(face(), after, (HEAD, np.maximum(HEAD, wall)), *ANYWHERE)
    far = (wall > 0.5) & (disc(84.0 + 0.15 * SIZE) == 0.0)
    assert far.sum() > 500
    assert not made.cover[far].any()
    assert np.abs(made.color[far]).max() < 0.01


def test_hair_of_a_head_that_does_not_turn_keeps_its_outline_and_takes_a_colour() -> None:
    hair = np.maximum(disc(94.0) - disc(60.0), 0.0)
    larger = np.maximum(disc(110.0) - disc(60.0), 0.0)
    still, grown = (np.asarray(face() * (1.0 - each[..., None]), np.float32) for each in (hair, larger))
    after = np.asarray(grown + 0.08 * larger[..., None], np.float32)
    heads, bounds = (disc(94.0), disc(110.0)), (EVERYWHERE, EVERYWHERE, disc(60.0))
    turned, kept = (repainted(still, after, heads, *bounds, turns=turns) for turns in (True, False))
    wall, lock = (disc(106.0) > 0.5) & (disc(98.0) == 0.0), (disc(84.0) > 0.5) & (disc(74.0) == 0.0)
    assert np.abs(shown(still, turned) - still)[wall].mean() > 0.1
    assert np.abs(shown(still, kept) - still)[wall].mean() < 0.02
    assert (shown(still, kept) - still)[lock].mean() == pytest.approx(0.08, abs=0.02)
    assert not kept.flow[disc(60.0 + 0.11 * SIZE) == 0.0].any()


def test_what_may_change_fades_before_the_frame() -> None:
    y = np.mgrid[0:SIZE, 0:SIZE][0].astype(np.float32)
    allowed = allowed_by_frame(y - 30.0)
    assert allowed[30].max() == 0.0
    assert 0.0 < allowed[35].max() < 1.0
    assert allowed[50, 20:-20].min() == 1.0


def test_hair_that_goes_on_beyond_the_crop_shows_no_border_of_it() -> None:
    far_from_the_frame = np.full((SIZE, SIZE), 1000.0, np.float32)
    photo, after = face() + GRAIN, np.asarray(face(6.0) * 0.8, np.float32)
    allowed = allowed_by_frame(far_from_the_frame)
    change = np.abs(
        shown(photo, repainted(face(), after, (EVERYWHERE, EVERYWHERE), allowed, EVERYWHERE, HEAD)) - photo
    )
    edge = np.concatenate([change[0], change[-1], change[:, 0], change[:, -1]])
    assert edge.max() < 1e-6
    assert change[20:-20, 20:-20].mean() > 0.05
