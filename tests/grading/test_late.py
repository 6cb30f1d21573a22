"""Late work loses a percentage for each day begun, after a grace."""

import pytest
from traitlets import TraitError

from qutils.grading.late import LatePolicy

HOUR = 3600


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0.5, 0.0), (1, 0.0), (1.01, 2.0), (24, 2.0), (24.01, 4.0), (9 * 24, 18.0), (30 * 24, 20.0)],
)
def test_percent_of_the_earned_points_for_each_day(hours, expected):
    policy = LatePolicy(percent_per_day=10, grace_hours=1)
    assert policy.late_submission_penalty("ada", 20.0, hours * HOUR) == pytest.approx(expected)


def test_whole_percentages_give_short_numbers():
    policy = LatePolicy(percent_per_day=10)
    assert policy.late_submission_penalty("ada", 24.0, 50 * HOUR) == 7.2


def test_without_settings_nothing_is_taken():
    assert LatePolicy().late_submission_penalty("ada", 20.0, 99 * HOUR) == 0.0


def test_a_percentage_has_bounds():
    with pytest.raises(TraitError):
        LatePolicy(percent_per_day=101)
