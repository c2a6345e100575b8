"""Beautify requests that wait for the one under way."""

from types import SimpleNamespace
from typing import Any

from plugin_krita.face_selection import FaceSelection
from plugin_krita.job_queue import Job, JobQueue
from plugin_krita.view_state import UserSettings
from retouchml.look import Look


def job(layer: str, strength: float = 0.5, *, exists: bool = True) -> Job:
    source: Any = SimpleNamespace(key=layer, exists=exists)
    return Job(source, UserSettings(Look(strength)), FaceSelection(((1, 2, 3, 4),), frozenset({0})))


def test_jobs_come_in_the_order_in_which_they_were_added() -> None:
    queue, jobs = JobQueue(), [job("a"), job("b"), job("c")]
    for each in jobs:
        queue.add(each)
    assert [queue.next() for _ in range(4)] == [*jobs, None]


def test_a_layer_waits_once_with_the_newest_sliders_in_its_place() -> None:
    queue = JobQueue()
    for each in (job("a"), job("b"), job("a", 0.9)):
        queue.add(each)
    assert [each.settings.look.strength for _, each in queue.waiting] == [0.9, 0.5]


def test_what_is_under_way_does_not_wait_as_well_but_other_sliders_of_its_layer_do() -> None:
    queue = JobQueue(running=job("a"))
    queue.add(job("a"))
    assert queue.waiting == ()
    queue.add(job("a", 0.9))
    assert len(queue.waiting) == 1


def test_a_job_is_taken_out_by_its_number() -> None:
    queue = JobQueue()
    for layer in "abc":
        queue.add(job(layer))
    queue.remove(queue.waiting[1][0])
    queue.remove(1234)
    assert [each.source.key for _, each in queue.waiting] == ["a", "c"]


def test_a_job_whose_layer_was_deleted_meanwhile_is_left_out() -> None:
    queue, kept = JobQueue(), job("b")
    queue.add(job("a", exists=False))
    queue.add(kept)
    assert queue.next() is kept
