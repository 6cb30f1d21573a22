"""The leaderboard of the capstone: accuracy against bytes of a graded class, with the Pareto front.

The gradebook says whose network keeps all limits, the emulator what each one needs and how often it
is right on the test images. Written are a page and a table for a spreadsheet.
"""

import argparse
import hmac
import os
import sys
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from rich.console import Console
from rich.progress import track

from exercises import ROOT
from leaderboard_page import csv_text, page, summary
from measure_model import Measured, MeasureError, measure_apart
from qutils.errors import QutilsError
from qutils.files import write
from qutils.grading.assignment import SourceNotebook, load
from qutils.grading.classroom import Course, read_hand_in
from qutils.grading.gradebook import existing
from qutils.grading.job import File
from qutils.grading.journal import open_journal
from qutils.grading.settings import class_secret
from ranking import Entry, Requirements, ranked

ASSIGNMENT, TESTS, MODEL = "10_capstone", "q7_tests", "model.tflite"
REPORTS = ROOT / "build" / "reports"


class LeaderboardError(QutilsError):
    """Why there is no leaderboard; the message says what to do."""


# ---- the class


def requirements(source: SourceNotebook) -> Requirements:
    """Return what stands in the instructor's own cells."""
    space: dict[str, Any] = {}
    for cell in source.cells:
        if cell.grade_id in ("imports", "q1_given"):
            exec(cell.source, space)
    return Requirements(space["BOARD"], space["LIBRARY"], space["LIMITS"], space["REQUIRED"])


def pseudonym(secret: bytes, learner: str) -> str:
    """Return the name of a learner's network: who does not know the class's secret cannot tell.

    Examples
    --------
    >>> pseudonym(b"secret", "ada") == pseudonym(b"secret", "ada") != pseudonym(b"other", "ada")
    True
    """
    return f"net-{hmac.new(secret, f'leaderboard {learner}'.encode(), 'sha256').hexdigest()[:6]}"


def points_for_networks(course: Course) -> dict[str, tuple[float, float]]:
    """Return what learners got, and could get, for their networks.

    Raises
    ------
    GradebookError, LeaderboardError
        There is no gradebook, or it does not know the assignment.
    """
    directory = course.directory
    existing(directory.db_url)
    try:
        with Gradebook(directory.db_url, directory.course_id) as book:
            return {
                submission.student.id: (grade.score, grade.max_score)
                for submission in book.find_assignment(ASSIGNMENT).submissions
                for notebook in submission.notebooks
                for grade in notebook.grades
                if grade.name == TESTS
            }
    except MissingEntry:
        raise LeaderboardError(
            f"the gradebook {directory.db_url} has no {ASSIGNMENT}: grade it with "
            f"`qutils grade {ASSIGNMENT}`, or name the class's folder in COURSE_CLASS_DIR"
        ) from None


def hand_ins(course: Course, source: SourceNotebook) -> Iterator[tuple[Entry, File]]:
    """Yield what each learner handed in, and whether that is what was graded."""
    settings, points = course.settings, points_for_networks(course)
    secret = class_secret(Path(settings.folder))
    with open_journal(Path(settings.folder, "journal", f"{ASSIGNMENT}.jsonl")) as journal:
        for learner, folder in course.students(ASSIGNMENT, "*").items():
            job = read_hand_in(course, settings, source, learner, folder).job
            (file,) = (file for file in job.files if file.name == MODEL)
            got, most = points.get(learner, (0.0, 0.0))
            remark = ""
            if learner not in points or journal.find(job.key) is None:
                remark = "not graded yet, or handed in anew since"
            elif file.fault:
                remark = file.fault
            elif got < most:
                remark = f"{got:g} of {most:g} points for it"
            entry = Entry(learner, pseudonym(secret, learner), not remark, remark=remark)
            yield entry, file


def measure_all(
    contents: Collection[bytes], wanted: Requirements, console: Console | None
) -> dict[bytes, Measured | str]:
    """Return what the emulator found of each file, or the reason why it found nothing."""

    def found(content: bytes) -> Measured | str:
        try:
            return measure_apart(content, wanted.board, wanted.library)
        except MeasureError as error:
            return str(error)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = zip(contents, pool.map(found, contents), strict=True)
        quiet = console is None
        return dict(track(results, "measuring", len(contents), console=console, disable=quiet))


def with_result(entry: Entry, result: Measured | str | None, wanted: Requirements) -> Entry:
    """Return an entry with what was found of its file; it may lose its place by that."""
    if isinstance(result, str):
        return replace(entry, is_eligible=False, remark=result)
    entry = replace(entry, measured=result)
    if entry.is_eligible and entry.interval and entry.interval.high < wanted.accuracy:
        remark = "on all test images its accuracy is below the required one"
        return replace(entry, is_eligible=False, remark=remark)
    return entry


def leaderboard(course: Course, console: Console | None = None) -> tuple[list[Entry], Requirements]:
    """Return the entries of a graded class, ranked, and what was asked of them."""
    (source,) = load(course.directory, course.config, ASSIGNMENT)
    wanted, handed_in = requirements(source), list(hand_ins(course, source))
    found = measure_all({f.content for _, f in handed_in if not f.fault}, wanted, console)
    entries = (
        with_result(entry, None if file.fault else found[file.content], wanted)
        for entry, file in handed_in
    )
    return ranked(entries), wanted


def main() -> int:
    """Write the leaderboard; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", action="store_true", help="name the learners, too")
    parser.add_argument("--out", type=Path, default=REPORTS, metavar="FOLDER")
    arguments, console = parser.parse_args(), Console()
    try:
        entries, wanted = leaderboard(Course.open(ROOT), console)
        arguments.out.mkdir(parents=True, exist_ok=True)
        texts = {
            "leaderboard.html": page(entries, wanted, arguments.names),
            "leaderboard.csv": csv_text(entries, arguments.names),
        }
        for name, text in texts.items():
            write(str(arguments.out / name), text.encode(), force=True)
    except (QutilsError, OSError) as error:
        Console(stderr=True).print(str(error), markup=False, highlight=False)
        return 1
    console.print(summary(entries))
    console.print(str(arguments.out / "leaderboard.html"), soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
