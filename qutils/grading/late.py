"""A policy for late work, which nbgrader calls when it is named in its settings."""

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

DAY = 24 * 60 * 60


class LatePolicy(LateSubmissionPlugin):
    """Take a percentage of the points that were earned for each day, or part of one, too late."""

    percent_per_day = Float(0.0, min=0.0, max=100.0, help="Percent of the earned points.").tag(
        config=True
    )
    grace_hours = Float(0.0, min=0.0, help="Hours after the deadline that cost nothing.").tag(
        config=True
    )

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """Return the points that a late notebook loses, at most all that it has.

        The days count from the deadline, not from the end of the grace.

        Examples
        --------
        >>> policy = LatePolicy(percent_per_day=10, grace_hours=2)
        >>> policy.late_submission_penalty("ada", 20.0, 2 * 3600)
        0.0
        >>> policy.late_submission_penalty("ada", 20.0, 25 * 3600)
        4.0
        """
        if total_seconds_late <= self.grace_hours * 3600:
            return 0.0
        days = math.ceil(total_seconds_late / DAY)
        return min(score, score * days * self.percent_per_day / 100)
