"""Finding faces: tilted, tiny, huge, several, none; and damaged detectors."""

import threading
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.display import displays_of
from pipeline.display import plain as plain_display
from pipeline.faces import FaceFinder, FaceLocation
from pipeline.networks import load_mesh
from pipeline.panorama import is_panorama, tiles_of
from retouchml.errors import Cancelled, ModelCorrupt
from stylegan2 import zoo
from tests.conftest import at_home
from tests.pipeline.colour_profiles import PROFILES, converted, profile_with
from tests.shared_data import shared_file, yunet_file

Pixels = NDArray[np.uint8]
_EYES = [36, 45]


@pytest.fixture(scope="module", params=["dlib alone", "YuNet first", "YuNet first, and the mesh"])
def finder(request: pytest.FixtureRequest, real_home: Path) -> FaceFinder:
    with at_home(real_home):
        predictor = zoo.path("dlib-faces", "shape_predictor_68_face_landmarks.dat")
        cnn = zoo.path("dlib-faces", "mmod_human_face_detector.dat")
        mesh = load_mesh() if request.param.endswith("mesh") else None
    return FaceFinder(predictor, cnn, None if request.param == "dlib alone" else yunet_file(), mesh)


@pytest.fixture(scope="module")
def upright(finder: FaceFinder, portrait: Pixels) -> FaceLocation:
    (face,) = finder.find(portrait)
    return face


@pytest.fixture(scope="module")
def portraits(finder: FaceFinder) -> dict[Path, tuple[FaceLocation, ...]]:
    """A few foreign portraits, and the faces that are found in them."""
    pictures = sorted(shared_file("portraits").glob("*.[jp][pn]g"))[::7]
    return {path: tuple(finder.find(np.asarray(Image.open(path).convert("RGB")))) for path in pictures}


def mean_error(points: NDArray[np.float64], expected: NDArray[np.float64]) -> float:
    """Mean distance between two sets of landmarks, in spans from eye corner to eye corner."""
    span = float(np.hypot(*(expected[_EYES[1]] - expected[_EYES[0]])))
    return float(np.hypot(*(points - expected).T).mean()) / span


