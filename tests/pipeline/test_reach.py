"""Of a photo of which a client sent a sketch and windows alone, every result is as of all its pixels."""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from daemon.photo_in_parts import composed
from daemon.worker_photos import WorkerPhoto
from pipeline.faces import FaceFinder
from pipeline.networks import load_mesh
from pipeline.retoucher import Retoucher
from retouchml.client import photo_parts
from retouchml.client.photo_parts import Part
from retouchml.client.pixel_format import PixelFormat
from retouchml.look import Look
from retouchml.results import Box
from stylegan2 import zoo
from tests.conftest import PORTRAIT, at_home
from tests.shared_data import yunet_file

Pixels = NDArray[np.generic]
ORIGINALS = Path(__file__).parents[2] / "docs" / "pictures" / "originals"


@pytest.fixture(scope="module")
def retoucher(retoucher: Retoucher, real_home: Path) -> Retoucher:
    """One that searches with YuNet first, wherever it was fetched from: dlib's search reads all pixels."""
    with at_home(real_home):
        predictor = zoo.path("dlib-faces", "shape_predictor_68_face_landmarks.dat")
        cnn = zoo.path("dlib-faces", "mmod_human_face_detector.dat")
        finder = FaceFinder(predictor, cnn, yunet_file(), load_mesh())
    quick = copy.copy(retoucher)
    quick.networks = replace(retoucher.networks, finder=finder)
    return quick


def photograph(name: str, height: int) -> NDArray[np.uint8]:
    """A photograph of this repository, so high [H, W, 3]."""
    with Image.open(PORTRAIT if name == "astronaut" else ORIGINALS / name) as image:
        size = (round(image.width * height / image.height), height)
        return np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))


def scene(width: int, height: int, *placed: tuple[str, int, int, int]) -> NDArray[np.uint8]:
    """Photographs on grey noise; each is so high and has its corner at (x, y)."""
    canvas = np.random.default_rng(0).normal(110, 6, (height, width, 3)).astype(np.float32)
    for name, high, x, y in placed:
        part = photograph(name, high)[: height - y, : width - x].astype(np.float32)
        noise = np.random.default_rng(1).normal(0, 1.5, part.shape)
        canvas[y : y + part.shape[0], x : x + part.shape[1]] = part + noise
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


def tilted(width: int, height: int, placed: tuple[str, int, int, int], degrees: float) -> NDArray[np.uint8]:
    """A photograph as in ``scene``, turned counter-clockwise."""
    name, high, x, y = placed
    upright = Image.fromarray(photograph(name, high))
    part = np.asarray(upright.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(110,) * 3))
    canvas = scene(width, height).astype(np.float32)
    noise = np.random.default_rng(1).normal(0, 1.5, part.shape)
    canvas[y : y + part.shape[0], x : x + part.shape[1]] = part + noise
    return np.clip(np.rint(canvas), 0, 255).astype(np.uint8)


SCENES: dict[str, Callable[[], Pixels]] = {
    "a portrait": lambda: scene(5400, 3600, ("astronaut", 3600, 900, 0)),
    "a bust": lambda: scene(5400, 3600, ("grace-hopper.jpg", 2100, 2000, 1500)),
    "three, of very different sizes": lambda: scene(
        5200, 3400, ("astronaut", 1500, 200, 700), ("grace-hopper.jpg", 900, 2700, 300),
        ("astronaut", 420, 4300, 2500),
    ),
    "a small one": lambda: scene(5200, 3400, ("astronaut", 512, 3001, 1203)),
    "a tilted one": lambda: tilted(5200, 3400, ("astronaut", 1500, 1500, 700), 60.0),
    "one that the frame cuts": lambda: scene(5200, 3400, ("astronaut", 1500, 2000, 0))[330:],
}  # fmt: skip


LARGEST = {"a portrait": 1.0, "a bust": 0.6, "three, of very different sizes": 0.6}
"""Of the photo, what is sent in its own pixels."""


def spared(pixels: Pixels, boxes: "tuple[Box, ...] | None", order: str = "RGB") -> tuple[Pixels, list[Part]]:
    """What a worker has of a photo of which a sketch and, if so, the windows around these boxes were sent."""
    kind = "u8" if pixels.dtype == np.uint8 else "u16"
    picture = PixelFormat(pixels.shape[1], pixels.shape[0], kind, order)
    sketch = photo_parts.sketch(picture)
    assert sketch is not None
    parts = [sketch, *(photo_parts.windows(boxes, picture, sketch.reduced) if boxes else ())]
    data = pixels.tobytes()
    contents = [b"".join(photo_parts.packed(part, picture, data)) for part in parts]
    parts = [replace(part, size=len(each)) for part, each in zip(parts, contents, strict=True)]
    return composed(parts, memoryview(b"".join(contents)), picture), parts


