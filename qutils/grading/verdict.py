"""Run a test cell and say what it is worth, in words that give nothing of it away."""

import ast
import builtins
import re
import traceback
from collections.abc import Iterator
from typing import Any

import numpy as np

from qutils.grading.execution import execute
from qutils.grading.expect import AnswerError
from qutils.grading.magics import plain
from qutils.grading.proxy import (
    LearnerTraceback,
    NotPlainDataError,
    UndefinedNameError,
)

__all__ = ["judge", "public_texts"]


def judge(source: str, name: str, space: dict[str, Any], points: float) -> dict[str, Any]:
    """Run a test and return its status, its points, and a message for the learner.

    Full points unless it raises. A number as the value of its last expression is partial credit.

    Examples
    --------
    >>> judge("assert f(2) == 4, 'the square is off'", "q1", {"f": abs}, 3.0)
    {'status': 'failed', 'points': 0.0, 'message': 'q1: the square is off'}
    >>> judge("1.5", "q2", {}, 2.0)
    {'status': 'partial', 'points': 1.5, 'message': ''}
    """
    try:
        value = execute(source, name, space)
    except BaseException as error:
        status = "failed" if isinstance(error, AssertionError) else "error"
        return _verdict(status, 0.0, f"{name}: {_explain(error, name, source)}")
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return _verdict("passed", points)
    if not 0 <= value <= points:  # so is NaN
        return _verdict("error", 0.0, f"{name}: the test's partial credit is no possible number")
    return _verdict("passed" if value == points else "partial", float(value))


def _verdict(status: str, points: float, message: str = "") -> dict[str, Any]:
    return {"status": status, "points": points, "message": message}


def _explain(error: BaseException, name: str, source: str) -> str:
    """Return why a test failed: nothing that depends on hidden inputs or expected values."""
    if isinstance(error.__cause__, LearnerTraceback):
        if error.__cause__.withheld:
            return f"this question is to be solved without {error.__cause__.withheld}"
        return f"your code raised {error.__cause__.raised} when a test called it"
    if isinstance(error, UndefinedNameError | NotPlainDataError | AnswerError):
        return str(error)
    return _instructors_text(error, name, plain(source)) or (
        f"a test failed ({_public_name(error)})"
    )


def _public_name(error: BaseException) -> str:
    """Return the nearest type that Python itself has; other names may hold anything."""
    return next(k.__name__ for k in type(error).__mro__ if k.__module__ == builtins.__name__)


def _instructors_text(error: BaseException, name: str, source: str) -> str:
    """Return what the instructor wrote for the learner where the test gave up; "" for nothing.

    Only constant text of `assert` and `raise` statements, and text arguments of the test's own
    functions, are for the learner. Values that were formatted into a message become "...".
    """
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or not frames[-1].filename.endswith(f" {name}>"):
        return ""
    statements = list(_statements(ast.parse(source)))
    if not any(s.lineno <= (frames[-1].lineno or 0) <= (s.end_lineno or 0) for s in statements):
        return ""
    texts = sorted(set(public_texts(source)) - {""}, key=len, reverse=True)
    if not texts:
        return ""
    parts = re.split("(" + "|".join(map(re.escape, texts)) + ")", _text(error), flags=re.DOTALL)
    shown = "".join(part if place % 2 else "..." for place, part in enumerate(parts) if part)
    return shown if re.search(r"\w\w", shown) else ""


def _text(error: BaseException) -> str:
    """Return an error's text; "" where it holds what has none, such as an int of 5,000 digits."""
    try:
        return str(error)
    except Exception:
        return ""


def _statements(tree: ast.AST) -> Iterator[ast.Assert | ast.Raise]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Assert) and node.msg):
            yield node


def public_texts(source: str) -> Iterator[str]:
    """Yield the constant texts of a test that are meant for the learner.

    Examples
    --------
    >>> list(public_texts("assert f('hidden') == 'secret', 'the text is off'"))
    ['the text is off']
    """
    tree = ast.parse(source)
    helpers = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    roots: list[ast.AST | None] = [
        node.msg if isinstance(node, ast.Assert) else node.exc for node in _statements(tree)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in helpers:
            roots += [*node.args, *(keyword.value for keyword in node.keywords)]
    for root in filter(None, roots):
        for node in ast.walk(root):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
