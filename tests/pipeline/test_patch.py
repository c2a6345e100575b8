"""Fields over a crop on the photograph's own pixels: any depth, any channels, nothing beside the mask."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import patch as patch_module
from pipeline.align import Alignment
from pipeline.change import Change
from pipeline.patch import Patch, make_patch, paint

Photo = NDArray[Any]
_SIZE = 64
_WHITE = {"uint8": 255, "uint16": 65535, "float32": 1}


def photograph(dtype: str = "uint8", channels: int = 3, height: int = 150, width: int = 170) -> Photo:
    """Noise, the worst case for every kind of resampling."""
    random = np.random.default_rng(5)
    if dtype == "float32":
        return random.random((height, width, channels)).astype(np.float32)
    return random.integers(0, _WHITE[dtype] + 1, (height, width, channels)).astype(dtype)


def square(step: float = 1.0, x: float = 40.0, y: float = 30.0, degrees: float = 0.0) -> Alignment:
    """A crop of 64 px whose first pixel lies at (x, y) and whose pixels are ``step`` photo pixels apart."""
    cosine, sine = step * np.cos(np.radians(degrees)), step * np.sin(np.radians(degrees))
    return Alignment(np.array([[cosine, -sine, x], [sine, cosine, y]]), _SIZE)


def change(
    *,
    flow: tuple[float, float] = (0.0, 0.0),
    color: float = 0.0,
    pixels: float = 0.0,
    cover: float = 0.0,
    smoothing: float = 0.0,
) -> Change:
    """A change that is the same at every pixel."""

    def field(value: float, *channels: int) -> NDArray[np.float32]:
        return np.full((_SIZE, _SIZE, *channels), value, np.float32)

    moved = np.dstack([field(flow[0]), field(flow[1])])
    return Change(moved, field(color, 3), field(pixels, 3), field(cover), field(smoothing))


def disc(radius: float = 20.0) -> NDArray[np.uint8]:
    """A round support in the crop's middle."""
    y, x = np.mgrid[0:_SIZE, 0:_SIZE] - (_SIZE - 1) / 2.0
    return np.asarray(x**2 + y**2 <= radius**2, np.uint8)


def made(photo: Photo, alignment: Alignment, what: Change, support: NDArray[np.uint8] | None = None) -> Patch:
    patch = make_patch(photo, alignment, what, disc() if support is None else support, 3)
    assert patch is not None
    return patch


def painted(photo: Photo, *patches: Patch) -> Photo:
    result = photo.copy()
    for patch in patches:
        paint(result, patch)
    return result


def mask(photo: Photo, patch: Patch) -> NDArray[np.bool_]:
    """Which pixels of the photo belong to a patch."""
    inside = np.zeros(photo.shape[:2], bool)
    x, y, width, height = patch.box
    inside[y : y + height, x : x + width] = patch.inside
    return inside


every_kind = pytest.mark.parametrize(
    ("dtype", "channels"), [(dtype, channels) for dtype in _WHITE for channels in (1, 2, 3, 4)]
)


@every_kind
@pytest.mark.parametrize("degrees", [0.0, 30.0])
def test_a_change_of_nothing_changes_nothing(dtype: str, channels: int, degrees: float) -> None:
    photo = photograph(dtype, channels)
    patch = made(photo, square(1.1, degrees=degrees), change())
    if dtype == "float32":
        assert np.allclose(painted(photo, patch), photo, atol=1e-6)
    elif channels >= 3:
        assert np.array_equal(painted(photo, patch), photo)
    else:
        # The lightness of a grey pixel is a sum of three, which rounds.
        assert np.abs(painted(photo, patch).astype(int) - photo).max() <= (dtype == "uint16")


@every_kind
def test_outside_the_mask_no_pixel_changes_and_alpha_never_does(dtype: str, channels: int) -> None:
    photo = photograph(dtype, channels)
    patch = made(photo, square(1.3, degrees=20.0), change(flow=(3.0, -2.0), color=0.2, pixels=0.5, cover=0.3))
    result = painted(photo, patch)
    inside = mask(photo, patch)
    assert (result.shape, result.dtype) == (photo.shape, photo.dtype)
    assert np.array_equal(result[~inside], photo[~inside])
    colors = 3 if channels >= 3 else 1
    assert np.array_equal(result[..., colors:], photo[..., colors:])
    assert (result[inside][:, :colors] != photo[inside][:, :colors]).any()


