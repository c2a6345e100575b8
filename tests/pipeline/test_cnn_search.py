"""The process of the convolutional detector: its faces, and that it is stopped when it is not needed."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from pipeline import dlib_search
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
        ((left, top, right, bottom, confidence),) = search.faces
    assert left < 225 < right
    assert top < 115 < bottom
    assert confidence > 0.5
    assert search.process.returncode == 0


def test_leaving_the_block_stops_the_search(model: Path) -> None:
    with Search(model, NOISE, 1) as search:
        assert not search.wait()
    assert search.process.poll() is not None


@pytest.mark.skipif(sys.platform == "win32", reason="nothing there ends a process that takes too much memory")
def test_a_search_that_the_system_kills_is_a_memory_error(model: Path) -> None:
    with Search(model, NOISE, 1) as search:
        search.process.kill()
        while not search.wait():
            pass
        with pytest.raises(MemoryError):
            _ = search.faces


def test_a_cancel_stops_a_running_search(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Search] = []

    class Watched(Search):
        def wait(self) -> bool:
            begun.append(self)
            cancel.set()
            return super().wait()

    cancel = threading.Event()
    monkeypatch.setattr(dlib_search, "Search", Watched)
    with pytest.raises(Cancelled):
        networks.finder.find(NOISE, cancel)
    assert begun[0].process.poll() is not None
