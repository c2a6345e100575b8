"""The local sliders together: each in its place, none unless it is asked for."""

import numpy as np
import pytest

from pipeline.local.retouch import LocalRetouch, touches_locally
from pipeline.local.teeth import Teeth
from pipeline.masks import face_masks
from pipeline.regions import face_regions
from retouchml.look import Look
from tests.pipeline.synthetic_faces import open_mouthed, painted

_SIZE = 512


@pytest.fixture(scope="module")
def retouch() -> LocalRetouch:
    points = open_mouthed(_SIZE)
    crop = painted(points, _SIZE)
    masks = face_masks(crop, points, np.full((_SIZE, _SIZE), 500.0, np.float32))
    return LocalRetouch.of(crop, face_regions(crop, points, None, masks), _SIZE)


def test_a_look_without_local_sliders_changes_nothing(retouch: LocalRetouch) -> None:
    look = Look(strength=0.0, edits={"smile": 0.5})
    assert not touches_locally(look)
    assert not retouch.change(look).any()


def test_what_is_not_set_follows_the_strength(retouch: LocalRetouch) -> None:
    unset, set_ = retouch.change(Look(strength=1.0)), retouch.change(Look(1.0, edits={"teeth": 0.0}))
    assert unset.any()
    assert not set_.any()


def test_a_slider_changes_its_own_region(retouch: LocalRetouch) -> None:
    look = Look(strength=0.0, edits={"teeth": 0.8})
    change = retouch.change(look)
    assert touches_locally(look)
    expected = Teeth.of(retouch._crop, retouch._regions, _SIZE).change(0.8)
    assert np.array_equal(change, expected)
    assert change.any()
