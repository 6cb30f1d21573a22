"""Any file may be handed in: it is read, or refused in words that a learner understands."""

import contextlib
import json
import os

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qutils.grading.job import Limits
from qutils.grading.notebook import (
    PlacedCell,
    SourceCell,
    SubmissionError,
    SubmittedCell,
    job_cells,
    join,
    read,
)

LIMITS = Limits(file_bytes=100_000)


def cell(source="x = 1", grade_id=None, **extra):
    metadata = {"nbgrader": {"grade_id": grade_id}} if grade_id else {}
    return {"cell_type": "code", "source": source, "metadata": metadata} | extra


def text(*cells, **extra):
    return json.dumps({"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}} | extra)


@pytest.fixture
def handed_in(tmp_path):
    """Read what is handed in as a file with this content."""

    def read_content(content):
        path = tmp_path / "ada" / "week1" / "week1.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, tmp_path, LIMITS)[1]

    return read_content


# Reading


def test_a_plain_notebook(handed_in):
    found = handed_in(text(cell("a = 1", "q1"), cell(["b = 2\n", "c = 3"])))
    assert found == (SubmittedCell("code", "a = 1", "q1"), SubmittedCell("code", "b = 2\nc = 3"))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"  \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "is not text"),
        (text(cell())[:40], "no whole notebook: line 1"),
        (b"[" * 50_000, "nested too deeply"),
        (b'{"a":' * 10_000, "nested too deeply"),
        (b'{"nbformat": 4, "cells": [' + b"9" * 5000 + b"]}", "nested too deeply|no notebook"),
        (b"[]", "no notebook"),
        (b"{}", "no notebook of a known format"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 4, "cells": 3}', "no list of cells"),
        (b'{"nbformat": 99, "cells": []}', "no notebook of a known format"),
        (b'{"nbformat": 3, "worksheets": 7}', "old format"),
        (text(*[0] * 5001), "has 5001 cells"),
        (b" " * 100_001, "larger than 0.1 MB"),
    ],
)
def test_what_is_no_notebook_is_refused_in_words(handed_in, content, reason):
    with pytest.raises(SubmissionError, match=reason):
        handed_in(content)


def test_a_missing_file_names_what_was_found(handed_in, tmp_path):
    handed_in(text())
    folder = tmp_path / "ada" / "week1"
    (folder / "week1.ipynb").rename(folder / "Week 1.ipynb")
    with pytest.raises(
        SubmissionError, match=r"week1.ipynb was not handed in. Found: Week 1.ipynb"
    ):
        read(folder / "week1.ipynb", tmp_path, LIMITS)


@pytest.mark.parametrize("depth", ["file", "folder"])
def test_a_link_is_refused(tmp_path, depth):
    target = tmp_path / "secret"
    target.mkdir()
    (target / "week1.ipynb").write_text(text())
    below = tmp_path / "submitted"
    link = below / ("ada" if depth == "folder" else "ada/week1.ipynb")
    link.parent.mkdir(parents=True)
    link.symlink_to(target if depth == "folder" else target / "week1.ipynb")
    with pytest.raises(SubmissionError, match=r"is a link|cannot be read"):
        read(below / "ada" / "week1.ipynb", below, LIMITS)


def test_nobody_waits_for_a_pipe_or_a_device(tmp_path):
    os.mkfifo(tmp_path / "week1.ipynb")
    with pytest.raises(SubmissionError, match="no ordinary file"):
        read(tmp_path / "week1.ipynb", tmp_path, LIMITS)
    (tmp_path / "folder.ipynb").mkdir()
    with pytest.raises(SubmissionError, match="no ordinary file"):
        read(tmp_path / "folder.ipynb", tmp_path, LIMITS)


def test_an_old_format_is_upgraded(handed_in):
    old = nbformat.v3.new_notebook(
        worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell(input="x = 1")])]
    )
    found = handed_in(nbformat.v3.writes_json(old))
    assert [c.source for c in found] == ["x = 1"]


