"""The network that tells people from what is behind them: MediaPipe's own numbers, whatever the size."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.networks import Networks, load_people
from pipeline.person import PersonNetwork
from retouchml.errors import ModelCorrupt
from stylegan2 import zoo

REFERENCE = Path(__file__).parents[1] / "data" / "person" / "astronaut.npz"
SQUARE = np.s_[0:256, 90:346]


@pytest.fixture(scope="module")
def people(networks: Networks) -> PersonNetwork:
    if networks.people is None:
        pytest.skip("not fetched: mediapipe-person")
    return networks.people


@pytest.fixture(scope="module")
def reference() -> NDArray[np.float16]:
    with np.load(REFERENCE) as file:
        return np.asarray(file["person"])


def test_the_converted_network_gives_the_numbers_of_the_reference(
    people: PersonNetwork, portrait: NDArray[np.uint8], reference: NDArray[np.float16]
) -> None:
    shown = people.shown(portrait[SQUARE] / np.float32(255))
    assert np.abs(shown - reference).max() < 1e-3


def test_a_larger_picture_shows_the_same_person(
    people: PersonNetwork, portrait: NDArray[np.uint8], reference: NDArray[np.float16]
) -> None:
    larger = cv2.resize(portrait[SQUARE], (700, 700), interpolation=cv2.INTER_CUBIC) / np.float32(255)
    shown = people.shown(np.asarray(larger, np.float32))
    assert np.abs(shown - reference).mean() < 0.01


def test_where_the_model_was_not_fetched_or_is_damaged_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_people() is None
    (tmp_path / "damaged.onnx").write_bytes(b"nonsense")
    with pytest.raises(ModelCorrupt, match="damaged"):
        PersonNetwork(tmp_path / "damaged.onnx")
    monkeypatch.setattr(zoo, "path", lambda *_: tmp_path / "damaged.onnx")
    assert load_people() is None