@every_kind
def test_a_patch_is_rgba_in_the_photo_s_depth_full_inside_and_clear_outside(
    dtype: str, channels: int
) -> None:
    photo = photograph(dtype, channels)
    patch = made(photo, square(), change(color=0.1))
    assert patch.pixels.dtype == photo.dtype
    assert patch.pixels.shape[2] == 4
    alpha = patch.pixels[..., 3]
    assert set(np.unique(alpha).tolist()) == {0, _WHITE[dtype]}
    assert np.array_equal(patch.inside, alpha > 0)
    x, y, width, height = patch.box
    assert (patch.face, patch.x, patch.y) == (3, x, y)
    beneath = photo[y : y + height, x : x + width]
    rgb = beneath[..., :3] if channels >= 3 else np.repeat(beneath[..., :1], 3, 2)
    assert np.array_equal(patch.pixels[~patch.inside][:, :3], rgb[~patch.inside])


def test_the_mask_is_the_support_on_the_photo() -> None:
    photo = photograph(height=300, width=300)
    inside = mask(photo, made(photo, square(2.0, x=60.0, y=70.0), change(), disc(20.0)))
    y, x = np.mgrid[0:300, 0:300]
    distance = np.hypot(x - (60.0 + 63.0), y - (70.0 + 63.0))
    assert inside[distance < 39.0].all()
    assert not inside[distance > 44.0].any()


@pytest.mark.parametrize("dtype", _WHITE)
@pytest.mark.parametrize("step", [0.6, 1.0, 3.0])
def test_colour_is_added_evenly(dtype: str, step: float) -> None:
    white = _WHITE[dtype]
    photo = np.full((150, 170, 3), 0.4 * white, dtype)
    patch = made(photo, square(step, x=5.0, y=5.0), change(color=0.1), disc(15.0))
    center = mask(photo, patch)
    expected = photo[0, 0, 0] + 0.1 * white
    deep = painted(photo, patch)[center]
    assert np.median(np.abs(deep.astype(float) - expected)) <= (0.51 if white > 1 else 1e-5)


def test_whole_numbers_are_clipped_at_black_and_white() -> None:
    for photo, color, limit in (
        (np.full((150, 170, 3), 250, np.uint8), 0.2, 255),
        (np.full((150, 170, 3), 5, np.uint8), -0.2, 0),
    ):
        patch = made(photo, square(), change(color=color))
        assert (painted(photo, patch)[mask(photo, patch)] == limit).all()


def test_floats_past_white_are_kept() -> None:
    photo = np.full((150, 170, 3), 3.5, np.float32)
    patch = made(photo, square(), change(color=0.1))
    result = painted(photo, patch)
    inside = mask(photo, patch)
    assert np.allclose(result[inside], 3.6, atol=1e-5)
    assert (result[~inside] == 3.5).all()


def test_what_is_no_number_stays_so_outside_the_mask() -> None:
    photo = photograph("float32")
    photo[0, 0] = np.nan
    photo[60, 70] = np.nan
    patch = made(photo, square(), change(color=0.1))
    result = painted(photo, patch)
    assert np.isnan(result[0, 0]).all()
    assert np.isfinite(result[60, 70]).all()


def test_a_flow_of_whole_pixels_moves_them_unchanged() -> None:
    photo = photograph()
    patch = made(photo, square(1.0), change(flow=(2.0, -3.0)))
    inside = mask(photo, patch)
    y, x = np.nonzero(inside)
    assert np.array_equal(painted(photo, patch)[y, x], photo[y - 3, x + 2])


def test_where_nothing_moves_the_photo_is_not_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("sampled")

    photo = photograph("float32")
    expected = made(photo, square(), change(color=0.125))
    monkeypatch.setattr(cv2, "remap", refuse)
    patch = made(photo, square(), change(color=0.125))
    assert np.array_equal(patch.pixels, expected.pixels)
    inside = patch.inside
    original = photo[patch.y : patch.y + patch.pixels.shape[0], patch.x : patch.x + patch.pixels.shape[1]]
    assert np.array_equal(patch.pixels[inside][:, :3], original[inside] + np.float32(0.125))


def test_flow_is_in_crop_pixels_and_turns_with_the_crop() -> None:
    photo = photograph(height=300, width=300)
    patch = made(photo, square(2.0, x=220.0, y=60.0, degrees=90.0), change(flow=(4.0, 0.0)))
    y, x = np.nonzero(mask(photo, patch))
    # Four crop pixels to the crop's right are eight photo pixels downwards.
    assert np.array_equal(painted(photo, patch)[y, x], photo[y + 8, x])


def test_cover_puts_the_generator_s_pixels_in_place() -> None:
    photo = photograph()
    patch = made(photo, square(), change(pixels=0.8, cover=1.0), disc(20.0))
    inside = mask(photo, patch)
    assert np.abs(painted(photo, patch)[inside].astype(int) - round(0.8 * 255)).max() <= 1


