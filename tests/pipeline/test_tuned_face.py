"""The generated mode of a photograph: what it changes, and what it leaves to the photo mode."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

from daemon.executor import Executor
from daemon.worker_photos import WorkerPhoto
from pipeline import tuned_face, tuning
from pipeline.cache import InversionCache
from pipeline.kept import Kept
from pipeline.photo import Photo
from pipeline.retoucher import Retoucher
from pipeline.tuned_face import KeptTuned
from pipeline.tuning import TuningStage
from retouchml import Look
from retouchml.client.answers import Rendered
from retouchml.client.messages import Render
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import Cancelled, UsageError
from retouchml.progress import NEVER, silent
from retouchml.results import FULL, LOCAL, QUICK
from tests.pipeline.constant_people import people_of
from tests.pipeline.seeding import changed, quick_path, seed, session_cache

Pixels = NDArray[np.uint8]
OLDER = Look(0.0, edits={"age": 1.0}, render="generated")
FAIRER = Look(0.0, edits={"hair_lightness": 0.5})


@pytest.fixture(scope="module")
def cache(real_home: Path) -> InversionCache:
    return session_cache(real_home)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "RECIPE", (TuningStage(256, 3),))


@pytest.fixture
def ready(
    retoucher: Retoucher, photo: Photo, cache: InversionCache, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Pixels], Photo]:
    """Opens a picture whose faces have the portrait's code and path."""
    monkeypatch.setattr(retoucher.networks.beautifier, "path", quick_path(retoucher, photo))
    return lambda pixels: seed(retoucher, photo, pixels, cache)


@pytest.fixture
def opened(ready: Callable[[Pixels], Photo], portrait: Pixels) -> Photo:
    return ready(portrait)


def test_the_generator_s_pixels_show_an_age_and_nothing_far_from_the_head_changes(
    opened: Photo, portrait: Pixels
) -> None:
    (patch,) = opened.render({0: OLDER})
    result = opened.apply([patch])
    differs = changed(portrait, result)
    assert differs.sum() > 2000
    x, y, width, height = opened.faces[0].box
    away = np.ones(differs.shape, bool)
    away[max(0, y - height) : y + 2 * height, max(0, x - width) : x + 2 * width] = False
    assert not differs[away].any()
    own = opened.apply(opened.render({0: replace(OLDER, render="photo")}))
    assert changed(own, result).sum() > 2000


