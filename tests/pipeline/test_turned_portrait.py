"""``roll``, ``gaze``, ``yaw`` and ``pitch`` on the bundled portrait: what moved is measured on the result."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.figures.sharpness import sharpness
from pipeline.attributes import geometric
from pipeline.local_face import face_crop
from pipeline.mesh import Mesh
from pipeline.photo import Photo
from pipeline.pose import pose_of_mesh
from pipeline.retoucher import Retoucher
from retouchml import Look
from retouchml.sliders import EDITS

Pixels = NDArray[np.uint8]
_HELD = ("smile", "eyes_open", "mouth_open", "brows", "yaw", "pitch")
_OFF = {slider.name: 0.0 for slider in EDITS if slider.full is not None}


@pytest.fixture(scope="module")
def photo(retoucher: Retoucher, portrait: Pixels) -> Photo:
    if retoucher.networks.mesh is None:
        pytest.skip("not fetched: mediapipe-face")
    return retoucher.open(portrait)


def after(photo: Photo, **edits: float) -> Pixels:
    return np.asarray(photo.apply(photo.render({0: Look(0.0, edits={**_OFF, **edits})})))


def mesh_of(retoucher: Retoucher, pixels: Pixels, photo: Photo) -> Mesh:
    assert retoucher.networks.mesh is not None
    return retoucher.networks.mesh.mesh(pixels, np.array(photo.faces[0].landmarks))


def gaze(mesh: Mesh) -> float:
    """How far the irises lie to the right between the corners of their eyes, from 0 to 1, on average."""
    places = []
    for iris, (left, right) in zip(mesh.irises, ((33, 133), (362, 263)), strict=True):
        assert iris is not None
        start, end = mesh.points[left, :2], mesh.points[right, :2]
        places.append(
            float((np.array([iris.x, iris.y]) - start) @ (end - start) / ((end - start) @ (end - start)))
        )
    return float(np.mean(places))


def apart(retoucher: Retoucher, photo: Photo, pixels: Pixels) -> dict[str, float]:
    """How far expression and pose are from the photograph's, in standard deviations of generated faces."""
    attributes = retoucher.networks.edit_applier.attributes
    spread = dict(zip(attributes.outputs, attributes.deviation.tolist(), strict=True))
    was, now = (geometric(np.array(found.faces[0].landmarks)) for found in (photo, retoucher.open(pixels)))
    return {name: (now[name] - was[name]) / spread[name] for name in _HELD}


@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_roll_turns_the_head_and_holds_what_else_is_measured(
    retoucher: Retoucher, photo: Photo, portrait: Pixels, value: float
) -> None:
    turned = after(photo, roll=value)
    turn = abs(photo._known.local(0).tilt.farthest[int(value > 0.0)])
    assert turn > 2.0
    before, now = (pose_of_mesh(mesh_of(retoucher, pixels, photo).points) for pixels in (portrait, turned))
    assert now.roll - before.roll == pytest.approx(value * turn, abs=0.5)
    assert all(abs(moved) < 0.2 for moved in apart(retoucher, photo, turned).values())


@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_gaze_moves_the_irises_and_holds_what_else_is_measured(
    retoucher: Retoucher, photo: Photo, portrait: Pixels, value: float
) -> None:
    looking = after(photo, gaze=value)
    before, now = (gaze(mesh_of(retoucher, pixels, photo)) for pixels in (portrait, looking))
    assert 0.05 < (now - before) * value < 0.2
    moved = apart(retoucher, photo, looking)
    # On irises of eight pixels the landmarks of the lids follow the iris a little.
    assert abs(moved.pop("eyes_open")) < 0.3
    assert all(abs(each) < 0.2 for each in moved.values())


