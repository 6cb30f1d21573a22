"""Broken notebooks: reading one gives cells or the named error, never anything else."""

import json
from pathlib import Path

import nbformat
import pytest
from attacks.assignment import RIGHT, fill_in, instructor_notebook
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qutils.grading.job import Limits
from qutils.grading.notebook import SubmissionError, SubmittedCell, job_cells, join, read

NOTEBOOK = fill_in(instructor_notebook("SECRET-1"), RIGHT)
CONTENT = nbformat.writes(NOTEBOOK).encode()
LIMITS = Limits(file_bytes=1 << 20)

in_one_folder = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


def read_content(content: bytes, folder: Path) -> tuple[SubmittedCell, ...] | None:
    """Return the cells of a file, None where it is refused; check what comes back."""
    path = folder / "hand_in.ipynb"
    path.write_bytes(content)
    try:
        digest, cells = read(path, folder, LIMITS)
    except SubmissionError:
        return None
    assert len(digest) == 64
    for cell in cells:
        assert cell.cell_type in ("code", "markdown", "raw")
        assert isinstance(cell.grade_id, str)
        cell.source.encode()
    job_cells(join((), cells))
    return cells


def test_the_notebook_itself_is_read(tmp_path):
    cells = read_content(CONTENT, tmp_path)
    assert [cell.source for cell in cells] == [cell.source for cell in NOTEBOOK.cells]


def test_what_is_not_json_is_refused(tmp_path):
    assert read_content(CONTENT[:-20], tmp_path) is None


@in_one_folder
@given(edits=st.lists(st.tuples(st.integers(0, len(CONTENT) - 1), st.integers(0, 255)), min_size=1))
def test_changed_bytes(tmp_path, edits):
    content = bytearray(CONTENT)
    for place, byte in edits:
        content[place] = byte
    read_content(bytes(content), tmp_path)


@in_one_folder
@given(
    start=st.integers(0, len(CONTENT)), end=st.integers(0, len(CONTENT)), times=st.integers(0, 9)
)
def test_parts_lost_and_repeated(tmp_path, start, end, times):
    start, end = sorted((start, end))
    read_content(CONTENT[:start] + CONTENT[start:end] * times + CONTENT[end:], tmp_path)


def places(value, path=()):
    """Yield the path of every value in a JSON document."""
    yield path
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*path, key))


PLACES = [path for path in places(json.loads(CONTENT)) if path]


@in_one_folder
@given(path=st.sampled_from(PLACES), value=values)
def test_a_value_of_another_type(tmp_path, path, value):
    notebook = json.loads(CONTENT)
    owner = notebook
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    read_content(json.dumps(notebook).encode(), tmp_path)


@in_one_folder
@given(path=st.sampled_from(PLACES), version=st.sampled_from([1, 2, 3]))
def test_older_formats_without_a_value(tmp_path, path, version):
    notebook = json.loads(CONTENT) | {"nbformat": version}
    owner = notebook
    for key in path[:-1]:
        owner = owner[key]
    del owner[path[-1]]
    read_content(json.dumps(notebook).encode(), tmp_path)


@in_one_folder
@given(value=values)
def test_any_json(tmp_path, value):
    read_content(json.dumps(value).encode(), tmp_path)


@in_one_folder
@given(content=st.binary(max_size=300))
def test_any_bytes(tmp_path, content):
    assert read_content(content, tmp_path) is None


@pytest.mark.parametrize("depth", [100, 10_000, 400_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting(tmp_path, depth, opening, closing):
    nested = opening * depth + "1" + closing * depth
    read_content(f'{{"nbformat": 4, "cells": [], "metadata": {nested}}}'.encode(), tmp_path)
