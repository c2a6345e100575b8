"""A preview shows what the full patch shows, computed at about its own size."""

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from torch import Tensor

from pipeline.carried import carried_between
from pipeline.local_face import LocalFace, local_face
from pipeline.patch import make_patch
from pipeline.photo import Photo
from pipeline.prepared import KNOTS, KeptFields, PreparedFace
from pipeline.preview import PreviewFace, reduced_patch
from pipeline.rendered import generated_face
from pipeline.retoucher import Retoucher
from pipeline.working_space import PLAIN
from retouchml import Look
from tests.pipeline.seeding import quick_path, seed, session_cache
from tests.pipeline.synthetic_faces import open_mouthed, painted

Pixels = NDArray[np.uint8]
_SIDE = 256


@pytest.fixture(scope="module")
def painted_photo() -> Pixels:
    points = open_mouthed(1024)
    return np.asarray(np.rint(painted(points, 1024) * 255.0), np.uint8)


@pytest.fixture(scope="module")
def painted_face(painted_photo: Pixels) -> LocalFace:
    return local_face(painted_photo, open_mouthed(1024), [], None, {})


def apart(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    """Differences of the colours of two patches [h, w, 4] where both are opaque."""
    inside = (one[..., 3] == 255) & (other[..., 3] == 255)
    assert inside.mean() > 0.4
    return np.asarray(np.abs(one[..., :3][inside].astype(float) - other[..., :3][inside]))


@pytest.mark.parametrize("edits", [{"teeth": 1.0}, {"redness": 1.0, "shine": 1.0}, {"jaw": 0.8, "lips": 1.0}])
@pytest.mark.parametrize("side", [256, 512])
def test_a_local_preview_is_the_full_patch_reduced(
    painted_photo: Pixels, painted_face: LocalFace, edits: dict[str, float], side: int
) -> None:
    look, face = Look(0.0, edits=edits), painted_face
    full = make_patch(
        painted_photo, face.alignment, face.reshaped(face.change(look), look), face.support, 0, PLAIN
    )
    preview = PreviewFace.of(painted_photo, face, side, PLAIN)
    assert full is not None
    assert preview is not None
    assert preview.factor == 1024 // side if side < 512 else preview.factor in (1, 2)
    patch = preview.local_patch(look, 0)
    assert patch.box == full.box
    expected = reduced_patch(full, side)
    assert patch.pixels.shape == expected.pixels.shape
    assert max(patch.pixels.shape[:2]) == side
    differ = apart(patch.pixels, expected.pixels)
    assert differ.mean() < 0.6
    assert np.quantile(differ, 0.999) < 12.0
    moved = apart(patch.pixels, reduced_patch(untouched(painted_photo, face), side).pixels)
    assert differ.mean() < 0.5 * moved.mean() + 0.4


def untouched(photo: Pixels, face: LocalFace) -> Any:
    patch = make_patch(photo, face.alignment, face.change(Look(0.0)), face.support, 0, PLAIN)
    assert patch is not None
    return patch


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_a_preview_has_the_photo_s_depth_and_a_patch_s_channels(
    painted_photo: Pixels, painted_face: LocalFace, channels: int, dtype: Any
) -> None:
    scale = {np.uint8: 1.0, np.uint16: 257.0, np.float32: 1.0 / 255.0}[dtype]
    color = painted_photo[..., :3] if channels >= 3 else painted_photo[..., :1]
    photo = (color * np.float64(scale)).astype(dtype)
    if channels in (2, 4):
        opaque = np.full((*photo.shape[:2], 1), 1.0 if dtype is np.float32 else np.iinfo(dtype).max, dtype)
        photo = np.concatenate([photo, opaque], -1)
    preview = PreviewFace.of(photo, painted_face, _SIDE, PLAIN)
    assert preview is not None
    patch = preview.local_patch(Look(0.0), 0)
    assert patch.pixels.dtype == dtype
    assert patch.pixels.shape[2] == 4
    x, y, width, height = patch.box
    size = (patch.pixels.shape[1], patch.pixels.shape[0])
    expected = cv2.resize(color[y : y + height, x : x + width], size, interpolation=cv2.INTER_AREA)
    inside = patch.pixels[..., 3] > 0
    values = patch.pixels[..., :3].astype(float) / scale
    assert np.abs(values - expected.reshape(*size[::-1], -1))[inside].max() <= 1.0


def test_what_is_transparent_does_not_stain_a_preview(painted_photo: Pixels, painted_face: LocalFace) -> None:
    photo = np.dstack([painted_photo, np.full((1024, 1024), 255, np.uint8)])
    photo[::2, :, :3] = (0, 255, 0)
    photo[::2, :, 3] = 0
    preview = PreviewFace.of(photo, painted_face, _SIDE, PLAIN)
    assert preview is not None
    x, y, width, height = preview.box
    visible = painted_photo[y : y + height, x : x + width][(y + 1) % 2 :: 2]
    assert np.abs(preview.photo[..., :3].mean((0, 1)) - visible.mean((0, 1))).max() < 3.0


def test_a_face_outside_the_photo_has_no_preview(painted_photo: Pixels, painted_face: LocalFace) -> None:
    assert PreviewFace.of(painted_photo[:16, :16], painted_face, _SIDE, PLAIN) is None


# ---- with the generator


@pytest.fixture(scope="module")
def large(retoucher: Retoucher, photo: Photo, portrait: Pixels, real_home: Path) -> Any:
    """The portrait, enlarged so that its face fills a crop of 1024 px."""
    pixels = cv2.resize(portrait, None, fx=5.0, fy=5.0, interpolation=cv2.INTER_CUBIC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retoucher.networks.beautifier, "path", quick_path(retoucher, photo))
        opened = seed(retoucher, photo, np.asarray(pixels, np.uint8), session_cache(real_home))
        opened.prepare()
    return opened


@pytest.mark.parametrize("strength", KNOTS[1:])
def test_at_a_knot_what_is_carried_is_exact(large: Photo, retoucher: Retoucher, strength: float) -> None:
    prepared, networks = large._known.prepared[0], retoucher.networks
    exact = prepared._carried(networks, Look(strength))
    knot = prepared.between_knots(networks, strength, 1)
    assert np.array_equal(knot.flow, exact.flow)
    assert np.array_equal(knot.light, exact.light)


def test_between_knots_a_full_patch_is_their_mean_whatever_was_computed_before(
    large: Photo, retoucher: Retoucher
) -> None:
    prepared, networks = large._known.prepared[0], retoucher.networks
    prepared.kept.clear()
    alone = prepared.carried(networks, Look(0.6))
    for look in (Look(0.9), Look(0.6, edits={"smile": 0.5}), Look(0.59)):
        prepared.carried(networks, look)
    again = prepared.carried(networks, Look(0.6, edits={"hair_lightness": 1.0}))  # which it cannot follow
    below, above = (prepared.carried(networks, Look(knot)) for knot in (0.5, 0.75))
    for one, other, low, high in (
        (alone.flow, again.flow, below.flow, above.flow),
        (alone.light, again.light, below.light, above.light),
    ):
        assert np.array_equal(one, other)
        assert np.abs(one - (0.6 * low + 0.4 * high)).max() < 1e-3
        assert np.abs(low - high).max() > 0.05


def test_motion_and_light_at_half_the_size_are_those_of_all_pixels(
    large: Photo, retoucher: Retoucher
) -> None:
    prepared = large._known.prepared[0]
    face, before = prepared.face, prepared.before
    networks = retoucher.networks
    after = generated_face(networks.pictures, networks.finder, prepared.path.at(1.0), face)
    held = prepared._coarse.covering
    assert prepared._coarse.factor == 2
    assert held.shape == (face.crop.shape[0] // 2, face.crop.shape[1] // 2)
    held = np.asarray(cv2.resize(held, face.crop.shape[1::-1]), np.float32)
    whole = carried_between(face.crop, before, after, face.masks, 1024, held=held)
    carried = prepared._carried(retoucher.networks, Look(1.0))
    assert carried.flow.shape == whole.flow.shape
    assert np.abs(whole.flow).max() > 5.0
    assert np.abs(carried.flow - whole.flow).mean() < 0.07
    assert np.abs(carried.flow - whole.flow).max() < 1.5  # where it is steep
    assert np.abs(whole.light).max() > 1.5
    assert np.abs(carried.light - whole.light).mean() < 0.05


def test_a_smile_shows_the_generator_s_mouth_with_all_its_pixels(large: Photo, retoucher: Retoucher) -> None:
    carried = large._known.prepared[0]._carried(retoucher.networks, Look(0.5, edits={"smile": 1.0}))
    assert carried.mouth is not None
    window = carried.mouth.window
    assert carried.mouth.pixels.shape == (window.bottom - window.top, window.right - window.left, 3)
    assert window.right <= carried.flow.shape[1]
    assert window.right - window.left > 200


@pytest.mark.parametrize(
    ("look", "mean", "most"),
    [
        (Look(), 0.6, 3.0),
        (Look(0.5, 0.1, {"teeth": 1.0, "shine": 0.9}), 0.7, 4.0),
        (Look(0.6), 0.6, 3.0),  # between two knots
        (Look(0.25, edits={"smile": 0.5}), 0.6, 4.0),
        (Look(0.25, edits={"mouth": 1.0, "teeth": 0.8}), 0.7, 8.0),  # at the edges of teeth
        (Look(0.25, edits={"age": -0.8, "brows": 0.5}), 0.6, 4.0),
        (Look(0.25, edits={"jaw": 0.5}), 0.6, 4.0),
    ],
)
def test_a_preview_is_the_full_patch_reduced(large: Photo, look: Look, mean: float, most: float) -> None:
    (full,) = large.render({0: look})
    (preview,) = large.preview({0: look}, 512)
    assert (preview.face, preview.box) == (0, full.box)
    assert large._previews.face(0, large._known.local(0), 512, look).factor == 2  # type: ignore[union-attr]
    differ = apart(preview.pixels, reduced_patch(full, 512).pixels)
    assert differ.mean() < mean
    assert np.quantile(differ, 0.999) < most


def test_a_moved_strength_needs_no_picture_once_the_knots_are_known(
    large: Photo, retoucher: Retoucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.preview({0: Look(0.5)}, 512)
    large.preview({0: Look(0.75)}, 512)
    rendered: list[object] = []
    monkeypatch.setattr(retoucher.networks.generator, "render", rendered.append)
    patches = [large.preview({0: Look(strength)}, 512)[0].pixels for strength in (0.55, 0.6, 0.7)]
    assert rendered == []
    assert not any(np.array_equal(one, other) for one, other in pairwise(patches))


def test_the_full_patch_after_a_preview_takes_the_generator_s_picture_of_it(
    large: Photo, retoucher: Retoucher, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Look(0.5, edits={"smile": 0.62})
    generator = retoucher.networks.generator
    render, count = generator.render, 0

    def counted(w_plus: Tensor) -> Pixels:
        nonlocal count
        count += 1
        return render(w_plus)

    monkeypatch.setattr(generator, "render", counted)
    large._kept.fields.clear()
    large.preview({0: look}, 512)
    (full,) = large.render({0: look})
    assert count == 1
    large._kept.fields.clear()
    large.render({0: Look(0.5, edits={"smile": -0.3})})
    (again,) = large.render({0: look})
    assert count == 3
    assert np.array_equal(full.pixels, again.pixels)


def test_beside_a_full_patch_another_slider_s_preview_has_its_motion(large: Photo) -> None:
    look = Look(0.6, edits={"teeth": 0.3})
    large._kept.fields.clear()
    large.render({0: look})
    moved = look.with_values({"teeth": 0.8})
    (preview,) = large.preview({0: moved}, 512)
    (full,) = large.render({0: moved})
    differ = apart(preview.pixels, reduced_patch(full, 512).pixels)
    assert differ.mean() < 0.6
    assert np.quantile(differ, 0.999) < 3.0


def test_a_preview_does_not_depend_on_what_was_shown_before(large: Photo) -> None:
    looks = [Look(0.6), Look(0.6, edits={"teeth": 0.9}), Look(0.6, 0.2), Look(0.3, edits={"jaw": -0.5})]
    looks += [Look(0.5), Look(0.5, edits={"shine": 1.0}), Look(0.5, edits={"chin": 1.0}), Look(0.5)]
    large._kept.fields.clear()
    looks += [Look(0.6, edits={"smile": 0.4}), Look(0.0, edits={"lines": 1.0}), Look(0.6)]
    in_turn = [large.preview({0: look}, 512)[0].pixels for look in looks]
    for look, pixels in zip(looks, in_turn, strict=True):
        large._kept.fields.clear()
        large._kept.previews.clear()
        (fresh,) = large.preview({0: look}, 512)
        assert np.array_equal(fresh.pixels, pixels)


def test_what_is_kept_stays_within_its_bounds(large: Photo) -> None:
    for strength in (0.1, 0.3, 0.5, 0.6, 0.8, 1.0):
        large.preview({0: Look(strength)}, 512)
        large.preview({0: Look(strength, edits={"smile": strength})}, 384)
    assert 1 << 20 < large._kept.fields.total <= 96 << 20
    assert 1 << 20 < large._kept.previews.total <= 80 << 20


def test_faces_that_overlap_have_the_previews_of_their_full_patches(
    retoucher: Retoucher, photo: Photo, portrait: Pixels, real_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = np.ascontiguousarray(np.hstack([portrait[:320, 110:270], portrait[:320, 150:420]]))
    opened = seed(retoucher, photo, pair, session_cache(real_home))
    looks = {number: Look(0.0, edits={"jaw": 1.0, "teeth": 1.0}) for number in range(len(opened.faces))}
    assert len(looks) == 2
    full = opened.render(looks)
    for patch, preview in zip(full, opened.preview(looks, 64), strict=True):
        assert np.array_equal(preview.pixels, reduced_patch(patch, 64).pixels)
    turns = list(opened.ahead(looks, 64, shown=1))  # ahead of need, it turns once to the other face
    assert turns.count(True) == 1
    assert not turns[0]


def test_the_knots_closest_to_the_strength_are_computed_ahead_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def carried(_self: PreparedFace, _networks: object, look: Look, _factor: int) -> None:
        asked.append(look.strength)

    monkeypatch.setattr(PreparedFace, "carried", carried)
    nothing: Any = None
    path = SimpleNamespace(at=lambda strength: f"code {strength}")
    pictures = SimpleNamespace(
        picture=lambda code, _side: asked.append(code),
        get_ready=lambda code: asked.append(f"ready {code}"),
    )
    networks: Any = SimpleNamespace(pictures=pictures)
    moving: Any = SimpleNamespace(local=SimpleNamespace(size=64))
    face = PreparedFace(moving, path, nothing, KeptFields(100))  # type: ignore[arg-type]
    steps = face.knots_ahead(networks, 2, 0.7)
    next(steps)
    assert asked == ["code 0.75"]  # a moved slider waits for a half of the work at most
    assert len(list(steps)) == 2 * len(KNOTS) - 1
    assert asked[1::2] == [0.75, 0.5, 1.0, 0.25, 0.0]
    assert asked[-1] == "ready code 0.7"