@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_yaw_and_pitch_turn_the_head_by_degrees_and_hold_the_face(
    retoucher: Retoucher, photo: Photo, portrait: Pixels, value: float
) -> None:
    before = pose_of_mesh(mesh_of(retoucher, portrait, photo).points)
    for name, least in (("yaw", 7.0), ("pitch", 6.0)):
        turned = after(photo, **{name: value})
        now = pose_of_mesh(mesh_of(retoucher, turned, photo).points)
        moved = {each: (getattr(now, each) - getattr(before, each)) for each in ("yaw", "pitch", "roll")}
        assert least < moved.pop(name) * value < 15.0
        assert all(abs(each) < 4.0 for each in moved.values())
        expression = apart(retoucher, photo, turned)
        assert expression.pop(name) * value > 0.4
        assert all(abs(expression[each]) < 0.75 for each in ("smile", "eyes_open", "mouth_open", "brows"))


@pytest.mark.parametrize("name", ["roll", "yaw", "pitch"])
@pytest.mark.parametrize("value", [-1.0, 1.0])
def test_eyes_brows_and_lips_of_a_moved_head_stay_sharp(
    retoucher: Retoucher, photo: Photo, portrait: Pixels, name: str, value: float
) -> None:
    found = []
    for pixels in (portrait, after(photo, **{name: value})):
        landmarks = np.array(retoucher.open(pixels).faces[0].landmarks)
        crop, alignment = face_crop(pixels, landmarks)
        found.append(sharpness(crop, alignment.to_crop(landmarks)))
    assert 0.86 < found[1] / found[0] < 1.3


@pytest.mark.parametrize("name", ["roll", "gaze", "yaw", "pitch"])
def test_at_0_nothing_changes_and_no_generator_is_needed(photo: Photo, portrait: Pixels, name: str) -> None:
    assert np.array_equal(after(photo, **{name: 0.0}), portrait)
    assert not Look(0.0, edits={name: 1.0}).needs_generator


@pytest.mark.parametrize("name", ["roll", "gaze", "yaw", "pitch"])
def test_nothing_far_from_the_head_changes_and_the_preview_shows_the_same(
    photo: Photo, portrait: Pixels, name: str
) -> None:
    looks = {0: Look(0.0, edits={**_OFF, name: 1.0})}
    (patch,) = photo.render(looks)
    changed = (photo.apply([patch]) != portrait).any(2)
    assert changed.any()
    assert not changed[300:].any()  # below the neck
    assert not changed[:, :60].any()
    assert not changed[:, 400:].any()
    x, y, width, height = patch.box
    (preview,) = photo.preview(looks, 512)
    left, top = preview.box[:2]
    right, bottom = left + preview.box[2], top + preview.box[3]
    assert left <= x
    assert top <= y
    assert right >= x + width
    assert bottom >= y + height
    shown = preview.pixels[y - top : y - top + height, x - left : x - left + width]
    both = (shown[..., 3] > 0) & (patch.pixels[..., 3] > 0)
    assert np.abs(shown[both].astype(int) - patch.pixels[both]).mean() < 1.0


def test_the_eyes_of_a_tilted_head_look_aside_and_nothing_else_of_it_changes(photo: Photo) -> None:
    tilted, both = after(photo, roll=1.0), after(photo, gaze=0.6, roll=1.0)
    changed = (tilted != both).any(2)
    landmarks = np.array(photo.faces[0].landmarks)
    reach = 0.25 * math.dist(landmarks[36], landmarks[45])
    y, x = np.mgrid[0 : changed.shape[0], 0 : changed.shape[1]]
    for lids in (landmarks[36:42], landmarks[42:48]):
        near = np.hypot(x - lids[:, 0].mean(), y - lids[:, 1].mean()) < reach
        assert changed[near].sum() > 20
        changed[near] = False
    assert not changed.any()


def test_two_tilted_heads_beside_each_other_are_as_each_alone(retoucher: Retoucher, portrait: Pixels) -> None:
    photo = retoucher.open(np.hstack([portrait, portrait]))
    if photo._networks.mesh is None:
        pytest.skip("not fetched: mediapipe-face")
    assert len(photo.faces) == 2
    turned = Look(0.0, edits={**_OFF, "roll": 1.0})
    alone = [photo.apply(photo.render({face: turned})) for face in (0, 1)]
    together = photo.apply(photo.render({0: turned, 1: turned}))
    still = np.hstack([portrait, portrait])
    for pixels in alone:
        assert (pixels != still).any()
    np.testing.assert_array_equal(together, np.where(alone[0] != still, alone[0], alone[1]))
