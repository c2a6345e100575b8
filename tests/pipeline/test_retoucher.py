"""The Python interface on the real models: patches, layers, reports, and what it refuses."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.cache import Caches, InversionCache, PathCache
from pipeline.faces import FaceLocation
from pipeline.patch import Patch
from pipeline.photo import Photo
from pipeline.preview import KeptFaces
from pipeline.rater import Rating
from pipeline.retoucher import Retoucher
from pipeline.working_space import PLAIN
from retouchml import Look
from retouchml.errors import Cancelled, ModelMissing, PictureUnsupported, UsageError
from retouchml.progress import OverallProgress
from retouchml.results import FaceQuality, Trust
from retouchml.sliders import BY_NAME
from tests.conftest import at_home
from tests.pipeline.seeding import changed, quick_path, seed, session_cache
from tests.pipeline.synthetic_faces import landmarks

Pixels = NDArray[np.uint8]
Seed = Callable[[NDArray[Any]], Photo]


@pytest.fixture(scope="module")
def cache(real_home: Path) -> InversionCache:
    return session_cache(real_home)


@pytest.fixture
def ready(retoucher: Retoucher, photo: Photo, cache: InversionCache, monkeypatch: pytest.MonkeyPatch) -> Seed:
    """Opens a picture whose faces need neither inversion nor climb: they have the portrait's."""
    monkeypatch.setattr(retoucher.networks.beautifier, "path", quick_path(retoucher, photo))
    return lambda pixels: seed(retoucher, photo, pixels, cache)


@pytest.fixture(scope="module")
def patches(photo: Photo) -> list[Patch]:
    """The portrait at full strength."""
    return photo.render({0: Look(strength=1.0)})


@pytest.fixture(scope="module")
def pair(portrait: Pixels) -> Pixels:
    """Two faces so near that their crops overlap."""
    return np.ascontiguousarray(np.hstack([portrait[:320, 110:270], portrait[:320, 150:420]]))


def inside(shape: tuple[int, ...], patches: list[Patch]) -> NDArray[np.bool_]:
    """Which pixels [H, W] belong to any of the patches."""
    mask = np.zeros(shape[:2], bool)
    for patch in patches:
        x, y, width, height = patch.box
        mask[y : y + height, x : x + width] |= patch.inside
    return mask


# ---- rendering


def test_strength_zero_gives_the_photo_back_to_the_bit(photo: Photo, portrait: Pixels) -> None:
    patches = photo.render({0: Look(strength=0.0, texture=0.0)})
    assert patches == []
    result = photo.apply(patches)
    assert np.array_equal(result, portrait)
    assert not np.shares_memory(result, portrait)
    assert not photo.layer(patches).any()
    assert photo.report(patches) == []


def test_only_pixels_of_the_patch_change(photo: Photo, patches: list[Patch], portrait: Pixels) -> None:
    (patch,) = patches
    result = photo.apply(patches)
    assert (result.shape, result.dtype) == (portrait.shape, portrait.dtype)
    differ = changed(portrait, result)
    assert not differ[~inside(portrait.shape, patches)].any()
    assert differ.sum() > 2000
    assert patch.face == 0
    x, y, width, height = patch.box
    face_x, face_y, side, _ = photo.faces[0].box
    assert x < face_x + side / 2 < x + width
    assert y < face_y + side / 2 < y + height


def test_the_change_fades_out_before_the_patch_ends(
    photo: Photo, patches: list[Patch], portrait: Pixels
) -> None:
    mask = inside(portrait.shape, patches)
    rim = mask & ~(cv2.erode(mask.astype(np.uint8), np.ones((3, 3))) > 0)
    apart = np.abs(photo.apply(patches).astype(int) - portrait).max(axis=2)
    assert apart[rim].mean() < 0.5
    assert apart[rim].max() < 16
    assert apart[mask].mean() > 3.0


