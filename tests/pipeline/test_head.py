"""Where a picture shows a head: hair belongs to it, the wall and the clothes do not."""

import cv2
import numpy as np

from pipeline.head import above_clothes, head_mask
from tests.pipeline.synthetic_faces import SKIN, landmarks

SIZE = 512
WALL, HAIR, COAT = (0.55, 0.62, 0.7), (0.2, 0.13, 0.08), (0.1, 0.25, 0.15)


def portrait() -> tuple[np.ndarray, np.ndarray]:
    """A picture of a head with hair before a wall, and its landmarks."""
    points = landmarks((256.0, 290.0), 110.0)
    chin, width = points[8], points[16, 0] - points[0, 0]
    picture = np.full((SIZE, SIZE, 3), WALL, np.float32)
    cv2.ellipse(picture, (256, 225), (int(0.62 * width), 165), 0, 0, 360, HAIR, -1)
    cv2.rectangle(picture, (200, int(chin[1]) - 40), (312, SIZE), SKIN, -1)
    cv2.rectangle(picture, (0, int(chin[1]) + 70), (SIZE, SIZE), COAT, -1)
    cv2.ellipse(picture, (256, 270), (int(0.5 * width), int(chin[1]) - 270), 0, 0, 360, SKIN, -1)
    noise = np.random.default_rng(0).standard_normal(picture.shape).astype(np.float32)
    return np.asarray(np.clip(picture + 0.02 * noise, 0.0, 1.0), np.float32), points


def test_hair_and_ears_belong_to_a_head_and_wall_and_clothes_do_not() -> None:
    picture, points = portrait()
    mask = head_mask(picture, points)
    assert mask.shape == (SIZE, SIZE)
    assert mask[290, 256] == 1.0
    assert mask[90, 256] > 0.9  # hair above the face
    assert mask[30, 30] == 0.0
    assert mask[300, 20] == 0.0
    assert mask[-1].max() == 0.0


def test_the_same_picture_has_the_same_mask() -> None:
    picture, points = portrait()
    assert np.array_equal(head_mask(picture, points), head_mask(picture, points))


def test_a_gap_between_hair_and_neck_belongs_to_the_head_as_an_earring_may_hang_there() -> None:
    picture, points = portrait()
    chin = int(points[8, 1])
    cv2.rectangle(picture, (160, 225), (180, chin + 40), HAIR, -1)  # the neck begins at 200
    mask = head_mask(picture, points)
    assert mask[chin, 170] > 0.9
    assert mask[chin, 190] > 0.9


def test_clothes_begin_at_the_mouth_and_nothing_above_the_eyes_is_any() -> None:
    _, points = portrait()
    above = above_clothes(points, SIZE)
    assert above[int(points[27, 1])].min() == 1.0
    assert above[int(points[8, 1])].max() == 0.0
    turned = above_clothes(points[:, ::-1].copy(), SIZE)  # lying on its side
    assert np.allclose(turned, above.T, atol=1e-5)
