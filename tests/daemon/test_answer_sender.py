"""Which previews of a render are sent: each once, whatever a worker makes again."""

from collections.abc import Sequence
from typing import cast

from daemon.answer_sender import AnswerSender
from daemon.jobs import Job
from daemon.scheduler import JobEvent
from daemon.sessions import Sessions
from daemon.sockets import ClientKey
from daemon.worker_messages import JobPreview
from retouchml import Look
from retouchml.client.messages import Render


def test_a_preview_is_sent_once_and_a_finer_one_of_the_same_name_as_well() -> None:
    sent = list[bytes]()

    def send(_client: ClientKey, _header: bytes, frames: Sequence[memoryview]) -> None:
        sent.append(b"".join(frames))

    sender = AnswerSender(send, cast(Sessions, ()))
    job = Job(cast(ClientKey, "client"), 1, 1, Render("photo", {0: Look()}, refine=True), 0, "model")
    guessed, prepared = ([memoryview(pixels)] for pixels in (b"guessed", b"own"))
    for frames in (guessed, guessed, prepared, guessed, prepared):
        message = JobPreview(job.number, {"refinement": "quick", "faces": [0]}, (len(frames[0]),))
        sender.deliver(JobEvent(job, message, list(frames)))
    assert sent == [b"guessed", b"own"]
