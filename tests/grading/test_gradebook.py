"""What people wrote into the gradebook stays; nbgrader's own readers work beside the writer."""

import datetime
import sqlite3

import pytest
from course_of_two import NAME, RIGHT, WRONG, SmallCourse
from nbgrader.api import Gradebook

from qutils.grading import gradebook
from qutils.grading.gradebook import GradebookError


@pytest.fixture
def small(tmp_path):
    return SmallCourse(tmp_path)


def book_of(small):
    return Gradebook(small.config.CourseDirectory.db_url, "course")


def test_points_and_comments_given_by_hand_stay(small):
    small.hand_in("ada", WRONG | {"essay": "Because."})
    small.grade()
    with book_of(small) as book:
        book.find_grade("essay", NAME, NAME, "ada").manual_score = 4.0
        book.find_grade("q1_tests", NAME, NAME, "ada").extra_credit = 0.5
        book.find_comment("essay", NAME, NAME, "ada").manual_comment = "<b>Well said</b>"
        book.db.commit()
    small.grade(force=True)
    with book_of(small) as book:
        essay = book.find_grade("essay", NAME, NAME, "ada")
        assert (essay.manual_score, essay.score, essay.needs_manual_grade) == (4.0, 4.0, True)
        assert book.find_comment("essay", NAME, NAME, "ada").comment == "<b>Well said</b>"
        assert book.find_submission(NAME, "ada").score == 0 + 0.5 + 1 + 4
    page = small.path("feedback", "ada", f"{NAME}.html").read_text()
    assert "Score: 5.5 / 9.0" in page
    assert "&lt;b&gt;Well said&lt;/b&gt;" in page


def test_no_answer_is_worth_nothing_and_says_so(small):
    small.hand_in("ada", {})
    small.hand_in("bob", RIGHT)
    small.grade()
    with book_of(small) as book:
        assert book.find_comment("q1", NAME, NAME, "ada").comment == "No response."
        assert book.find_comment("q1", NAME, NAME, "bob").comment is None
        assert not book.find_grade("essay", NAME, NAME, "ada").needs_manual_grade


def test_late_work_loses_what_the_policy_says(small):
    small.config.AssignLatePenalties.plugin_class = "qutils.grading.late.LatePolicy"
    small.config.LatePolicy.percent_per_day = 25.0
    path = small.hand_in("ada", RIGHT)
    path.with_name("timestamp.txt").write_text("2030-01-02 12:00:00 UTC")
    with book_of(small) as book:
        book.update_or_create_assignment(NAME, duedate=datetime.datetime(2030, 1, 1))
    small.grade()
    with book_of(small) as book:
        found = book.find_submission(NAME, "ada")
        assert (found.score, found.late_submission_penalty) == (4.0, 2.0)  # two days begun
    page = small.path("feedback", "ada", f"{NAME}.html").read_text()
    assert "Score: 2.0 / 9.0" in page
    assert "2 points are taken off" in page
    assert small.path("autograded", "ada", "timestamp.txt").is_file()


def test_a_locked_gradebook_loses_nothing(small, monkeypatch):
    small.hand_in("ada", RIGHT)
    monkeypatch.setattr(gradebook, "LOCKED_SECONDS", 0.0)
    locker = sqlite3.connect(small.root / "gradebook.db", check_same_thread=False)
    ran = []

    def start():
        from course_of_two import run_plainly

        ran.append(locker.execute("BEGIN EXCLUSIVE"))
        return run_plainly()

    with pytest.raises(GradebookError, match="locked"):
        small.grade(start)
    locker.rollback()
    locker.close()
    assert small.grade()["ada"].score == 4.0
    assert small.rows() == {"ada": {"q1_tests": 2.0, "q2_tests": 2.0, "essay": 0.0}}
    assert len(ran) == 1


def test_readers_are_not_shut_out(small):
    small.hand_in("ada", RIGHT)
    small.grade()
    with sqlite3.connect(small.root / "gradebook.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_is_no_database_is_named(small):
    small.hand_in("ada", RIGHT)
    (small.root / "gradebook.db").write_bytes(b"no database" * 100)
    with pytest.raises(GradebookError, match="cannot open the gradebook"):
        small.grade()
