"""The commands ``qutils grade`` and ``qutils doctor``."""

import os
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from qutils.grading.job import Result


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f} a second" if task.speed else "")


@click.command()
@click.argument("assignment")
@click.option("--workers", type=click.IntRange(min=1), help="Hand-ins at a time; default: cores.")
@click.option("--student", default="*", metavar="NAME", help="Only this learner, or a pattern.")
@click.option("--force", is_flag=True, help="Grade again what has a result.")
@click.option("--unsafe", is_flag=True, help="Without a sandbox: only for notebooks of your own.")
def grade(assignment: str, workers: int | None, student: str, force: bool, unsafe: bool) -> int:
    """Grade the hand-ins of an assignment.

    To be called in the course's folder. What has a result is left alone, unless it has changed;
    after Ctrl-C or a crash the next call goes on. The exit code is 1 where the grader itself failed
    on a hand-in.
    """
    from qutils.grading.classroom import Course, grade_assignment, sandboxed
    from qutils.grading.sandbox import UNSAFE, require

    course = Course.open(Path.cwd())
    start = sandboxed(course, assignment, UNSAFE if unsafe else require())
    statuses: Counter[str] = Counter()
    notes: list[str] = []
    columns = (BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(
        TextColumn("grading"), *columns, console=Console(stderr=True), transient=True
    ) as progress:
        task = progress.add_task("")

        def notify(result: Result, total: int) -> None:
            statuses[result.status] += 1
            if result.status != "graded":
                notes.append(_note(result))
            progress.update(task, completed=statuses.total(), total=total)

        grade_assignment(
            course,
            assignment,
            start,
            notify,
            pattern=student,
            workers=workers or os.cpu_count() or 1,
            force=force,
        )
    if unsafe:
        notes.append("Graded without a sandbox (--unsafe): these scores are no proof of anything.")
    counts = (f"{statuses[status]} {words}" for status, words in _COUNTED.items())
    click.echo("\n".join([*notes, ", ".join(counts)]))
    return int(statuses["grader fault"] > 0)


_COUNTED = {
    "graded": "graded",
    "learner fault": "not readable (0 points)",
    "grader fault": "not graded by a fault of the grader (no points; give the command again)",
}


def _note(result: Result) -> str:
    text = f"{result.student}: {result.reason or result.status}"
    return "".join(character if character.isprintable() else "?" for character in text)


@click.command()
def doctor() -> int:
    """Say how safely this machine can grade.

    Tries every layer of the sandbox and names what is missing, and why. The exit code is 1 where
    learners' notebooks cannot be graded.
    """
    from qutils.grading.doctor import report, text
    from qutils.grading.sandbox import Confinement

    layers = report()
    click.echo(text(layers))
    return int(not Confinement(layers).sound)
