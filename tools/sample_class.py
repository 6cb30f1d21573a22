"""A sample class: submissions made from answers, graded into a real gradebook.

They are graded as a real class would be. Where this machine has no sandbox they are graded without
one, because they are the course's own.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from traitlets.config import Config

from answers import (
    HandIn,
    Learner,
    question_of,
    question_points,
    reference,
    variants,
    wrong_answers,
)
from exercises import ROOT, assignments, course_config
from qutils.grading.job import Result
from qutils.grading.sandbox import UNSAFE, probe
from qutils.grading.settings import SECRET

RECORD = "report.json"
LOG = "nbgrader.log"
# What the grades depend on.
INPUTS = (
    "solutions",
    "tools/answers.py",
    "tools/sample_class.py",
    "tools/exercises.py",
    "qutils/grading",
    "nbgrader_config.py",
    "requirements.txt",
)
STEPS = ("submitted", "autograded", "feedback")
NO_SANDBOX = (
    "Graded without a sandbox, which `qutils doctor` explains: never grade others' work so."
)

Advance = Callable[[str], None]
Submit = Callable[[Path, Path], object]
"""Writes a hand-in, given the released notebook and the folder of the submission."""


class SampleClassError(Exception):
    """Why there is no sample class."""


@dataclass(frozen=True)
class Grade:
    """What one learner got for one assignment.

    Attributes
    ----------
    score
        None where the grader failed.
    feedback
        Path of the feedback page below the class folder, None where there is none.
    by_hand
        Points that a person has still to give.
    """

    learner: str
    assignment: str
    score: float | None
    max_score: float
    status: str
    feedback: str | None
    by_hand: float = 0.0


@dataclass(frozen=True)
class ClassReport:
    """The grades of a class; ``reused`` where nothing had changed since they were made."""

    folder: Path
    grades: tuple[Grade, ...]
    seconds: float
    sandboxed: bool
    reused: bool = False


# ---- what the learners hand in


def sample_learners(root: Path, assignment: str) -> dict[str, Learner]:
    """Return what each learner of the sample class hands in."""
    given = reference(root, assignment)
    points = question_points(root, assignment)
    wrong = _one_wrong_answer_each(root, assignment)
    names = list(points)
    odd, middle = frozenset(names[::2]), names[len(names) // 2]
    first = f"{names[0]}_answer"
    no_syntax = {first: given.cells[first] + "\nthis is no Python"}
    ends = {f"{middle}_answer": "import os\n\nos._exit(1)"}
    everything = frozenset(names)
    return {
        "perfect": Learner(given, everything),
        "variant": Learner(next(iter(variants(root, assignment).values())), everything),
        # Every second question right, the others wrong.
        "half-right": Learner(
            given.but({c: s for c, s in wrong.items() if question_of(c) not in odd}), odd
        ),
        "untouched": Learner(HandIn(), frozenset()),
        "wrong": Learner(given.but(wrong), frozenset()),
        "syntax-error": Learner(given.but(no_syntax), everything - {names[0]}),
        "crashing": Learner(given.but(ends), everything - {middle}),
    }


def _one_wrong_answer_each(root: Path, assignment: str) -> dict[str, str]:
    """Return the first wrong answer to each question that is no matter of other files."""
    found: dict[str, str] = {}
    for answer in wrong_answers(root, assignment):
        if not answer.files:
            found.setdefault(f"{answer.question}_answer", answer.source)
    return found


# ---- grading


class _Gradebook:
    """nbgrader, for what it does itself: assignments, and scores as it shows them."""

    def __init__(self, config: Config, folder: Path) -> None:
        # Imported here because it takes seconds: nbgrader loads Jupyter's servers.
        from nbgrader.apps.api import NbGraderAPI

        self.folder = folder
        config.CourseDirectory.release_directory = str(folder / "release")
        self.api = NbGraderAPI(config=config)
        self.api.log.handlers.clear()
        self.api.log.propagate = False

    def generate(self, assignment: str) -> Path:
        """Put an assignment into the gradebook; return its released notebook."""
        result = self.api.generate_assignment(assignment)
        with (self.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(result.get("log", ""))
        # nbgrader's API swallows Ctrl-C.
        if "KeyboardInterrupt" in result.get("error", ""):
            raise KeyboardInterrupt
        if not result["success"]:
            last = "\n".join(result.get("log", result["error"]).strip().splitlines()[-5:])
            raise SampleClassError(f"nbgrader failed:\n{last}")
        return self.folder / "release" / assignment / f"{assignment}.ipynb"

    def score(self, assignment: str, learner: str) -> tuple[float, float, float]:
        """Return the score, the most there is, and how much of it is still to be given by hand."""
        with self.api.gradebook as gradebook:
            submission = gradebook.find_submission(assignment, learner)
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            by_hand = sum(grade.max_score for grade in grades if grade.needs_manual_grade)
            return submission.score, submission.max_score, by_hand


def grade_class(
    root: Path, folder: Path, classes: dict[str, dict[str, Submit]], advance: Advance
) -> tuple[Grade, ...]:
    """Grade a class in the empty folder ``folder``.

    Parameters
    ----------
    classes
        What learners hand in, by assignment and learner.
    advance
        Called with a description after each submission.
    """
    config = course_config(root, folder)
    gradebook = _Gradebook(config, folder)
    # Nothing here is random, so that the same class gives the same files.
    secret = Path(config.Grading.folder, SECRET)
    secret.parent.mkdir()
    secret.write_text("sample class")
    grades: list[Grade] = []
    for assignment, learners in classes.items():
        released = gradebook.generate(assignment)
        for learner, submit in learners.items():
            submit(released, folder / "submitted" / learner / assignment)
        grades += _grade(gradebook, config, assignment, advance)
    shutil.rmtree(folder / "release")
    return tuple(grades)


def _grade(gradebook: _Gradebook, config: Config, assignment: str, advance: Advance) -> list[Grade]:
    from nbgrader.coursedir import CourseDirectory

    from qutils.grading.classroom import Course, grade_assignment, sandboxed

    course = Course(config, CourseDirectory(config=config))
    statuses = {}

    def notify(result: Result, total: int) -> None:
        statuses[result.student] = result.status
        advance(f"{assignment}: {result.student}")

    confinement = probe()
    start = sandboxed(course, assignment, confinement if confinement.sound else UNSAFE)
    grade_assignment(course, assignment, start, notify, workers=os.cpu_count() or 1)
    grades = []
    for learner, status in sorted(statuses.items()):
        score, max_score, by_hand = gradebook.score(assignment, learner)
        page = f"feedback/{learner}/{assignment}/{assignment}.html"
        if status == "grader fault":
            grades.append(Grade(learner, assignment, None, max_score, "not graded", None))
        else:
            grades.append(Grade(learner, assignment, score, max_score, status, page, by_hand))
    return grades


def run_sample_class(root: Path, class_folder: Path, console: Console | None = None) -> ClassReport:
    """Grade the sample class into ``class_folder``, or return the recorded report.

    The class is made beside its place and moved there when it is whole; the grades are made
    again when solutions, sample answers, settings or locked packages have changed.

    Raises
    ------
    SampleClassError
        When nbgrader cannot generate an assignment, or when ``class_folder`` holds
        the work of other learners, which must not be replaced.
    """
    key = _key(root)
    recorded = _recorded(class_folder, key)
    if recorded is not None:
        return recorded
    _refuse_foreign_work(root, class_folder)
    # nbgrader starts "alembic" by name when it makes a gradebook.
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    stage, old = (class_folder.with_name(class_folder.name + end) for end in (".new", ".old"))
    for leftover in (stage, old):
        shutil.rmtree(leftover, ignore_errors=True)
    stage.mkdir(parents=True)
    started = time.monotonic()
    classes = {
        name: {who: learner.submit for who, learner in sample_learners(root, name).items()}
        for name in assignments(root)
    }
    total = sum(map(len, classes.values()))
    with _progress(console, total) as advance, _standard_error_to(stage / LOG):
        grades = grade_class(root, stage, classes, advance)
    seconds, sandboxed = round(time.monotonic() - started, 1), probe().sound
    report = ClassReport(class_folder, grades, seconds, sandboxed)
    record = {"key": key, "seconds": seconds, "sandboxed": sandboxed}
    record["grades"] = [asdict(grade) for grade in grades]
    (stage / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if class_folder.exists():
        class_folder.rename(old)
    stage.rename(class_folder)
    shutil.rmtree(old, ignore_errors=True)
    return report


def _key(root: Path) -> str:
    digest = hashlib.sha256()
    for name in INPUTS:
        path = root / name
        files = [path] if path.is_file() else sorted(path.rglob("*.*"))
        for file in files:
            if file.is_file() and file.suffix in (".ipynb", ".py", ".tflite", ".txt"):
                digest.update(f"{file.relative_to(root).as_posix()}\0".encode())
                digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _recorded(class_folder: Path, key: str) -> ClassReport | None:
    try:
        record = json.loads((class_folder / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    if record["key"] != key:
        return None
    grades = tuple(Grade(**grade) for grade in record["grades"])
    whole = all(g.feedback is None or (class_folder / g.feedback).is_file() for g in grades)
    if not whole:
        return None
    return ClassReport(class_folder, grades, record["seconds"], record["sandboxed"], reused=True)


def _refuse_foreign_work(root: Path, class_folder: Path) -> None:
    """Raise SampleClassError where somebody's real class would be replaced."""
    if not class_folder.exists() or not any(class_folder.iterdir()):
        return
    sample = {learner for name in assignments(root) for learner in sample_learners(root, name)}
    found = {path.name for step in STEPS for path in (class_folder / step).glob("*")}
    if found - sample or not (class_folder / RECORD).is_file():
        whose = ", ".join(sorted(found - sample)[:3]) or "a class that this program did not make"
        raise SampleClassError(
            f"{class_folder} holds the work of {whose}. Move it away; for a class of your own, "
            "name a folder in COURSE_CLASS_DIR."
        )


