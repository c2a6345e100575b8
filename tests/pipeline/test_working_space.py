"""Pixels of a colour profile in the working space and back: nothing is lost, and the retouch is the same."""

import sys
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline import working_space
from pipeline.display import displays_of
from pipeline.retoucher import Retoucher
from pipeline.working_space import PLAIN, WorkingSpace, differs_from_srgb, profile_for
from retouchml import Look
from tests.pipeline.colour_difference import delta_e2000
from tests.pipeline.colour_profiles import PROFILES, converted, profile_with

Pixels = NDArray[Any]
_WHITE = {"uint8": 255, "uint16": 65535, "float32": 1.0}
every_profile = pytest.mark.parametrize("profile", [profile_with(*names) for names in PROFILES])


def colours(dtype: str) -> Pixels:
    """Random colours with the corners of the space, at which conversions go wrong."""
    random = np.random.default_rng(3)
    values = random.random((32, 32, 3))
    corners = np.stack(np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0]), axis=-1).reshape(8, 3)
    values[0, :8] = corners
    return (values * _WHITE[dtype]).astype(dtype)


@every_profile
@pytest.mark.parametrize("dtype", _WHITE)
def test_what_does_not_change_stays_to_the_bit(profile: bytes, dtype: str) -> None:
    space, pixels = WorkingSpace.of(profile), colours(dtype)
    assert space.profile == profile
    assert np.array_equal(space.changed(pixels, space.decode(pixels)), pixels)


@every_profile
def test_only_the_changed_pixels_change_and_by_what_was_asked(profile: bytes) -> None:
    space, pixels = WorkingSpace.of(profile), colours("uint16")
    after = space.decode(pixels)
    after[4:8, 4:8] += np.float32(0.05)
    result = space.changed(pixels, after)
    differs = (result != pixels).any(axis=2)
    assert differs[4:8, 4:8].all()
    assert differs.sum() == 16
    # Where a channel is at its end, the profile cannot say all of it.
    inner = ((after[4:8, 4:8] < 0.98) & (after[4:8, 4:8] > 0.06)).all(axis=2)
    assert inner.sum() > 4
    shown = space.decode(result)[4:8, 4:8]
    np.testing.assert_allclose(shown[inner], after[4:8, 4:8][inner], atol=2e-3)


def test_colours_outside_srgb_lie_outside_its_range_and_come_back() -> None:
    space = WorkingSpace.of(profile_with("prophoto", 1.8))
    green = np.array([[[0, 65535, 0]]], np.uint16)
    values = space.decode(green)
    assert values.min() < -0.5
    changed = space.changed(green, values * np.float32(0.98))
    assert changed[0, 0, 1] < 65535
    assert np.abs(changed[0, 0].astype(int) - [0, 65535, 0]).max() < 4000


def test_floats_above_white_keep_their_light() -> None:
    space = WorkingSpace.of(profile_with("adobe", 2.2))
    bright = np.full((1, 1, 3), 4.0, np.float32)
    assert np.array_equal(space.changed(bright, space.decode(bright)), bright)
    darker = space.changed(bright, space.decode(bright) - np.float32(0.1))
    assert 3.0 < float(darker.min()) < 4.0


def test_a_grey_profile_is_converted_and_stays_grey() -> None:
    linear = bytes(imagecodecs.cms_profile("gray", gamma=1.0))
    space = WorkingSpace.of(linear)
    grey = np.repeat(np.linspace(0.05, 0.9, 16, dtype=np.float32)[None, :, None], 3, axis=2)
    values = space.decode(grey)
    assert float(values[0, 4, 0]) > float(grey[0, 4, 0]) + 0.1
    result = space.changed(grey, values + np.float32(0.05))
    assert (result > grey).all()
    assert np.array_equal(result[..., 0], result[..., 2])


def test_floats_that_are_no_number_stay_where_nothing_changes() -> None:
    odd = np.array([[[np.inf, 0.5, np.nan], [-np.inf, 0.25, 0.75]]], np.float32)
    finite = np.isfinite(odd)
    for space in (PLAIN, WorkingSpace.of(profile_with("adobe", 2.2))):
        assert space.changed(odd, space.decode(odd)).tobytes() == odd.tobytes()
        changed = np.asarray(space.changed(odd, space.decode(odd) - np.float32(0.1)))
        assert (changed[finite] < odd[finite]).all()
    assert np.isfinite(np.asarray(PLAIN.changed(odd, PLAIN.decode(odd) - np.float32(0.1)))).all()


def test_a_grey_profile_says_nothing_about_colours() -> None:
    linear, rgb = bytes(imagecodecs.cms_profile("gray", gamma=1.0)), profile_with("adobe", 2.2)
    colour = np.full((600, 2, 3), (200, 100, 50), np.uint8)
    late = np.full((600, 2, 4), 90, np.uint8)
    late[-1, -1, 2] = 91
    for pixels in (colour, late):
        assert profile_for(linear, pixels) == b""
        assert profile_for(rgb, pixels) == rgb
        (display,) = displays_of(pixels, linear)
        assert np.array_equal(display(pixels), pixels[..., :3])
    # grey with alpha, as files are read, and as the wire sends it
    equal = np.full((2, 2, 4), 0.5, np.float32)
    equal[0, 0, :3] = np.nan
    for grey in (equal, equal[..., :1], equal[..., :2]):
        assert profile_for(linear, grey) == linear


def test_a_profile_is_judged_once_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = profile_with("adobe", 2.2)
    count = sys.getrefcount(profile)
    assert differs_from_srgb(profile)
    assert sys.getrefcount(profile) == count
    monkeypatch.setattr(working_space, "_transformed", None)  # would make it a damaged one
    assert differs_from_srgb(profile)


@pytest.mark.parametrize(
    "icc", [b"", b"damaged" * 40, bytes(imagecodecs.cms_profile("srgb")), profile_with("adobe", 2.2)[:200]]
)
def test_srgb_and_a_damaged_profile_need_no_conversion(icc: bytes) -> None:
    assert WorkingSpace.of(icc) == PLAIN


@pytest.mark.parametrize(("primaries", "gamma"), PROFILES[:1])
def test_a_photo_of_another_profile_gets_the_retouch_of_its_copy_in_srgb(
    retoucher: Retoucher, portrait: NDArray[np.uint8], primaries: str, gamma: float
) -> None:
    profile = profile_with(primaries, gamma)
    look = Look()
    photo = retoucher.open(portrait)
    plain = photo.apply(photo.render({0: look}))
    deep = converted(portrait, profile)
    other = retoucher.open(deep, icc=profile)
    patches = other.render({0: look})
    result = other.apply(patches)
    space = WorkingSpace.of(profile)
    shown = np.clip(space.decode(result), 0.0, 1.0)
    changed = (plain != portrait).any(axis=2)
    assert changed.sum() > 1000
    outside = other.layer(patches)[..., 3] == 0
    assert np.array_equal(result[outside], deep[outside])
    lab = [cv2.cvtColor(np.asarray(p, np.float32), cv2.COLOR_RGB2Lab) for p in (plain / 255.0, shown)]
    assert float(np.median(delta_e2000(lab[0], lab[1])[changed])) < 1.0


def test_a_photo_of_colours_with_a_grey_profile_is_retouched_as_srgb(retoucher: Retoucher) -> None:
    grey = bytes(imagecodecs.cms_profile("gray", gamma=1.0))
    pixels = np.full((40, 40, 3), (200, 100, 50), np.uint8)
    assert retoucher.open(pixels, icc=grey)._space == PLAIN
    assert retoucher.open(pixels[..., :1], icc=grey)._space.profile == grey
