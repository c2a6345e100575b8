from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.executor import Executor, is_out_of_memory
from daemon.worker_photos import SECONDS_OF_CLOSED, WorkerPhoto, WorkerPhotos, convert
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
    photo = WorkerPhoto(np.zeros((4, 4, 3), np.float32), picture, "m", "cpu", icc)
    assert photo.without_curve.encoding == without_curve
    patch = Patch(0, 0, 0, np.full((4, 4, 4), 0.5, np.float32))
    assert convert(patch, photo).picture.encoding == encoding


def test_a_grey_profile_leaves_colours_their_encoding() -> None:
    grey = bytes(imagecodecs.cms_profile("gray", gamma=2.2))
    pixels, picture = np.zeros((4, 4, 3), np.float32), PixelFormat(4, 4, "f32", "RGB", "linear")
    assert WorkerPhoto(pixels, picture, "m", "cpu", grey).without_curve.encoding == "srgb"
    coloured = pixels + np.array([0.2, 0.1, 0.0], np.float32)
    assert WorkerPhoto(coloured, picture, "m", "cpu", grey).without_curve.encoding == "linear"


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

    def __init__(self, *, prepared: bool = True, faces: int = 1, unprepared: Sequence[int] = ()) -> None:
        pixels = np.full((12, 10 * faces, 3), 1, np.uint8)
        super().__init__(pixels, stand_in_backend.faces_of(faces))
        self.asked: list[str] = []
        self._unprepared = set(unprepared) if prepared else set(range(faces))

    def is_prepared(self, face: int) -> bool:
        return face not in self._unprepared

    def prepare(self, *_arguments: Any, **_named: Any) -> None:
        self.asked.append("prepare")

    def preview(self, *arguments: Any, **named: Any) -> list[stand_in_backend.Patch]:
        self.asked.append("preview")
        patches = super().preview(*arguments, **named)
        return [stand_in_backend.Patch(patch.face, patch.box, patch.pixels[::2, ::2]) for patch in patches]

    def render(self, *arguments: Any, **named: Any) -> list[stand_in_backend.Patch]:
        self.asked.append("render")
        return super().render(*arguments, **named)

    def refined(self, *arguments: Any, **named: Any) -> Iterator[stand_in_backend.Step]:
        self.asked.append("refined")
        return super().refined(*arguments, **named)

    def ahead(self, looks: Mapping[int, Look], side: int, *, shown: int | None = None) -> Iterator[bool]:
        for turns_to_another in (False, True):
            self.asked.append(f"ahead {list(looks)} {side} {shown}")
            yield turns_to_another


def asked(photo: CountedPhoto, render: Render) -> tuple[Executor, list[Rendered], Rendered]:
    """An executor after a request, the previews that it sent, and the answer."""
    work, previews = Executor("cpu"), []
    layout = PixelFormat(photo.pixels.shape[1], 12, "u8", "RGB", "srgb")
    work.photos.take("photo", WorkerPhoto(photo.pixels, layout, "m", "cpu", b"", photo))  # type: ignore[arg-type]
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


THREE = {face: Look(0.5) for face in range(3)}


def shown_faces(previews: list[Rendered]) -> list[tuple[tuple[int, ...], list[int]]]:
    """Of each preview the faces that it is about, and those of its patches."""
    return [(preview.faces, [patch.face for patch in preview.patches]) for preview in previews]


def test_of_several_faces_the_shown_one_is_previewed_before_anything_of_the_others_is_done() -> None:
    photo = CountedPhoto(faces=3)
    _, previews, answer = asked(photo, Render("photo", THREE, "both", 64, refine=True, shown=1))
    assert shown_faces(previews) == [((1,), [1]), ((0,), [0]), ((2,), [2])]
    assert photo.asked[:4] == ["preview", "preview", "preview", "refined"]
    assert [patch.face for patch in answer.patches] == [0, 1, 2]
    assert {patch.picture.width for preview in previews for patch in preview.patches} == {2, 3}


