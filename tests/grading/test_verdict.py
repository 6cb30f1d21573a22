"""What a learner may know of a failed test."""

import pytest

from qutils.grading.verdict import judge


@pytest.mark.parametrize("values", ["10 ** 5000", "[10 ** 5000]", "(1, 10 ** 5000)"])
def test_a_value_without_a_text_is_no_accident_of_the_grader(values):
    verdict = judge(f"assert f(2) == 4, ('off', {values})", "q1", {"f": abs}, 3.0)
    assert verdict == {
        "status": "failed",
        "points": 0.0,
        "message": "q1: a test failed (AssertionError)",
    }


@pytest.mark.parametrize(
    "source",
    [
        "assert f(2) == 4, f'expected {4}'",
        "assert f(2) == 'secret', 'see your square'",
        "raise ValueError('no ' + str(42))",
    ],
)
def test_messages_hold_no_values(source):
    message = judge(source, "q1", {"f": abs}, 3.0)["message"]
    assert message.startswith("q1: ")
    assert not {"4", "42", "secret"} & set(message.split())
