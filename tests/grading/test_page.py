"""The feedback page: what a learner reads first."""

import re

import pytest

from qutils.grading.assignment import SourceNotebook
from qutils.grading.gradebook import NO_RESPONSE, Rows
from qutils.grading.job import CellResult, Result
from qutils.grading.notebook import SourceCell
from qutils.grading.page import feedback_page

POINTS = {"check": 0.0, "tests": 2.0, "essay": 5.0}
PASSED = (CellResult("check", 0.0, 0.0, "passed"), CellResult("tests", 2.0, 2.0, "passed"))
FAILED = (
    CellResult("check", 0.0, 0.0, "failed", "check: the sign is off"),
    CellResult("tests", 0.0, 2.0, "error", "tests: your code raised ValueError"),
)


def source():
    cells = []
    for name, points in POINTS.items():
        written = name == "essay"
        nbgrader = {"grade_id": name, "grade": True, "solution": written}
        kind = "markdown" if written else "code"
        released = {"cell_type": kind, "source": "", "metadata": {"nbgrader": nbgrader}}
        cells.append(SourceCell(name, "", released, points))
    return SourceNotebook("week1", "week1", tuple(cells), {})


def page(cells, *, essay=0.0, waiting=(), comment=None):
    result = Result("0f", "ada", "week1", "week1", "graded", cells)
    scores = {cell.grade_id: cell.points for cell in cells} | {"essay": essay}
    rows = Rows(scores, frozenset(waiting), {"essay": comment}, 0.0)
    return feedback_page(source(), {"cells": []}, rows, result)


def table(text):
    """Return points, colour and words of each row, by its cell."""
    row = r'#(\w+)">\w+</a></td><td class="number">(.*?)</td><td class="(\w+)">(.*?)</td>'
    return {name: tuple(rest) for name, *rest in re.findall(row, text, re.DOTALL)}


def test_right_work():
    found = table(page(PASSED, essay=5.0))
    assert found == {
        "check": ("", "full", "Passed."),
        "tests": ("2 / 2", "full", "Passed."),
        "essay": ("5 / 5", "full", "Graded by hand."),
    }


def test_wrong_work_names_the_reason_once_and_is_marked_also_where_there_are_no_points():
    found = table(page(FAILED))
    assert found["check"] == ("", "lost", "Not passed: the sign is off")
    assert found["tests"] == ("0 / 2", "lost", "Not passed: your code raised ValueError")


def test_points_given_by_hand_count_more_than_the_test():
    cells = (FAILED[0], CellResult("tests", 2.0, 2.0, "failed", "tests: off"))
    assert table(page(cells))["tests"] == ("2 / 2", "full", "Not passed: off")


def test_what_the_learners_process_says_of_itself_is_named_as_such():
    cells = (PASSED[0], CellResult("tests", 2.0, 2.0, "passed", assurance="inside"))
    assert table(page(cells))["tests"][2].endswith("Checked in the learner&#x27;s own process.")


@pytest.mark.parametrize(
    ("settings", "row"),
    [
        ({"waiting": ["essay"]}, ("- / 5", "quiet", "Not graded yet.")),
        ({"comment": NO_RESPONSE}, ("0 / 5", "lost", "Not answered.")),
        ({"essay": 3.0}, ("3 / 5", "lost", "Graded by hand.")),
    ],
)
def test_what_a_person_grades(settings, row):
    text = page(PASSED, **settings)
    assert table(text)["essay"] == row
    assert ("A person has still to give up to 5 points." in text) == ("waiting" in settings)
