from collections.abc import Callable, Iterable, Iterator
from typing import Any

import imagecodecs
import numpy as np
import pytest

from daemon import executor
from daemon.executor import Executor, is_out_of_memory
from pipeline.patch import Patch
from retouchml.client.answers import Rendered
from retouchml.client.messages import Render
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import DeviceError, RetouchError
from retouchml.look import Look
from retouchml.progress import NEVER, silent
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


class CountedPhoto(stand_in_backend.Photo):
    """Notes what is asked of it."""

    def __init__(self, *, prepared: bool) -> None:
        pixels = np.full((8, 8, 3), 1, np.uint8)
        super().__init__(pixels, stand_in_backend.faces_of(1))
        self.asked: list[str] = []
        self._is_prepared = prepared

    def is_prepared(self, _face: int) -> bool:
        return self._is_prepared

    def prepare(self, *_arguments: Any, **_named: Any) -> None:
        self.asked.append("prepare")

    def preview(self, *arguments: Any, **named: Any) -> list[stand_in_backend.Patch]:
        self.asked.append("preview")
        (patch,) = super().preview(*arguments, **named)
        return [stand_in_backend.Patch(patch.face, patch.box, patch.pixels[::2, ::2])]

    def render(self, *arguments: Any, **named: Any) -> list[stand_in_backend.Patch]:
        self.asked.append("render")
        return super().render(*arguments, **named)

    def refined(self, *arguments: Any, **named: Any) -> Iterator[stand_in_backend.Step]:
        self.asked.append("refined")
        return super().refined(*arguments, **named)

    def ahead(self, faces: Iterable[int], side: int) -> Iterator[None]:
        for _ in range(2):
            self.asked.append(f"ahead {list(faces)} {side}")
            yield


def asked(photo: CountedPhoto, render: Render) -> tuple[Executor, list[Rendered], Rendered]:
    """An executor after a request, the previews that it sent, and the answer."""
    work, previews = Executor("cpu"), []
    layout = PixelFormat(8, 8, "u8", "RGB", "srgb")
    work._photos["photo"] = executor._WorkerPhoto(photo.pixels, layout, "m", "cpu", b"", photo)  # type: ignore[arg-type]
    answer = work.render(render, silent, NEVER, NEVER, previews.append)
    return work, previews, answer


def test_a_preview_of_a_prepared_face_renders_nothing_in_full() -> None:
    photo = CountedPhoto(prepared=True)
    _, previews, answer = asked(photo, Render("photo", LOOKS, "preview", 64))
    assert photo.asked == ["preview"]
    assert previews == []
    (patch,) = answer.patches
    assert (patch.picture.width, patch.picture.height) == (2, 2)
    assert patch.box == photo.faces[0].box
    assert answer.scale == 0.5
    assert answer.faces == (0,)


@pytest.mark.parametrize(("refine", "full"), [(False, ["prepare", "render"]), (True, ["refined"])])
def test_of_both_the_preview_comes_before_the_full_patch_is_begun(refine: bool, full: list[str]) -> None:
    photo = CountedPhoto(prepared=True)
    _, previews, answer = asked(photo, Render("photo", LOOKS, "both", 64, refine=refine))
    assert photo.asked[: 1 + len(full)] == ["preview", *full]
    assert [patch.picture.width for preview in previews for patch in preview.patches] == [2]
    assert [patch.picture.width for patch in answer.patches] == [4]
    assert answer.scale == 1.0


@pytest.mark.parametrize("size", ["preview", "both"])
def test_a_face_that_is_not_prepared_is_reduced_as_soon_as_it_is_there(size: str) -> None:
    photo = CountedPhoto(prepared=False)
    _, previews, answer = asked(photo, Render("photo", LOOKS, size, 64))
    assert "preview" not in photo.asked
    assert photo.asked[-1] == "prepare"
    assert len(answer.patches) == 1
    assert len(previews) == (size == "both")


def test_a_report_is_measured_on_the_full_patch() -> None:
    photo = CountedPhoto(prepared=True)
    _, _, answer = asked(photo, Render("photo", LOOKS, "preview", 64, report=True))
    assert "render" in photo.asked
    assert len(answer.report) == 1


def test_after_a_preview_what_the_next_one_needs_is_computed_while_nothing_waits() -> None:
    photo = CountedPhoto(prepared=True)
    work, _, _ = asked(photo, Render("photo", LOOKS, "preview", 64))
    assert [work.do_ahead() for _ in range(4)] == [True, True, False, False]
    assert photo.asked == ["preview", "ahead [0] 64", "ahead [0] 64"]


def test_nothing_is_computed_ahead_for_a_photo_that_is_closed_or_shown_in_full() -> None:
    photo = CountedPhoto(prepared=True)
    work, _, _ = asked(photo, Render("photo", LOOKS))
    assert not work.do_ahead()
    work, _, _ = asked(photo, Render("photo", LOOKS, "preview", 64))
    work.forget("photo")
    assert not work.do_ahead()
    assert not any(each.startswith("ahead") for each in photo.asked)


def test_an_error_ahead_of_need_harms_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    class Failing(CountedPhoto):
        def ahead(self, faces: Iterable[int], side: int) -> Iterator[None]:
            yield from super().ahead(faces, side)
            raise MemoryError("too much")

    work, _, _ = asked(Failing(prepared=True), Render("photo", LOOKS, "preview", 64))
    assert [work.do_ahead() for _ in range(4)] == [True, True, False, False]
    assert "too much" in capsys.readouterr().err


def test_a_reduced_patch_of_linear_values_is_converted() -> None:
    layout = PixelFormat(8, 8, "f32", "RGB", "linear")
    photo = executor._WorkerPhoto(np.full((8, 8, 3), 0.25, np.float32), layout, "m", "cpu")
    reduced = stand_in_backend.Patch(0, (0, 0, 8, 8), np.full((4, 4, 4), 0.5, np.float32))
    converted = executor._convert(reduced, photo)  # type: ignore[arg-type]
    assert converted.pixels.shape == (4, 4, 4)
    assert np.allclose(converted.pixels[..., :3], 0.2140, atol=1e-3)
