"""A course with one small assignment, hand-ins for it, and a runner without a sandbox."""

import ast
import atexit
import contextlib
import io
import os
import shutil
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from qutils.grading.classroom import Course, grade_assignment
from qutils.grading.job import CellResult, Job, Output, Result

NAME = "week1"
SECRET = "SECRET_EXPECTED_VALUE"


def nbgrader_metadata(grade_id, *, grade=False, solution=False, locked=False, points=None):
    found = {"grade_id": grade_id, "grade": grade, "solution": solution, "locked": locked}
    found |= {"schema_version": 3, "task": False}
    return {"nbgrader": found if points is None else found | {"points": points}}


def instructor_notebook():
    """Two questions with tests, one that a person grades, a locked import."""
    double = "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    triple = "def triple(x):\n    ### BEGIN SOLUTION\n    return 3 * x\n    ### END SOLUTION"
    hidden = (
        "assert double(1) == 2\n### BEGIN HIDDEN TESTS\n"
        f"assert double(21) == 42, 'large numbers'  # {SECRET}\n### END HIDDEN TESTS"
    )
    partial = "### BEGIN HIDDEN TESTS\n(triple(1) == 3) + (triple(-1) == -3)\n### END HIDDEN TESTS"
    cells = [
        new_markdown_cell("# Week 1", id="title"),
        new_code_cell("import math", id="imports"),
        new_code_cell(double, id="q1"),
        new_code_cell(hidden, id="q1_tests"),
        new_code_cell(triple, id="q2"),
        new_code_cell(partial, id="q2_tests"),
        new_markdown_cell("Your explanation", id="essay"),
    ]
    known = [
        {},
        nbgrader_metadata("imports", locked=True),
        nbgrader_metadata("q1", solution=True),
        nbgrader_metadata("q1_tests", grade=True, locked=True, points=2),
        nbgrader_metadata("q2", solution=True),
        nbgrader_metadata("q2_tests", grade=True, locked=True, points=2),
        nbgrader_metadata("essay", grade=True, solution=True, points=5),
    ]
    for cell, metadata in zip(cells, known, strict=True):
        cell.metadata.update(metadata)
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def config_of(root: Path) -> Config:
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.course_id = "course"
    config.CourseDirectory.db_url = f"sqlite:///{root / 'gradebook.db'}"
    config.Grading.folder = str(root / "private")
    return config


@cache
def generated() -> Path:
    """Return a folder with the course as nbgrader makes it, to be copied."""
    from nbgrader.apps.api import NbGraderAPI

    path_of_commands()
    root = Path(tempfile.mkdtemp(prefix="course-"))
    atexit.register(shutil.rmtree, root)
    source = root / "source" / NAME / f"{NAME}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(instructor_notebook(), source)
    result = NbGraderAPI(config=config_of(root)).generate_assignment(NAME)
    assert result["success"], result
    return root


class SmallCourse:
    """The course in ``root``; the gradebook knows its assignment."""

    def __init__(self, root: Path) -> None:
        shutil.copytree(generated(), root, dirs_exist_ok=True)
        self.open(root)

    def open(self, root: Path | str) -> None:
        """Take a course that is there."""
        self.root = root = Path(root)
        self.config = config_of(root)
        self.released = root / "release" / NAME / f"{NAME}.ipynb"

    @property
    def course(self) -> Course:
        return Course(self.config, CourseDirectory(config=self.config))

    @property
    def api(self):
        from nbgrader.apps.api import NbGraderAPI

        return NbGraderAPI(config=self.config)

    def path(self, step: str, student: str, name: str = f"{NAME}.ipynb") -> Path:
        return self.root / step / student / NAME / name

    def notebook(self, answers):
        """Return the released notebook with answers by grade id."""
        notebook = nbformat.read(self.released, as_version=4)
        for cell in notebook.cells:
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = answers.get(grade_id, cell.source)
        return notebook

    def hand_in(self, student, answers, change=None):
        notebook = self.notebook(answers)
        if change:
            change(notebook)
        path = self.path("submitted", student)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(notebook))
        return path

    def grade(self, start=None, **options):
        """Grade; return the results by learner."""
        results = {}

        def notify(result, total):
            assert result.student not in results, "told twice"
            results[result.student] = result

        grade_assignment(self.course, NAME, start or run_plainly, notify, **options)
        return results

    def rows(self):
        """Return {learner: {cell: automatic score}} from the gradebook."""
        with Gradebook(self.config.CourseDirectory.db_url, "course") as book:
            return {
                submission.student.id: {
                    grade.name: grade.auto_score
                    for notebook in submission.notebooks
                    for grade in notebook.grades
                }
                for submission in book.assignment_submissions(NAME)
            }


RIGHT = {"q1": "def double(x):\n    return 2 * x", "q2": "def triple(x):\n    return 3 * x"}
WRONG = {"q1": "def double(x):\n    return 2", "q2": "def triple(x):\n    return 3"}


@contextlib.contextmanager
def run_plainly():
    """Stand in for the sandbox: cells of these tests' own, in this process."""
    yield _run


def _run(job: Job) -> Result:
    space: dict[str, object] = {}
    cells, outputs = [], []
    for cell in job.cells:
        printed, error, value = io.StringIO(), "", None
        try:
            with contextlib.redirect_stdout(printed):
                value = execute(cell.source, space)
        except Exception:
            error = "".join(traceback.format_exception(*sys.exc_info()))
        if cell.kind == "test":
            points = 0.0 if error else cell.points if value is None else float(value)
            status = "failed" if error else "passed" if points == cell.points else "partial"
            cells.append(CellResult(cell.grade_id, points, cell.points, status))
            outputs.append(Output())
        else:
            outputs.append(Output(printed.getvalue(), error))
    names = job.key, job.student, job.assignment, job.notebook
    return Result(*names, "graded", tuple(cells), tuple(outputs))


def execute(source: str, space: dict[str, object]) -> object:
    """Run a cell; return the value of its last expression, as IPython shows it."""
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), space)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), space) if last else None


def path_of_commands():
    """Put the environment's commands on the path: nbgrader calls alembic by name."""
    folder = str(Path(sys.executable).parent)
    if folder not in os.environ["PATH"].split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([folder, os.environ["PATH"]])
