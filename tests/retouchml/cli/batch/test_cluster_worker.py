"""The actor of ``--ray`` without Ray: which steps of two pictures overlap, and in which order they go."""

import io
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from pipeline import pictures
from retouchml.cli.batch.cluster_worker import ClusterWorker, Results
from retouchml.cli.retouch import Options
from retouchml.errors import PictureUnreadable
from retouchml.look_change import FaceLooks
from tests import stand_in_backend

PATIENCE = 60.0
OPTIONS = Options(FaceLooks(), "all")


class Held(stand_in_backend.Backend):
    """Retouches a picture once it may; notes which ones it began, and in which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []
        self.threads = {threading.get_ident()}
        self.changed = threading.Condition()
        self.may = threading.Event()

    def open(self, pixels: npt.NDArray[Any], **more: Any) -> stand_in_backend.Photo:
        with self.changed:
            self.begun.append(int(pixels[0, 0, 1]))
            self.threads.add(threading.get_ident())
            self.changed.notify_all()
        assert self.may.wait(PATIENCE)
        return super().open(pixels, **more)


class Worker:
    """A ``ClusterWorker`` with two threads, as Ray gives it."""

    def __init__(self) -> None:
        self.backends: list[Held] = []
        self._worker = ClusterWorker(self._make)
        self.backend = self.backends[0]
        self.threads = ThreadPoolExecutor(2)

    def _make(self) -> Held:
        self.backends.append(Held())
        return self.backends[0]

    def retouch(self, number: int, content: bytes | None = None) -> "Future[Any]":
        if content is None:
            pixels = stand_in_backend.picture(1).astype(np.uint8)
            pixels[0, 0, 1] = number
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "png")
            content = file.getvalue()
        names = {"output": f"{number}.png"}
        return self.threads.submit(self._worker.retouch, number, "in.png", content, names, OPTIONS)


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker()
    yield made
    made.backend.may.set()
    made.threads.shutdown()


def test_the_next_picture_is_read_while_one_is_retouched(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = [threading.Event(), threading.Event()]
    reads = iter(read)
    inner = pictures.read_picture

    def noted(path: Any) -> Any:
        result = inner(path)
        next(reads).set()
        return result

    monkeypatch.setattr(pictures, "read_picture", noted)
    first = worker.retouch(0)
    second = worker.retouch(1)
    assert all(each.wait(PATIENCE) for each in read)
    assert not first.done()
    worker.backend.may.set()
    assert all(isinstance(each.result(PATIENCE), Results) for each in (first, second))


def test_pictures_are_retouched_in_their_order_and_in_one_thread(worker: Worker) -> None:
    later = worker.retouch(1)
    assert worker.backend.begun == []
    earlier = worker.retouch(0)
    with worker.backend.changed:
        assert worker.backend.changed.wait_for(lambda: worker.backend.begun, PATIENCE)
        assert worker.backend.begun == [0]
    worker.backend.may.set()
    assert all(isinstance(each.result(PATIENCE), Results) for each in (earlier, later))
    assert worker.backend.begun == [0, 1]
    assert len(worker.backend.threads) == 1  # that of its models


def test_a_picture_that_cannot_be_read_or_retouched_stops_no_other(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.backend.may.set()
    unreadable = worker.retouch(0, b"no picture").result(PATIENCE)
    assert isinstance(unreadable, PictureUnreadable)
    assert unreadable.message.startswith("in.png")  # without the folder, which is gone
    with monkeypatch.context() as patch:
        patch.setattr(worker.backend, "open", lambda *_, **__: 1 / 0)
        assert "ZeroDivisionError" in str(worker.retouch(1).result(PATIENCE))
    assert isinstance(worker.retouch(2).result(PATIENCE), Results)


def test_a_picture_that_gets_no_folder_holds_no_other_up(
    worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.backend.may.set()
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
        assert "No such file or directory" in str(worker.retouch(0).result(PATIENCE))
    assert isinstance(worker.retouch(1).result(PATIENCE), Results)