def test_a_grey_photo_stays_grey() -> None:
    photo = photograph(channels=1)
    what = change()
    color = what.color.copy()
    color[..., 0] = 0.3
    patch = made(photo, square(), Change(what.flow, color, what.pixels, what.cover, what.smoothing))
    assert np.array_equal(patch.pixels[..., 0], patch.pixels[..., 1])
    assert np.array_equal(patch.pixels[..., 0], patch.pixels[..., 2])
    lifted = painted(photo, patch)[mask(photo, patch)].astype(float) - photo[mask(photo, patch)]
    assert np.median(lifted) == pytest.approx(0.299 * 0.3 * 255, abs=1.0)


@pytest.mark.parametrize("step", [1.0, 3.3])
@pytest.mark.parametrize("rows", [1, 7])
def test_work_in_strips_gives_what_the_whole_would(
    step: float, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = photograph(height=300, width=320)
    random = np.random.default_rng(1)
    what = Change(
        random.normal(0.0, 2.0, (_SIZE, _SIZE, 2)).astype(np.float32),
        random.normal(0.0, 0.1, (_SIZE, _SIZE, 3)).astype(np.float32),
        random.random((_SIZE, _SIZE, 3)).astype(np.float32),
        random.random((_SIZE, _SIZE)).astype(np.float32),
        random.random((_SIZE, _SIZE)).astype(np.float32),
    )
    alignment = square(step, x=50.0, y=30.0, degrees=12.0)
    whole = made(photo, alignment, what, disc(28.0))
    monkeypatch.setattr(patch_module, "_STRIP", rows * whole.box[2])
    strips = made(photo, alignment, what, disc(28.0))
    assert strips.box == whole.box
    # The way of sampling divides a pixel by 32, and a coordinate may lie just between two of these.
    apart = np.abs(strips.pixels.astype(int) - whole.pixels)
    assert (apart > 1).mean() < 1e-3
    assert apart.max() < 24


@pytest.mark.parametrize(
    ("x", "y"), [(-40.0, 30.0), (130.0, 30.0), (40.0, -35.0), (40.0, 120.0), (-40.0, -35.0)]
)
def test_a_face_cut_by_the_frame_has_a_patch_inside_it(x: float, y: float) -> None:
    photo = photograph()
    patch = made(photo, square(1.0, x, y), change(flow=(3.0, 3.0), color=0.2), disc(31.0))
    left, top, width, height = patch.box
    assert min(left, top) >= 0
    assert left + width <= 170
    assert top + height <= 150
    assert mask(photo, patch).any()
    painted(photo, patch)


def test_where_nothing_lies_inside_there_is_no_patch() -> None:
    photo = photograph()
    assert make_patch(photo, square(), change(color=0.1), np.zeros((_SIZE, _SIZE), np.uint8), 0) is None
    for x, y in ((500.0, 30.0), (-200.0, 30.0), (40.0, 400.0)):
        assert make_patch(photo, square(1.0, x, y), change(color=0.1), disc(), 0) is None


def test_the_photo_is_not_written_to() -> None:
    photo = photograph()
    photo.flags.writeable = False
    copy = photo.copy()
    made(photo, square(), change(flow=(1.0, 1.0), color=0.3))
    assert np.array_equal(photo, copy)


def test_smoothing_takes_what_the_crop_is_too_small_to_hold_and_else_only_the_finest_grain() -> None:
    noise = photograph(height=700, width=700)
    broad = np.asarray(cv2.GaussianBlur(noise, (0, 0), 4.0), np.uint8)
    large, small = square(8.0, x=60.0, y=60.0), square(1.0, x=60.0, y=60.0)

    def remaining(photo: NDArray[np.uint8], alignment: Alignment) -> float:
        patch = made(photo, alignment, change(smoothing=1.0))
        inside = mask(photo, patch)
        return float(painted(photo, patch)[inside].std() / photo[inside].std())

    assert remaining(noise, large) < 0.4
    assert 0.4 < remaining(noise, small) < 0.9
    assert remaining(broad, small) > 0.97


@pytest.mark.parametrize("dtype", sorted(_WHITE))
@pytest.mark.parametrize("channels", [2, 4])
def test_what_lies_hidden_beside_a_cut_out_face_does_not_come_to_light(dtype: str, channels: int) -> None:
    white = _WHITE[dtype]
    photo = np.full((150, 170, channels), white, dtype)
    photo[..., :-1] = white * 4 // 5 if white > 1 else 0.8
    photo[:, 72:] = 0  # transparent black
    inside = mask(photo, patch := made(photo, square(), change(flow=(6.0, 0.0))))
    assert inside[:, 72:].any()
    result = painted(photo, patch)
    assert np.array_equal(result[..., -1], photo[..., -1])
    shown = result[:, :72, :-1]
    assert np.abs(shown.astype(float) - photo[0, 0, 0]).max() <= white / 255
    # and what is hidden there is no other photograph's
    assert np.abs(result[:, 90:, :-1].astype(float)).max() <= white / 255