def test_the_layer_over_the_photo_is_the_result(photo: Photo, patches: list[Patch], portrait: Pixels) -> None:
    layer = photo.layer(patches)
    assert (layer.shape, layer.dtype) == ((*portrait.shape[:2], 4), portrait.dtype)
    assert set(np.unique(layer[..., 3]).tolist()) == {0, 255}
    assert not layer[layer[..., 3] == 0].any()
    composed = np.where(layer[..., 3:] > 0, layer[..., :3], portrait)
    assert np.array_equal(composed, photo.apply(patches))


def test_the_same_look_gives_the_same_patch(photo: Photo, patches: list[Patch]) -> None:
    (again,) = photo.render({0: Look(strength=1.0)})
    assert again.box == patches[0].box
    assert np.array_equal(again.pixels, patches[0].pixels)


@pytest.mark.parametrize("moved", [{"teeth": 0.9}, {"texture": 0.1}, {"jaw": 0.5}, {"redness": 0.0}])
def test_a_slider_that_moves_no_code_needs_no_picture(
    photo: Photo, retoucher: Retoucher, monkeypatch: pytest.MonkeyPatch, moved: dict[str, float]
) -> None:
    look = Look(0.6, edits={"smile": 0.3})
    photo.render({0: look})
    rendered: list[object] = []
    with monkeypatch.context() as patch:
        patch.setattr(retoucher.networks.generator, "render", rendered.append)
        (kept,) = photo.render({0: look.with_values(moved)})
    assert rendered == []
    photo._kept.fields.clear()
    (fresh,) = photo.render({0: look.with_values(moved)})
    assert np.array_equal(kept.pixels, fresh.pixels)


def test_a_slider_that_moves_the_code_gets_a_picture_of_its_own(photo: Photo) -> None:
    looks = [Look(0.6), Look(0.61), Look(0.6, edits={"smile": 0.3}), Look(0.6, edits={"smile": 0.4})]
    moved = [photo.render({0: look})[0].pixels for look in looks]
    photo._kept.fields.clear()
    fresh = [photo.render({0: look})[0].pixels for look in reversed(looks)]
    for one, other in zip(moved, reversed(fresh), strict=True):
        assert np.array_equal(one, other)
    assert not any(np.array_equal(moved[0], other) for other in moved[1:])


def test_more_strength_changes_more(photo: Photo, portrait: Pixels) -> None:
    amounts = []
    for strength in (0.25, 0.5, 1.0):
        result = photo.apply(photo.render({0: Look(strength=strength)}))
        amounts.append(float(np.abs(result.astype(float) - portrait).sum()))
    assert amounts == sorted(amounts)
    assert amounts[2] > 1.5 * amounts[0]


def test_texture_decides_on_the_skin_s_grain_alone(ready: Seed, portrait: Pixels) -> None:
    # The portrait's face is too small to show pores, so a larger one gets a grain.
    large = cv2.resize(portrait, None, fx=4.0, fy=4.0, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0.0, 3.0, large.shape[:2])[..., None]
    opened = ready(np.clip(large + grain, 0, 255).astype(np.uint8))
    rough, smooth = (
        opened.apply(opened.render({0: Look(1.0, texture)})).astype(float) for texture in (1.0, 0.0)
    )
    apart = np.abs(rough - smooth).max(axis=2)
    landmarks = np.array(opened.faces[0].landmarks)
    x, y = np.rint(landmarks[[15, 35]].mean(0)).astype(int)  # a cheek
    cheek = (slice(y - 12, y + 12), slice(x - 12, x + 12))
    assert grain_of(smooth[cheek]) < 0.85 * grain_of(rough[cheek])
    eyes = landmarks[36:48]
    x0, y0, x1, y1 = np.rint([*eyes.min(0), *eyes.max(0)]).astype(int)
    left, right = (slice(x0 + 16, x0 + 48), slice(x1 - 48, x1 - 16))
    assert max(apart[y0:y1, left].max(), apart[y0:y1, right].max()) <= 2


def grain_of(pixels: NDArray[Any]) -> float:
    """How much neighbouring pixels differ, apart from shading."""
    return float(np.abs(np.diff(pixels, n=2, axis=0)).mean())