def test_odd_cells_lose_what_is_odd(handed_in):
    found = handed_in(
        text(
            "no cell",
            None,
            {"cell_type": 7},
            cell(source=None, metadata=3),
            cell(source=["a", 1, "b"], metadata={"nbgrader": [1]}),
            cell(source="half \ud800 pair", metadata={"nbgrader": {"grade_id": {}}}),
            cell(cell_type="markdown", source="x", attachments={"a.png": {"image/png": "AA"}}),
        )
    )
    assert [c.cell_type for c in found] == ["raw", "code", "code", "code", "markdown"]
    assert [c.source for c in found] == ["", "", "ab", "half ? pair", "x"]
    assert {c.grade_id for c in found} == {""}
    assert found[-1].attachments == {"a.png": {"image/png": "AA"}}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None
)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5)),
            lambda inner: (
                st.lists(inner, max_size=4)
                | st.dictionaries(
                    st.sampled_from(["cells", "metadata", "source", "cell_type", "nbgrader"]), inner
                )
            ),
        ).map(lambda value: json.dumps({"nbformat": 4, "cells": [value, cell(value)]}).encode()),
    )
)
def test_every_file_is_read_or_refused(handed_in, content):
    with contextlib.suppress(SubmissionError):
        assert all(isinstance(c.source, str) for c in handed_in(content))


# Joining


def source_cell(grade_id, kind, cell_type="code"):
    nbgrader = {"grade_id": grade_id, "grade": kind == "test", "solution": kind == "answer"}
    released = {"cell_type": cell_type, "source": "released", "metadata": {"nbgrader": nbgrader}}
    return SourceCell(grade_id, f"{kind} {grade_id}", released, 1.0 if kind == "test" else 0.0)


SOURCE = (
    source_cell("imports", "locked"),
    source_cell("q1", "answer"),
    source_cell("t1", "test"),
    source_cell("q2", "answer"),
    source_cell("t2", "test"),
)


def order(*names):
    """Join a hand-in of cells named after their ids, "+" before a cell of the learner's own."""
    submitted = [
        SubmittedCell("code", name, "" if name.startswith("+") else name.rstrip("'"))
        for name in names
    ]
    return [
        c.source if c.kind == "learner" else c.grade_id for c in job_cells(join(SOURCE, submitted))
    ]


@pytest.mark.parametrize(
    ("handed_in", "expected"),
    [
        ("imports q1 t1 q2 t2", "imports q1 t1 q2 t2"),
        ("+a imports q1 +b t1 q2 t2 +c", "+a imports q1 +b t1 q2 t2 +c"),
        ("", "imports t1 t2"),
        ("imports q1 q2 t2", "imports q1 t1 q2 t2"),  # a deleted test comes back at its place
        ("q1 +a q2 +b", "imports q1 +a t1 q2 +b t2"),  # so do all
        ("q2 q1 imports", "q2 q1 imports t1 t2"),  # only what is missing right above an answer
        ("q1 t1 q2 t2 imports", "q1 imports t1 q2 t2"),  # a moved locked cell goes back
        ("imports t1 q1 q2 t2", "imports q1 t1 q2 t2"),  # an answer is not too late for its test
        ("imports q2 q1 t1 t2", "imports q2 q1 t1 t2"),  # an answer may come earlier
        ("imports q1 q1' t1 q2 t2", "imports q1 q1' t1 q2 t2"),  # a copy is run after the first
        ("imports q1 t1 q1' q2 t2", "imports q1 t1 q1' q2 t2"),
        ("imports q1 t1 t1 q2 t2 imports", "imports q1 t1 q2 t2"),
        ("+imports +q1 +t1 +q2 +t2", "+imports +q1 +t1 +q2 +t2 imports t1 t2"),  # ids are lost
    ],
)
def test_cells_stand_where_they_can_do_no_harm(handed_in, expected):
    assert order(*handed_in.split()) == expected.split()


def test_tests_and_locked_cells_are_the_instructors():
    forged = [SubmittedCell("code", "forged", c.grade_id) for c in SOURCE]
    cells = job_cells(join(SOURCE, forged))
    assert [c.source for c in cells if c.kind != "learner"] == [
        "locked imports",
        "test t1",
        "test t2",
    ]
    assert [c.kind for c in cells] == ["locked", "learner", "test", "learner", "test"]
    assert [c.points for c in cells] == [0, 0, 1, 0, 1]


def test_an_answer_is_code_because_the_instructor_says_so():
    (placed,) = join([source_cell("q1", "answer")], [SubmittedCell("markdown", "x = 1", "q1")])
    assert placed.is_code
    assert not PlacedCell(None, SubmittedCell("markdown", "text")).is_code


@given(
    st.lists(st.sampled_from(["imports", "q1", "t1", "q2", "t2", "+a", "+b", "q1'"]), max_size=12)
)
def test_no_hand_in_moves_adds_or_removes_a_test(names):
    found = order(*names)
    assert [name for name in found if name in ("imports", "t1", "t2")] == ["imports", "t1", "t2"]
    assert sorted(n for n in found if n[0] in "+q") == sorted(n for n in names if n[0] in "+q")
