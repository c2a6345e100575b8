"""From two pictures of the generator to fields over the photograph's crop."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.change import Change, change_between
from pipeline.flow import displaced
from pipeline.generated import GeneratedFace
from pipeline.masks import FaceMasks, Mask, face_masks
from pipeline.skin import SkinLayers
from pipeline.tone import lab
from tests.pipeline.synthetic_faces import landmarks, texture

Picture = NDArray[np.float32]
_SIZE = 512
_POINTS = landmarks((256.0, 270.0), 112.0)
_CHEEK = np.rint((_POINTS[3] + _POINTS[31]) / 2.0).astype(int)
_MOUTH = np.rint(_POINTS[60:68].mean(0)).astype(int)


@dataclass(frozen=True)
class Face:
    """A photograph's crop, the generator's picture of it, and what is known of both."""

    crop: Picture
    before: Picture
    masks: FaceMasks
    skin: SkinLayers

    def change(
        self,
        after: Picture,
        strength: float = 0.0,
        texture: float = 0.7,
        *,
        lips_part: bool = True,
        shown: Mask | None = None,  # where the generator shows the face: as the photograph, by default
    ) -> Change:
        where = self.masks.tone if shown is None else shown
        return change_between(
            self.crop,
            GeneratedFace(self.before, where),
            GeneratedFace(after, where),
            self.masks,
            self.skin,
            strength,
            texture,
            _SIZE,
            lips_part=lips_part,
        )


@pytest.fixture(scope="module")
def face() -> Face:
    crop = texture(_SIZE, _SIZE)
    before = np.asarray(cv2.GaussianBlur(crop, (0, 0), 2.0), np.float32)
    masks = face_masks(crop, _POINTS, np.full((_SIZE, _SIZE), 500.0, np.float32))
    return Face(crop, before, masks, SkinLayers.of(crop, masks.skin))


def blob(center: NDArray[np.int_], radius: float, height: float) -> Picture:
    """A soft spot of light [512, 512, 1]."""
    y, x = np.mgrid[0:_SIZE, 0:_SIZE]
    squared = (x - center[0]) ** 2 + (y - center[1]) ** 2
    return np.asarray(height * np.exp(-squared / (2.0 * radius**2)), np.float32)[..., None]


def test_a_burnt_out_cheek_keeps_its_light(face: Face) -> None:
    y, x = (slice(int(v) - 12, int(v) + 12) for v in (_CHEEK[1], _CHEEK[0]))

    def brought(white: float) -> float:
        crop = np.asarray(face.crop + (0.99 - face.crop) * white, np.float32)
        burnt = Face(crop, np.asarray(cv2.GaussianBlur(crop, (0, 0), 2.0), np.float32), face.masks, face.skin)
        after = np.clip(burnt.before - blob(_CHEEK, 12.0, 0.06), 0.0, 1.0)
        change = lab(burnt.change(np.asarray(after, np.float32)).applied(crop)) - lab(crop)
        return float(np.abs(change[y, x, 0]).mean())

    assert brought(0.93) < 0.25 * brought(0.0)


def test_where_the_generator_changes_nothing_nothing_changes(face: Face) -> None:
    change = face.change(face.before)
    assert np.abs(change.flow).max() < 0.05
    assert np.abs(change.color).max() < 1e-3
    assert not change.cover.any()
    assert not change.smoothing.any()
    assert np.abs(change.applied(face.crop) - face.crop).max() < 3e-3


def test_another_tone_of_the_whole_face_is_not_taken_over(face: Face) -> None:
    change = face.change(np.clip(face.before + np.float32(0.06), 0.0, 1.0))
    skin = face.masks.skin > 0.5
    assert abs(float(change.color[skin].mean())) < 0.01


def lightness(face: Face, change: Change) -> Picture:
    """The soft change of L* [512, 512] of the crop, but for motion."""
    difference = (lab(face.crop + change.color) - lab(face.crop))[..., 0]
    return np.asarray(cv2.GaussianBlur(difference, (0, 0), 3.0), np.float32)


def test_light_on_a_cheek_is_carried_over(face: Face) -> None:
    change = face.change(np.clip(face.before + blob(_CHEEK, 16.0, 0.05), 0.0, 1.0))
    x, y = _CHEEK
    lighter = lightness(face, change)
    assert 2.0 < float(lighter[y - 4 : y + 4, x - 4 : x + 4].mean()) < 5.0
    forehead = np.rint(_POINTS[27] - (0.0, 60.0)).astype(int)
    assert (
        abs(float(lighter[forehead[1] - 4 : forehead[1] + 4, forehead[0] - 4 : forehead[0] + 4].mean())) < 0.6
    )


def test_no_change_of_light_exceeds_the_bound(face: Face) -> None:
    change = face.change(np.clip(face.before - blob(_CHEEK, 20.0, 0.5), 0.0, 1.0))
    assert 3.0 < np.abs(lightness(face, change)[face.masks.skin > 0.5]).max() < 8.0


_Y, _X = (axis.astype(np.float32) / _SIZE - 0.5 for axis in np.mgrid[0:_SIZE, 0:_SIZE])


@pytest.mark.parametrize("course", [_X, _Y, _X * _X, _X * _Y, _X + 2.0 * _Y * _Y])
def test_another_light_of_the_scene_is_not_carried_over(course: Mask, face: Face) -> None:
    change = face.change(np.clip(face.before + 0.15 * course[..., None], 0.0, 1.0))
    assert np.abs(lightness(face, change)[face.masks.skin > 0.5]).max() < 0.7


def test_no_tint_is_carried_over(face: Face) -> None:
    tint = blob(_CHEEK, 30.0, 1.0) * np.array([0.12, 0.02, -0.10], np.float32)
    change = face.change(np.asarray(np.clip(face.before + tint, 0.0, 1.0), np.float32))
    colors = (lab(change.applied(face.crop)) - lab(face.crop))[..., 1:]
    x, y = _CHEEK
    assert np.abs(colors[y - 20 : y + 20, x - 20 : x + 20].mean((0, 1))).max() < 0.5


def test_the_background_of_the_generator_does_not_leak_in(face: Face) -> None:
    """The generator's face is narrower: beside it, its background gets dark and green."""
    narrow = np.asarray(face.masks.tone * (np.arange(_SIZE) > _POINTS[3, 0] + 40.0), np.float32)
    narrow = np.asarray(cv2.GaussianBlur(narrow, (0, 0), 3.0), np.float32)
    after = np.where(narrow[..., None] < 0.01, np.float32([0.1, 0.5, 0.1]), face.before).astype(np.float32)
    change = face.change(after, shown=narrow)
    beside = (narrow < 0.001) & (face.masks.tone > 0.0)
    assert beside.sum() > 1000
    assert np.abs(change.color[beside]).max() < 0.02
    assert np.abs(lightness(face, change)[(narrow > 0.9) & (face.masks.skin > 0.9)]).mean() < 0.3