@pytest.mark.parametrize("edits", [{"smile": 0.6}, {"yaw": -0.8}, {"mouth": 1.0, "eyes": 0.5}])
def test_an_edit_changes_the_face_without_any_strength(
    edits: dict[str, float], photo: Photo, portrait: Pixels
) -> None:
    patches = photo.render({0: Look(strength=0.0, edits=edits)})
    differ = changed(portrait, photo.apply(patches))
    assert differ.sum() > 1000
    assert not differ[~inside(portrait.shape, patches)].any()


# ---- local sliders


@pytest.fixture
def without_generator(retoucher: Retoucher, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inverting, climbing and rendering fail."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the generator is used")

    for owner, name in (
        (type(retoucher.networks.inverter), "invert"),
        (type(retoucher.networks.beautifier), "path"),
        (type(retoucher.networks.generator), "render"),
    ):
        monkeypatch.setattr(owner, name, refuse)


@pytest.mark.usefixtures("without_generator")
def test_a_look_of_local_sliders_needs_no_generator(retoucher: Retoucher, portrait: Pixels) -> None:
    opened = retoucher.open(np.ascontiguousarray(portrait[:, ::-1]))
    patches = opened.render({0: Look(0.0, edits={"teeth": 0.6})})
    difference = opened.apply(patches).astype(int) - portrait[:, ::-1]
    changed_pixels = np.asarray((difference != 0).any(axis=2))
    assert 100 < changed_pixels.sum() < 1500
    # Blue rises most: the smile loses its yellow.
    rise = difference[changed_pixels].mean(0)
    assert rise[2] > max(2.0, rise[0], rise[1])
    inside_lips = np.zeros(portrait.shape[:2], np.uint8)
    lips = np.rint(np.array(opened.faces[0].landmarks)[48:60]).astype(np.int32)
    cv2.fillPoly(inside_lips, [lips], 1)
    grown = cv2.dilate(inside_lips, np.ones((5, 5), np.uint8))
    assert not changed_pixels[grown == 0].any()
    (report,) = opened.report(patches)
    assert report.identity_distance < 0.1
    assert not {"invert", "beautify", "render"} & set(opened.seconds)


@pytest.mark.usefixtures("without_generator")
def test_the_local_part_of_a_look_can_be_seen_before_the_inversion(
    retoucher: Retoucher, portrait: Pixels
) -> None:
    opened = retoucher.open(np.ascontiguousarray(portrait[:, ::-1]))
    look = Look(strength=1.0)
    (preview,) = opened.render_local({0: look})
    alone = {name: look.value(name) for name in look.values if BY_NAME[name].full is not None}
    (expected,) = opened.render({0: Look(0.0, edits=alone)})
    assert preview.box == expected.box
    assert np.array_equal(preview.pixels, expected.pixels)
    assert opened.render_local({0: Look(0.0, edits={"smile": 0.5})}) == []


def test_a_local_slider_joins_what_the_generator_changes(photo: Photo) -> None:
    looks = [Look(0.7, edits={"teeth": value}) for value in (0.0, 1.0)]
    plain, whiter = (photo.apply(photo.render({0: look})).astype(int) for look in looks)
    difference = whiter - plain
    assert 100 < difference.any(axis=2).sum() < 1500
    assert difference[difference.any(axis=2)].mean(0)[2] > 2.0


# ---- the report


def test_the_report_tells_score_and_identity(photo: Photo, patches: list[Patch]) -> None:
    (report,) = photo.report(patches)
    assert report.face == 0
    assert report.box == photo.faces[0].box
    assert report.patch == patches[0].box
    assert report.score_before == photo.faces[0].score
    assert report.score_before < report.score_after < 5.0
    assert 0.02 < report.identity_distance < 0.45


def test_a_patch_of_no_change_is_reported_as_none(
    photo: Photo, patches: list[Patch], portrait: Pixels
) -> None:
    x, y, width, height = patches[0].box
    pixels = patches[0].pixels.copy()
    pixels[..., :3] = portrait[y : y + height, x : x + width]
    (report,) = photo.report([Patch(0, x, y, pixels)])
    assert report.score_after == pytest.approx(report.score_before, abs=1e-4)
    assert report.identity_distance < 1e-4


