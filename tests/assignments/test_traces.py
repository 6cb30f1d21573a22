"""Nothing that learners get, or ever got, holds a trace of a solution or of a hidden test."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from answers import instructors
from exercises import assignments

ROOT = Path(__file__).resolve().parents[2]
NAMES = assignments(ROOT)
SECRET = re.compile(r"[ \t]*### BEGIN (SOLUTION|HIDDEN TESTS)\n(.*?)[ \t]*### END \1", re.DOTALL)
MARKS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS")
# Shorter lines stand in many a program.
LEAST_CHARACTERS = 18


def lines_of(text: str) -> set[str]:
    """Return the lines that say something, without their indentation."""
    lines = (line.strip() for line in text.splitlines())
    return {line for line in lines if len(line) >= LEAST_CHARACTERS}


def secrets(name: str) -> set[str]:
    """Return the lines of solutions and hidden tests that stand nowhere in the open."""
    cells = [cell.source for cell in instructors(ROOT, name).cells]
    hidden = {line for text in cells for _, part in SECRET.findall(text) for line in lines_of(part)}
    shown = {line for text in cells for line in lines_of(SECRET.sub("", text))}
    return hidden - shown


def traces(content: str, name: str) -> list[str]:
    """Return what stands in a notebook's file, wherever in it, and must not."""
    strings = "\n".join(_strings(json.loads(content)))
    found = [mark for mark in MARKS if mark in strings]
    return found + sorted(secrets(name) & lines_of(strings))


def _strings(value: object) -> Iterator[str]:
    """Yield all text of a notebook: sources as a whole, keys and values of metadata, outputs."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and all(isinstance(part, str) for part in value):
        yield "".join(value)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _strings(part)


def git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(f"git {arguments[0]}: {done.stderr}")
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_in_a_learners_file_would_be_found(name):
    notebook = instructors(ROOT, name)
    assert len(secrets(name)) > 20
    assert len(traces(nbformat.writes(notebook), name)) >= len(secrets(name))
    planted = nbformat.read(ROOT / "exercises" / name / f"{name}.ipynb", as_version=4)
    planted.cells[0].metadata["hint"] = f"  {min(secrets(name))}"
    assert traces(nbformat.writes(planted), name) == [min(secrets(name))]


@pytest.mark.parametrize("name", NAMES)
def test_exercises_hold_no_trace(name):
    path = ROOT / "exercises" / name / f"{name}.ipynb"
    assert traces(path.read_text(encoding="utf-8"), name) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_earlier_version_of_the_exercises_holds_a_trace(name):
    path = f"exercises/{name}/{name}.ipynb"
    versions = git("log", "--format=%H", "--diff-filter=AM", "--", path).split()
    found = {version: traces(git("show", f"{version}:{path}"), name) for version in versions}
    assert {version: lines for version, lines in found.items() if lines} == {}


def test_nothing_but_notebooks_was_ever_given_to_learners():
    names = git("log", "--format=", "--name-only", "--", "exercises").split()
    assert {Path(name).suffix for name in names} <= {".ipynb"}