def test_where_the_inversion_shows_something_else_nothing_is_carried_over(face: Face) -> None:
    x, y = _CHEEK
    covered = face.crop.copy()
    covered[y - 30 : y + 30, x - 30 : x + 30] = (
        0.2,
        0.3,
        0.6,
    )  # a hand, say, that the generator cannot paint
    after = np.clip(face.before + blob(_CHEEK, 16.0, 0.05), 0.0, 1.0)
    change = Face(covered, face.before, face.masks, face.skin).change(after)
    assert np.abs(change.color[y - 10 : y + 10, x - 10 : x + 10]).max() < 0.01


def test_of_a_poor_inversion_nothing_is_carried_over(face: Face) -> None:
    noise = np.random.default_rng(5).random((_SIZE // 16, _SIZE // 16, 3)).astype(np.float32)
    elsewhere = np.asarray(cv2.resize(noise, (_SIZE, _SIZE), interpolation=cv2.INTER_CUBIC), np.float32)
    moved = cv2.warpAffine(
        elsewhere, np.array([[1.0, 0.0, 4.0], [0.0, 1.0, 0.0]], np.float32), (_SIZE, _SIZE)
    )
    change = Face(face.crop, elsewhere, face.masks, face.skin).change(np.asarray(moved, np.float32))
    assert not change.flow.any()
    assert np.abs(change.color).max() < 1e-3


def test_lips_and_teeth_keep_their_light_while_the_mouth_stays(face: Face) -> None:
    after = np.clip(face.before - blob(_MOUTH, 12.0, 0.2), 0.0, 1.0)
    x, y = _MOUTH
    darker = face.change(after, lips_part=False)
    assert np.abs(darker.color[y - 3 : y + 3, x - 20 : x + 20]).max() < 0.02


def test_every_field_keeps_to_its_mask(face: Face) -> None:
    random = np.random.default_rng(0).random((_SIZE, _SIZE, 3)).astype(np.float32)
    change = face.change(random, strength=1.0, texture=0.0, shown=np.ones((_SIZE, _SIZE), np.float32))
    masks = face.masks
    assert not change.flow[masks.motion == 0].any()
    assert not change.color[(cv2.dilate(masks.tone, np.ones((61, 61))) == 0)].any()
    assert not change.cover[masks.motion == 0].any()
    assert not change.cover[(cv2.dilate(masks.mouth, np.ones((41, 41))) == 0)].any()  # it moves along
    assert not change.smoothing[masks.skin == 0].any()
    assert change.cover.max() <= 1.0 + 1e-5
    assert all(np.isfinite(field).all() for field in (change.flow, change.color, change.pixels, change.cover))


def test_an_opening_mouth_shows_the_generator_s_pixels(face: Face) -> None:
    after = face.before.copy()
    cv2.ellipse(after, tuple(int(v) for v in _MOUTH), (34, 12), 0, 0, 360, (0.2, 0.05, 0.05), -1)
    change = face.change(np.asarray(cv2.GaussianBlur(after, (0, 0), 1.5), np.float32))
    x, y = _MOUTH
    assert change.cover[y, x] > 0.8
    assert change.cover[_CHEEK[1], _CHEEK[0]] == 0.0
    applied = change.applied(face.crop)
    assert float(applied[y, x].mean()) < 0.35
    assert np.abs(applied - face.crop)[:150].max() < 0.02
    assert not face.change(after, lips_part=False).cover.any()


def test_teeth_that_the_generator_shows_are_whitened_by_their_slider(face: Face) -> None:
    mouth = np.zeros((_SIZE, _SIZE), np.uint8)
    cv2.ellipse(mouth, tuple(int(v) for v in _MOUTH), (34, 12), 0, 0, 360, 1, -1)
    after = np.where(mouth[..., None] > 0, (0.98, 0.92, 0.6), face.before).astype(np.float32)
    x, y = _MOUTH

    def yellow(value: float) -> float:
        change = change_between(
            face.crop,
            GeneratedFace(face.before, face.masks.tone),
            GeneratedFace(after, face.masks.tone, mouth.astype(np.float32)),
            face.masks,
            face.skin,
            0.0,
            0.7,
            _SIZE,
            lips_part=True,
            teeth=value,
        )
        assert change.cover[y, x] > 0.8
        return float(lab(change.applied(face.crop))[y, x, 2])

    assert yellow(0.6) < yellow(0.3) < yellow(0.0)
    assert yellow(0.6) < 0.75 * yellow(0.0)


def test_skin_is_eased_with_strength_and_smoothed_without_texture(face: Face) -> None:
    def roughness(change: Change) -> float:
        x, y = _CHEEK
        applied = change.applied(face.crop)[y - 20 : y + 20, x - 20 : x + 20, 1]
        return float(cv2.Laplacian(np.ascontiguousarray(applied), cv2.CV_32F).std())

    still, kept, smooth = (
        roughness(face.change(face.before, strength, texture))
        for strength, texture in ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0))
    )
    assert smooth < 0.6 * still
    assert smooth < kept <= still * 1.01
    assert face.change(face.before, 1.0, 0.0).smoothing.max() > 0.5