@contextlib.contextmanager
def _progress(console: Console | None, total: int) -> Iterator[Advance]:
    now = TextColumn("{task.fields[now]}")
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), now)
    with Progress(*columns, console=console, transient=True, disable=console is None) as progress:
        task = progress.add_task("", total=total, now="")
        yield lambda now: progress.update(task, advance=1, now=now)


@contextlib.contextmanager
def _standard_error_to(log_file: Path) -> Iterator[None]:
    """Send warnings of this process and of the kernels it starts to a file."""
    saved = os.dup(2)
    try:
        with log_file.open("a", encoding="utf-8") as log:
            sys.stderr.flush()
            os.dup2(log.fileno(), 2)
            yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


# ---- what is shown


def grades_table(report: ClassReport) -> Table:
    """Return the grades as a table, a row for each learner, a column for each assignment.

    An assignment goes by its number there, so that all fit into a narrow terminal.
    """
    names = sorted({grade.assignment for grade in report.grades})
    by_hand = {g.assignment: g.by_hand for g in report.grades if g.by_hand}
    notes = [
        f"{_number(name)}: {most:g} of the points are given by hand"
        for name, most in by_hand.items()
    ]
    table = Table("learner", caption="\n".join(notes), caption_justify="left")
    for name in names:
        table.add_column(_number(name), justify="right")
    cells = {(grade.learner, grade.assignment): _cell(grade) for grade in report.grades}
    for learner in dict.fromkeys(grade.learner for grade in report.grades):
        table.add_row(learner, *(cells[learner, name] for name in names))
    return table


def _number(assignment: str) -> str:
    return assignment.partition("_")[0]


def _cell(grade: Grade) -> str:
    if grade.score is None:
        return grade.status
    return f"{grade.score:g}/{grade.max_score:g}"


def example_feedback(report: ClassReport) -> Path:
    """Return the feedback page of a learner who has lost some points."""
    pages = [
        grade.feedback
        for grade in report.grades
        if grade.feedback and grade.score and grade.score < grade.max_score
    ]
    return report.folder / pages[0]


def main() -> int:
    """Grade the sample class and print its grades; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "class")
    console = Console()
    try:
        report = run_sample_class(ROOT, parser.parse_args().out.absolute(), console)
    except SampleClassError as error:
        Console(stderr=True).print(str(error), markup=False)
        return 1
    console.print(grades_table(report))
    if not report.sandboxed:
        console.print(NO_SANDBOX)
    console.print(f"Feedback of one learner: {example_feedback(report)}", soft_wrap=True)
    console.print("Nothing has changed." if report.reused else f"{report.seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
