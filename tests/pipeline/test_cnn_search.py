"""The convolutional detector's own process: ended when it is not wanted any more, and what it says."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from pipeline import faces
from pipeline.cnn_search import Search
from pipeline.networks import Networks
from retouchml.errors import Cancelled
from stylegan2 import zoo
from tests.conftest import at_home

NOISE = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), dtype=np.uint8)


@pytest.fixture
def model(real_home: Path) -> Path:
    with at_home(real_home):
        return zoo.path("dlib-faces", "mmod_human_face_detector.dat")


def test_a_face_is_found_where_it_is(model: Path, portrait: np.ndarray) -> None:
    with Search(model, portrait, 0) as search:
        while not search.wait():
            pass
        (found,) = search.found
    assert found.left < 225 < found.right
    assert found.top < 115 < found.bottom
    assert found.confidence > 0.5
    assert search.process.returncode == 0


def test_a_search_that_is_left_is_ended(model: Path) -> None:
    with Search(model, NOISE, 1) as search:
        assert not search.wait()
    assert search.process.poll() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="nothing there ends a process that takes too much memory")
def test_a_search_that_somebody_ends_says_that_memory_was_short(model: Path) -> None:
    with Search(model, NOISE, 1) as search:
        search.process.kill()
        while not search.wait():
            pass
        with pytest.raises(MemoryError):
            _ = search.found


def test_a_cancel_ends_the_search_for_faces_while_it_goes_on(
    networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Search] = []

    class Watched(Search):
        def wait(self) -> bool:
            begun.append(self)
            cancel.set()
            return super().wait()

    cancel = threading.Event()
    monkeypatch.setattr(faces, "Search", Watched)
    with pytest.raises(Cancelled):
        networks.finder.find(NOISE, cancel)
    assert begun[0].process.poll() is not None
