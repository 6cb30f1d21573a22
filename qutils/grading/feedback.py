"""The graded notebook: the learner's work, what it printed, and what each test found.

It holds no hidden test: tests stand in it as they were released, and below each what failed.
"""

import copy
import json
from collections.abc import Iterable
from typing import Any

from qutils.grading.assignment import SourceNotebook
from qutils.grading.job import CellResult, CellStatus, Output, Result
from qutils.grading.notebook import PlacedCell

NOTE = "grading"
"""Id of the cell that says what concerns the whole notebook."""

TITLES: dict[CellStatus, str] = {
    "passed": "Passed",
    "partial": "Partly passed",
    "failed": "Not passed",
    "error": "Not passed",
    "timeout": "Not passed, out of time",
    "crashed": "Not passed, the program ended",
    "not run": "Not run",
}


def graded_notebook(
    source: SourceNotebook, placed: Iterable[PlacedCell], result: Result
) -> dict[str, Any]:
    """Return the notebook for ``autograded/`` as JSON; the same result always gives the same."""
    tests = {test.grade_id: test for test in result.cells}
    outputs = iter(result.outputs)
    cells = [_header(result)] if result.reason or result.sandbox == "unsafe" else []
    for number, cell in enumerate(placed):
        output = next(outputs, Output()) if cell.is_code else Output()
        cells.append(_cell(cell, number, output, tests))
    return {
        "cells": cells,
        "metadata": source.metadata | {"grading": {"key": result.key, "sandbox": result.sandbox}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def notebook_text(notebook: dict[str, Any]) -> str:
    """Return the text of a notebook's file; equal notebooks have equal texts."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _header(result: Result) -> dict[str, Any]:
    unsafe = "This notebook was graded without a sandbox (`--unsafe`)."
    notes = [result.reason, unsafe if result.sandbox == "unsafe" else ""]
    # Indented, so as code: names of files are a learner's words, no Markdown and no HTML.
    lines = "\n".join(note for note in notes if note).splitlines()
    text = "\n".join(f"    {line}" for line in lines)
    return {"cell_type": "markdown", "id": NOTE, "metadata": {}, "source": text}


def _cell(
    placed: PlacedCell, number: int, output: Output, tests: dict[str, CellResult]
) -> dict[str, Any]:
    own, theirs = placed.of_instructor, placed.of_learner
    empty: dict[str, Any] = {"id": f"learner-{number}", "metadata": {}}
    cell = copy.deepcopy(dict(own.released)) if own else empty
    if theirs:
        cell["source"] = theirs.source
        cell.setdefault("cell_type", theirs.cell_type)
        if theirs.attachments and cell["cell_type"] == "markdown":
            cell["attachments"] = theirs.attachments
    if placed.is_code:
        test = tests.get(own.grade_id) if own and own.is_test else None
        cell["outputs"] = _verdict(test) if test else _printed(output)
        cell["execution_count"] = None
    return cell


def _verdict(test: CellResult) -> list[dict[str, Any]]:
    points = f"{test.points or 0:g} of {test.max_points:g} points. " if test.max_points else ""
    return [_stream(f"{points}{finding(test, test.message)}\n")]


def finding(test: CellResult, message: str) -> str:
    """Return what a test found, in words for the learner, and how sure that is.

    Examples
    --------
    >>> finding(CellResult("q1", 0.0, 2.0, "failed"), "the sign is off")
    'Not passed: the sign is off'
    """
    title = TITLES[test.status] + (f": {message}" if message else ".")
    inside = "\nChecked in the learner's own process." if test.assurance == "inside" else ""
    return title + inside


def _printed(output: Output) -> list[dict[str, Any]]:
    found = [_stream(output.text)] if output.text else []
    if output.error:
        lines = output.error.splitlines()
        name, _, value = lines[-1].partition(": ")
        error = {"output_type": "error", "ename": name, "evalue": value, "traceback": lines}
        found.append(error)
    return found


def _stream(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}
