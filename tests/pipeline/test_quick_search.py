"""YuNet's search: faces of every size in one picture, cut, turned, and nothing where there is no face."""

import math
import threading
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.display import plain
from pipeline.dlib_search import DlibSearch
from pipeline.quick_search import QuickSearch
from pipeline.views import Detection
from pipeline.yunet import YuNet
from retouchml.errors import Cancelled
from tests.shared_data import yunet_file

Pixels = NDArray[np.uint8]
Find = Callable[[Pixels], list[Detection]]
FACE = slice(30, 230), slice(120, 320)
"""Head and shoulders of the bundled portrait; the face's square is 91 px wide, 99 px from the left, 92 from
the top."""


@pytest.fixture(scope="module")
def find(tmp_path_factory: pytest.TempPathFactory) -> Find:
    no_cnn = tmp_path_factory.mktemp("none") / "none.dat"
    search = QuickSearch(YuNet(yunet_file()), DlibSearch(no_cnn))
    return lambda pixels: search.find(pixels, plain, threading.Event())


def resized(pixels: Pixels, factor: float) -> Pixels:
    how = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def scene(pieces: list[tuple[Pixels, int, int]], height: int, width: int) -> Pixels:
    """Pictures on a grey ground, each at its left and top."""
    canvas = np.full((height, width, 3), 150, np.uint8)
    for piece, left, top in pieces:
        canvas[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
    return canvas


def test_a_face_that_fills_the_frame_and_a_tiny_one_beside_it_are_both_found(
    find: Find, portrait: Pixels
) -> None:
    head = portrait[FACE]
    large, small = resized(head, 6.0), resized(head, 0.3)
    found = find(scene([(large, 0, 0), (small, 1300, 900)], 1200, 1400))
    sides = sorted(face.side for face in found)
    assert sides == [pytest.approx(27, rel=0.25), pytest.approx(546, rel=0.15)]


@pytest.mark.parametrize(
    ("cut", "name"),
    [
        ((slice(None), slice(92, None)), "left"),
        ((slice(None), slice(None, 106)), "right"),
        ((slice(88, None), slice(None)), "top"),
        ((slice(None), slice(None)), "nothing"),
    ],
)
def test_a_face_of_which_half_is_outside_the_frame_is_found(
    cut: tuple[slice, slice], name: str, find: Find, portrait: Pixels
) -> None:
    assert len(find(np.ascontiguousarray(resized(portrait[FACE][cut], 3.0)))) == 1, name


@pytest.mark.parametrize("degrees", [70, 90, 180, -110])
def test_a_turned_face_is_found_beside_an_upright_one(degrees: int, find: Find, portrait: Pixels) -> None:
    head = resized(portrait[FACE], 2.0)
    middle = (head.shape[1] - 1) / 2.0
    matrix = cv2.getRotationMatrix2D((middle, middle), -degrees, 1.0)
    lying = np.asarray(
        cv2.warpAffine(head, matrix, head.shape[1::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8
    )
    found = find(scene([(head, 50, 50), (lying, 600, 50)], 600, 1100))
    assert len(found) == 2
    other = max(found, key=lambda face: face.center[0])
    apart = (math.degrees(other.angle) - degrees + 180.0) % 360.0 - 180.0
    assert abs(apart) <= 40  # the landmarks find the rest


def test_the_square_is_where_dlib_s_own_is(find: Find, portrait: Pixels) -> None:
    (face,) = find(portrait)
    # dlib's detector itself moves by a tenth of the side, its step, when the picture is shifted
    assert math.dist(face.center, (220, 121)) < 10
    assert face.side == pytest.approx(91, rel=0.08)


def animal(canvas: Pixels, x: int, y: int, size: int) -> None:
    """Draw a cat's head."""
    grey, black = (140, 120, 90), (20, 20, 20)
    for side in (-1, 1):
        ear = [
            (x + side * size, y - size),
            (x + side * size * 9 // 10, y),
            (x + side * size // 4, y - size // 2),
        ]
        cv2.fillPoly(canvas, [np.array(ear, np.int32)], grey)
    cv2.circle(canvas, (x, y), size, grey, -1)
    for side in (-1, 1):
        cv2.circle(canvas, (x + side * size // 2, y - size // 4), size // 6, (240, 240, 240), -1)
        cv2.circle(canvas, (x + side * size // 2, y - size // 4), size // 12, black, -1)
        for rise in (-1, 0, 1):
            end = (x + side * size * 5 // 4, y + size // 3 + rise * size // 5)
            cv2.line(canvas, (x + side * size // 3, y + size // 3), end, black, 1)
    cv2.circle(canvas, (x, y + size // 4), size // 6, (60, 40, 40), -1)


def without_faces() -> dict[str, Pixels]:
    """Gratings, clouds of the colour of skin, drawn animals, windows."""
    rows, columns = np.mgrid[0:500, 0:700]
    pictures = {}
    for period in (7, 31, 90):
        wave = 127 + 120 * np.sin(2 * np.pi * (columns + 0.4 * rows) / period)
        pictures[f"grating {period}"] = np.repeat(wave[..., None], 3, axis=2).astype(np.uint8)
    for seed in range(4):
        coarse = np.random.default_rng(seed).normal(0.0, 25.0, (12 << seed, 16 << seed, 1))
        cloud = cv2.resize(coarse, (700, 500), interpolation=cv2.INTER_CUBIC)[..., None]
        pictures[f"cloud {seed}"] = np.clip(np.array([190, 150, 125]) + cloud, 0, 255).astype(np.uint8)
    animals = np.full((500, 700, 3), 210, np.uint8)
    for index in range(6):
        animal(animals, 120 + index % 3 * 230, 130 + index // 3 * 240, 40 + 12 * index)
    pictures["animals"] = animals
    house = np.full((500, 700, 3), (190, 160, 130), np.uint8)
    for left in range(40, 640, 130):
        for top in (40, 190, 340):
            cv2.rectangle(house, (left, top), (left + 70, top + 90), (60, 80, 110), -1)
            cv2.rectangle(house, (left, top), (left + 70, top + 90), (250, 250, 250), 4)
    pictures["house"] = house
    return pictures


@pytest.mark.parametrize("name", sorted(without_faces()))
def test_there_is_no_face_where_there_is_none(name: str, find: Find) -> None:
    assert find(without_faces()[name]) == []


def test_the_search_stops_when_asked(portrait: Pixels, tmp_path: object) -> None:
    cancel = threading.Event()
    cancel.set()
    search = QuickSearch(YuNet(yunet_file()), DlibSearch(yunet_file()))
    with pytest.raises(Cancelled):
        search.find(portrait, plain, cancel)


@pytest.mark.parametrize("side", [120, 350, 1500])
def test_a_face_that_is_as_large_as_its_picture_is_found_upright(
    side: int, find: Find, portrait: Pixels
) -> None:
    head = np.ascontiguousarray(portrait[62:192, 157:287])
    (face,) = find(resized(head, side / 130))
    assert face.angle == 0.0
    assert face.side == pytest.approx(91 * side / 130, rel=0.12)
