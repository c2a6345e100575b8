"""What a face shows: measures of landmarks, glasses, age and gender."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.align import ffhq_alignment
from pipeline.attributes import GEOMETRIC, AgeGender, AgeNetwork, geometric, glasses
from pipeline.networks import Networks
from retouchml.errors import ModelCorrupt
from stylegan2 import zoo
from tests.conftest import at_home
from tests.pipeline.synthetic_faces import landmarks, texture

Points = NDArray[np.float64]


def moved(part: slice | list[int], x: float = 0.0, y: float = 0.0) -> dict[str, float]:
    """How the measures change when landmarks of a face with eyes 100 px apart move."""
    points = landmarks(eye_distance=100.0)
    before = geometric(points)
    points[part] += (x, y)
    after = geometric(points)
    return {name: after[name] - before[name] for name in GEOMETRIC}


@pytest.mark.parametrize("degrees", [0.0, 25.0, 90.0, 180.0])
def test_measures_do_not_depend_on_place_size_and_tilt(degrees: float) -> None:
    here = geometric(landmarks())
    there = geometric(landmarks((900.0, -40.0), 7.5, degrees))
    assert here.keys() == set(GEOMETRIC)
    assert all(there[name] == pytest.approx(here[name], abs=1e-9) for name in GEOMETRIC)


def test_mouth_corners_that_rise_or_part_are_a_smile() -> None:
    assert moved([48, 54], y=-5.0)["smile"] == pytest.approx(0.05)
    wider = moved([48], x=-5.0)
    assert wider["smile"] == pytest.approx(0.025)


def test_lids_that_part_open_the_eyes() -> None:
    change = moved([37, 38, 43, 44], y=-3.0)
    assert change["eyes_open"] == pytest.approx(0.03, rel=0.2)


def test_a_lip_that_drops_opens_the_mouth() -> None:
    change = moved([66], y=12.0)
    assert change["mouth_open"] == pytest.approx(0.12)
    assert change["eyes_open"] == 0.0


def test_a_nose_that_turns_is_yaw_and_one_that_drops_is_pitch() -> None:
    assert moved([30], x=8.0)["yaw"] == pytest.approx(0.08)
    assert moved([30], x=8.0)["pitch"] == pytest.approx(0.0)
    assert moved([30], y=8.0)["pitch"] == pytest.approx(0.08)


def test_brows_that_rise_are_brows() -> None:
    assert moved(slice(17, 27), y=-6.0)["brows"] == pytest.approx(0.06)


def test_a_dark_frame_around_the_eyes_looks_like_glasses() -> None:
    points = landmarks((256.0, 256.0), 110.0)
    bare = texture(512, 512)
    framed = bare.copy()
    for eye in (points[36:42].mean(0), points[42:48].mean(0)):
        x, y = np.rint(eye).astype(int)
        framed[y + 44 : y + 50, x - 45 : x + 45] = 0.05
    x, y = np.rint(points[27]).astype(int)
    framed[y : y + 6, x - 20 : x + 20] = 0.05
    assert glasses(bare, points) < 0.4
    assert glasses(framed, points) > 1.0


def test_glasses_past_the_frame_are_no_error() -> None:
    assert glasses(texture(64, 64), landmarks((-40.0, 300.0), 50.0)) == 0.0


@pytest.fixture(scope="module")
def age_gender(real_home: Path) -> Path:
    """The folder of the age and gender networks."""
    with at_home(real_home):
        if not zoo.is_installed("age-gender"):
            pytest.skip("not fetched: age-gender (`python3 install test` fetches it)")
        return zoo.path("age-gender", "manifest.json").parent


def test_the_portrait_s_age_and_gender_are_told(
    age_gender: Path, networks: Networks, portrait: NDArray[np.uint8]
) -> None:
    points = networks.finder.find(portrait)[0].landmarks
    alignment = ffhq_alignment(points, 512)
    picture, points = alignment.cut(portrait), alignment.to_crop(points)
    age = AgeNetwork(age_gender / "age-v1.onnx", age_gender / "manifest.json")
    years, male = AgeGender(age, age_gender / "gender-v1.onnx")(picture, points)
    assert age.years(picture, points) == years
    assert 25.0 < years < 60.0
    assert male < 0.2


@pytest.mark.parametrize("damaged", ["age-v1.onnx", "gender-v1.onnx", "manifest.json"])
def test_damaged_networks_are_corrupt(damaged: str, age_gender: Path, tmp_path: Path) -> None:
    for name in ("age-v1.onnx", "gender-v1.onnx", "manifest.json"):
        (tmp_path / name).symlink_to(age_gender / name)
    (tmp_path / damaged).unlink()
    (tmp_path / damaged).write_bytes(b"nonsense")
    with pytest.raises(ModelCorrupt):
        AgeGender(
            AgeNetwork(tmp_path / "age-v1.onnx", tmp_path / "manifest.json"), tmp_path / "gender-v1.onnx"
        )
