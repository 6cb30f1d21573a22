"""The gradebook's only writer: results become rows through nbgrader's own interface."""

import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nbgrader.api import (
    BaseCell,
    Comment,
    Grade,
    Gradebook,
    InvalidEntry,
    MissingEntry,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.plugins import LateSubmissionPlugin
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SAWarning, SQLAlchemyError

from qutils.errors import QutilsError
from qutils.grading.assignment import SourceNotebook
from qutils.grading.job import Result
from qutils.grading.notebook import PlacedCell

LOCKED_SECONDS = 60.0
NO_RESPONSE = "No response."
"""nbgrader's comment on an answer that is missing."""

Scores = dict[tuple[str, str], dict[str, float | None]]


class GradebookError(QutilsError, OSError):
    """The gradebook cannot be read or written, or does not know what is to be graded."""


@dataclass(frozen=True)
class Rows:
    """What the gradebook holds of a notebook: points and comments by grade id.

    Attributes
    ----------
    waiting
        Cells that a person has still to grade.
    """

    scores: dict[str, float]
    waiting: frozenset[str]
    comments: dict[str, str | None]
    late_penalty: float


def existing(url: str) -> URL:
    """Return the address of a gradebook; SQLite would make an empty one where there is none.

    Raises
    ------
    GradebookError
        There is no such file.
    """
    where = make_url(url)
    if where.get_backend_name() == "sqlite" and not Path(where.database or "").is_file():
        raise GradebookError(
            f"there is no gradebook {where.database}: run `nbgrader generate_assignment` first"
        )
    return where


@contextmanager
def open_gradebook(
    url: str, course_id: str, late: LateSubmissionPlugin
) -> Iterator["GradebookWriter"]:
    """Open nbgrader's database for one run.

    SQLite gets a write-ahead log, so that formgrader can read while a class is graded. The
    settings of other databases are left alone.

    Raises
    ------
    GradebookError
        There is no such database, or it is not nbgrader's.
    """
    where = existing(url)
    is_sqlite = where.get_backend_name() == "sqlite"
    try:
        if is_sqlite:
            with closing(sqlite3.connect(str(where.database))) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
        book = Gradebook(url, course_id)
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise GradebookError(f"cannot open the gradebook {where}: {error}") from error
    with book, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)  # about nbgrader's own use of its database
        if is_sqlite:
            event.listen(book.engine, "connect", _relax)
            book.engine.dispose()
        yield GradebookWriter(book, late)


