"""The queue of results that GIMP's dialog is to make."""

from plugin_gimp.job_queue import Job, JobQueue
from retouchml.look import Look


def job(strength: float, *, keeps: bool = False, closes: bool = False) -> Job:
    return Job({0: Look(strength)}, "new-layer", keeps, closes)


def running(first: Job) -> JobQueue:
    """A queue with a job under way."""
    jobs = JobQueue()
    jobs.add(first)
    assert jobs.next() == first
    return jobs


def test_jobs_come_one_after_the_other() -> None:
    jobs = running(job(0.1))
    jobs.add(job(0.2, keeps=True))
    jobs.add(job(0.3, keeps=True))
    assert [jobs.next(), jobs.next(), jobs.next()] == [job(0.2, keeps=True), job(0.3, keeps=True), None]
    assert jobs.running is None


def test_a_job_takes_the_place_of_one_whose_result_it_would_replace() -> None:
    jobs = running(job(0.1))
    jobs.add(job(0.2))
    jobs.add(job(0.3))
    assert list(jobs.waiting.values()) == [job(0.3)]


def test_what_is_under_way_is_not_made_twice_but_may_close_the_dialog() -> None:
    jobs = running(job(0.1))
    jobs.add(job(0.1, closes=True))
    assert jobs.waiting == {}
    assert jobs.running == job(0.1, closes=True)
    assert jobs.closes


def test_a_job_that_was_taken_out_is_not_made() -> None:
    jobs = running(job(0.1))
    jobs.add(job(0.2, keeps=True))
    jobs.add(job(0.3, keeps=True, closes=True))
    first, last = jobs.waiting
    jobs.remove(last)
    assert not jobs.closes
    jobs.remove(first)
    assert jobs.next() is None