def test_of_reduced_patches_alone_the_shown_face_s_comes_first_and_all_are_the_answer() -> None:
    photo = CountedPhoto(faces=3)
    _, previews, answer = asked(photo, Render("photo", THREE, "preview", 64, refine=True, shown=2))
    assert shown_faces([*previews, answer]) == [((2,), [2]), ((0, 1, 2), [0, 1, 2])]


def test_a_face_that_is_not_prepared_holds_no_preview_of_the_shown_one_up() -> None:
    photo = CountedPhoto(faces=3, unprepared=[0])
    _, previews, answer = asked(photo, Render("photo", THREE, "both", 64, refine=True, shown=1))
    assert shown_faces(previews)[:2] == [((1,), [1]), ((2,), [2])]
    assert [(preview.refinement, preview.faces) for preview in previews[2:]] == [
        ("local", (0,)),
        ("full", (0,)),
    ]
    assert [patch.face for patch in answer.patches] == [0, 1, 2]


def test_where_the_shown_face_is_not_prepared_it_is_begun_first() -> None:
    photo = CountedPhoto(faces=3, unprepared=[1])
    _, previews, _ = asked(photo, Render("photo", THREE, "both", 64, refine=True, shown=1))
    assert photo.asked[0] == "refined"
    assert (previews[0].refinement, previews[0].faces) == ("local", (1,))


def test_what_is_computed_ahead_begins_with_the_shown_face_also_after_a_first_look() -> None:
    photo = CountedPhoto(prepared=False, faces=3)
    work, _, _ = asked(photo, Render("photo", THREE, "both", 64, refine=True, shown=2))
    assert work.do_ahead()
    assert photo.asked[-1] == "ahead [0, 1, 2] 64 2"


def test_before_a_face_that_is_not_shown_is_computed_ahead_the_sliders_rest_for_seconds() -> None:
    work, _, _ = asked(CountedPhoto(prepared=True, faces=3), Render("photo", THREE, "preview", 64, shown=2))
    assert work.rest_before_ahead is not None
    assert 0.0 < work.rest_before_ahead < 1.0
    work.do_ahead()
    assert work.rest_before_ahead == 0.0
    work.do_ahead()
    assert work.rest_before_ahead > 1.0
    work.do_ahead()
    assert work.rest_before_ahead is None


@pytest.mark.parametrize(("prepared", "steps"), [(True, 9), (False, 7)])
def test_after_a_first_look_little_is_computed_ahead(prepared: bool, steps: int) -> None:
    class Long(CountedPhoto):
        def ahead(self, *_arguments: Any, **_named: Any) -> Iterator[bool]:
            yield from [False] * 9

    work, _, _ = asked(Long(prepared=prepared), Render("photo", LOOKS, "both", 64, refine=True))
    assert [work.do_ahead() for _ in range(10)].count(True) == steps


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
    assert photo.asked == ["preview", "ahead [0] 64 None", "ahead [0] 64 None"]


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
        def ahead(self, *arguments: Any, **named: Any) -> Iterator[bool]:
            yield from super().ahead(*arguments, **named)
            raise MemoryError("too much")

    work, _, _ = asked(Failing(prepared=True), Render("photo", LOOKS, "preview", 64))
    assert [work.do_ahead() for _ in range(4)] == [True, True, False, False]
    assert "too much" in capsys.readouterr().err


def test_a_reduced_patch_of_linear_values_is_converted() -> None:
    layout = PixelFormat(8, 8, "f32", "RGB", "linear")
    photo = WorkerPhoto(np.full((8, 8, 3), 0.25, np.float32), layout, "m", "cpu")
    reduced = stand_in_backend.Patch(0, (0, 0, 8, 8), np.full((4, 4, 4), 0.5, np.float32))
    converted = convert(reduced, photo)  # type: ignore[arg-type]
    assert converted.pixels.shape == (4, 4, 4)
    assert np.allclose(converted.pixels[..., :3], 0.2140, atol=1e-3)


