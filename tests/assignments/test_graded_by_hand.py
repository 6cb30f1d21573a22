"""An answer in words waits for a person; the points that a person gives stay."""

import os
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from answers import Learner, grade_id, instructors, question_points, reference
from exercises import course_config
from qutils.grading.classroom import Course, grade_assignment, sandboxed
from qutils.grading.sandbox import UNSAFE, probe
from sample_class import grade_class

# nbgrader's own use of its database makes SQLAlchemy warn.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

ROOT = Path(__file__).resolve().parents[2]
NAME, REPORT = "10_capstone", "q8_answer"


def test_the_report_waits_for_a_person_and_keeps_the_points_it_gets(tmp_path, monkeypatch):
    # nbgrader starts "alembic" by name when it makes a gradebook.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    monkeypatch.setenv("PATH", path)
    words = "The network keeps all four limits."
    submit = Learner(reference(ROOT, NAME).but({REPORT: words}), frozenset()).submit
    grade_class(ROOT, tmp_path, {NAME: {"ada": submit}}, lambda now: None)
    config = course_config(ROOT, tmp_path)
    course = Course(config, CourseDirectory(config=config))
    by_tests = sum(question_points(ROOT, NAME).values())
    (cell,) = (cell for cell in instructors(ROOT, NAME).cells if grade_id(cell) == REPORT)
    assert cell.cell_type == "markdown"

    with Gradebook(course.directory.db_url, course.directory.course_id) as book:
        submission = book.find_submission(NAME, "ada")
        assert submission.needs_manual_grade
        assert submission.score == by_tests
        assert submission.max_score == by_tests + cell.metadata.nbgrader.points
        report = book.find_grade(REPORT, NAME, NAME, "ada")
        report.manual_score, report.needs_manual_grade = 3.5, False
        book.db.commit()
    start = sandboxed(course, NAME, probe() if probe().sound else UNSAFE)
    grade_assignment(course, NAME, start, lambda result, total: None, force=True)
    with Gradebook(course.directory.db_url, course.directory.course_id) as book:
        submission = book.find_submission(NAME, "ada")
        assert submission.score == by_tests + 3.5
        # As with nbgrader, somebody should look whether they still hold.
        assert submission.needs_manual_grade
    page = (tmp_path / "feedback" / "ada" / NAME / f"{NAME}.html").read_text()
    assert f"Score: {by_tests + 3.5} / {by_tests + 4:.1f}" in page
    assert words in page
    assert "Rubric" in cell.source
    assert "Rubric" not in page
