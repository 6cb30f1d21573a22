"""Run many jobs at once on this machine.

A worker is a thread, because it only waits: what works is the processes that its runner starts.
A job is a value, so that another scheduler can take this module's place.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import islice
from queue import SimpleQueue
from threading import Thread

from qutils.grading.job import Job, Result

TRIES = 3
AHEAD = 2
"""Jobs of each worker that are made before they are needed; more would only take memory."""

Runner = Callable[[Job], Result]
StartRunner = Callable[[], AbstractContextManager[Runner]]


def run_jobs(jobs: Iterable[Job], start: StartRunner, workers: int) -> Iterator[tuple[Job, Result]]:
    """Yield each job with its result, in the order in which they are ready.

    Parameters
    ----------
    start
        Gives each worker a runner of its own. After a fault of the grader, such as a process
        that was killed, the runner is closed and the job is tried again with a new one.
    """
    jobs = iter(jobs)
    todo: SimpleQueue[Job | None] = SimpleQueue()
    done: SimpleQueue[tuple[Job, Result]] = SimpleQueue()
    threads = [Thread(target=_work, args=(start, todo, done), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        waiting = _put(islice(jobs, AHEAD * workers), todo)
        while waiting:
            ready = done.get()
            waiting += _put(islice(jobs, 1), todo) - 1
            yield ready
    finally:
        while not todo.empty():
            todo.get()
        for _ in threads:
            todo.put(None)
        for thread in threads:
            # After Ctrl-C nobody waits for a learner's endless loop: it ends with this process.
            thread.join(timeout=5)


def _put(jobs: Iterable[Job], todo: "SimpleQueue[Job | None]") -> int:
    number = 0
    for job in jobs:
        todo.put(job)
        number += 1
    return number


def _work(
    start: StartRunner, todo: "SimpleQueue[Job | None]", done: "SimpleQueue[tuple[Job, Result]]"
) -> None:
    worker = _Worker(start)
    while (job := todo.get()) is not None:
        done.put((job, worker.run(job)))
    worker.close()


class _Worker:
    """A runner that is made when it is needed, and made anew after each fault of the grader."""

    def __init__(self, start: StartRunner) -> None:
        self._start = start
        self._opened = contextlib.ExitStack()
        self._runner: Runner | None = None

    def run(self, job: Job) -> Result:
        reason = ""
        for _ in range(TRIES):
            try:
                if self._runner is None:
                    self._runner = self._opened.enter_context(self._start())
                result = self._runner(job)
            except Exception as error:  # whatever it is, it is no learner's fault
                reason = f"{type(error).__name__}: {error}"
            else:
                if result.status != "grader fault":
                    return result
                reason = result.reason
            self.close()
        return Result(
            job.key, job.student, job.assignment, job.notebook, "grader fault", reason=reason
        )

    def close(self) -> None:
        self._runner = None
        with contextlib.suppress(Exception):  # what is broken may not close
            self._opened.close()
