"""Jobs run in parallel; a runner that breaks is replaced, and no job is lost or done twice."""

import contextlib
import threading
from dataclasses import replace

import pytest

from qutils.grading.job import Cell, Job, Result
from qutils.grading.pool import AHEAD, TRIES, run_jobs

JOB = Job("week1", "week1", "ada", (Cell("t", "test", "assert 1", 1.0),))


def jobs(number):
    return [replace(JOB, seed=seed) for seed in range(number)]


def graded(job):
    return Result(job.key, job.student, job.assignment, job.notebook, "graded")


def starting(runner):
    """Return what starts a runner, and a list of how many are open after each step."""
    opened = []

    @contextlib.contextmanager
    def start():
        opened.append(1)
        yield runner
        opened.append(-1)

    return start, opened


@pytest.mark.parametrize("workers", [1, 3])
def test_each_job_gives_one_result(workers):
    start, opened = starting(graded)
    found = dict(run_jobs(jobs(20), start, workers))
    assert found == {job: graded(job) for job in jobs(20)}
    assert sum(opened) == 0
    assert len(opened) <= 2 * workers


def test_no_jobs_start_no_runner():
    start, opened = starting(graded)
    assert list(run_jobs([], start, 2)) == []
    assert opened == []


def test_jobs_are_made_when_they_are_needed():
    made = []
    start, _ = starting(graded)
    stream = run_jobs((made.append(job) or job for job in jobs(50)), start, 1)
    next(stream)
    assert len(made) <= AHEAD + 1
    stream.close()
    assert len(made) <= AHEAD + 1


def test_a_runner_that_fails_is_replaced_and_the_job_tried_again():
    calls = []

    def dies_once(job):
        calls.append(job)
        if len(calls) == 1:
            raise ConnectionError("the process is gone")
        return graded(job)

    start, opened = starting(dies_once)
    assert [result.status for _, result in run_jobs(jobs(2), start, 1)] == ["graded", "graded"]
    assert len(calls) == 3
    assert opened.count(1) == 2


@pytest.mark.parametrize("how", ["raises", "says so"])
def test_a_fault_of_the_grader_is_no_zero(how):
    calls = []

    def broken(job):
        calls.append(job)
        if how == "raises":
            raise MemoryError("no room")
        return replace(graded(job), status="grader fault", reason="no room")

    start, _ = starting(broken)
    ((_, result),) = run_jobs(jobs(1), start, 1)
    assert len(calls) == TRIES
    assert (result.status, result.score) == ("grader fault", None)
    assert "no room" in result.reason


def test_a_runner_that_cannot_start_is_a_fault_of_the_grader():
    @contextlib.contextmanager
    def start():
        raise OSError("no template")
        yield

    ((_, result),) = run_jobs(jobs(1), start, 1)
    assert (result.status, result.reason) == ("grader fault", "OSError: no template")


def test_leaving_early_ends_the_workers():
    start, opened = starting(graded)
    before = threading.active_count()
    for _ in run_jobs(jobs(50), start, 2):
        break
    assert threading.active_count() == before
    assert sum(opened) == 0
