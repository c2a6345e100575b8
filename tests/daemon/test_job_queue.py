import pytest

from daemon.job_queue import JobQueue
from daemon.jobs import Job
from daemon.options import DaemonOptions
from daemon.sockets import ClientKey
from retouchml.client.messages import Prepare
from retouchml.errors import Busy

ONE: ClientKey = (0, b"1")
TWO: ClientKey = (0, b"2")


def job(client: ClientKey, person: str = "") -> Job:
    return Job(client, 1, 1, Prepare("photo"), 0, "m", person=person)


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


def test_people_take_turns_however_many_programs_each_of_them_uses() -> None:
    queue = JobQueue(DaemonOptions())
    annas = [job((0, bytes([number])), "anna") for number in range(6)]
    ottos = [job((1, b"x"), "otto") for _ in range(2)]
    mine = job((2, b"x"))
    for each in (*annas, *ottos, mine):
        queue.add(each)
    taken = [queue.take(0) for _ in range(9)]
    assert [each.person for each in taken if each] == ["anna", "otto", "", "anna", "otto", *4 * ["anna"]]
    assert [each for each in taken if each in annas] == annas


def test_who_has_waited_longest_is_next_also_after_a_pause() -> None:
    queue = JobQueue(DaemonOptions())
    for person in ("anna", "otto", "mia"):
        queue.add(job(ONE, person))
        assert queue.take(0) is not None
    for person in ("mia", "otto", "anna"):
        queue.add(job(ONE, person))
    taken = [queue.take(0) for _ in range(3)]
    assert [each.person for each in taken if each] == ["anna", "otto", "mia"]


def test_a_job_whose_worker_was_lost_goes_first() -> None:
    queue = JobQueue(DaemonOptions())
    first = job(ONE, "anna")
    queue.add(first)
    assert queue.take(0) is first
    queue.add(job(TWO, "otto"))
    queue.put_back(first)
    assert queue.take(0) is first


def test_one_person_cannot_fill_the_queue_with_many_programs() -> None:
    queue = JobQueue(DaemonOptions(queue=10, queue_of_person=3))
    for number in range(3):
        queue.add(job((0, bytes([number])), "anna"))
    with pytest.raises(Busy, match="as one person may"):
        queue.add(job((0, b"more"), "anna"))
    queue.add(job(TWO, "otto"))
    for number in range(4):
        queue.add(job((1, bytes([number]))))  # this user's programs have the limits of clients alone


def test_whose_turn_it_was_is_remembered_of_a_bounded_number() -> None:
    queue = JobQueue(DaemonOptions())
    for number in range(2000):
        queue.add(job((0, number.to_bytes(2, "big")), f"person {number}"))
        assert queue.take(0) is not None
    assert len(queue._served) <= 512
