"""A retouch that gets finer: what comes in which order, and that the last of it is what ``render`` gives."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline import known_faces
from pipeline.cache import InversionCache
from pipeline.invert import RECIPE, Begun, InversionStage
from pipeline.local_face import face_crop
from pipeline.patch import Patch
from pipeline.photo import Photo
from pipeline.refined import Canvas, Refined
from pipeline.rendered import Pictures
from pipeline.retoucher import Retoucher
from pipeline.threads import threads_restored
from retouchml import Look
from retouchml.errors import Cancelled, UsageError
from retouchml.progress import FaceStage
from retouchml.results import FULL, LOCAL, QUICK
from tests.pipeline.seeding import quick_path, seed, session_cache

Pixels = NDArray[np.uint8]
LOOK = Look(0.8)


@pytest.fixture(scope="module")
def cache(real_home: Any) -> InversionCache:
    return session_cache(real_home)


@pytest.fixture
def ready(
    retoucher: Retoucher, photo: Photo, cache: InversionCache, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Pixels], Photo]:
    """Opens a picture whose faces have the portrait's code and path."""
    monkeypatch.setattr(retoucher.networks.beautifier, "path", quick_path(retoucher, photo))
    return lambda pixels: seed(retoucher, photo, pixels, cache)


@pytest.fixture(scope="module")
def pair(portrait: Pixels) -> Pixels:
    """Two faces so near that their crops overlap."""
    return np.ascontiguousarray(np.hstack([portrait[:320, 110:270], portrait[:320, 150:420]]))


def same(one: Patch, other: Patch) -> bool:
    """Whether two patches are the same to the bit."""
    return (one.face, one.box) == (other.face, other.box) and np.array_equal(one.pixels, other.pixels)


def kinds(steps: list[Refined]) -> list[tuple[str, tuple[int, ...], bool]]:
    return [(step.refinement, step.faces, step.is_last) for step in steps]


def test_a_face_is_shown_without_the_generator_first(
    ready: Callable[[Pixels], Photo], portrait: Pixels
) -> None:
    opened = ready(portrait)
    first, last = opened.refined({0: LOOK})
    assert kinds([first, last]) == [(LOCAL, (0,), False), (FULL, (0,), True)]
    (local,) = opened.render_local({0: LOOK})
    assert same(first.patches[0], local)
    (full,) = opened.render({0: LOOK})
    assert same(last.patches[0], full)
    assert not np.array_equal(local.pixels, full.pixels)


def test_a_prepared_face_is_finished_at_once(photo: Photo) -> None:
    (only,) = photo.refined({0: LOOK})
    assert kinds([only]) == [(FULL, (0,), True)]


def test_a_look_without_local_sliders_has_nothing_to_show_before_the_inversion(
    ready: Callable[[Pixels], Photo], portrait: Pixels
) -> None:
    only_smile = Look(0.0, edits={"smile": 0.5})
    assert kinds(list(ready(portrait).refined({0: only_smile}))) == [(FULL, (0,), True)]


def test_a_turn_is_shown_before_the_inversion_even_where_the_generator_s_pixels_will_show_it(
    ready: Callable[[Pixels], Photo], portrait: Pixels
) -> None:
    look = Look(0.0, edits={"yaw": 1.0, "smile": 0.5}, render="generated")
    photo = ready(portrait)
    (early,) = photo.render_local({0: look})
    (turned,) = photo.render_local({0: Look(0.0, edits={"yaw": 1.0})})
    assert same(early, turned)
    first = next(iter(photo.refined({0: look})))
    assert kinds([first]) == [(LOCAL, (0,), False)]
    assert same(first.patches[0], turned)


def test_an_untouched_look_ends_at_once_with_nothing(photo: Photo) -> None:
    (only,) = photo.refined({0: Look(0.0)})
    assert (only.faces, only.patches, only.is_last) == ((), (), True)


@pytest.mark.parametrize("shown", [None, 0, 1])
def test_the_shown_face_comes_first_and_the_end_is_that_of_render(
    shown: int | None, ready: Callable[[Pixels], Photo], pair: Pixels
) -> None:
    """The two overlap, so that the second's pixels depend on the first's, whichever is made first."""
    looks = {0: LOOK, 1: LOOK}
    expected = ready(pair).render(looks)
    steps = list(ready(pair).refined(looks, shown=shown))
    first = shown or 0
    assert kinds(steps) == [
        (LOCAL, (first,), False),
        (FULL, (first,), False),
        (LOCAL, (1 - first,), False),
        (FULL, (0, 1), True),
    ]
    assert all(same(*both) for both in zip(steps[-1].patches, expected, strict=True))
    assert len(expected) == 2
    # it was shown alone, over the photo's own pixels
    alone = ready(pair).render({first: LOOK})
    assert same(steps[1].patches[0], alone[0])


