"""``nbgrader autograde`` and formgrader's button, with this package's engine.

nbgrader offers no setting for the whole of autograding. It asks its settings for an exporter,
which it makes after it has found the hand-ins and before it opens any of them. So the exporter
grades them all, and leaves nothing for nbgrader's own loop, which would copy links and run code.
"""

import os
from typing import Any

from nbconvert.exporters import NotebookExporter
from nbgrader.converters.base import NbGraderException

from qutils.errors import QutilsError
from qutils.grading.classroom import Course, grade_assignment, sandboxed
from qutils.grading.job import Result
from qutils.grading.sandbox import require


class GradingExporter(NotebookExporter):
    """The value of ``c.Autograde.exporter_class``."""

    def __init__(self, parent: Any, **settings: Any) -> None:
        super().__init__(parent=parent, **settings)
        log, directory = parent.log, parent.coursedir

        def notify(result: Result, total: int) -> None:
            where = f"{result.assignment}/{result.notebook} of {result.student}"
            log.info("Graded %s: %s %s", where, result.status, result.reason)

        parent.assignments = {}
        course, assignment = Course(parent.config, directory), directory.assignment_id
        try:
            grade_assignment(
                course,
                assignment,
                sandboxed(course, assignment, require()),
                notify,
                pattern=directory.student_id,
                workers=os.cpu_count() or 1,
                force=parent.force,
            )
        except QutilsError as error:
            log.error(str(error))
            raise NbGraderException(str(error)) from error
