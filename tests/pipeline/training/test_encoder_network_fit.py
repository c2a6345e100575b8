"""``retouchml train encoder --network``: the views it learns from, and that it learns."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pipeline.networks import Networks
from pipeline.threads import threads_restored
from pipeline.training.encoder_learner import Example, Learner
from pipeline.training.encoder_network_fit import photographs_in
from pipeline.training.encoder_views import CROP, Face, photographed, reduced, view_of
from pipeline.training.sampling import picture_of
from retouchml.cli.main import main
from retouchml.errors import UsageError
from tests.conftest import PORTRAIT
from tests.pipeline.synthetic_faces import landmarks


def face() -> Face:
    """A light disc on a dark ground, whose points lie on its rim."""
    crop = np.full((CROP, CROP, 3), 0.2, np.float32)
    cv2.circle(crop, (CROP // 2, CROP // 2), 40, (0.8, 0.7, 0.6), cv2.FILLED)
    angles = np.linspace(0.0, 2.0 * np.pi, 68, endpoint=False)
    return Face(crop, CROP / 2 + 40.0 * np.stack([np.cos(angles), np.sin(angles)], 1))


def inside(crop: NDArray[np.float32], points: NDArray[np.float64]) -> tuple[float, float]:
    """The brightness just within a ring of points, and just outside."""
    middle = points.mean(0)
    rings = [np.rint(middle + share * (points - middle)).astype(int) for share in (0.85, 1.15)]
    rings = [ring[((ring >= 0) & (ring < CROP)).all(1)] for ring in rings]
    within, outside = (float(crop[ring[:, 1], ring[:, 0]].mean()) for ring in rings)
    return within, outside


def test_landmarks_move_with_the_face_and_views_differ() -> None:
    random, made = np.random.default_rng(0), [face()]
    for _ in range(20):
        view = view_of(made[0], random)
        within, outside = inside(view.target.crop, view.target.landmarks)
        assert within > outside + 0.2
        assert view.seen.shape == view.target.crop.shape
        assert view.seen.dtype == view.target.crop.dtype == np.float32
        assert view.seen.min() >= 0.0
        assert view.seen.max() <= 1.0
        made.append(view.target)
    moved = [float(np.abs(each.landmarks - made[0].landmarks).max()) for each in made[1:]]
    assert 1.0 < np.median(moved) < 20.0
    assert len({round(float(each.crop.mean()), 4) for each in made}) > 15


def test_only_what_is_seen_is_spoilt() -> None:
    random = np.random.default_rng(1)
    views = [view_of(face(), random) for _ in range(40)]
    spoilt = [float(np.abs(view.seen - view.target.crop).max()) > 0.02 for view in views]
    assert 10 < sum(spoilt) < 40


def test_a_crop_of_any_size_becomes_one_of_128_pixels() -> None:
    crop = np.zeros((256, 256, 3), np.float32)
    crop[60:, 100:] = 1.0
    small = reduced(crop, np.array([[99.5, 59.5]]))
    assert small.crop.shape == (CROP, CROP, 3)
    assert small.landmarks.tolist() == [[49.5, 29.5]]
    assert small.crop[29, 49, 0] == 0.0
    assert small.crop[30, 50, 0] == 1.0


def test_photographs_that_cannot_be_read_or_show_no_face_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    cv2.imwrite(str(tmp_path / "plain.png"), np.zeros((64, 64, 3), np.uint8))
    found = iter([[], [SimpleNamespace(landmarks=landmarks())]])
    labellers: Any = SimpleNamespace(finder=SimpleNamespace(find=lambda pixels, icc: next(found)))
    paths = [tmp_path / "broken.png", tmp_path / "plain.png", PORTRAIT]
    (one,) = photographed(paths, labellers)
    assert one.crop.shape == (CROP, CROP, 3)
    assert one.landmarks.shape == (68, 2)


def test_pictures_are_found_below_a_folder_and_too_few_are_refused(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for number in range(20):
        (tmp_path / "more" / f"{number:02}.JPG").touch()
    (tmp_path / "notes.txt").touch()
    assert [path.name for path in photographs_in(tmp_path)] == [f"{n:02}.JPG" for n in range(20)]
    (tmp_path / "more" / "00.JPG").unlink()
    with pytest.raises(UsageError, match=r"20 photographs are needed, and .* has 19"):
        photographs_in(tmp_path)
    with pytest.raises(UsageError, match="is not a folder"):
        photographs_in(tmp_path / "elsewhere")


def test_photographs_without_a_network_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "encoder", "--photos", str(tmp_path)]) == 2
    assert "Add --network" in capsys.readouterr().err


@threads_restored()
def test_a_network_learns_to_bring_its_images_nearer(networks: Networks) -> None:
    torch.set_num_threads(1)  # several that wait for each other take minutes on a busy machine
    generator = networks.generator
    codes = generator.map(torch.randn(2, 512, generator=torch.Generator().manual_seed(4)))[:, 0]
    examples = []
    for number, code in enumerate(codes):
        crop = picture_of(generator, code.repeat(2, 1).numpy(), 2048, CROP)
        points = networks.finder.landmarks_in_crop(cv2.resize(crop, (512, 512)))
        octaves = generator.latents.whiten(code).repeat(9, 1) if number else None  # a photograph has none
        shown = Face(crop, (points + 0.5) / 4.0 - 0.5)
        examples.append(Example(shown, torch.zeros(generator.w_dim), octaves))
    recognition = networks.recognizer.network
    learner = Learner(generator, recognition, 256)
    before = learner.nearness(examples)
    assert before[0] == pytest.approx(before[2])  # nothing was learned yet
    seen: list[tuple[int, int]] = []
    learner.fit(lambda number: examples[1], examples[:1], 24, lambda *count: seen.append(count))
    after = learner.nearness(examples)
    assert after[0] == before[0]
    assert max(after[1:]) < 0.9 * before[0]
    assert seen == [(8, 24), (16, 24), (24, 24)]