def test_progress_counts_the_faces_and_never_falls(ready: Callable[[Pixels], Photo], pair: Pixels) -> None:
    told: list[tuple[str, float]] = []
    list(ready(pair).refined({0: LOOK, 1: LOOK}, shown=1, progress=lambda *note: told.append(note[:2])))
    renders = [note for note in told if note[0] == "render"]
    assert [fraction for _, fraction in renders] == [0.0, 0.5, 1.0]
    faces = [(name.face, name.faces) for name, _ in renders if isinstance(name, FaceStage)]
    assert faces == [(1, 2), (2, 2)]


def steps_until_stopped(steps: Iterator[Refined]) -> list[Refined]:
    """The steps that come before Cancelled is raised, as it must be."""
    taken = []
    try:
        for step in steps:
            taken.append(step)
    except Cancelled:
        return taken
    pytest.fail("it was not stopped")


@pytest.mark.parametrize("known", [False, True])
def test_the_look_of_a_begun_inversion_is_shown_until_the_face_is_prepared(
    known: bool,
    retoucher: Retoucher,
    photo: Photo,
    portrait: Pixels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    w_plus = photo._known.prepared[0].path.knots[0]
    begun = Begun(torch.zeros(1 + len(w_plus), w_plus.shape[1]), w_plus, RECIPE)
    monkeypatch.setattr(retoucher.networks.inverter, "begin", lambda *_, **__: begun)
    large: list[torch.Tensor] = []
    picture = Pictures.picture

    def counted(pictures: Pictures, code: torch.Tensor, side: int) -> NDArray[np.float32]:
        large.append(code)
        return picture(pictures, code, side)

    monkeypatch.setattr(Pictures, "picture", counted)
    if not known:  # the session's cache has the portrait's code
        monkeypatch.setattr(retoucher, "_caches", None)
    goes_on_from: list[Begun | None] = []

    def invert(_crop: object, _points: object, start: Begun | None, **_: object) -> None:
        goes_on_from.append(start)
        raise Cancelled("far enough")

    def prepare(*_: object) -> None:
        raise Cancelled("far enough")

    monkeypatch.setattr(retoucher.networks.inverter, "invert", invert)
    if known:
        monkeypatch.setattr(known_faces, "prepare_face", prepare)
    opened = retoucher.open(portrait)
    steps = steps_until_stopped(opened.refined({0: LOOK}))
    if known:
        assert [step.refinement for step in steps] == [LOCAL]
        return
    assert [step.refinement for step in steps] == [LOCAL, QUICK]
    assert goes_on_from == [begun]
    local, quick = (step.patches[0] for step in steps)
    assert local.box == quick.box
    assert np.abs(local.pixels.astype(int) - quick.pixels).max() > 10
    # all of it is made of the generator's small pictures, and nearly as with large ones
    assert not large
    full = photo.render({0: LOOK})[0]
    photo._known.prepared[0]._carried(retoucher.networks, LOOK)
    assert len(large) == 1
    assert full.box == quick.box
    far, near = (np.abs(full.pixels.astype(int) - each.pixels)[..., :3].mean() for each in (local, quick))
    assert near < 0.4 * far
    # a slider that moves meanwhile is shown with the same code, and nothing is computed twice
    meanwhile = opened.at_once({0: LOOK})
    assert meanwhile is not None
    assert meanwhile.refinement == QUICK
    assert same(meanwhile.patches[0], quick)
    assert [step.refinement for step in steps_until_stopped(opened.refined({0: LOOK}))] == [LOCAL, QUICK]


# ---- stopping


class _Prepared:
    """Replaces the preparation: notes its faces, and sets a flag while it works."""

    def __init__(self, flag: threading.Event, answer: Any) -> None:
        self.count, self.flag, self.answer = 0, flag, answer

    def __call__(self, *arguments: Any) -> Any:
        self.count += 1
        self.flag.set()
        cancel = arguments[-1]
        if cancel.is_set():
            raise Cancelled("")
        return self.answer


@pytest.mark.parametrize("kind", ["cancel", "superseded"])
def test_a_newer_look_lets_the_face_at_work_be_prepared_and_begins_no_other(
    kind: str, ready: Callable[[Pixels], Photo], pair: Pixels, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = threading.Event()
    prepare = _Prepared(flag, photo._known.prepared[0])
    monkeypatch.setattr(known_faces, "prepare_face", prepare)
    opened = ready(pair)
    flags: dict[str, Any] = {kind: flag}
    steps = steps_until_stopped(opened.refined({0: LOOK, 1: LOOK}, **flags))
    assert [step.refinement for step in steps] == [LOCAL]
    assert prepare.count == 1
    assert list(opened._known.prepared) == ([0] if kind == "superseded" else [])


def test_an_inversion_that_was_begun_for_an_older_look_is_kept_for_the_newer_one(
    retoucher: Retoucher, photo: Photo, portrait: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    w_plus, newer = photo._known.prepared[0].path.knots[0], threading.Event()

    def begin(*_: object, cancel: threading.Event, **__: object) -> Begun:
        newer.set()
        assert not cancel.is_set()
        return Begun(torch.zeros(1 + len(w_plus), w_plus.shape[1]), w_plus, RECIPE)

    monkeypatch.setattr(retoucher.networks.inverter, "begin", begin)
    monkeypatch.setattr(retoucher, "_caches", None)
    opened = retoucher.open(portrait)
    steps = steps_until_stopped(opened.refined({0: LOOK}, superseded=newer))
    assert [step.refinement for step in steps] == [LOCAL]
    meanwhile = opened.at_once({0: LOOK})
    assert meanwhile is not None
    assert meanwhile.refinement == QUICK


# ---- the canvas


def a_patch(x: int, value: int) -> Patch:
    return Patch(0, x, 0, np.full((4, 4, 4), value, np.uint8))


def test_the_canvas_takes_only_what_a_later_patch_would_touch() -> None:
    photo = np.zeros((4, 20, 3), np.uint8)
    canvas = Canvas(photo)
    canvas.add(a_patch(0, 9), [(4, 0, 4, 4), (12, 0, 4, 4)])
    canvas.add(None, [(0, 0, 20, 4)])
    assert canvas.pixels is photo
    canvas.add(a_patch(0, 9), [(12, 0, 4, 4), (3, 3, 4, 4)])
    assert canvas.is_painted
    assert canvas.pixels[0, :, 0].tolist() == [9] * 4 + [0] * 16
    assert not photo.any()


# ---- what a newer look shows meanwhile


def test_a_newer_look_is_shown_as_far_as_its_face_is(
    photo: Photo, ready: Callable[[Pixels], Photo], portrait: Pixels
) -> None:
    prepared = photo.at_once({0: LOOK})
    assert prepared is not None
    assert kinds([prepared]) == [(FULL, (0,), False)]
    assert same(prepared.patches[0], photo.render({0: LOOK})[0])
    fresh = ready(portrait)
    local = fresh.at_once({0: LOOK})
    assert local is not None
    assert kinds([local]) == [(LOCAL, (0,), False)]
    assert same(local.patches[0], fresh.render_local({0: LOOK})[0])
    assert photo.at_once({0: Look(0.0)}) is None
    with pytest.raises(UsageError):
        photo.at_once({7: LOOK})


def test_a_newer_look_is_shown_for_the_shown_face(ready: Callable[[Pixels], Photo], pair: Pixels) -> None:
    opened = ready(pair)
    for shown, face in ((None, 0), (0, 0), (1, 1), (9, 0)):
        step = opened.at_once({0: LOOK, 1: LOOK}, shown)
        assert step is not None
        assert step.faces == (face,)


def test_a_newer_look_that_is_shown_during_an_inversion_changes_nothing_of_it(
    retoucher: Retoucher, photo: Photo, portrait: Pixels
) -> None:
    crop, alignment = face_crop(portrait, np.array(photo.faces[0].landmarks))
    points = alignment.to_crop(np.array(photo.faces[0].landmarks))
    recipe = (InversionStage(64, 3, 0.08, True), InversionStage(128, 2, 0.06, True))
    shown: list[str] = []

    def show(_stage: str, fraction: float, _remaining: float | None) -> None:
        step = photo.at_once({0: Look(0.2 + 0.5 * fraction)})
        shown.extend([] if step is None else [step.refinement])

    with one_thread():
        plain = retoucher.networks.inverter.invert(crop, points, recipe=recipe)
        watched = retoucher.networks.inverter.invert(crop, points, recipe=recipe, progress=show)
    assert torch.equal(plain.w_plus, watched.w_plus)
    assert shown == [FULL] * 6


@contextmanager
def one_thread() -> Iterator[None]:
    """A block in which sums are rounded in one way."""
    with threads_restored():
        torch.set_num_threads(1)
        yield
