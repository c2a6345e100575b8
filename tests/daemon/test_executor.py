from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
import pytest

from daemon import executor
from daemon.executor import Executor, is_out_of_memory
from pipeline.patch import Patch
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import DeviceError, RetouchError
from retouchml.look import Look
from retouchml.settings import PrecisionName
from tests import stand_in_backend
from tests.daemon.running import PATIENCE, PLAIN, Daemon, picture
from tests.pipeline.colour_profiles import profile_with

LOOKS = {0: Look(0.5)}

Start = Callable[..., Daemon]


class OutOfMemoryError(Exception):
    """As torch's, by name."""


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OutOfMemoryError("CUDA"), True),
        (MemoryError(), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("shapes do not fit"), False),
        (DeviceError("out of memory is only quoted here"), False),
    ],
)
def test_the_end_of_memory_is_told_from_other_errors(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) is expected


def workers(daemon: Daemon, field: str) -> list[Any]:
    return [getattr(worker, field) for worker in daemon.status().workers]


def test_out_of_memory_what_was_prepared_for_others_goes_first(daemon: Daemon) -> None:
    client = daemon.client()
    mine = daemon.photo(client=client)
    other = client.open(PLAIN, picture().tobytes(), model="another").result(PATIENCE)
    for photo in (mine, other):
        photo.prepare().result(PATIENCE)
    assert workers(daemon, "models") == [("ffhq-mobile", "another")]
    rendered = mine.render({0: Look(0.5, edits={"crowded": 1})}).result(PATIENCE)
    assert len(rendered.patches) == 1
    assert (rendered.seconds["on_cpu"], rendered.seconds["prepared"]) == (0, 1)
    assert workers(daemon, "models") == [("ffhq-mobile",)]
    assert other.render(LOOKS).result(PATIENCE).seconds["on_cpu"] == 0


def test_out_of_memory_on_the_device_the_work_goes_on_on_the_cpu_and_others_stay(daemon: Daemon) -> None:
    client = daemon.client()
    mine, other = (daemon.photo(client=client) for _ in range(2))
    rendered = mine.render({0: Look(0.5, edits={"memory": 1})}).result(PATIENCE)
    assert (len(rendered.patches), rendered.seconds["on_cpu"]) == (1, 1)
    assert other.render(LOOKS).result(PATIENCE).seconds["on_cpu"] == 0


def test_out_of_all_memory_that_is_said_and_the_next_request_works(daemon: Daemon) -> None:
    photo = daemon.photo()
    with pytest.raises(DeviceError, match="Neither the accelerator nor the machine has enough memory"):
        photo.render({0: Look(0.5, edits={"huge": 1})}).result(PATIENCE)
    assert photo.render(LOOKS).result(PATIENCE).patches
    assert workers(daemon, "restarts") == [0]


def test_a_backend_that_cannot_be_loaded_is_an_error_and_not_a_lost_worker(start: Start) -> None:
    daemon = start("--backend", "tests.daemon.nowhere:make")
    with pytest.raises(RetouchError, match=r"nowhere|should not have happened"):
        daemon.client().open(PLAIN, picture().tobytes()).result(PATIENCE)
    assert daemon.status().pid == daemon.process.pid


@pytest.mark.parametrize(
    ("icc", "encoding", "without_curve"),
    [
        (profile_with("prophoto", 1.0), "linear", "srgb"),
        (profile_with("adobe", 2.2), "srgb", "srgb"),
        (b"", "linear", "linear"),
        (bytes(imagecodecs.cms_profile("srgb")), "linear", "linear"),
    ],
)
def test_a_profile_alone_says_what_values_mean(icc: bytes, encoding: str, without_curve: str) -> None:
    picture = PixelFormat(4, 4, "f32", "RGB", encoding)
    photo = executor._WorkerPhoto(np.zeros((4, 4, 3), np.float32), picture, "m", "cpu", icc)
    assert photo.without_curve.encoding == without_curve
    patch = Patch(0, 0, 0, np.full((4, 4, 4), 0.5, np.float32))
    assert executor._convert(patch, photo).picture.encoding == encoding


def test_a_grey_profile_leaves_colours_their_encoding() -> None:
    grey = bytes(imagecodecs.cms_profile("gray", gamma=2.2))
    pixels, picture = np.zeros((4, 4, 3), np.float32), PixelFormat(4, 4, "f32", "RGB", "linear")
    assert executor._WorkerPhoto(pixels, picture, "m", "cpu", grey).without_curve.encoding == "srgb"
    coloured = pixels + np.array([0.2, 0.1, 0.0], np.float32)
    assert executor._WorkerPhoto(coloured, picture, "m", "cpu", grey).without_curve.encoding == "linear"


def test_the_worker_computes_in_the_daemon_s_precision_but_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[str, str, str]] = []

    def make(model: str, device: str, precision: PrecisionName) -> stand_in_backend.Backend:
        made.append((model, device, precision))
        return stand_in_backend.Backend(model, device, precision)

    monkeypatch.setattr(stand_in_backend, "make_noting", make, raising=False)
    worker = Executor("cuda:0", "tests.stand_in_backend:make_noting", "bfloat16")
    for device in ("", "cpu", "cuda:1"):
        worker.list_edits("mine", device, lambda *_: None)
    assert made == [
        ("mine", "cuda:0", "bfloat16"),
        ("mine", "cpu", "auto"),
        ("mine", "cuda:1", "bfloat16"),
    ]
