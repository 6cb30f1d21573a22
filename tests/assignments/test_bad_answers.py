"""Functions that misbehave: each is told so in a sentence, and costs no other question's points.

In each hand-in every question has another fault, one has none, and one prints too much. So many
hand-ins are graded that each question had each fault once.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from answers import grade_id, instructors, question_points, reference
from exercises import assignments
from proof import desk
from qutils.grading.expect import arrays_in
from qutils.grading.job import CellResult, Output

ROOT = Path(__file__).resolve().parents[2]
NAMES = assignments(ROOT)


@dataclass(frozen=True)
class Call:
    """What a function was given, and what it returned."""

    arguments: tuple[Any, ...]
    result: Any


@dataclass(frozen=True)
class Fault:
    """A way to misbehave.

    Attributes
    ----------
    line
        What the function does when it has the right result.
    feedback
        A pattern of what the learner must be told; "" where nothing is wrong.
    concerns
        Whether a function that is called so can have the fault. One that cannot stays right.
    """

    line: str
    feedback: str = ""
    concerns: Callable[[Call], bool] = lambda call: True


def holds_numbers(call: Call) -> bool:
    return any(not isinstance(leaf, str | bool | None) for leaf in leaves(call.result))


def holds_arrays(call: Call) -> bool:
    return next(arrays_in(call.result), None) is not None


def is_given_arrays(call: Call) -> bool:
    return next(arrays_in(call.arguments), None) is not None


def is_given_what_can_change(call: Call) -> bool:
    return any(isinstance(value, np.ndarray | list | dict) for value in call.arguments)


def leaves(value: Any) -> Iterator[Any]:
    """Yield what lists, tuples and dicts hold in the end."""
    if isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from leaves(item)
    else:
        yield value


FAULTS = {
    "right": Fault("pass"),
    "loud": Fault("print('x' * 3_000_000)"),
    "raises": Fault("raise ArithmeticError('a secret')", "your code raised ArithmeticError"),
    "none": Fault("return None", r"returned None|is a `return` missing\?"),
    "dtype": Fault("return _each(result, _of_wrong_dtype)", " asked for", holds_numbers),
    "list": Fault("return _each(result, _as_list)", "a list, an array is asked for", holds_arrays),
    "view": Fault(
        "return arrays[0][...] if arrays else result",
        "returned its argument or a view of it",
        is_given_arrays,
    ),
    "changes": Fault(
        "any(map(_overwrite, given[:1]))", "changed what it was given", is_given_what_can_change
    ),
}
SPOILT = '''
{reference}


def _each(value, change):
    """Change every array and number in lists, tuples and dicts."""
    if isinstance(value, (list, tuple)):
        return type(value)(_each(item, change) for item in value)
    if isinstance(value, dict):
        return {{key: _each(item, change) for key, item in value.items()}}
    return value if isinstance(value, (bool, str, type(None))) else change(value)


def _of_wrong_dtype(value):
    if not hasattr(value, "ndim"):
        return complex(value)
    return value.astype("float64" if value.dtype.kind in "iu" else "complex128")


def _as_list(value):
    return value.tolist() if hasattr(value, "ndim") else value


def _can_change(value):
    """Yield the arrays, lists and dicts in a value, the outer ones first."""
    if hasattr(value, "fill") or isinstance(value, (list, dict)):
        yield value
    if isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _can_change(item)


def _overwrite(value):
    value.fill(99) if hasattr(value, "fill") else value.clear()


def _spoil(right):
    def function(*args, **kwargs):
        result = right(*args, **kwargs)
        given = list(_can_change((*args, *kwargs.values())))
        arrays = [value for value in given if hasattr(value, "fill")]
        {line}
        return result

    return function


{name} = _spoil({name})
'''
LOUD_CELL = "\nprint('y' * 3_000_000)\n"


def functions(assignment: str) -> dict[str, str]:
    """Return the function that the tests of each question call; some look at a file instead."""
    answers, found = reference(ROOT, assignment).cells, {}
    for question in question_points(ROOT, assignment):
        nodes = ast.walk(ast.parse(hidden(assignment)[question]))
        used = {node.id for node in nodes if isinstance(node, ast.Name)}
        body = ast.parse(answers[f"{question}_answer"]).body
        for node in body:
            if isinstance(node, ast.FunctionDef) and node.name in used:
                found[question] = node.name
    return found


def hidden(assignment: str) -> dict[str, str]:
    """Return the source of each question's tests."""
    cells = {grade_id(cell): cell.source for cell in instructors(ROOT, assignment).cells}
    return {q: cells[f"{q}_tests"] for q in question_points(ROOT, assignment)}


