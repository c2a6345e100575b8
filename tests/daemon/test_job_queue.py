import pytest

from daemon.job_queue import JobQueue
from daemon.jobs import Job
from daemon.options import DaemonOptions
from daemon.sockets import ClientKey
from retouchml.client.messages import Prepare
from retouchml.errors import Busy

ONE: ClientKey = (0, b"1")
TWO: ClientKey = (0, b"2")


def job(client: ClientKey) -> Job:
    return Job(client, 1, 1, Prepare("photo"), 0, "m")


def test_the_next_job_is_of_another_client_where_there_is_one() -> None:
    queue = JobQueue(DaemonOptions())
    first, second, third = (job(ONE) for _ in range(3))
    other = job(TWO)
    for each in (first, second, third, other):
        queue.add(each)
    assert [queue.take(0) for _ in range(4)] == [first, other, second, third]


def test_a_job_that_is_still_uploaded_does_not_hold_up_the_others() -> None:
    queue = JobQueue(DaemonOptions())
    first, second = job(ONE), job(TWO)
    first.uploading = True
    queue.add(first)
    queue.add(second)
    assert queue.take(0) is second
    assert queue.take(0) is None


def test_the_queue_is_bounded_for_all_and_for_each() -> None:
    queue = JobQueue(DaemonOptions(queue=3, queue_of_client=2))
    queue.add(job(ONE))
    queue.add(job(ONE))
    with pytest.raises(Busy, match="This program"):
        queue.add(job(ONE))
    queue.add(job(TWO))
    with pytest.raises(Busy, match="too much to do"):
        queue.add(job(TWO))