def test_a_wandering_feature_takes_the_photo_s_own_pixels_along(face: Face) -> None:
    """The generator raises a brow: the photograph's brow rises, in the photograph's own sharpness."""
    brow = np.rint(_POINTS[17:22].mean(0)).astype(int)
    crop, before = face.crop.copy(), face.before.copy()
    for picture in (crop, before):
        picture[brow[1] - 5 : brow[1] + 5, brow[0] - 30 : brow[0] + 30] = 0.25
    after = face.before.copy()
    after[brow[1] - 9 : brow[1] + 1, brow[0] - 30 : brow[0] + 30] = 0.25
    change = Face(crop, before, face.masks, face.skin).change(after)
    rise = change.flow[brow[1] - 4 : brow[1] + 2, brow[0] - 15 : brow[0] + 15, 1].mean()
    assert 1.5 < rise < 6.0


def test_features_that_move_by_half_a_pixel_keep_their_sharpness(face: Face) -> None:
    shift = np.array([[1.0, 0.0, 2.5], [0.0, 1.0, 1.5]], np.float32)
    after = cv2.warpAffine(face.before, shift, (_SIZE, _SIZE), borderMode=cv2.BORDER_REFLECT)
    # As soft as a photograph is at the scale of its pixels.
    crop = np.asarray(cv2.GaussianBlur(face.crop, (0, 0), 0.8), np.float32)
    change = Face(crop, face.before, face.masks, face.skin).change(np.asarray(after, np.float32))
    inside = face.masks.features > 0.9

    def sharpness(picture: Picture) -> float:
        return float(cv2.Laplacian(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.CV_32F)[inside].var())

    moved = displaced(crop, change.flow)
    assert sharpness(moved) < 0.85 * sharpness(crop)
    assert sharpness(change.applied(crop)) == pytest.approx(sharpness(crop), rel=0.1)


