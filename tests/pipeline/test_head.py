"""Where a picture shows a head: hair belongs to it, the wall and the clothes do not."""

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.head import above_clothes, head_mask
from pipeline.networks import Networks
from stylegan2.generator import as_picture
from tests.pipeline.constant_people import people_of
from tests.pipeline.synthetic_faces import SKIN, landmarks

SIZE = 512
WALL, HAIR, COAT = (0.55, 0.62, 0.7), (0.2, 0.13, 0.08), (0.1, 0.25, 0.15)


def portrait(wall: tuple[float, ...] = WALL, long: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """A picture of a head with hair before a wall, and its landmarks; long: hair falls on the shoulders."""
    points = landmarks((256.0, 290.0), 110.0)
    chin, width = points[8], points[16, 0] - points[0, 0]
    picture = np.full((SIZE, SIZE, 3), wall, np.float32)
    cv2.ellipse(picture, (256, 225), (int(0.62 * width), 165), 0, 0, 360, HAIR, -1)
    cv2.rectangle(picture, (200, int(chin[1]) - 40), (312, SIZE), SKIN, -1)
    collar = int(chin[1]) + (15 if long else 70)
    cv2.rectangle(picture, (0, collar), (SIZE, SIZE), COAT, -1)
    if long:
        cv2.rectangle(picture, (120, 225), (392, collar + 20), HAIR, -1)
        cv2.rectangle(picture, (200, 225), (312, collar), SKIN, -1)
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


def person(wall: tuple[float, ...], long: bool = False) -> NDArray[np.float32]:
    """Where [256, 256] that picture shows the person."""
    with_it, _ = portrait(wall, long)
    other, _ = portrait((1.0, 0.0, 1.0), long)
    shown = (np.abs(with_it - other).max(axis=2) < 0.2).astype(np.float32)
    return np.asarray(cv2.resize(shown, (256, 256), interpolation=cv2.INTER_AREA), np.float32)


def test_dark_hair_before_a_dark_wall_belongs_to_the_head_where_the_network_knows_the_person() -> None:
    picture, points = portrait(HAIR)
    hair, wall = picture[90, 256], picture[30, 30]
    assert np.abs(hair - wall).max() < 0.15
    by_colours, mask = head_mask(picture, points), head_mask(picture, points, people_of(person(HAIR)))
    assert (by_colours[90, 256] > 0.9) == (by_colours[30, 256] > 0.9)  # nobody could tell by these
    assert mask[90, 256] > 0.9
    assert mask[250, 125] > 0.9
    assert mask[40, 256] == mask[30, 30] == mask[300, 60] == 0.0
    assert mask[-1].max() == 0.0


def test_a_wall_of_the_skin_s_colour_is_no_head_where_the_network_knows_the_person() -> None:
    picture, points = portrait(SKIN)
    mask = head_mask(picture, points, people_of(person(SKIN)))
    assert mask[90, 256] > 0.9
    assert mask[290, 256] == 1.0
    assert mask[290, 100] == mask[30, 256] == 0.0


def test_hair_of_the_wall_s_colour_on_the_shoulders_is_told_from_the_coat() -> None:
    picture, points = portrait(HAIR, long=True)
    chin = int(points[8, 1])
    mask = head_mask(picture, points, people_of(person(HAIR, long=True)))
    assert mask[chin + 15, 140] > 0.9
    assert mask[chin + 15, 372] > 0.9
    assert mask[chin + 40, 60] == mask[chin + 40, 450] == 0.0
    assert mask[chin - 20, 60] == mask[chin - 20, 450] == 0.0


@pytest.mark.parametrize("shown", [0.0, 0.4])
def test_where_the_network_does_not_know_the_face_colours_decide(shown: float) -> None:
    picture, points = portrait()
    people = people_of(np.full((256, 256), shown, np.float32))
    assert np.array_equal(head_mask(picture, points, people), head_mask(picture, points))


def test_hair_that_colours_lose_is_found_by_the_network(networks: Networks) -> None:
    if networks.people is None:
        pytest.skip("not fetched: mediapipe-person")
    z = torch.from_numpy(np.random.default_rng(4).standard_normal((1, 512)).astype(np.float32))
    with torch.no_grad():
        code = networks.generator.map(z, truncation_psi=0.8)
        picture = as_picture(networks.generator.synthesize(code, SIZE)[0])
    points = networks.finder.landmarks_in_crop(picture)
    crown = np.s_[30:60, 215:315]
    assert head_mask(picture, points)[crown].mean() < 0.5  # brown hair before a brown wall
    mask = head_mask(picture, points, networks.people)
    assert mask[crown].min() > 0.9
    assert mask[100:300, :20].max() < 0.1