def visible_calls(assignment: str, asked: dict[str, str]) -> dict[str, list[Call]]:
    """Return how the visible tests call each function."""
    answers, space = reference(ROOT, assignment).cells, {}
    calls: dict[str, list[Call]] = defaultdict(list)

    def recorded(question: str, right: Callable[..., Any]) -> Callable[..., Any]:
        def function(*args: Any, **kwargs: Any) -> Any:
            result = right(*args, **kwargs)
            calls[question].append(Call((*args, *kwargs.values()), result))
            return result

        return function

    for cell in instructors(ROOT, assignment).cells:
        question, _, part = grade_id(cell).partition("_")
        if question not in {"imports", *asked} or part not in ("", "given", "answer", "check"):
            continue
        exec(answers.get(grade_id(cell), cell.source), space)
        if part == "answer":
            space[asked[question]] = recorded(question, space[asked[question]])
    return calls


@dataclass(frozen=True)
class Graded:
    """What came of the function of each question with each fault."""

    calls: dict[str, list[Call]]
    tests: dict[tuple[str, str], CellResult]
    outputs: dict[tuple[str, str], Output]

    def concerns(self, question: str, kind: str) -> bool:
        """Tell whether a function as it is called can have a fault."""
        return any(map(FAULTS[kind].concerns, self.calls[question]))


@pytest.fixture(scope="module", params=NAMES)
def graded(request) -> tuple[str, Graded]:
    """Grade hand-ins in which each question has another fault, until each had each."""
    assignment, kinds = request.param, list(FAULTS)
    asked, given = functions(assignment), reference(ROOT, assignment)
    found = Graded(visible_calls(assignment, asked), {}, {})

    def answer(question: str, kind: str) -> str:
        right = given.cells[f"{question}_answer"]
        return spoilt(right, asked[question], kind) if found.concerns(question, kind) else right

    rows = {
        f"row {row}": {q: kinds[(row + i) % len(kinds)] for i, q in enumerate(asked)}
        for row in range(len(kinds))
    }
    with desk(ROOT, assignment) as table:
        jobs = [
            table.job(name, given.but({f"{q}_answer": answer(q, kind) for q, kind in row.items()}))
            for name, row in rows.items()
        ]
        for job, result in table.run(jobs):
            tests = {cell.grade_id: cell for cell in result.cells}
            outputs = dict(zip((c.grade_id for c in job.cells), result.outputs, strict=True))
            for question, kind in rows[job.student].items():
                found.tests[question, kind] = tests[f"{question}_tests"]
                found.outputs[question, kind] = outputs[f"{question}_answer"]
    return assignment, found


def spoilt(source: str, name: str, kind: str) -> str:
    """Return an answer with a fault."""
    spoilt = SPOILT.format(reference=source, name=name, line=FAULTS[kind].line)
    return spoilt + LOUD_CELL if kind == "loud" else spoilt


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_named_and_costs_its_own_question(graded, kind):
    assignment, found = graded
    fault, tests = FAULTS[kind], hidden(assignment)
    for question in found.calls:
        test = found.tests[question, kind]
        allowed = kind == "list" and "lists=True" in tests[question]
        if fault.feedback and found.concerns(question, kind) and not allowed:
            assert test.points == 0, question
            assert re.search(fault.feedback, test.message), question
            assert "secret" not in test.message
        else:
            assert (test.points, test.message) == (test.max_points, ""), question


def test_each_fault_concerns_some_functions():
    name = "02_int8_mapping"
    calls = visible_calls(name, functions(name))
    for fault in FAULTS.values():
        concerned = [q for q, seen in calls.items() if any(map(fault.concerns, seen))]
        assert 5 <= len(concerned) <= len(calls)


def test_what_is_printed_is_cut(graded):
    _, found = graded
    for question in found.calls:
        assert found.outputs[question, "loud"].text.endswith("\n[output cut here]\n")