def test_the_seconds_of_every_step_are_told(photo: Photo, patches: list[Patch]) -> None:
    assert patches
    steps = {"detect", "align", "invert", "beautify", "masks", "render", "stitch"}
    assert steps <= set(photo.seconds)
    assert all(seconds >= 0.0 for seconds in photo.seconds.values())


# ---- depths and channels


def as_kind(portrait: Pixels, kind: str) -> NDArray[Any]:
    """The portrait as another kind of picture."""
    alpha = np.arange(512, dtype=np.uint8)[None, :, None].repeat(512, 0)
    grey = np.asarray(cv2.cvtColor(portrait, cv2.COLOR_RGB2GRAY))
    return {
        "16 bit": portrait.astype(np.uint16) * 257,
        "float": portrait.astype(np.float32) / np.float32(255.0),
        "alpha": np.dstack([portrait, alpha]),
        "grey": grey,
        "grey with alpha": np.dstack([grey, alpha[..., 0]]),
        "16 bit grey": grey[..., None].astype(np.uint16) * 257,
    }[kind]


@pytest.mark.parametrize("kind", ["16 bit", "float", "alpha", "grey", "grey with alpha", "16 bit grey"])
def test_a_picture_of_any_kind_is_retouched_in_its_own(
    kind: str, ready: Seed, photo: Photo, portrait: Pixels
) -> None:
    pixels = as_kind(portrait, kind)
    pixels.flags.writeable = False
    opened = ready(pixels)
    patches = opened.render({0: Look(strength=0.7)})
    result, layer = opened.apply(patches), opened.layer(patches)
    assert (result.shape, result.dtype) == (pixels.shape, pixels.dtype)
    assert (layer.shape, layer.dtype) == ((512, 512, 4), pixels.dtype)
    differ = changed(pixels, result)
    assert differ.sum() > 1000
    assert not differ[~inside(pixels.shape, patches)].any()
    if "alpha" in kind:
        assert np.array_equal(result[..., -1], pixels[..., -1])
    white = {"u": float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else 1.0, "f": 1.0}[
        pixels.dtype.kind
    ]
    if "grey" not in kind:
        expected = photo.apply(photo.render({0: Look(strength=0.7)})) / 255.0
        apart = np.abs(result[..., :3] / white - expected)
        assert float(apart.mean()) < 0.002
    assert opened.report(patches)[0].identity_distance < 0.45


