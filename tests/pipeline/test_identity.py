"""Recognition: the network in torch against dlib's own, the face chip, and what distances mean."""

from pathlib import Path

import cv2
import dlib
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from pipeline.align import ffhq_alignment
from pipeline.identity import CHIP, FaceRecognition, Recognizer, chip_frame
from pipeline.networks import Networks
from retouchml.errors import ModelCorrupt
from stylegan2 import zoo
from tests.conftest import at_home
from tests.pipeline.synthetic_faces import gradient, landmarks

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def recognizer(networks: Networks) -> Recognizer:
    return networks.recognizer


@pytest.fixture(scope="module")
def weights(real_home: Path) -> Path:
    with at_home(real_home):
        return zoo.path("dlib-faces", "dlib_face_recognition_resnet_model_v1.dat")


@pytest.fixture(scope="module")
def points(networks: Networks, portrait: Pixels) -> NDArray[np.float64]:
    """Landmarks of the portrait."""
    return networks.finder.find(portrait)[0].landmarks


def test_the_network_gives_dlib_s_own_descriptors(
    recognizer: Recognizer, weights: Path, portrait: Pixels
) -> None:
    original = dlib.face_recognition_model_v1(str(weights))
    random = np.random.default_rng(0)
    chips = [
        portrait[40:190, 150:300],
        portrait[100:400, 60:360][::2, ::2],
        random.integers(0, 256, (CHIP, CHIP, 3), np.uint8),
        np.zeros((CHIP, CHIP, 3), np.uint8),
    ]
    inputs = torch.from_numpy(np.stack(chips)).permute(0, 3, 1, 2).float() / 255.0
    with torch.no_grad():
        ours, _ = recognizer.network(inputs)
    for chip, descriptor in zip(chips, ours.numpy(), strict=True):
        theirs = np.array(original.compute_face_descriptor(np.ascontiguousarray(chip)))
        assert float(np.abs(descriptor - theirs).max()) < 1e-5


def test_the_descriptor_of_a_photo_is_dlib_s(
    recognizer: Recognizer, weights: Path, points: NDArray[np.float64], portrait: Pixels
) -> None:
    whole = np.rint(points)
    shape = dlib.full_object_detection(
        dlib.rectangle(174, 76, 265, 167), [dlib.point(int(x), int(y)) for x, y in whole]
    )
    original = dlib.face_recognition_model_v1(str(weights))
    theirs = np.array(original.compute_face_descriptor(np.array(portrait), shape))
    ours = recognizer.describe(portrait.astype(np.float32) / 255.0, whole)
    assert float(np.linalg.norm(ours - theirs)) < 0.06


def test_the_same_face_is_near_and_another_far(
    recognizer: Recognizer, networks: Networks, points: NDArray[np.float64], portrait: Pixels
) -> None:
    picture = portrait.astype(np.float32) / 255.0
    here = recognizer.describe(picture, points)
    alignment = ffhq_alignment(points, 512)
    crop = alignment.cut(portrait)
    mirrored = np.ascontiguousarray(crop[:, ::-1])
    assert np.linalg.norm(here - recognizer.describe(crop, alignment.to_crop(points))) < 0.1
    same = recognizer.describe(mirrored, networks.finder.landmarks_in_crop(mirrored))
    assert np.linalg.norm(here - same) < 0.35
    stranger = networks.generator.render(networks.generator.latents.mean.repeat(23, 1))
    other = recognizer.describe(stranger, networks.finder.landmarks_in_crop(stranger))
    assert np.linalg.norm(here - other) > 0.6


def test_the_descriptor_does_not_depend_on_size_or_tilt(
    recognizer: Recognizer, points: NDArray[np.float64], portrait: Pixels
) -> None:
    picture = portrait.astype(np.float32) / 255.0
    here = recognizer.describe(picture, points)
    doubled = np.asarray(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.float32)
    assert np.linalg.norm(here - recognizer.describe(doubled, (points + 0.5) * 2.0 - 0.5)) < 0.1
    on_its_side = np.ascontiguousarray(np.rot90(picture, -1))
    turned = np.stack([picture.shape[0] - 1 - points[:, 1], points[:, 0]], 1)
    assert np.linalg.norm(here - recognizer.describe(on_its_side, turned)) < 0.06


@pytest.mark.parametrize("degrees", [0.0, 30.0, -100.0])
def test_grid_and_cut_look_at_the_same_place(degrees: float) -> None:
    frame = chip_frame(landmarks((300.0, 280.0), 70.0, degrees))
    picture = gradient(560, 600)
    cut = frame.cut(picture)
    image = torch.from_numpy(picture).permute(2, 0, 1)[None]
    sampled = F.grid_sample(image, frame.grid(560, 600), align_corners=False)[0].permute(1, 2, 0).numpy()
    assert cut.shape == (CHIP, CHIP, 3)
    assert np.allclose(cut, sampled, atol=2e-3)


def test_the_chip_is_dlib_s_to_a_fraction_of_a_pixel() -> None:
    points = np.rint(landmarks((300.0, 280.0), 70.0, 17.0))
    picture = np.rint(gradient(560, 600) * 255.0).astype(np.uint8)
    shape = dlib.full_object_detection(
        dlib.rectangle(0, 0, 9, 9), [dlib.point(int(x), int(y)) for x, y in points]
    )
    theirs = dlib.get_face_chip(picture, shape, CHIP, 0.25)
    ours = chip_frame(points).cut(gradient(560, 600)) * 255.0
    assert float(np.abs(ours - theirs)[4:-4, 4:-4].mean()) < 0.6


def test_a_gradient_reaches_the_picture(recognizer: Recognizer) -> None:
    chips = torch.rand(1, 3, CHIP, CHIP, requires_grad=True)
    descriptor, features = recognizer.network(chips)
    assert descriptor.shape == (1, 128)
    assert [f.shape[1] for f in features] == [32] * 3 + [64] * 4 + [128] * 3 + [256] * 4
    descriptor.square().sum().backward()
    assert chips.grad is not None
    assert float(chips.grad.abs().sum()) > 0.0
    assert all(not p.requires_grad for p in recognizer.network.parameters())


@pytest.mark.parametrize("length", [0, 1000, 3_000_000])
def test_a_cut_weight_file_is_corrupt(length: int, weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.dat"
    path.write_bytes(weights.read_bytes()[:length])
    with pytest.raises(ModelCorrupt, match=r"cut\.dat"):
        FaceRecognition(path)