@pytest.mark.parametrize("steep", [0.08, 0.3])
def test_the_local_retouch_moves_along_and_does_not_move_the_light(steep: float, face: Face) -> None:
    slope = np.asarray(np.repeat(steep * _X[..., None], 3, 2) * face.masks.skin[..., None], np.float32)
    where = face.masks.tone
    change = change_between(
        face.crop,
        GeneratedFace(face.before, where),
        GeneratedFace(face.before, where),
        face.masks,
        face.skin,
        0.0,
        0.7,
        _SIZE,
        local=slope + blob(_CHEEK, 10.0, 0.06),
    )
    lighter = lightness(face, change)
    x, y = _CHEEK
    assert lighter[y, x] > 3.0
    skin = face.masks.skin > 0.9
    before = np.polyfit(np.nonzero(skin)[1], lab(face.crop + slope)[..., 0][skin], 1)[0]
    after = np.polyfit(np.nonzero(skin)[1], lab(face.crop)[..., 0][skin] + lighter[skin], 1)[0]
    still = np.polyfit(np.nonzero(skin)[1], lab(face.crop)[..., 0][skin], 1)[0]
    assert abs(after - still) < 0.15 * abs(before - still)


def test_a_local_retouch_tints_the_outline_of_the_face_less_than_its_middle(face: Face) -> None:
    tint = np.asarray((0.05, -0.01, -0.02) * face.masks.skin[..., None], np.float32)
    where = face.masks.tone
    same = GeneratedFace(face.before, where)
    change = change_between(face.crop, same, same, face.masks, face.skin, 0.0, 0.7, _SIZE, local=tint)
    reddened = lab(np.asarray(face.crop + change.color, np.float32)) - lab(face.crop)
    shown = np.hypot(reddened[..., 1], reddened[..., 2])
    skin = face.masks.skin > 0.9
    assert shown[skin & (face.masks.inner > 0.6) & (face.masks.inner < 0.9)].mean() < 1.6
    assert shown[skin & (face.masks.inner > 0.9)].mean() > 2.5
