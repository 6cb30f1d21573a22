"""Attacks by the file that is handed in: edited cells, edited marks, and files that are none."""

import copy
import json
from collections.abc import Callable

import nbformat
from nbformat import NotebookNode

from attacks.assignment import FULL, POINTS, RIGHT, WRONG
from attacks.attack import Attack

Change = Callable[[NotebookNode], object]


def _cell(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.metadata.nbgrader.grade_id == grade_id)


def _edit(target: str, /, **values: object) -> Change:
    """Return a change of one cell's source, type or nbgrader's marks."""

    def change(notebook: NotebookNode) -> NotebookNode:
        cell = _cell(notebook, target)
        for name, value in values.items():
            if name in ("source", "cell_type"):
                cell[name] = value
            else:
                cell.metadata.nbgrader[name] = value
        return notebook

    return change


def _all(*changes: Change) -> Change:
    def change(notebook: NotebookNode) -> object:
        for one in changes:
            notebook = one(notebook)
        return notebook

    return change


def _to_markdown(grade_id: str) -> Change:
    def change(notebook: NotebookNode) -> NotebookNode:
        cell = _cell(notebook, grade_id)
        cell.cell_type = "markdown"
        del cell["outputs"], cell["execution_count"]
        return notebook

    return change


def _delete(grade_id: str) -> Change:
    def change(notebook: NotebookNode) -> NotebookNode:
        notebook.cells.remove(_cell(notebook, grade_id))
        return notebook

    return change


def _duplicate(grade_id: str, source: str | None = None) -> Change:
    def change(notebook: NotebookNode) -> NotebookNode:
        cell = copy.deepcopy(_cell(notebook, grade_id))
        cell.id = "a-copy"
        if source is not None:
            cell.source = source
        notebook.cells.append(cell)
        return notebook

    return change


def _tests_first(notebook: NotebookNode) -> NotebookNode:
    notebook.cells.sort(key=lambda cell: not cell.metadata.nbgrader.grade)
    notebook.cells.insert(0, notebook.cells.pop(_position(notebook, "helpers")))
    return notebook


def _position(notebook: NotebookNode, grade_id: str) -> int:
    return notebook.cells.index(_cell(notebook, grade_id))


def _without_marks(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        del cell.metadata["nbgrader"]
    return notebook


def _other_kernel(notebook: NotebookNode) -> NotebookNode:
    notebook.metadata.kernelspec = {"name": "no-such-kernel", "display_name": "None"}
    return notebook


def _json(**values: object) -> Change:
    """Return a change of the file's top level."""

    def change(notebook: NotebookNode) -> bytes:
        return json.dumps(json.loads(nbformat.writes(notebook)) | values).encode()

    return change


def _bytes(content: bytes) -> Change:
    return lambda notebook: content


def _surrogate(notebook: NotebookNode) -> bytes:
    _cell(notebook, "double").source = "name = 'MARK'"
    return nbformat.writes(notebook).replace("MARK", "\\ud800").encode()


def _truncated(notebook: NotebookNode) -> bytes:
    content = nbformat.writes(notebook).encode()
    return content[: len(content) * 2 // 3]


def _huge(notebook: NotebookNode) -> bytes:
    notebook.metadata["lists"] = "MARK"
    lists = "[" + "[]," * (20 << 20) + "[]]"  # which take twenty times as much memory
    return nbformat.writes(notebook).replace('"MARK"', lists).encode()


def _cheat(name: str, description: str, change: Change, **others: object) -> Attack:
    """Return an edit that wants points; nbgrader's own defence is off in the control."""
    settings = {"sanitized": False} | others
    return Attack(name, description, "points", change=change, **settings)


def _break(
    name: str, description: str, change: Change, deserved: float, **others: object
) -> Attack:
    """Return a change of right answers that may cost the row."""
    settings = {"answers": RIGHT} | others
    return Attack(name, description, "row", change=change, deserved=deserved, **settings)


_CHEATS = [
    _cheat("edited_test", "The test's source is replaced.", _edit("test_add", source="pass")),
    _cheat(
        "changed_points",
        "The test's source is replaced, and it is worth 100 points.",
        _edit("test_add", source="pass", points=100),
    ),
    _cheat(
        "edited_locked_cell",
        "The locked cell of helpers is edited so that they are content.",
        _edit(
            "helpers",
            source="import numpy as np\n"
            "np.testing.assert_allclose = lambda *a: None\nclose_enough = lambda *a: True",
        ),
    ),
    _cheat(
        "swapped_grade_ids",
        "A test of the learner's own bears the grade_id of the graded one.",
        _all(
            _delete("test_add"),
            _edit("add", grade_id="test_add", grade=True, solution=False, points=2),
        ),
        answers=WRONG | {"add": "pass"},
    ),
    _cheat(
        "unlocked_test",
        "The test is no longer locked, and its source is replaced.",
        _edit("test_add", source="pass", locked=False),
    ),
    _cheat(
        "extra_test",
        "A test that always passes is added.",
        _all(_duplicate("test_add", "pass"), _delete("test_add")),
    ),
]

_BROKEN = [
    _break("deleted_test", "A test cell is deleted.", _delete("test_add"), FULL),
    _break("duplicated_test", "A test cell stands there twice.", _duplicate("test_add"), FULL),
    _break("duplicated_answer", "An answer cell stands there twice.", _duplicate("add"), FULL),
    _break(
        "test_as_text",
        "A test cell is turned into text.",
        _to_markdown("test_add"),
        FULL,
        sanitized=False,
    ),
    _break(
        "unknown_grade_id",
        "A test cell bears an unknown name.",
        _edit("test_add", grade_id="nobody-knows"),
        FULL,
    ),
    _break("tests_before_answers", "The tests stand before the answers.", _tests_first, FULL),
    _break("no_marks", "nbgrader's marks are gone from every cell.", _without_marks, FULL),
    _break(
        "wrong_mark_types",
        "nbgrader's marks have values of other types.",
        _edit("test_add", points="many", grade="perhaps", grade_id=["test", "add"]),
        FULL,
    ),
    _break(
        "unknown_schema",
        "The marks are of a future schema.",
        _edit("test_add", schema_version=99),
        FULL,
    ),
    _break(
        "other_kernel",
        "The notebook asks for a kernel that does not exist.",
        _other_kernel,
        FULL,
        sanitized=False,
    ),
    _break("future_format", "The notebook is of format version 9.", _json(nbformat=9), 0),
    _break(
        "lone_surrogate",
        "A string holds half a character.",
        _surrogate,
        FULL - POINTS["test_double"],
    ),
    _break("empty_file", "The file is empty.", _bytes(b""), 0),
    _break("truncated_file", "The file ends in the middle.", _truncated, 0),
    _break("binary_file", "The file holds random bytes.", _bytes(bytes(range(256)) * 64), 0),
    _break("not_a_notebook", "The file is JSON, but no notebook.", _bytes(b'[1, {"a": null}]'), 0),
    _break("deep_json", "A hundred thousand nested lists.", _bytes(b"[" * 10**5), 0),
    _break("cells_are_text", "The cells are a text.", _json(cells="none"), 0),
    _break("cells_are_numbers", "The cells are numbers.", _json(cells=[1, 2.5, None]), 0),
    _break(
        "infinite_number",
        "A number of the file is infinite.",
        _bytes(b'{"cells": [], "metadata": {}, "nbformat": 1e999, "nbformat_minor": 5}'),
        0,
    ),
    _break("huge_file", "A file of 60 MB, which takes a gigabyte of memory.", _huge, 0),
]

ATTACKS = [*_CHEATS, *_BROKEN]