def test_the_head_ends_where_the_network_sees_no_person(
    retoucher: Retoucher, ready: Callable[[Pixels], Photo], portrait: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    tops: list[int] = []
    for first in (0, 70):  # of 256 rows; the face begins there
        person = np.zeros((256, 256), np.float32)
        person[first:, 40:-40] = 1.0
        photo = ready(portrait)
        monkeypatch.setattr(photo._known, "_networks", replace(retoucher.networks, people=people_of(person)))
        differs = changed(portrait, photo.apply(photo.render({0: OLDER})))
        tops.append(int(np.flatnonzero(differs.any(axis=1))[0]))
    _, y, _, height = photo.faces[0].box
    assert tops[0] < y - 0.3 * height
    assert tops[1] > tops[0] + 0.1 * height


@pytest.mark.parametrize("render", ["generated", "auto"])
def test_a_look_without_such_sliders_is_that_of_the_photograph_s_own_pixels(
    opened: Photo, render: Any
) -> None:
    look = Look(0.6, edits={"jaw": 0.5, "teeth": 0.5})
    (one,), (other,) = opened.render({0: look}), opened.render({0: replace(look, render=render)})
    assert one.box == other.box
    assert np.array_equal(one.pixels, other.pixels)
    assert "tune" not in opened.seconds


def test_hair_lightness_changes_the_hair_and_leaves_eyes_nose_and_mouth(
    opened: Photo, portrait: Pixels
) -> None:
    (lighter,), (darker,) = (
        opened.render({0: Look(0.0, edits={"hair_lightness": value})}) for value in (1.0, -1.0)
    )
    results = [opened.apply([patch]).astype(np.float32) for patch in (lighter, darker)]
    points = np.array(opened.faces[0].landmarks)
    change = (results[0] - results[1]).mean(2)
    hair, middle = above_brows(points), points[27:68].mean(0)
    x, y = (int(each) for each in middle)
    reach = int(0.2 * np.ptp(points[:, 0]))
    assert change[hair].mean() > 8.0  # of 255
    assert np.abs(change[y - reach : y + reach, x - reach : x + reach]).mean() < 1.0


def above_brows(points: NDArray[np.float64]) -> tuple[slice, slice]:
    """A part of the picture in which a face with landmarks [68, 2] has hair."""
    height = np.ptp(points[:, 1])
    top, middle = points[17:27, 1].min(), points[27, 0]
    return slice(int(top - 0.7 * height), int(top - 0.5 * height)), slice(int(middle - 20), int(middle + 20))


def test_auto_takes_the_photograph_s_own_pixels_as_far_as_they_can_follow(opened: Photo) -> None:
    look = Look(0.0, edits={"age": 0.2})
    (one,), (other,) = opened.render({0: look}), opened.render({0: replace(look, render="auto")})
    assert np.array_equal(one.pixels, other.pixels)
    far = replace(look, edits={"age": 0.9})
    (generated,) = opened.render({0: replace(far, render="auto")})
    (told,) = opened.render({0: replace(far, render="generated")})
    assert np.array_equal(generated.pixels, told.pixels)


def test_the_generator_turns_a_head_only_where_its_pixels_are_asked_for(
    retoucher: Retoucher, opened: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    applier, asked = retoucher.networks.edit_applier, []
    apply = applier.apply

    def noting(w_plus: Tensor, edits: Mapping[str, float]) -> Tensor:
        asked.append(dict(edits))
        return apply(w_plus, edits)

    monkeypatch.setattr(applier, "apply", noting)
    edits = {"yaw": 1.0, "smile": 0.8}
    opened.render({0: Look(0.0, edits=edits)})
    (far,) = opened.render({0: Look(0.0, edits=edits, render="auto")})
    assert asked == [{"smile": 0.8}] * 2
    (generated,) = opened.render({0: Look(0.0, edits=edits, render="generated")})
    assert asked[-1] == edits
    (still,) = opened.render({0: Look(0.0, edits={"smile": 0.8}, render="auto")})
    assert far.box != still.box != generated.box


def test_the_same_look_is_the_same_picture_and_the_weights_are_found_again(
    opened: Photo, ready: Callable[[Pixels], Photo], portrait: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = opened.render({0: OLDER})
    opened.render({0: replace(OLDER, edits={"smile": 1.0})})
    (second,) = opened.render({0: OLDER})
    assert np.array_equal(first.pixels, second.pixels)
    again = ready(portrait)

    def no_steps(*_: object, **__: object) -> None:
        raise AssertionError("the weights are in the cache")

    monkeypatch.setattr(tuning.Tuner, "begin", no_steps)
    (third,) = again.render({0: OLDER})
    assert np.array_equal(first.pixels, third.pixels)


def test_a_slider_of_the_skin_moved_afterwards_gives_the_picture_that_it_gives_at_once(
    opened: Photo, ready: Callable[[Pixels], Photo], portrait: Pixels
) -> None:
    look = Look(0.0, edits={"smile": 1.0}, render="generated")
    smooth = replace(look, texture=0.0, edits={"smile": 1.0, "blemishes": 1.0, "evenness": 1.0, "lips": 1.0})
    opened.render({0: look})
    (moved,), (at_once,) = opened.render({0: smooth}), ready(portrait).render({0: smooth})
    assert np.array_equal(moved.pixels, at_once.pixels)


def test_the_strength_and_the_local_and_shape_sliders_of_the_look_stay(opened: Photo) -> None:
    whole = Look(0.6, edits={"age": 1.0, "jaw": 1.0, "blemishes": 1.0}, render="generated")
    results = [
        opened.apply(opened.render({0: look}))
        for look in (whole, replace(whole, strength=0.0), whole.without("jaw"))
    ]
    assert changed(results[0], results[1]).sum() > 1000
    assert changed(results[0], results[2]).sum() > 1000


def test_a_first_look_has_the_photograph_s_own_pixels_and_the_last_those_of_render(
    opened: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "RECIPE", (TuningStage(256, 1),))  # which is not in the cache
    look = replace(OLDER, edits={"age": 1.0, "teeth": 1.0})
    steps = list(opened.refined({0: look}))
    assert [step.refinement for step in steps][-2:] == [QUICK, FULL]
    assert steps[0].refinement in (LOCAL, QUICK)
    (own,) = opened.render({0: replace(look, render="photo")})
    (full,) = opened.render({0: look})
    assert np.array_equal(steps[-2].patches[0].pixels, own.pixels)
    assert np.array_equal(steps[-1].patches[0].pixels, full.pixels)
    early = opened.at_once({0: look})
    assert early is not None
    assert early.refinement == FULL


def test_a_face_whose_weights_are_in_the_cache_is_never_shown_with_its_own_pixels(
    opened: Photo, ready: Callable[[Pixels], Photo], portrait: Pixels
) -> None:
    (full,) = opened.render({0: OLDER})
    again = ready(portrait)
    assert [step.refinement for step in again.refined({0: OLDER})] == [FULL]
    another = ready(portrait)
    another.prepare()
    early = another.at_once({0: OLDER})
    assert early is not None
    assert early.refinement == FULL
    assert np.array_equal(early.patches[0].pixels, full.pixels)


def test_a_newer_look_interrupts_the_tuning_which_goes_on_when_it_is_needed_again(
    opened: Photo, ready: Callable[[Pixels], Photo], portrait: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "RECIPE", (TuningStage(256, 5),))  # which is not in the cache
    superseded, told = threading.Event(), list[float]()

    def progress(stage: str, fraction: float, remaining: float | None) -> None:
        if stage == "tune" and fraction:
            told.append(fraction)
            superseded.set()

    opened.prepare()
    with pytest.raises(Cancelled):
        list(opened.refined({0: OLDER}, progress=progress, superseded=superseded))
    assert told == [0.2]
    (own,) = opened.render({0: replace(OLDER, render="photo")}, progress=progress)
    assert told == [0.2]
    *_, last = opened.refined({0: OLDER}, progress=progress)
    assert told == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert not np.array_equal(own.pixels, last.patches[0].pixels)
    (cached,) = ready(portrait).render({0: OLDER})
    assert np.array_equal(cached.pixels, last.patches[0].pixels)


@pytest.mark.parametrize("damage", ["shape", "name"])
def test_weights_in_the_cache_that_do_not_fit_are_made_anew(
    damage: str, opened: Photo, ready: Callable[[Pixels], Photo], portrait: Pixels, retoucher: Retoucher
) -> None:
    (full,) = opened.render({0: OLDER})
    caches, tuner = retoucher._caches, retoucher.networks.tuner
    assert caches is not None
    assert tuner is not None
    key = tuned_face._key(opened._known.prepared[0], tuner)
    kept = caches.tunings.get(key)
    assert kept is not None
    changes = dict(kept.changes)
    name = next(iter(changes))
    if damage == "shape":
        changes[name] = changes[name][:1]
    else:
        changes[f"{name}.other"] = changes.pop(name)
    caches.tunings.put(key, tuning.Tuning(changes, kept.psnr))
    (again,) = ready(portrait).render({0: OLDER})
    assert np.array_equal(again.pixels, full.pixels)
    found = caches.tunings.get(key)
    assert found is not None
    assert tuner.fits(found)


def test_what_a_tuned_face_is_shown_with_is_bounded_for_all_photos_and_made_again(
    ready: Callable[[Pixels], Photo], portrait: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 12 << 20  # bytes, with room for one of them
    kept = KeptTuned(Kept(limit))
    one, other = ready(portrait), ready(portrait)
    for photo in (one, other):
        monkeypatch.setattr(photo._known, "_kept_tuned", kept)
    (first,) = one.render({0: OLDER})
    shown = kept.shown.get(one._known.tuned[0], None)
    assert shown is not None
    assert shown.before is not None
    assert shown.newest is not None
    *made, heads = vars(shown.newest[1]).values()
    arrays = [shown.head, shown.allowed, shown.loose, shown.before[1], *made, *heads]
    assert kept.shown.total == shown.nbytes == shown.network.nbytes + sum(each.nbytes for each in arrays)
    other.render({0: OLDER})
    assert 0 < kept.shown.total <= limit
    assert kept.shown.get(one._known.tuned[0], None) is None
    (again,) = one.render({0: OLDER})
    assert np.array_equal(again.pixels, first.pixels)
    assert kept.shown.get(other._known.tuned[0], None) is None


def test_the_daemon_shows_a_prepared_face_s_own_pixels_before_it_tunes(
    opened: Photo, portrait: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "RECIPE", (TuningStage(256, 2),))  # which is not in the cache
    opened.prepare()
    executor, previews = Executor("cpu"), list[Rendered]()
    layout = PixelFormat(portrait.shape[1], portrait.shape[0], "u8", "RGB", "srgb")
    executor.photos.take("photo", WorkerPhoto(portrait, layout, "", "cpu", b"", opened))
    render = Render("photo", {0: OLDER}, "both", 64, refine=True)
    for shown in ([QUICK, FULL], [FULL]):
        previews.clear()
        executor.render(render, silent, NEVER, NEVER, previews.append)
        assert [preview.refinement for preview in previews] == shown


def test_a_preview_is_the_patch_reduced(opened: Photo) -> None:
    (preview,) = opened.preview({0: OLDER}, 64)
    (full,) = opened.render({0: OLDER})
    assert preview.box == full.box
    assert max(preview.pixels.shape) == 64


def test_tuning_is_told_and_can_be_cancelled(opened: Photo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "RECIPE", (TuningStage(256, 4),))  # which is not in the cache
    cancel, told = threading.Event(), list[str]()

    def progress(stage: str, fraction: float, remaining: float | None) -> None:
        told.append(stage)
        if stage == "tune" and fraction > 0.0:
            cancel.set()

    with pytest.raises(Cancelled):
        opened.render({0: OLDER}, progress=progress, cancel=cancel)
    assert told[0] == told[-1] == "tune"


def test_a_generator_that_cannot_be_tuned_says_so_and_auto_does_without(
    retoucher: Retoucher, opened: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened._known, "_networks", replace(retoucher.networks, tuner=None))
    for needs in (OLDER, FAIRER, replace(FAIRER, render="auto")):
        with pytest.raises(UsageError, match="cannot be tuned to a face"):
            opened.render({0: needs})
    (one,) = opened.render({0: replace(OLDER, render="auto")})
    (other,) = opened.render({0: replace(OLDER, render="photo")})
    assert np.array_equal(one.pixels, other.pixels)
