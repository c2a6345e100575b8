"""The local sliders together: each in its place, none unless it is asked for."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.local import healed_spots
from pipeline.local.retouch import LocalRetouch, touches_locally
from pipeline.local.spots import Spots, find_spots
from pipeline.local.teeth import Teeth
from pipeline.masks import Mask, face_masks
from pipeline.regions import face_regions
from retouchml.look import Look
from retouchml.sliders import EDITS
from tests.pipeline.local.skin_pictures import SIZE, add_disc, disc, regions, skin_lab, to_lab, to_rgb
from tests.pipeline.synthetic_faces import open_mouthed, painted

Picture = NDArray[np.float32]
_SIZE = 512
_LOCAL = tuple(slider.name for slider in EDITS if slider.full is not None)


@pytest.fixture(scope="module")
def retouch() -> LocalRetouch:
    points = open_mouthed(_SIZE)
    crop = painted(points, _SIZE)
    masks = face_masks(crop, points, np.full((_SIZE, _SIZE), 500.0, np.float32))
    return LocalRetouch(crop, face_regions(crop, points, None, masks), _SIZE)


def test_a_look_without_local_sliders_changes_nothing(retouch: LocalRetouch) -> None:
    look = Look(strength=0.0, edits={"smile": 0.5})
    assert not touches_locally(look)
    assert not retouch.change(look).any()


def test_what_is_not_set_follows_the_strength(retouch: LocalRetouch) -> None:
    unset, set_ = (
        retouch.change(Look(strength=1.0)),
        retouch.change(Look(1.0, edits=dict.fromkeys(_LOCAL, 0.0))),
    )
    assert unset.any()
    assert not set_.any()


def test_a_slider_changes_its_own_region(retouch: LocalRetouch) -> None:
    look = Look(strength=0.0, edits={"teeth": 0.8})
    change = retouch.change(look)
    assert touches_locally(look)
    expected = Teeth.of(retouch._crop, retouch._regions, _SIZE).change(0.8)
    # The slider sees the window of its part alone, and so other skin.
    assert np.allclose(change, expected, atol=0.01)
    assert not change[retouch._regions.teeth == 0.0].any()
    assert np.abs(change).max() > 0.02


def test_the_skin_is_judged_without_its_blemishes(retouch: LocalRetouch) -> None:
    crop = retouch._crop.copy()
    y, x = np.mgrid[0:_SIZE, 0:_SIZE]
    spot = np.hypot(x - 0.36 * _SIZE, y - 0.62 * _SIZE) < 4.0
    crop[spot] += np.array([0.02, -0.12, -0.08], np.float32)
    spotted = LocalRetouch(crop, retouch._regions, _SIZE)
    healed, evened = (
        spotted.change(Look(0.0, edits=edits)) for edits in ({"blemishes": 1.0}, {"redness": 1.0})
    )
    assert healed[spot][:, 1].mean() > 0.08
    # Redness does not take away once more what healing has taken.
    assert np.abs(evened[spot]).mean() < 0.02
    both = spotted.change(Look(0.0, edits={"blemishes": 1.0, "redness": 1.0}))
    assert np.allclose(both, healed + evened, atol=1e-6)


def test_moles_and_freckles_keep_their_contrast_under_the_sliders_of_the_skin() -> None:
    lab, center, color = skin_lab(), (230.0, 250.0), (-9.0, 1.0, 1.0)
    add_disc(lab, center, 5.0, color)
    crop, mole = to_rgb(lab), disc(SIZE, center, 3.0) > 0.5
    ring = (disc(SIZE, center, 20.0) > 0.5) & ~(disc(SIZE, center, 12.0) > 0.5)
    values = dict.fromkeys(("lines", "evenness", "redness", "shine"), 1.0)
    change = LocalRetouch(crop, regions(), SIZE).change(Look(0.0, edits=values))

    def contrast(picture: NDArray[np.float32]) -> float:
        light = to_lab(picture)[..., 0]
        return float(light[mole].mean() - light[ring].mean())

    assert contrast(crop + change) == pytest.approx(contrast(crop), abs=0.4)


def test_the_mean_colour_of_the_skin_stays_with_every_slider_of_it(retouch: LocalRetouch) -> None:
    names = ("lines", "under_eyes", "redness", "shine")
    change = retouch.change(Look(0.0, edits=dict.fromkeys(names, 1.0)))
    skin = retouch._regions.skin
    assert np.abs(change).max() > 0.005
    assert np.abs((change * skin[..., None]).sum((0, 1)) / skin.sum()).max() < 2e-4


def test_spots_are_searched_once_for_blemishes_and_marks(
    retouch: LocalRetouch, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches = []

    def counted(crop: NDArray[np.float32], skin: Mask, size: int) -> Spots:
        searches.append(size)
        return find_spots(crop, skin, size)

    monkeypatch.setattr(healed_spots, "find_spots", counted)
    both = LocalRetouch(retouch._crop, retouch._regions, _SIZE)
    both.change(Look(0.0, edits={"blemishes": 0.5, "marks": 1.0}))
    both.change(Look(0.0, edits={"marks": 0.3, "lines": 1.0}))
    assert searches == [_SIZE]


@pytest.mark.parametrize("moved", ["blemishes", "redness", "teeth", "texture"])
def test_a_moved_slider_gives_the_same_as_a_face_that_never_had_other_values(
    retouch: LocalRetouch, moved: str
) -> None:
    def fresh() -> LocalRetouch:
        return LocalRetouch(retouch._crop, retouch._regions, _SIZE)

    face, values = fresh(), dict.fromkeys(_LOCAL, 0.5)
    for value in (0.2, 0.9, 0.0, 0.2):
        look = Look(0.4, edits=values).with_values({moved: value})
        assert np.array_equal(face.change(look), fresh().change(look))


def test_only_the_moved_slider_is_computed_again(
    retouch: LocalRetouch, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = dict.fromkeys(_LOCAL, 0.5)
    retouch.change(Look(0.0, edits=values))
    computed: list[str] = []
    for name, slider in retouch._made.items():
        change = slider.change

        def counted(value: float, name: str = name, change: Callable[[float], Picture] = change) -> Picture:
            computed.append(name)
            return change(value)

        monkeypatch.setitem(retouch._made, name, SimpleNamespace(change=counted))
    retouch.change(Look(0.0, edits={**values, "teeth": 0.8}))
    assert computed == ["teeth"]
    retouch.change(Look(0.0, edits={**values, "teeth": 0.8, "blemishes": 0.1}))
    assert computed == ["teeth", "blemishes"]