def opened_again(pixels: NDArray[Any], **ways: Any) -> tuple[WorkerPhotos, bool]:
    """The photos after one was closed and another opened, and whether that one is ready."""
    photos, layout = WorkerPhotos(), PixelFormat(8, 8, "u8", "RGB")
    first = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    photo = CountedPhoto()
    photos.take("first", WorkerPhoto(first, layout, "m", "auto", b"", photo))  # type: ignore[arg-type]
    photos["first"].device = "cpu"  # what "auto" turned out to be
    photos.close("first")
    again = WorkerPhoto(pixels, layout, **{"model": "m", "device": "auto", **ways})
    photos.take("again", again)
    return photos, photos["again"].photo is photo


_FIRST = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)


def test_a_photo_that_was_closed_last_is_ready_when_it_is_opened_again() -> None:
    photos, is_ready = opened_again(_FIRST.copy())
    assert is_ready
    again = photos["again"].photo
    assert again is not None
    assert set(again.seconds.values()) == {0.0}
    assert photos.seconds_of_closed() is None


@pytest.mark.parametrize(
    "ways", [{"model": "n"}, {"device": "cuda"}, {"icc": b"p"}, {"at": [(0, 0, 4, 4)]}, {"scorer": "mine"}]
)
def test_a_photo_that_is_opened_in_another_way_begins_anew(ways: Any) -> None:
    photos, is_ready = opened_again(_FIRST.copy(), **ways)
    assert not is_ready
    assert photos.seconds_of_closed() is None


def test_another_photo_begins_anew_and_frees_the_one_that_was_closed() -> None:
    other = _FIRST.copy()
    other[7, 7, 2] ^= 1
    photos, is_ready = opened_again(other)
    assert not is_ready
    assert photos.seconds_of_closed() is None


def test_a_photo_that_fell_back_to_the_cpu_gets_another_try() -> None:
    layout = PixelFormat(8, 8, "u8", "RGB")
    closed, again = (WorkerPhoto(_FIRST.copy(), layout, "m", "cuda") for _ in range(2))
    assert closed.is_like(again)
    closed.device, closed.fell_back = "cpu", True
    assert not closed.is_like(again)


def test_how_long_a_closed_photo_stays_counts_from_when_it_was_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("daemon.worker_photos.time.monotonic", lambda: now)
    photos, layout = WorkerPhotos(), PixelFormat(8, 8, "u8", "RGB")
    photos.take("first", WorkerPhoto(_FIRST, layout, "m", "cpu"))
    assert photos.seconds_of_closed() is None
    photos.close("first")
    now += 200.0
    photos.close("unknown")
    assert photos.seconds_of_closed() == SECONDS_OF_CLOSED - 200.0
    now += 200.0
    assert photos.seconds_of_closed() == 0.0


def test_out_of_memory_the_photo_that_was_closed_is_freed() -> None:
    class Crowded(CountedPhoto):
        def render(self, *arguments: Any, **named: Any) -> list[stand_in_backend.Patch]:
            if "no memory" not in self.asked:
                self.asked.append("no memory")
                raise MemoryError
            return super().render(*arguments, **named)

    work, photo = Executor("cpu"), Crowded()
    for name, each in (("photo", photo), ("closed", CountedPhoto())):
        layout = PixelFormat(10, 12, "u8", "RGB")
        work.photos.take(name, WorkerPhoto(each.pixels, layout, "m", "cpu", b"", each))  # type: ignore[arg-type]
    work.forget("closed")
    assert work.photos.seconds_of_closed() is not None
    work.render(Render("photo", LOOKS), silent, NEVER, NEVER, lambda _: None)
    assert work.photos.seconds_of_closed() is None


@pytest.mark.parametrize("scorer", ["", "mine"])
def test_a_photo_is_opened_with_the_scorer_that_it_came_with(scorer: str) -> None:
    backend = stand_in_backend.Backend()
    work = Executor("cpu")
    work._backends["m", "cpu"] = backend  # type: ignore[assignment]
    layout = PixelFormat(8, 8, "u8", "RGB", "srgb")
    pixels = np.ones((8, 8, 3), np.uint8)
    work.photos.take("photo", WorkerPhoto(pixels, layout, "m", "cpu", scorer=scorer))
    work.open("photo", silent, NEVER)
    assert backend.scorers == [scorer]