class GradebookWriter:
    """An open gradebook; each submission is one transaction."""

    def __init__(self, book: Gradebook, late: LateSubmissionPlugin) -> None:
        self._book, self._late = book, late

    def check(self, notebooks: Iterable[SourceNotebook]) -> None:
        """Compare an assignment with what the gradebook knows of it.

        Raises
        ------
        GradebookError
            The assignment is not in the gradebook, or was changed since it was put there.
        """
        for source in notebooks:
            name = source.assignment
            try:
                known = self._book.find_notebook(source.name, name)
            except MissingEntry:
                raise GradebookError(
                    f"the gradebook does not know {name}/{source.name}.ipynb: run "
                    f"`nbgrader generate_assignment {name}`"
                ) from None
            in_book = {cell.name: cell.source for cell in known.source_cells}
            if in_book != {cell.grade_id: cell.source for cell in source.cells}:
                raise GradebookError(
                    f"{name}/{source.name}.ipynb has changed since it was put into the gradebook: "
                    f"run `nbgrader generate_assignment {name} --force`"
                )

    def scores(self, assignment: str) -> Scores:
        """Return the automatic score of each graded cell by (student, notebook)."""
        query = (
            self._book.db.query(Student.id, SubmittedNotebook, BaseCell.name, Grade.auto_score)
            .join(SubmittedAssignment, SubmittedAssignment.student_id == Student.id)
            .join(SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id)
            .join(Grade, Grade.notebook_id == SubmittedNotebook.id)
            .join(BaseCell, BaseCell.id == Grade.cell_id)
            .filter(SubmittedAssignment.assignment_id == self._book.find_assignment(assignment).id)
        )
        scores: Scores = {}
        for student, notebook, cell, score in query:
            scores.setdefault((student, notebook.name), {})[cell] = score
        self._book.db.rollback()
        return scores

    def write(
        self,
        source: SourceNotebook,
        placed: Iterable[PlacedCell],
        result: Result,
        submitted_at: datetime | None,
    ) -> Rows:
        """Write a result; return what the gradebook then holds of its notebook.

        Points and comments given by hand stay. Where the grader failed, no score is touched.

        Raises
        ------
        GradebookError
            The database stayed locked for a minute, or is full.
        """
        unanswered = _unanswered(source, placed)

        def store() -> Rows:
            return self._store(source, unanswered, result, submitted_at)

        return self._patiently(store)

    def _patiently(self, store: Callable[[], Rows]) -> Rows:
        deadline = time.monotonic() + LOCKED_SECONDS
        while True:
            try:
                return store()
            except (SQLAlchemyError, InvalidEntry) as error:  # nbgrader wraps some of them
                self._book.db.rollback()
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise GradebookError(
                        f"cannot write the gradebook: {getattr(error, 'orig', error)}. Nothing is "
                        "lost: remove the cause and give the command again"
                    ) from error
            except BaseException:
                self._book.db.rollback()
                raise

    def _store(
        self,
        source: SourceNotebook,
        unanswered: set[str],
        result: Result,
        submitted_at: datetime | None,
    ) -> Rows:
        book = self._book
        book.update_or_create_student(result.student)
        when = {} if submitted_at is None else {"timestamp": submitted_at}
        submission = book.update_or_create_submission(source.assignment, result.student, **when)
        notebook = book.find_submission_notebook(source.name, source.assignment, result.student)
        grades, comments = self._cells(Grade, notebook), self._cells(Comment, notebook)
        if result.status != "grader fault":
            _set_scores(source, unanswered, result, grades)
            _set_comments(source, unanswered, comments)
            book.db.flush()
            book.db.refresh(notebook)
            self._set_penalty(submission, notebook)
        penalty = notebook.late_submission_penalty or 0.0
        rows = Rows(
            {name: _score(grade) for name, grade in grades.items()},
            frozenset(name for name, grade in grades.items() if _is_waiting(grade)),
            {name: found.manual_comment or found.auto_comment for name, found in comments.items()},
            penalty,
        )
        book.db.commit()
        return rows

    def _cells(self, kind: type[Any], notebook: SubmittedNotebook) -> dict[str, Any]:
        query = self._book.db.query(BaseCell.name, kind).join(kind, kind.cell_id == BaseCell.id)
        return dict(query.filter(kind.notebook_id == notebook.id).all())

    def _set_penalty(self, submission: SubmittedAssignment, notebook: SubmittedNotebook) -> None:
        """Ask the course's policy, as nbgrader's AssignLatePenalties does."""
        notebook.late_submission_penalty = None
        late = submission.total_seconds_late
        if late > 0:
            score = notebook.score
            penalty = self._late.late_submission_penalty(submission.student.id, score, late)
            if penalty is not None:
                notebook.late_submission_penalty = min(max(penalty, 0), score)


def _relax(connection: Any, record: Any) -> None:
    # A write-ahead log stays whole without a wait for the disk at each commit; the journal has
    # waited already.
    connection.execute("PRAGMA synchronous=NORMAL")


def _score(grade: Grade) -> float:
    """Return the points of a cell, as nbgrader's own column does once it is written."""
    given = grade.auto_score if grade.manual_score is None else grade.manual_score
    return 0.0 if given is None else float(given + (grade.extra_credit or 0.0))


def _is_waiting(grade: Grade) -> bool:
    return grade.auto_score is None and grade.manual_score is None


def _unanswered(source: SourceNotebook, placed: Iterable[PlacedCell]) -> set[str]:
    """Return the answers that are missing, or stand as they were released."""
    answered = {
        cell.of_instructor.grade_id
        for cell in placed
        if cell.of_instructor
        and cell.of_learner
        and cell.of_learner.source != cell.of_instructor.released["source"]
    }
    return {cell.grade_id for cell in source.cells if cell.is_answer} - answered


def _set_scores(
    source: SourceNotebook, unanswered: set[str], result: Result, grades: dict[str, Any]
) -> None:
    points = {test.grade_id: test.points for test in result.cells}
    for cell in source.cells:
        if not cell.is_graded:
            continue
        grade = grades[cell.grade_id]
        if cell.is_test:
            grade.auto_score = points[cell.grade_id]
        else:
            # Only a person can judge an answer; none at all is worth nothing.
            grade.auto_score = 0.0 if cell.grade_id in unanswered else None
        grade.needs_manual_grade = grade.manual_score is not None or grade.auto_score is None


def _set_comments(source: SourceNotebook, unanswered: set[str], comments: dict[str, Any]) -> None:
    for cell in source.cells:
        if comment := comments.get(cell.grade_id):
            comment.auto_comment = NO_RESPONSE if cell.grade_id in unanswered else None
