"""Where the generator's pixels replace those of a mouth that opens or closes, and where they do not."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.generated import GeneratedFace
from pipeline.masks import face_masks
from pipeline.open_mouth import OpenMouth
from tests.pipeline.synthetic_faces import DARK, LIP, SKIN, TOOTH, landmarks, texture

Picture = NDArray[np.float32]
Points = NDArray[np.float64]
_UNIT = {512: 1.0, 1024: 2.0}


@dataclass(frozen=True)
class Lips:
    """A mouth in the middle of a crop; lengths in pixels of a crop of 512."""

    width: float = 50.0  # from the middle to a corner
    height: float = 20.0  # of the lips above and below the middle
    gap: float = 0.0  # the same of the opening
    bend: float = 0.0  # how far the corners of the opening lie above its middle

    def points(self, size: int) -> Points:
        """Their outer and inner contour [20, 2]."""
        outer, inner = np.pi + np.arange(12) * np.pi / 6.0, np.pi + np.arange(8) * np.pi / 4.0
        contours = [
            np.stack([self.width * np.cos(outer), self.height * np.sin(outer)], 1),
            np.stack([0.85 * self.width * np.cos(inner), self.gap * np.sin(inner)], 1),
        ]
        contours[1][:, 1] -= self.bend * np.square(np.cos(inner))
        return np.concatenate(contours) * _UNIT[size] + _middle(size)

    def picture(self, size: int) -> Picture:
        """A face with this mouth."""
        picture = np.asarray(np.array(SKIN, np.float32) * np.ones((size, size, 1), np.float32))
        points = np.rint(self.points(size) * 16).astype(np.int32)
        cv2.fillPoly(picture, [points[:12]], LIP, cv2.LINE_8, 4)
        if self.gap:
            cv2.fillPoly(picture, [points[12:]], TOOTH, cv2.LINE_8, 4)
        return picture


def _middle(size: int) -> Points:
    return np.asarray(_face(size)[60:68].mean(0))


def _face(size: int) -> Points:
    unit = _UNIT[size]
    return landmarks((256.0 * unit, 270.0 * unit), 112.0 * unit)


def opened(
    before: Lips, after: Lips, *, told: Lips | None = None, painted: Picture | None = None, size: int = 512
) -> tuple[OpenMouth, NDArray[np.float32]]:
    """A mouth between two, without motion, and its cover in the whole crop.

    told: where the lips seem to be in the generator's picture before; painted: its picture after
    """
    crop, points = before.picture(size), _face(size).copy()
    points[48:68] = before.points(size)
    masks = face_masks(texture(size, size), points, np.full((size, size), 500.0, np.float32))
    faces = [
        GeneratedFace(picture, masks.tone, lips=lips.points(size))
        for picture, lips in (
            (crop, told or before),
            (after.picture(size) if painted is None else painted, after),
        )
    ]
    mouth = OpenMouth.of(crop, faces[0], faces[1], masks, np.zeros((size, size, 2), np.float32), size)
    cover = np.zeros((size, size), np.float32)
    mouth.window.put(mouth.cover, cover)
    return mouth, cover


def at(cover: NDArray[np.float32], right: float, down: float, size: int = 512) -> float:
    """The cover at a place, counted from the middle of the mouth in pixels of a crop of 512."""
    x, y = np.rint(_middle(size) + np.array([right, down]) * _UNIT[size]).astype(int)
    return float(cover[y, x])


@pytest.mark.parametrize("bend", [0.0, 12.0])
def test_skin_beside_closed_lips_is_moved_and_never_replaced(bend: float) -> None:
    closed = Lips(gap=1.2, bend=bend)
    painted = closed.picture(512)
    x, y = np.rint(_middle(512)).astype(int)
    cv2.circle(painted, (int(x) + 38, int(y - bend)), 9, DARK, -1)  # what flow explains badly, at a corner
    assert not opened(closed, closed, painted=painted)[1].any()
    # The same place is replaced where lips part.
    wide = Lips(gap=10.0)
    painted = wide.picture(512)
    cv2.circle(painted, (int(x) + 44, int(y)), 9, DARK, -1)
    assert at(opened(closed, wide, painted=painted)[1], 44.0, 0.0) > 0.9


@pytest.mark.parametrize("size", [512, 1024])
def test_where_lips_part_the_opening_is_replaced_and_the_rest_of_the_lips_stays(size: int) -> None:
    _, cover = opened(Lips(height=32.0), Lips(height=32.0, gap=10.0), size=size)
    assert all(at(cover, right, 0.0, size) > 0.9 for right in (-35.0, 0.0, 35.0))
    assert max(at(cover, 0.0, 26.0, size), at(cover, 0.0, -26.0, size)) < 0.01


def test_a_wider_mouth_is_shown_to_its_corners_and_no_further() -> None:
    wide = Lips(width=72.0, gap=12.0)
    _, cover = opened(Lips(), wide)
    assert min(at(cover, 58.0, 0.0), at(cover, -58.0, 0.0)) > 0.9
    assert max(at(cover, 80.0, 0.0), at(cover, -80.0, 0.0)) < 0.01


def test_lips_that_close_leave_nothing_of_the_wider_mouth() -> None:
    wide = Lips(width=62.0, gap=12.0)
    _, cover = opened(wide, Lips(width=45.0), told=replace(wide, width=48.0))
    assert min(at(cover, 55.0, 0.0), at(cover, -55.0, 0.0)) > 0.9
    assert at(cover, 80.0, 0.0) < 0.01


def test_teeth_do_not_end_half_way() -> None:
    before, after = Lips(gap=10.0), Lips(gap=10.0)
    painted = after.picture(512)
    inside = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(inside, [np.rint(after.points(512)[12:]).astype(np.int32)], 1)
    right = np.arange(512)[None, :] > _middle(512)[0]
    painted[(inside > 0) & right] -= np.float32(0.25)
    painted[(inside > 0) & ~right] -= np.float32(0.042)  # alone it would be too little to be replaced
    _, cover = opened(before, after, painted=painted)
    assert min(at(cover, 25.0, 0.0), at(cover, -25.0, 0.0)) > 0.9


def test_no_small_rest_of_a_lip_stays_within_what_is_replaced() -> None:
    closed, wide = Lips(height=24.0), Lips(height=24.0, gap=8.0)
    painted = wide.picture(512)
    ring = np.zeros((512, 512), np.uint8)
    points = np.rint(wide.points(512)).astype(np.int32)
    cv2.fillPoly(ring, [points[:12]], 1)
    x, y = np.rint(_middle(512)).astype(int)
    cv2.circle(ring, (int(x), int(y) + 18), 13, 0, -1)  # the only part of the lips that flow explains
    teeth = np.zeros((512, 512), np.uint8)
    cv2.fillPoly(teeth, [points[12:]], 1)
    painted[(ring > 0) & (teeth == 0)] -= np.float32(0.2)
    _, cover = opened(closed, wide, painted=painted)
    assert at(cover, 0.0, 18.0) > 0.9
