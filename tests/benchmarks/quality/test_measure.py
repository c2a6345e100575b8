"""What ``benchmarks.quality`` measures of a face, with the real models."""

import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.figures.painted_spots import with_pimples
from benchmarks.figures.spots import RedSpots
from benchmarks.quality.local_sliders import LEAST_SPOTS, local_figures
from benchmarks.quality.measure import Instruments, _whiter, measure, without_local_sliders
from benchmarks.quality.subject import Subject
from pipeline.attributes import AgeGender
from pipeline.photo import Photo
from pipeline.rater import PixelRater
from pipeline.retoucher import Retoucher
from retouchml import Look
from retouchml.errors import RetouchError
from stylegan2 import zoo
from tests.conftest import at_home

Pixels = NDArray[np.uint8]


def test_a_look_without_local_sliders_keeps_path_shape_and_expression() -> None:
    look = Look(0.8, 0.6, {"marks": 1.0, "jaw": 0.5, "smile": -0.5})
    without = without_local_sliders(look)
    assert (without.strength, without.texture) == (0.8, 0.6)
    kept = {name: value for name, value in without.values.items() if value}
    assert set(kept) == {"strength", "texture", "jaw", "smile"}


@pytest.fixture(scope="module")
def subject(photo: Photo, portrait: Pixels) -> Subject:
    return Subject.of(photo, portrait)


def test_a_slider_alone_needs_no_inversion_and_changes_its_own_place(
    retoucher: Retoucher, portrait: Pixels
) -> None:
    photo = retoucher.open(portrait)
    subject = Subject.of(photo, portrait)
    whiter = subject.alone(teeth=1.0)
    assert "invert" not in photo.seconds
    changed = np.argwhere((whiter != subject.before).any(2))
    lips = subject.points[48:60]
    assert changed.size
    assert (changed[:, 0] >= lips[:, 1].min() - 12).all()
    assert (changed[:, 0] <= lips[:, 1].max() + 12).all()


def test_painted_spots_are_found_and_healed(retoucher: Retoucher, portrait: Pixels) -> None:
    clean = Subject.of(retoucher.open(portrait), portrait)
    painted = with_pimples(clean.before, clean.skin, 14, 4).picture
    subject = Subject.of(retoucher.open(painted), painted)
    found = local_figures(subject, retoucher.networks.mesh)
    assert found.spots > 10
    assert found.spots_left < 0.4
    assert found.marks_left < 0.4
    assert found.spots_grain > 0.7


def test_a_face_without_spots_says_nothing_of_them(
    subject: Subject, retoucher: Retoucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(picture: NDArray[np.float32], skin: NDArray[np.bool_]) -> RedSpots:
        return RedSpots(0, np.zeros_like(skin))

    monkeypatch.setattr("benchmarks.quality.local_sliders.red_spots", none)
    found = local_figures(subject, retoucher.networks.mesh)
    assert found.spots < LEAST_SPOTS
    assert math.isnan(found.spots_left)
    assert math.isnan(found.spots_grain)
    assert 0.0 <= found.under_eyes < 0.9
    assert 0.0 <= found.shine < 0.9


def test_a_slider_that_is_held_back_is_not_measured(
    subject: Subject, retoucher: Retoucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Subject, "has_whole", lambda self, slider: slider == "shine")
    found = local_figures(subject, retoucher.networks.mesh)
    assert math.isnan(found.under_eyes)
    assert not math.isnan(found.shine)
    assert math.isnan(_whiter(subject, subject.points))


def test_the_row_of_the_portrait_has_every_figure_that_was_asked_for(
    subject: Subject, retoucher: Retoucher, real_home: Path
) -> None:
    with at_home(real_home):
        if not zoo.is_installed("age-gender"):
            pytest.skip("not fetched: age-gender")
        age_gender = AgeGender.load()
    instruments = Instruments(PixelRater(), age_gender, None)
    row, pair = measure(subject, Look(1.0), instruments, retoucher.networks, behind=1.5)
    missing = {name for name, value in asdict(row).items() if math.isnan(value)}
    assert missing == {"second", "bend"}
    assert row.untouched
    assert row.behind == 1.5
    assert row.gain > 0.0
    assert 0.0 < row.identity < 0.5
    assert pair.shape == (subject.before.shape[0], 2 * subject.before.shape[0], 3)
    with pytest.raises(RetouchError, match="changes nothing"):
        measure(subject, Look(0.0), instruments, retoucher.networks)
