"""From two pictures of the generator to fields over the photograph's crop."""

from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.change import Change, change_between
from pipeline.flow import displaced
from pipeline.masks import FaceMasks, face_masks
from pipeline.skin import SkinLayers
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
        self, after: Picture, strength: float = 0.0, texture: float = 0.7, *, lips_part: bool = True
    ) -> Change:
        return change_between(
            self.crop,
            self.before,
            after,
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


def test_light_on_a_cheek_is_carried_over(face: Face) -> None:
    change = face.change(np.clip(face.before + blob(_CHEEK, 30.0, 0.08), 0.0, 1.0))
    x, y = _CHEEK
    assert float(change.color[y, x].mean()) == pytest.approx(0.07, abs=0.025)
    forehead = np.rint(_POINTS[27] - (0.0, 60.0)).astype(int)
    assert abs(float(change.color[forehead[1], forehead[0]].mean())) < 0.025
    applied = change.applied(face.crop) - face.crop
    assert float(applied[y - 4 : y + 4, x - 4 : x + 4].mean()) > 0.04


def test_no_change_of_colour_exceeds_the_bound(face: Face) -> None:
    change = face.change(np.clip(face.before - blob(_CHEEK, 40.0, 0.5), 0.0, 1.0))
    assert 0.05 < np.abs(change.color[face.masks.skin > 0.5]).max() < 0.11


def test_every_field_keeps_to_its_mask(face: Face) -> None:
    random = np.random.default_rng(0).random((_SIZE, _SIZE, 3)).astype(np.float32)
    change = face.change(random, strength=1.0, texture=0.0)
    masks = face.masks
    assert not change.flow[masks.motion == 0].any()
    assert not change.color[(cv2.dilate(masks.tone, np.ones((61, 61))) == 0)].any()
    assert not change.cover[masks.mouth == 0].any()
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
