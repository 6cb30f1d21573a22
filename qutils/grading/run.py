"""The life of a submission: a job goes in, a result comes out.

The notebook's cells run twice in a process that holds the learner's code. The first time they are
alone, and what they print is kept: no test has spoken to that process, so they can print nothing of
one. The second time, in a new process, each test runs at its place, in a checker process where the
learner's names are proxies; what is printed then is seen by nobody.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from qutils.grading.job import Assurance, Cell, CellResult, Job, Limits, Output, Result
from qutils.grading.processes import (
    CheckerProcess,
    EndedError,
    GraderError,
    LearnerProcess,
    NotRunError,
    cell_name,
    in_words,
)
from qutils.grading.sandbox import Confinement
from qutils.grading.template import Template
from qutils.grading.verdict import public_texts

__all__ = ["Templates", "run", "templates"]


@dataclass(frozen=True)
class Templates:
    """What both processes of a submission are forked from."""

    learner: Template
    checker: Template
    sandbox: str


@contextmanager
def templates(
    preload: tuple[str, ...], limits: Limits, confinement: Confinement
) -> Iterator[Templates]:
    """Start the templates that `run` needs; they serve any number of jobs."""
    names = [f"qutils.grading.{entry}:main" for entry in ("learner", "checker")]
    sandbox = ", ".join(sorted(confinement.active)) if confinement.sound else "unsafe"
    learner, checker = (Template(name, preload, confinement, limits) for name in names)
    with learner, checker:
        yield Templates(learner, checker, sandbox)


def run(job: Job, pair: Templates) -> Result:
    """Grade a job.

    Returns
    -------
    Result
        With status ``grader fault`` where the checker's process died, or somebody killed the
        learner's, such as a kernel out of memory; a pool tries again.

    Raises
    ------
    TemplateError
        No process can be started.
    """
    started = time.monotonic()
    try:
        outputs, cells, reason = _grade(job, pair)
    except GraderError as error:
        return _result(job, pair, started, "grader fault", reason=str(error))
    return _result(job, pair, started, "graded", outputs=outputs, cells=cells, reason=reason)


def _result(job: Job, pair: Templates, started: float, status: Any, **found: Any) -> Result:
    return Result(
        job.key,
        job.student,
        job.assignment,
        job.notebook,
        status,
        sandbox=pair.sandbox,
        seconds=time.monotonic() - started,
        **found,
    )


def _grade(job: Job, pair: Templates) -> tuple[tuple[Output, ...], tuple[CellResult, ...], str]:
    outputs, left_out = _run_alone(job, pair)
    cells, left_out = _run_with_tests(job, pair, left_out)
    names = {place: cell_name(cell, place) for place, cell in enumerate(job.cells)}
    reasons = [f"{names[place]} was left out: it {why}" for place, why in sorted(left_out.items())]
    faults = [file.fault for file in job.files if file.fault]
    return outputs, cells, " ".join([*faults, "; ".join(reasons)]).strip()


def _run_alone(job: Job, pair: Templates) -> tuple[tuple[Output, ...], dict[int, str]]:
    """Run all cells but the tests; return what each printed, and those that had to be left out."""
    outputs = []
    with closing(LearnerProcess(pair.learner, job, {})) as learner:
        for place, cell in enumerate(job.cells):
            try:
                outputs.append(Output() if cell.kind == "test" else learner.run(place))
            except NotRunError as why:
                outputs.append(Output(error=f"not run: {why}"))
    return tuple(outputs), learner.left_out


def _run_with_tests(
    job: Job, pair: Templates, left_out: dict[int, str]
) -> tuple[tuple[CellResult, ...], dict[int, str]]:
    """Run all cells, each test at its place; return the tests' results."""
    results = []
    with (
        closing(LearnerProcess(pair.learner, job, left_out)) as learner,
        closing(CheckerProcess(pair.checker, job, learner)) as checker,
    ):
        for place, cell in enumerate(job.cells):
            if cell.kind == "test":
                results.append(_test(job, place, learner, checker))
                continue
            with suppress(NotRunError, EndedError):  # the next test says so
                learner.run(place)
                if cell.kind == "locked":
                    checker.run(place)
    return tuple(results), learner.left_out


def _test(job: Job, place: int, learner: LearnerProcess, checker: CheckerProcess) -> CellResult:
    """Run a test where it belongs; return its result, with all that a learner may know."""
    cell = job.cells[place]
    try:
        verdict = learner.test(place) if cell.inside else checker.run(place)
    except EndedError as ended:
        status = "timeout" if str(ended) in ("timeout", "cpu") else "crashed"
        verdict = {"status": status, "points": 0.0, "message": _blame(ended, cell, job.limits)}
    except NotRunError as why:
        verdict = {"status": "not run", "points": 0.0, "message": f"{cell.grade_id}: {why}"}
    if cell.inside and verdict["status"] not in ("timeout", "crashed", "not run"):
        verdict = _believable(verdict, cell)
    message = verdict["message"]
    if message and learner.left_out:
        names = ", ".join(cell_name(job.cells[p], p) for p in sorted(learner.left_out))
        message = f"{message} (left out before: {names})"
    assurance: Assurance = "inside" if cell.inside else "apart"
    return CellResult(
        cell.grade_id, verdict["points"], cell.points, verdict["status"], message, assurance
    )


def _blame(ended: EndedError, cell: Cell, limits: Limits) -> str:
    return f"{cell.grade_id}: your code, called by a test, {in_words(ended, limits)}"


def _believable(verdict: dict[str, Any], cell: Cell) -> dict[str, Any]:
    """Return a verdict of the learner's process as far as it is a possible one.

    Its message may hold anything, so it counts only where it is what the instructor wrote.
    """
    status, points, message = (verdict.get(key) for key in ("status", "points", "message"))
    if isinstance(points, float) and 0 < points <= cell.points:
        return {"status": "passed" if points == cell.points else "partial", "points": points} | {
            "message": ""
        }
    known = {f"{cell.grade_id}: {text}" for text in public_texts(cell.source)}
    if message not in known:
        message = f"{cell.grade_id}: a test failed"
    return {"status": "error" if status == "error" else "failed", "points": 0.0, "message": message}
