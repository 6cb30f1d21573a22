"""Grade an assignment of a whole class: from hand-ins to gradebook, notebooks and feedback."""

import glob
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self

from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from nbgrader.utils import parse_utc
from traitlets.config import Config, ConfigFileNotFound, PyFileConfigLoader

from qutils.grading.assignment import AssignmentError, SourceNotebook, load, make_job
from qutils.grading.feedback import graded_notebook, notebook_text
from qutils.grading.files import SubmissionError, read_beside, read_bytes
from qutils.grading.gradebook import GradebookWriter, Scores, open_gradebook
from qutils.grading.job import CellResult, Job, Result, sha256
from qutils.grading.journal import Journal, open_journal
from qutils.grading.notebook import PlacedCell, join, read
from qutils.grading.page import feedback_page
from qutils.grading.pool import Runner, StartRunner, run_jobs
from qutils.grading.run import run, templates
from qutils.grading.sandbox import Confinement
from qutils.grading.settings import Grading

SETTINGS = "nbgrader_config.py"
TIMESTAMP = "timestamp.txt"
EXCHANGE_FILES = (TIMESTAMP, "submission_secret.txt")
"""What nbgrader's exchange puts beside a hand-in, and wants beside the feedback."""


@dataclass(frozen=True)
class Course:
    """A course as nbgrader's settings describe it."""

    config: Config
    directory: CourseDirectory

    @property
    def settings(self) -> Grading:
        """The course's settings of this grader."""
        return Grading(config=self.config)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the course whose settings lie in a folder.

        Raises
        ------
        AssignmentError
            There is no ``nbgrader_config.py``.
        """
        try:
            config = PyFileConfigLoader(SETTINGS, path=str(folder)).load_config()
        except ConfigFileNotFound as error:
            raise AssignmentError(
                f"{folder} holds no {SETTINGS}: give the command in the course's folder"
            ) from error
        return cls(config, CourseDirectory(config=config))

    def folder(self, step: str, student: str, assignment: str) -> Path:
        """Return the folder of a step, such as ``directory.submitted_directory``."""
        return Path(self.directory.format_path(step, student, assignment))

    def students(self, assignment: str, pattern: str) -> dict[str, Path]:
        """Return the folders that were handed in, by learner, sorted."""
        excluded = self.directory.student_id_exclude.split(",")
        step = self.directory.submitted_directory
        name = re.compile(self.directory.format_path(step, "([^/]+)", assignment, escape=True))
        found = {}
        for folder in sorted(glob.glob(str(self.folder(step, pattern, assignment)))):
            match = name.fullmatch(folder)
            if match and match[1] not in excluded:
                # Names that are no UTF-8 fit no database.
                found[os.fsencode(match[1]).decode("utf-8", "backslashreplace")] = Path(folder)
        return found


@dataclass(frozen=True)
class HandIn:
    """One notebook of one learner on its way; ``reason`` tells why it could not be read."""

    source: SourceNotebook
    placed: tuple[PlacedCell, ...]
    job: Job
    exchange_files: dict[str, str]
    reason: str = ""


Notify = Callable[[Result, int], None]


def read_hand_in(
    course: Course, settings: Grading, source: SourceNotebook, student: str, folder: Path
) -> HandIn:
    """Return what a learner handed in of a notebook; a file that cannot be read is one, too."""
    below = Path(course.directory.root, course.directory.submitted_directory)
    limits, names = settings.limits_of_jobs(), settings.files_of(source.assignment)
    reason = ""
    try:
        submission, cells = read(folder / f"{source.name}.ipynb", below, limits)
    except SubmissionError as error:
        reason = str(error)
        submission, cells = sha256(reason.encode()), ()
    placed = join(source.cells, cells)
    files = read_beside(folder, below, names, limits)
    job = make_job(source, placed, student, submission, files, settings)
    return HandIn(source, placed, job, _exchange_files(folder, below), reason)


def _exchange_files(folder: Path, below: Path) -> dict[str, str]:
    found = {}
    for name in EXCHANGE_FILES:
        with suppress(SubmissionError, UnicodeDecodeError):
            found[name] = read_bytes(folder / name, below, 1000).decode()
    return found


def _time(stamp: str) -> datetime | None:
    """Return the time of a time stamp; one that cannot be read counts as none."""
    try:
        found: datetime | None = parse_utc(stamp.strip()) if stamp.strip() else None
    except (ValueError, AttributeError, OverflowError):
        return None
    return found


class Grader:
    """One run over an assignment: results become journal lines, rows, notebooks and pages."""

    def __init__(self, course: Course, journal: Journal, book: GradebookWriter) -> None:
        self._course, self._journal, self._book = course, journal, book
        self._running: dict[str, HandIn] = {}

    def grade(
        self, work: Iterable[HandIn], scores: Scores, start: StartRunner, workers: int, force: bool
    ) -> Iterator[Result]:
        """Yield the result of each hand-in when all of it is written.

        What a run before this one has found is not run again, unless by ``force``; what it could
        not write is written.
        """
        finished: deque[Result] = deque()
        for job, result in run_jobs(self._jobs(work, scores, force, finished), start, workers):
            yield from _drained(finished)
            self._journal.append(job, result)
            self._finish(self._running.pop(job.key), result)
            yield result
        yield from _drained(finished)

    def _jobs(
        self, work: Iterable[HandIn], scores: Scores, force: bool, finished: deque[Result]
    ) -> Iterator[Job]:
        """Yield what has to be run, and finish the rest."""
        for hand_in in work:
            result = None if force else self._journal.find(hand_in.job.key)
            if result is None and not hand_in.reason:
                self._running[hand_in.job.key] = hand_in
                yield hand_in.job
                continue
            if result is None:
                result = _unreadable(hand_in)
                self._journal.append(hand_in.job, result)
            if force or not self._is_finished(hand_in, result, scores):
                self._finish(hand_in, result)
            finished.append(result)

    def _finish(self, hand_in: HandIn, result: Result) -> None:
        source, placed = hand_in.source, hand_in.placed
        submitted_at = _time(hand_in.exchange_files.get(TIMESTAMP, ""))
        rows = self._book.write(source, placed, result, submitted_at)
        if result.status != "grader fault":
            notebook = graded_notebook(source, placed, result)
            graded, page = self._files(hand_in.job)
            _replace(page, feedback_page(source, notebook, rows, result))
            for name, text in hand_in.exchange_files.items():
                _replace(graded.with_name(name), text)
                _replace(page.with_name(name), text)
            _replace(graded, notebook_text(notebook))

    def _is_finished(self, hand_in: HandIn, result: Result, scores: Scores) -> bool:
        """Tell whether rows and files are those of a result; the notebook is written last."""
        row = scores.get((result.student, result.notebook), {})
        graded, page = self._files(hand_in.job)
        return (
            all(row.get(test.grade_id) == test.points for test in result.cells)
            and bool(row)
            and page.is_file()
            and graded.is_file()
            and f'"key": "{result.key}"' in graded.read_text("utf-8")
        )

    def _files(self, job: Job) -> tuple[Path, Path]:
        directory = self._course.directory
        graded, feedback = (
            self._course.folder(step, job.student, job.assignment)
            for step in (directory.autograded_directory, directory.feedback_directory)
        )
        return graded / f"{job.notebook}.ipynb", feedback / f"{job.notebook}.html"


def grade_assignment(
    course: Course,
    assignment: str,
    start: StartRunner,
    notify: Notify,
    *,
    pattern: str = "*",
    workers: int = 1,
    force: bool = False,
) -> None:
    """Grade the hand-ins of an assignment that have no result, or have changed.

    Parameters
    ----------
    start
        What runs jobs, see `pool.run_jobs`.
    notify
        Called with the result of each notebook when all of it is written, and with the number
        of notebooks in all.
    pattern
        Which learners, as a shell pattern.
    force
        Grade anew what has a result.

    Raises
    ------
    QutilsError
        There is no such assignment, the gradebook does not know it or cannot be written, another
        run is grading it, or the disk is full. Giving the command again goes on.
    """
    directory, settings = course.directory, course.settings
    sources = load(directory, course.config, assignment)
    students = course.students(assignment, pattern)
    if not students:
        where = course.folder(directory.submitted_directory, pattern, assignment)
        raise AssignmentError(f"nothing was handed in: there is no folder {where}")
    late = AssignLatePenalties(config=course.config)
    late.init_plugin()
    with (
        open_journal(Path(settings.folder, "journal", f"{assignment}.jsonl")) as journal,
        open_gradebook(directory.db_url, directory.course_id, late.plugin_inst) as book,
    ):
        book.check(sources)
        work = (
            read_hand_in(course, settings, source, student, folder)
            for student, folder in students.items()
            for source in sources
        )
        grader, scores = Grader(course, journal, book), book.scores(assignment)
        for result in grader.grade(work, scores, start, workers, force):
            notify(result, len(students) * len(sources))


def _drained(results: deque[Result]) -> Iterator[Result]:
    while results:
        yield results.popleft()


def sandboxed(course: Course, assignment: str, confinement: Confinement) -> StartRunner:
    """Return what runs the jobs of an assignment under the layers of a confinement."""
    settings = course.settings

    @contextmanager
    def start() -> Iterator[Runner]:
        preload, limits = settings.preload_of(assignment), settings.limits_of_jobs()
        with templates(preload, limits, confinement) as pair:
            yield lambda job: run(job, pair)

    return start


def _unreadable(hand_in: HandIn) -> Result:
    job = hand_in.job
    cells = tuple(
        CellResult(cell.grade_id, 0.0, cell.points, "not run")
        for cell in job.cells
        if cell.kind == "test"
    )
    return Result(
        job.key,
        job.student,
        job.assignment,
        job.notebook,
        "learner fault",
        cells,
        reason=hand_in.reason,
    )


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