def test_floats_past_white_stay_past_white(ready: Seed, portrait: Pixels, patches: list[Patch]) -> None:
    pixels = portrait.astype(np.float32) / np.float32(255.0)
    x, y, width, height = patches[0].box
    bright = (slice(y + height // 2 - 2, y + height // 2 + 2), slice(x + width // 2 - 2, x + width // 2 + 2))
    pixels[bright] = 2.5
    opened = ready(pixels)
    result = opened.apply(opened.render({0: Look(strength=0.5)}))
    assert result[bright].max() > 1.8


# ---- several faces, and faces at the frame


def test_two_faces_whose_crops_overlap_are_retouched_side_by_side(ready: Seed, pair: Pixels) -> None:
    opened = ready(pair)
    assert len(opened.faces) == 2
    look = Look(strength=0.8)
    alone = [opened.render({index: look}) for index in (0, 1)]
    both = opened.render({0: look, 1: look})
    assert [patch.face for patch in both] == [0, 1]
    differ = changed(pair, opened.apply(both))
    assert not differ[~inside(pair.shape, both)].any()
    for index in (0, 1):
        x, y, side, _ = opened.faces[index].box
        assert differ[y : y + side, x : x + side].mean() > 0.3
        # The change of one face ends where the other begins.
        other_x, other_y, other_side, _ = opened.faces[1 - index].box
        center = slice(other_y + other_side // 4, other_y + 3 * other_side // 4)
        across = slice(other_x + other_side // 4, other_x + 3 * other_side // 4)
        assert not changed(pair, opened.apply(alone[index]))[center, across].any()
    assert [report.face for report in opened.report(both)] == [0, 1]


def test_faces_may_have_looks_of_their_own(ready: Seed, pair: Pixels) -> None:
    opened = ready(pair)
    patches = opened.render({1: Look(strength=0.4), 0: Look(strength=0.0)})
    assert [patch.face for patch in patches] == [1]
    x, y, side, _ = opened.faces[0].box
    quarter = side // 4
    assert not changed(pair, opened.apply(patches))[
        y + quarter : y + 3 * quarter, x + quarter : x + 3 * quarter
    ].any()


@pytest.mark.parametrize(("top", "left"), [(75, 0), (0, 190)])
def test_a_face_cut_by_the_frame_is_retouched_inside_it(
    top: int, left: int, ready: Seed, portrait: Pixels
) -> None:
    pixels = np.ascontiguousarray(portrait[top:, left:])
    opened = ready(pixels)
    assert len(opened.faces) == 1
    patches = opened.render({0: Look(strength=1.0)})
    differ = changed(pixels, opened.apply(patches))
    assert differ.sum() > 300
    assert not differ[~inside(pixels.shape, patches)].any()
    # What lies past the frame is not known, so hardly anything changes right at it.
    apart = np.abs(opened.apply(patches).astype(int) - pixels).max(axis=2)
    assert max(apart[0].max(), apart[:, 0].max()) <= 3


# ---- what is refused


@pytest.mark.parametrize("face", [1, -1, 99])
def test_a_face_that_is_not_there_is_refused(face: int, photo: Photo) -> None:
    for ask in (lambda: photo.render({face: Look()}), lambda: photo.prepare([face])):
        with pytest.raises(UsageError, match=f"no face number {face}"):
            ask()


def test_an_edit_that_is_not_there_is_refused_whatever_its_value(photo: Photo) -> None:
    for value in (0.0, 0.5):
        with pytest.raises(UsageError, match="moustache") as refused:
            photo.render({0: Look(strength=0.0, edits={"moustache": value})})
        assert "smile" in refused.value.advice


def test_a_photo_without_faces_says_so(retoucher: Retoucher) -> None:
    pixels = np.full((40, 60, 3), 128, np.uint8)
    photo = retoucher.open(pixels)
    assert photo.faces == ()
    assert photo.render({}) == []
    assert np.array_equal(photo.apply([]), pixels)
    with pytest.raises(UsageError, match="No face was found"):
        photo.render({0: Look()})


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4, 5), np.uint8), np.zeros((4, 4, 3), np.int64), np.zeros(4)]
)
def test_what_is_no_picture_is_refused(pixels: NDArray[Any], retoucher: Retoucher) -> None:
    with pytest.raises(PictureUnsupported):
        retoucher.open(pixels)


def test_models_that_are_not_there_are_missing() -> None:
    with pytest.raises(ModelMissing):
        Retoucher("nobody", "cpu")
    with pytest.raises(ModelMissing) as missing:
        Retoucher(device="cpu")
    assert "retouchml models fetch" in missing.value.advice


def test_the_retoucher_tells_what_it_is(retoucher: Retoucher) -> None:
    assert (retoucher.model, retoucher.device) == ("ffhq-mobile", "cpu")
    assert "smile" in [edit.name for edit in retoucher.edits]


# ---- watching, stopping, and the cache


