"""A small assignment that attacks are tried on, with secrets that a learner must never see."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

NAME = "pencil"
ATTACKER, CLASSMATE = "attacker", "classmate"
POINTS = {"test_add": 2, "test_double": 2, "test_square": 3, "test_half": 2}
FULL = sum(POINTS.values())
# A secret is SECRET- and a number; what has been got out stands reversed, as TERCES- and the
# number reversed, so that the instructor's own files do not look like a leak.
SECRET = "SECRET-"

LOCKED = '''import numpy as np

def close_enough(a, b):
    """Tell whether two arrays are equal but for rounding."""
    return np.allclose(a, b)'''

RIGHT = {
    "add": "def add(a, b):\n    return a + b",
    "double": "def double(x):\n    return 2 * np.asarray(x)",
    "square": "def square(n):\n    return n * n",
    "half": "def half(x):\n    return x / 2",
}
WRONG = {
    "add": "def add(a, b):\n    return None",
    "double": "def double(x):\n    return None",
    "square": "def square(n):\n    return None",
    "half": "def half(x):\n    return None",
}
TESTS = {
    "test_add": """assert add(1, 2) == 3
### BEGIN HIDDEN TESTS
note = "{secret}"
expected = 271828
assert add(271800, 28) == expected
### END HIDDEN TESTS""",
    "test_double": """np.testing.assert_allclose(double([1.0, 2.0]), [2.0, 4.0])
### BEGIN HIDDEN TESTS
wanted = np.array([6.0, 8.0])
np.testing.assert_allclose(double([3.0, 4.0]), wanted)
x = [0.5, 0.25]
assert close_enough(double(x), [2 * v for v in x])
### END HIDDEN TESTS""",
    "test_square": """right = int(square(2) == 4)
### BEGIN HIDDEN TESTS
import operator
right += int(operator.eq(square(3), 9)) + int(square(-4) == 16)
right *= int(abs(square(5) - 25) == 0)
### END HIDDEN TESTS
right""",
    "test_half": """### BEGIN HIDDEN TESTS
right = 2 - abs(half(6.0) - 3.0)
### END HIDDEN TESTS
right""",
}


def instructor_notebook(secret: str) -> nbformat.NotebookNode:
    """Return the notebook with solutions and hidden tests; ``secret`` stands in these."""
    cells = [
        _cell("intro", "# With a pencil", new_markdown_cell, locked=True),
        _cell("helpers", LOCKED, locked=True),
    ]
    for question, answer in RIGHT.items():
        head, body = answer.split("\n", 1)
        marked = f"{head}\n    ### BEGIN SOLUTION\n{body}  # {secret}\n    ### END SOLUTION"
        cells.append(_cell(question, marked, solution=True))
        test = f"test_{question}"
        source = TESTS[test].replace("{secret}", secret)
        cells.append(_cell(test, source, locked=True, points=POINTS[test]))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _cell(grade_id, source, make=new_code_cell, *, locked=False, solution=False, points=None):
    graded = points is not None
    marks = {
        "grade_id": grade_id,
        "grade": graded,
        "locked": locked,
        "solution": solution,
        "task": False,
        "schema_version": 3,
    }
    if graded:
        marks["points"] = points
    cell = make(source, metadata={"nbgrader": marks})
    cell["id"] = grade_id.replace("_", "-")
    return cell


def fill_in(released: nbformat.NotebookNode, answers: dict[str, str]) -> nbformat.NotebookNode:
    """Write answers into the answer cells of a released notebook; return it."""
    for cell in released.cells:
        cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
    return released
