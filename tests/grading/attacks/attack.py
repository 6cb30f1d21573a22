"""What an attack is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import nbformat

from attacks.assignment import FULL, POINTS, RIGHT, WRONG, fill_in

Goal = Literal["points", "secret", "row"]
SLEPT_SECONDS = 2.0

# Every attack may use these. `leak` puts out each secret in a text, reversed, by any way it finds.
PRELUDE = """\
import os, re, sys

try:
    shell = get_ipython()
except NameError:
    shell = None

def leak(text):
    for secret in sorted(set(re.findall("SECRET-[0-9]+", str(text)))):
        print(secret[::-1])
        for place in (".", "/tmp"):
            try:
                with open(place + "/leaked", "a") as file:
                    file.write(secret[::-1])
            except OSError:
                pass

"""


@dataclass(frozen=True)
class Attack:
    """One submission that tries to get what it does not deserve.

    Attributes
    ----------
    goal
        What it is after: points, a secret, or somebody's row in the gradebook.
    code
        Stands in ``cell`` in the place of an answer.
    answers
        What stands in the answer cells; wrong ones where points or secrets are to be stolen.
    change
        What is done to the notebook afterwards; may return bytes that are no notebook.
    place
        What is done in the folder of the submission.
    deserved
        The points that an honest grader gives; fewer, or none, and the row counts as lost.
    wait_seconds
        How long after the grading it may still act.
    cold
        Whether the control's kernel is started as nbgrader starts one: the attack wants something
        of the process that does.
    sanitized
        Whether the control keeps nbgrader's own defence against edited notebooks.
    in_feedback
        Whether what the learner is shown in the end counts, too.
    by_time
        Whether a test that is seen to take `SLEPT_SECONDS` counts as a secret.
    without
        For attacks on our own protocol, the defence that its control lacks: a file of ours, and
        what stands there instead of which text. The control of the others is plain nbgrader.
    """

    name: str
    description: str
    goal: Goal
    code: str = ""
    cell: str = "add"
    answers: Mapping[str, str] = field(default_factory=lambda: WRONG)
    change: Callable[[nbformat.NotebookNode], Any] = lambda notebook: notebook
    place: Callable[[Path], None] = lambda folder: None
    deserved: float = 0.0
    wait_seconds: float = 0.0
    cold: bool = False
    sanitized: bool = True
    in_feedback: bool = False
    by_time: bool = False
    without: tuple[str, Mapping[str, str]] | None = None

    def submission(self, released: nbformat.NotebookNode) -> bytes:
        """Return the file that is handed in."""
        answers = dict(self.answers)
        if self.code:
            answers[self.cell] = PRELUDE + self.code
        changed = self.change(fill_in(released, answers))
        return changed if isinstance(changed, bytes) else nbformat.writes(changed).encode()


def steal(name: str, description: str, code: str, cell: str = "add", **others: Any) -> Attack:
    """Return an attack that wants points for wrong answers, by the code of one cell."""
    return Attack(name, description, "points", code, cell, **others)


def read(name: str, description: str, code: str, cell: str = "add", **others: Any) -> Attack:
    """Return an attack that wants a secret, by the code of one cell."""
    return Attack(name, description, "secret", code, cell, **others)


def fault(name: str, description: str, code: str, **others: Any) -> Attack:
    """Return an attack on the grading itself, by a cell amid right answers: it costs its cell."""
    left = float(FULL - POINTS["test_double"])
    settings = {"cell": "double", "answers": RIGHT, "deserved": left} | others
    return Attack(name, description, "row", code, **settings)
