import msgpack
import pytest

from daemon.worker_messages import (
    CancelJob,
    DoJob,
    ForgetPhoto,
    FromWorker,
    JobDone,
    JobFailed,
    JobPreview,
    JobProgress,
    Quit,
    Ready,
    ToWorker,
    Usage,
    decode_from_worker,
    decode_to_worker,
    encode,
)
from retouchml.client.answers import ProgressNote
from retouchml.client.messages import ListEdits, Open, Prepare, Render
from retouchml.client.pixel_format import PixelFormat
from retouchml.errors import DeviceError
from retouchml.look import Look

PICTURE = PixelFormat(4, 3, "u16", "BGRA", "linear", 40)
USAGE = Usage(1, None, ("ffhq-mobile",), ("cuda:0", "cuda:1"))

TO_WORKER: list[ToWorker] = [
    DoJob(1, Open(PICTURE, model="m"), "photo", "m", "", PICTURE),
    DoJob(2, Prepare("photo", (0, 2)), "photo", "m", "cpu", PICTURE, b"profile", ((1, -2, 30, 40),), "mine"),
    DoJob(3, Render("photo", {1: Look(0.25, edits={"smile": -0.5})}, "both", 64, True), "photo", "m", ""),
    DoJob(4, ListEdits("m", "cpu"), "", "m", "cpu"),
    CancelJob(3, keep=True),
    CancelJob(3, keep=True, newer=(4, Render("p", {0: Look(0.5)}, refine=True, shown=1))),
    ForgetPhoto("photo"),
    Quit(),
]
FROM_WORKER: list[FromWorker] = [
    Ready(77),
    JobProgress(3, ProgressNote("invert", 0.5, None)),
    JobPreview(3, {"patches": [], "refinement": "local", "faces": [0]}, (16, 0)),
    JobDone(3, {"patches": []}, (), USAGE),
]


@pytest.mark.parametrize("message", TO_WORKER, ids=lambda message: type(message).__name__)
def test_a_message_to_a_worker_comes_back_as_it_was_sent(message: ToWorker) -> None:
    assert decode_to_worker(msgpack.unpackb(msgpack.packb(encode(message)))) == message


@pytest.mark.parametrize("message", FROM_WORKER, ids=lambda message: type(message).__name__)
def test_a_message_from_a_worker_comes_back_as_it_was_sent(message: FromWorker) -> None:
    assert decode_from_worker(msgpack.unpackb(msgpack.packb(encode(message)))) == message


def test_an_error_keeps_its_class_its_sentence_and_its_advice() -> None:
    sent = JobFailed(3, DeviceError("There is no such device.", "Use cpu."), USAGE)
    message = decode_from_worker(msgpack.unpackb(msgpack.packb(encode(sent))))
    assert isinstance(message, JobFailed)
    assert type(message.error) is DeviceError
    assert (message.error.message, message.error.advice) == ("There is no such device.", "Use cpu.")
    assert (message.job, message.usage) == (3, USAGE)