def lacking(pixels: Pixels, parts: list[Part], reads: tuple[Box, ...]) -> tuple[Box, ...]:
    picture = PixelFormat(pixels.shape[1], pixels.shape[0], "u8", "RGB")
    return WorkerPhoto(pixels, picture, "", "", exact=photo_parts.exact_boxes(parts)).lacking(reads)


@pytest.mark.parametrize(("name", "dtype"), [*((name, np.uint8) for name in SCENES), ("a bust", np.uint16)])
def test_faces_and_retouch_are_the_same_to_the_bit(name: str, dtype: type, retoucher: Retoucher) -> None:
    pixels: Pixels = SCENES[name]().astype(dtype) * dtype(257 if dtype is np.uint16 else 1)
    whole = retoucher.open(pixels)
    assert whole.faces
    sketch, parts = spared(pixels, None)
    first = retoucher.open(sketch)
    needs = lacking(sketch, parts, first.reads)
    assert needs
    made, parts = spared(pixels, needs)
    area = sum(part.box[2] * part.box[3] for part in parts[1:]) / (pixels.shape[0] * pixels.shape[1])
    assert area <= LARGEST.get(name, 0.1)
    photo = retoucher.open(made)
    assert lacking(made, parts, photo.reads) == ()
    assert photo.faces == whole.faces
    strength = 0.6 if name == "a bust" and dtype is np.uint8 else 0.0  # an inversion takes its time
    edits = {"teeth": 0.5, "jaw": 0.5, "evenness": 0.5, "roll": 1.0, "gaze": 0.5}
    looks = {face: Look(strength, edits=edits) for face in range(len(whole.faces))}
    expected, patches = whole.render(looks), photo.render(looks)
    assert len(expected) == len(whole.faces)
    for one, other in zip(patches, expected, strict=True):
        assert one.box == other.box
        assert np.array_equal(one.pixels, other.pixels)
    assert photo.report(patches) == whole.report(expected)


def test_a_face_that_only_the_full_resolution_shows_is_asked_for(retoucher: Retoucher) -> None:
    """One so blurred in the sketch that its closer look does not see it still has its window sent."""
    pixels = scene(5200, 3400, ("astronaut", 300, 4300, 2500), ("astronaut", 1500, 200, 700))
    whole = retoucher.open(pixels)
    sketch = retoucher.open(spared(pixels, None)[0])
    assert len(sketch.faces) < len(whole.faces)
    reads = sketch.reads
    for face in whole.faces:
        x, y = face.box[0] + face.box[2] / 2, face.box[1] + face.box[3] / 2
        assert any(left < x < left + width and top < y < top + height for left, top, width, height in reads)


@pytest.mark.parametrize("kind", ["panorama", "floats", "no face"])
def test_where_all_pixels_decide_all_are_asked_for(kind: str, retoucher: Retoucher) -> None:
    made: dict[str, Callable[[], Pixels]] = {
        "panorama": lambda: scene(9000, 2000, ("astronaut", 1200, 3000, 300)),
        "floats": lambda: scene(2600, 1400, ("astronaut", 1400, 600, 0)).astype(np.float32) / 255,
        "no face": lambda: scene(2600, 1400),
    }
    pixels = made[kind]()
    photo = retoucher.open(pixels)
    assert bool(photo.faces) == (kind != "no face")
    height, width = pixels.shape[:2]
    assert (0, 0, width, height) in photo.reads


def test_a_marked_place_needs_all_pixels(retoucher: Retoucher) -> None:
    pixels = scene(2600, 1400, ("astronaut", 1000, 600, 0))
    assert retoucher.open(pixels, at=[(100, 100, 200, 200)]).reads == ((0, 0, 2600, 1400),)


def test_opencv_halves_as_the_definition_says() -> None:
    """Otherwise a client that halves by the definition would not send what the search sees."""
    from pipeline.reach import halved

    for dtype, channels in ((np.uint8, 1), (np.uint8, 3), (np.uint8, 4), (np.uint16, 3), (np.uint16, 4)):
        high = np.iinfo(dtype).max
        pixels = (
            np.random.default_rng(5).integers(0, high, (643, 1601, channels), endpoint=True).astype(dtype)
        )
        parts = [pixels[a:642:2, b:1600:2].astype(np.uint32) for a in (0, 1) for b in (0, 1)]
        plain = (reduce(np.add, parts) + 2) >> 2
        made, times = halved(pixels, 800)
        assert times == 2
        assert np.array_equal(made, plain)