@pytest.fixture
def no_kept_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every path is climbed, even one that was climbed before."""
    monkeypatch.setattr(PathCache, "get", lambda _self, _name: None)


@pytest.mark.usefixtures("no_kept_paths")
def test_progress_tells_stages_and_fractions(retoucher: Retoucher, photo: Photo, portrait: Pixels) -> None:
    assert photo.seconds
    updates: list[tuple[str, float]] = []

    def progress(stage: str, fraction: float, _remaining: float | None) -> None:
        updates.append((stage, fraction))

    retoucher.open(portrait, progress=progress).render({0: Look()}, progress=progress)
    stages = [stage for stage, _ in updates]
    assert list(dict.fromkeys(stages)) == ["detect", "beautify", "render"]
    for stage in set(stages):
        fractions = [fraction for name, fraction in updates if name == stage]
        assert fractions == sorted(fractions)
        assert 0.0 <= fractions[0] < fractions[-1] == 1.0


@pytest.mark.usefixtures("no_kept_paths")
def test_the_progress_of_several_faces_is_one(photo: Photo, ready: Seed, pair: Pixels) -> None:
    updates: list[float] = []
    opened = ready(pair)
    quick = opened._networks.beautifier.path

    def path(*arguments: Any, **watched: Any) -> Any:
        for fraction in (0.0, 0.5, 1.0):
            watched["progress"]("beautify", fraction, 1.0)
        return quick(*arguments, progress=watched["progress"], cancel=watched["cancel"])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opened._networks.beautifier, "path", path)
        opened.prepare(progress=lambda _, fraction, __: updates.append(fraction))
    assert updates == [0.0, 0.25, 0.5, 0.5, 0.75, 1.0]


@pytest.mark.parametrize("stage", ["invert", "beautify", "render"])
def test_stopping_is_heeded_in_every_stage(
    stage: str, retoucher: Retoucher, photo: Photo, portrait: Pixels, cache: InversionCache
) -> None:
    folder = cache._store.folder

    def stored_files() -> list[str]:
        return sorted(
            path.name for name in ("inversions", "paths") for path in (folder.parent / name).iterdir()
        )

    assert photo.seconds
    mirrored = np.ascontiguousarray(portrait[:, ::-1])
    opened = {
        "invert": lambda: retoucher.open(mirrored),
        # inverted, but never climbed from
        "beautify": lambda: seed(retoucher, photo, np.ascontiguousarray(mirrored[8:]), cache),
        "render": lambda: retoucher.open(portrait),
    }[stage]()
    files_before = stored_files()
    cancel = threading.Event()
    after: list[str] = []

    def progress(name: str, _fraction: float, _remaining: float | None) -> None:
        if cancel.is_set():
            after.append(name)
        if name == stage:
            cancel.set()

    with pytest.raises(Cancelled):
        opened.render({0: Look()}, progress=progress, cancel=cancel)
    assert after == []
    assert stored_files() == files_before


def test_a_photo_that_was_stopped_can_be_rendered_later(ready: Seed, portrait: Pixels) -> None:
    opened = ready(portrait)
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        opened.render({0: Look()}, cancel=cancel)
    assert len(opened.render({0: Look()})) == 1


def test_opening_stops_when_asked(retoucher: Retoucher, portrait: Pixels) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        retoucher.open(portrait, cancel=cancel)


def test_a_photo_seen_before_is_neither_searched_nor_inverted_nor_climbed_again(
    retoucher: Retoucher, photo: Photo, portrait: Pixels, real_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("once more")

    assert photo.seconds
    with at_home(real_home):  # what a new process finds
        monkeypatch.setattr(retoucher, "_caches", Caches.of_user())
    monkeypatch.setattr(type(retoucher.networks.finder), "search", refuse)
    monkeypatch.setattr(type(retoucher.networks.inverter), "invert", refuse)
    monkeypatch.setattr(type(retoucher.networks.beautifier), "path", refuse)
    (patch,) = retoucher.open(portrait.copy()).render({0: Look(strength=0.5)})
    (expected,) = photo.render({0: Look(strength=0.5)})
    np.testing.assert_array_equal(patch.pixels, expected.pixels)


def test_another_photo_or_depth_is_searched_for_itself(retoucher: Retoucher, portrait: Pixels) -> None:
    first = retoucher.open(portrait).faces[0]
    moved = retoucher.open(np.roll(portrait, 16, axis=1)).faces[0]
    deeper = retoucher.open(portrait.astype(np.uint16) * 257).faces[0]
    assert moved.box[0] > first.box[0]
    assert deeper.box == first.box
    assert np.array_equal(retoucher.open(portrait.copy()).faces[0].landmarks, first.landmarks)


def test_without_a_cache_nothing_is_read_or_kept(
    retoucher: Retoucher, portrait: Pixels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline import retoucher as module

    calls: list[object] = []

    def stop(*_: object, **__: object) -> None:
        calls.append(1)
        raise Cancelled("far enough")

    monkeypatch.setattr(module, "load_networks", lambda *_, **__: retoucher.networks)
    monkeypatch.setattr(type(retoucher.networks.inverter), "invert", stop)
    with pytest.raises(Cancelled):
        Retoucher(cache=False).open(portrait).render({0: Look()})
    assert calls == [1]
    assert not (tmp_path / "home").exists()


def test_a_kept_code_of_another_generator_s_shape_is_not_used(
    retoucher: Retoucher, portrait: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from pipeline.invert import Inversion

    def stop(*_: object, **__: object) -> None:
        raise Cancelled("inverts")

    monkeypatch.setattr(InversionCache, "get", lambda *_: Inversion(torch.zeros(18, 512), 0.0, 0.0))
    monkeypatch.setattr(type(retoucher.networks.inverter), "invert", stop)
    with pytest.raises(Cancelled, match="inverts"):
        retoucher.open(portrait).render({0: Look()})


def test_the_overall_progress_of_two_faces_never_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline import known_faces

    def prepare(*arguments: Any) -> object:
        *_, progress, _ = arguments
        for stage in ("invert", "beautify"):
            for fraction in (0.0, 0.4, 1.0):
                progress(stage, fraction, 9.0)
        return None

    monkeypatch.setattr(known_faces, "prepare_face", prepare)
    networks: Any = SimpleNamespace(
        finder=SimpleNamespace(
            landmarks_in_crop=lambda crop: landmarks(),
            landmarks_in_crops=lambda *crops: [landmarks() for _ in crops],
        ),
        rater=SimpleNamespace(see=lambda crop, points: None, rating_of=lambda features: Rating(3.0, None)),
        mesh=None,
        people=None,
        ages=None,
    )
    pixels = np.zeros((256, 512, 3), np.uint8)
    locations = [FaceLocation((0, 0, 9, 9), landmarks((x, 128.0))) for x in (128.0, 384.0)]
    opened = Photo(pixels, pixels, PLAIN, locations, networks, None, KeptFaces())
    overall, remaining = OverallProgress(), []
    fractions = [overall.update("detect", 1.0)]

    def progress(stage: str, fraction: float, seconds: float | None) -> None:
        fractions.append(overall.update(stage, fraction))
        remaining.append(seconds)

    opened.prepare(progress=progress)
    assert opened.render({}, progress=progress) == []
    assert fractions == sorted(fractions)
    assert fractions[-1] > 0.95
    # Only the last face's time is known to be all that is left of its stage.
    assert remaining == [None] * 6 + [9.0] * 6 + [0.0]


def with_trust(opened: Photo, **trust: float) -> Photo:
    """The photo, with less trust in its first face."""
    first, *others = opened.faces
    opened.faces = (replace(first, quality=FaceQuality(trust=Trust(**trust))), *others)
    return opened


def test_an_ordinary_portrait_is_trusted(photo: Photo) -> None:
    (face,) = photo.faces
    assert face.quality.trust == Trust()
    assert face.quality.notes == ()


def test_a_face_whose_shape_is_not_trusted_is_retouched_without_the_generator(
    retoucher: Retoucher, portrait: NDArray[np.uint8]
) -> None:
    opened = with_trust(retoucher.open(portrait), shape=0.0)
    opened.prepare()
    (held,) = opened.render({0: Look(1.0, edits={"smile": 1.0})})
    assert "invert" not in opened.seconds
    (local,) = opened.render_local({0: Look(1.0)})
    assert np.array_equal(held.pixels, local.pixels)


def test_a_face_without_any_trust_is_left_as_it_is(retoucher: Retoucher, portrait: NDArray[np.uint8]) -> None:
    opened = with_trust(retoucher.open(portrait), shape=0.0, skin=0.0, eyes=0.0, mouth=0.0)
    look = Look(1.0, edits={"smile": 1.0, "teeth": 1.0})
    assert opened.render({0: look}) == []
    assert opened.render_local({0: look}) == []
