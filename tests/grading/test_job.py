"""Jobs and results are values: the same value gives the same bytes, and back."""

from dataclasses import FrozenInstanceError, asdict, replace

import pytest

from qutils.grading.job import Cell, CellResult, Job, Limits, Output, Result, stable_bytes

JOB = Job(
    "week1",
    "week1",
    "ada",
    (Cell("f", "learner", "f = 'µ\udc80'"), Cell("t", "test", "assert f", 2.0, inside=True)),
    submission="ab",
    seed=2**63,
    withheld=("numpy.dot",),
)
RESULT = Result(
    JOB.key, "ada", "week1", "week1", "graded", (CellResult("t", 1.5, 2.0, "partial", "µ"),)
)


@pytest.mark.parametrize("value", [JOB, RESULT, replace(RESULT, outputs=(Output("a", "b"),))])
def test_a_value_survives_its_bytes(value):
    content = value.to_bytes()
    assert type(value).from_bytes(content) == value
    assert type(value).from_bytes(content).to_bytes() == content
    assert b"\n" not in content
    assert content.isascii()


@pytest.mark.parametrize(
    "change",
    [
        {"submission": "ac"},
        {"seed": 1},
        {"limits": Limits(cell_seconds=1)},
        {"environment": "other"},
        {"withheld": ()},
        {"cells": JOB.cells[:1]},
    ],
)
def test_the_key_follows_all_that_decides_the_result(change):
    assert replace(JOB, **change).key != JOB.key
    assert replace(JOB).key == JOB.key


def test_a_job_does_not_change():
    with pytest.raises(FrozenInstanceError):
        JOB.seed = 1


def test_bytes_do_not_follow_the_order_of_a_dict():
    assert stable_bytes({"a": 1, "b": 2}) == stable_bytes({"b": 2, "a": 1})


def test_a_number_that_is_none_is_no_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        stable_bytes(asdict(replace(RESULT, seconds=float("nan"))))


def test_the_score_is_missing_where_the_grader_failed():
    assert RESULT.score == 1.5
    assert replace(RESULT, status="grader fault").score is None
    assert replace(RESULT, cells=(CellResult("t", None, 2.0, "not run"),)).score is None