def turned(pixels: Pixels, degrees: float) -> tuple[Pixels, NDArray[np.float64]]:
    """A picture turned clockwise on a canvas that holds it, and the map [2, 3] from old to new pixels."""
    side = pixels.shape[0]
    radians = np.radians(degrees)
    size = int(np.ceil(side * (abs(np.sin(radians)) + abs(np.cos(radians)))))
    middle = (side - 1) / 2.0
    matrix = np.asarray(cv2.getRotationMatrix2D((middle, middle), -degrees, 1.0), np.float64)
    matrix[:, 2] += (size - side) / 2.0
    result = cv2.warpAffine(
        pixels, matrix, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(result, np.uint8), matrix


def enlarged(pixels: Pixels, factor: float) -> Pixels:
    """A picture resized by a factor."""
    how = cv2.INTER_AREA if factor < 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def test_the_portrait_s_face_is_found_where_it_is(upright: FaceLocation) -> None:
    x, y, width, height = upright.box
    assert np.allclose((x, y, width, height), (174, 76, 91, 91), atol=6)
    points = upright.landmarks
    assert points.shape == (68, 2)
    # The subject's right eye is at the left of the picture, brows above eyes above mouth above chin.
    assert points[36:42, 0].mean() < points[42:48, 0].mean()
    order = [points[part, 1].mean() for part in (slice(17, 27), slice(36, 48), slice(48, 68), slice(7, 10))]
    assert order == sorted(order)


@pytest.mark.parametrize("degrees", [20, 45, 90, 180, -30])
def test_a_tilted_face_gets_the_same_landmarks(
    degrees: int, finder: FaceFinder, upright: FaceLocation, portrait: Pixels
) -> None:
    picture, matrix = turned(portrait, degrees)
    faces = finder.find(picture)
    assert len(faces) == 1
    expected = upright.landmarks @ matrix[:, :2].T + matrix[:, 2]
    assert mean_error(faces[0].landmarks, expected) < 0.03


@pytest.mark.parametrize("face", [40, 1000, 4000])
def test_a_tiny_or_huge_face_gets_the_same_landmarks(
    face: int, finder: FaceFinder, upright: FaceLocation, portrait: Pixels
) -> None:
    factor = face / 91.0
    left, top = (140, 40) if factor > 1 else (0, 0)
    picture = enlarged(portrait[40:200, 140:300] if factor > 1 else portrait, factor)
    faces = finder.find(picture)
    assert len(faces) == 1
    assert faces[0].box[2] == pytest.approx(face, rel=0.2)
    points = (faces[0].landmarks + 0.5) / factor - 0.5 + (left, top)
    assert mean_error(points, upright.landmarks) < 0.03


@pytest.mark.parametrize(("width", "height", "face"), [(1000, 700, 45), (1900, 1200, 52)])
def test_small_faces_are_found_in_photographs_of_every_size(
    width: int, height: int, face: int, finder: FaceFinder, portrait: Pixels
) -> None:
    small = enlarged(portrait[40:220, 130:310], face / 91.0)
    picture = np.full((height, width, 3), 120, np.uint8)
    for left, top in ((80, 60), (width // 2, height // 2), (width - 200, height - 150)):
        picture[top : top + small.shape[0], left : left + small.shape[1]] = small
    boxes = [location.box for location in finder.find(picture)]
    assert len(boxes) == 3
    assert all(box[2] == pytest.approx(face, rel=0.25) for box in boxes)


def test_two_faces_are_found_the_larger_first(finder: FaceFinder, portrait: Pixels) -> None:
    small = enlarged(portrait, 0.7)
    picture = np.zeros((512, 512 + small.shape[1], 3), np.uint8)
    picture[:, -512:] = portrait
    picture[: small.shape[0], : small.shape[1]] = small
    first, second = finder.find(picture)
    assert first.box[0] > small.shape[1] > second.box[0]
    assert first.box[2] > second.box[2]


def test_there_is_no_face_in_noise(finder: FaceFinder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    assert finder.find(noise) == []


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (31, 31), (1, 5000), (6000, 2)])
def test_a_picture_of_a_few_pixels_has_no_face(shape: tuple[int, int], finder: FaceFinder) -> None:
    assert finder.find(np.full((*shape, 3), 90, np.uint8)) == []


@pytest.mark.parametrize("kind", ["grey", "grey with alpha", "rgba", "16 bit", "float"])
def test_depth_and_channels_do_not_move_a_face(
    kind: str, finder: FaceFinder, upright: FaceLocation, portrait: Pixels
) -> None:
    grey = portrait.mean(axis=2, keepdims=True).astype(np.uint8)
    alpha = np.zeros_like(grey)
    pictures: dict[str, NDArray[np.generic]] = {
        "grey": grey,
        "grey with alpha": np.concatenate([grey, alpha], 2),
        "rgba": np.concatenate([portrait, alpha], 2),
        "16 bit": portrait.astype(np.uint16) * 257,
        "float": portrait.astype(np.float32) / 255.0,
    }
    (face,) = finder.find(pictures[kind])
    assert mean_error(face.landmarks, upright.landmarks) < 0.02


def test_a_face_cut_by_the_frame_is_found(
    finder: FaceFinder, upright: FaceLocation, portrait: Pixels
) -> None:
    x, y = 185, 60
    (face,) = finder.find(np.ascontiguousarray(portrait[y:, x:]))
    assert mean_error(face.landmarks + (x, y), upright.landmarks) < 0.06


def test_landmarks_in_an_ffhq_crop_are_those_of_the_photo(
    finder: FaceFinder, upright: FaceLocation, portrait: Pixels
) -> None:
    from pipeline.align import ffhq_alignment

    alignment = ffhq_alignment(upright.landmarks, 512)
    points = finder.landmarks_in_crop(alignment.cut(portrait))
    assert mean_error(alignment.to_photo(points), upright.landmarks) < 0.03


def test_the_search_stops_when_asked(finder: FaceFinder, portrait: Pixels) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        finder.find(portrait, cancel)


def test_the_picture_is_not_written_to(finder: FaceFinder, portrait: Pixels) -> None:
    copy = portrait.copy()
    finder.find(portrait)
    assert np.array_equal(portrait, copy)


@pytest.mark.parametrize(("primaries", "gamma"), PROFILES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_faces_of_another_colour_profile_are_those_of_srgb(
    primaries: str, gamma: float, dtype: type, finder: FaceFinder, upright: FaceLocation, portrait: Pixels
) -> None:
    profile = profile_with(primaries, gamma)
    deep = converted(portrait, profile)
    shares = deep.astype(np.float32) / np.float32(65535)
    picture = {np.uint8: (deep >> 8).astype(np.uint8), np.uint16: deep}.get(dtype, shares)
    (face,) = finder.find(picture, icc=profile)
    assert np.allclose(face.box, upright.box, atol=6)
    assert mean_error(face.landmarks, upright.landmarks) < 0.03


@pytest.mark.slow
@pytest.mark.parametrize("primaries", ["prophoto", "srgb"])
def test_portraits_of_another_colour_profile_have_the_faces_of_srgb(
    primaries: str, finder: FaceFinder, portraits: dict[Path, tuple[FaceLocation, ...]]
) -> None:
    profile = profile_with(primaries, 1.0)
    for path, plain in portraits.items():
        pixels = np.asarray(Image.open(path).convert("RGB"))
        other = finder.find(converted(pixels, profile), icc=profile)
        assert len(plain) == len(other), path.name
        for one, two in zip(plain, other, strict=True):
            assert np.allclose(one.box, two.box, atol=max(6, 0.15 * one.box[2])), path.name


def test_a_profile_of_srgb_changes_nothing(finder: FaceFinder, portrait: Pixels) -> None:
    plain = finder.find(portrait)
    for profile in (bytes(imagecodecs.cms_profile("srgb")), b"damaged" * 40, b""):
        (display,) = displays_of(portrait, profile)
        assert display is plain_display
        assert np.array_equal(finder.find(portrait, icc=profile)[0].landmarks, plain[0].landmarks)


@pytest.mark.parametrize("factor", [8.0, 1000.0])
def test_faces_of_floats_above_white_are_found(
    factor: float, finder: FaceFinder, upright: FaceLocation, portrait: Pixels
) -> None:
    bright = portrait.astype(np.float32) * np.float32(factor / 255.0)
    (face,) = finder.find(bright)
    assert mean_error(face.landmarks, upright.landmarks) < 0.03


def test_a_face_beside_a_light_a_thousand_times_brighter_is_found(
    finder: FaceFinder, upright: FaceLocation, portrait: Pixels
) -> None:
    picture = portrait.astype(np.float32) / np.float32(255.0)
    picture[:60, 350:] = 1000.0
    (face,) = finder.find(picture)
    assert mean_error(face.landmarks, upright.landmarks) < 0.03


@pytest.mark.slow
def test_a_small_face_in_a_panorama_is_found_and_nothing_else(finder: FaceFinder, portrait: Pixels) -> None:
    coarse = np.random.default_rng(1).integers(0, 255, (30, 300, 3), np.uint8)
    picture = np.asarray(cv2.resize(coarse, (30_000, 3000), interpolation=cv2.INTER_CUBIC), np.uint8)
    picture = picture[1000:2200]  # with a place in it that the HOG detector takes for a face
    small = enlarged(portrait, 90 / 91)
    picture[500 : 500 + small.shape[0], 20_000 : 20_000 + small.shape[1]] = small
    (face,) = finder.find(picture)
    assert np.allclose(face.box, (20_172, 575, 90, 90), atol=12)


@pytest.mark.parametrize(("height", "width"), [(8000, 30_000), (500, 20_000), (30_000, 4000)])
def test_the_parts_of_a_panorama_cover_it(height: int, width: int) -> None:
    covered = np.zeros((height // 100, width // 100), bool)
    for rows, columns in tiles_of(height, width):
        part = (
            slice(rows.start // 100, -(-rows.stop // 100)),
            slice(columns.start // 100, -(-columns.stop // 100)),
        )
        covered[part] = True
        assert rows.stop <= height
        assert columns.stop <= width
    assert covered.all()


def test_only_long_pictures_are_panoramas() -> None:
    def shaped(height: int, width: int) -> NDArray[np.uint8]:
        return np.broadcast_to(np.uint8(0), (height, width, 3))

    assert is_panorama(shaped(3000, 30_000))
    assert is_panorama(shaped(30_000, 3000))
    assert not is_panorama(shaped(4000, 6000))
    assert not is_panorama(shaped(2000, 6000))


@pytest.mark.parametrize("content", [b"", b"nonsense" * 100])
def test_a_damaged_detector_is_corrupt(content: bytes, real_home: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.dat"
    damaged.write_bytes(content)
    with at_home(real_home):
        predictor = zoo.path("dlib-faces", "shape_predictor_68_face_landmarks.dat")
    with pytest.raises(ModelCorrupt, match=r"damaged\.dat"):
        FaceFinder(damaged, damaged)
    finder = FaceFinder(predictor, damaged)
    with pytest.raises(ModelCorrupt, match=r"damaged\.dat"):
        finder.find(np.zeros((64, 64, 3), np.uint8))
