"""The instructor's side: an assignment's notebooks with their hidden tests, and jobs from them."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from nbgrader.utils import is_grade, is_locked, is_solution, is_task
from traitlets.config import Config

from qutils.errors import QutilsError
from qutils.grading.job import File, Job
from qutils.grading.notebook import PlacedCell, SourceCell, job_cells
from qutils.grading.settings import Grading, environment

INSIDE = "inside"


class AssignmentError(QutilsError, ValueError):
    """An assignment that cannot be graded as it stands; the message says what to do."""


@dataclass(frozen=True)
class SourceNotebook:
    """A notebook of an assignment, as the instructor wrote it, without the answers."""

    assignment: str
    name: str
    cells: tuple[SourceCell, ...]
    metadata: dict[str, Any]


def load(course: CourseDirectory, config: Config, assignment: str) -> tuple[SourceNotebook, ...]:
    """Return the notebooks of an assignment, prepared as `nbgrader generate_assignment` does.

    Raises
    ------
    AssignmentError
        There is no such assignment, or nbgrader refuses one of its notebooks.
    """
    folder = Path(course.format_path(course.source_directory, ".", assignment))
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        others = sorted({path.parent.name for path in folder.parent.glob("*/*.ipynb")})
        raise AssignmentError(
            f"{folder} holds no notebook. Assignments: {', '.join(others) or 'none'}."
        )
    return tuple(_load_one(path, assignment, course, config) for path in paths)


def _load_one(
    path: Path, assignment: str, course: CourseDirectory, config: Config
) -> SourceNotebook:
    whole = notebook = nbformat.read(path, as_version=4)
    nbgrader = {"assignment": assignment, "notebook": path.stem, "student": "."}
    resources = {"nbgrader": nbgrader, "metadata": {"path": str(path.parent)}}
    try:
        for step in GenerateAssignment(coursedir=course, config=config).preprocessors:
            if issubclass(step, SaveCells):  # here nbgrader keeps hidden tests in the gradebook
                whole = copy.deepcopy(notebook)
            else:
                notebook, resources = step(config=config)(notebook, resources)
    except Exception as error:  # any preprocessor's own
        raise AssignmentError(f"nbgrader refuses {path}: {error}") from error
    pairs = zip(whole.cells, notebook.cells, strict=True)
    cells = tuple(_source_cell(full, released) for full, released in pairs if _is_known(full))
    return SourceNotebook(assignment, path.stem, cells, dict(notebook.metadata))


def _is_known(cell: nbformat.NotebookNode) -> bool:
    return bool(is_grade(cell) or is_solution(cell) or is_locked(cell) or is_task(cell))


def _source_cell(full: nbformat.NotebookNode, released: nbformat.NotebookNode) -> SourceCell:
    nbgrader = full.metadata.nbgrader
    return SourceCell(
        grade_id=nbgrader.grade_id,
        source=full.source,
        released=released,
        points=float(nbgrader.get("points", 0)),
        inside=INSIDE in full.metadata.get("tags", []),
    )


def make_job(
    source: SourceNotebook,
    placed: Iterable[PlacedCell],
    student: str,
    submission: str,
    files: tuple[File, ...],
    settings: Grading,
) -> Job:
    """Return the job of one learner's notebook, joined with the instructor's."""
    return Job(
        source.assignment,
        source.name,
        student,
        job_cells(placed),
        submission,
        settings.limits_of_jobs(),
        settings.seed(source.assignment, student),
        settings.withheld_of(source.assignment),
        settings.preload_of(source.assignment),
        environment(),
        files,
    )
