"""Answers to the assignments as values: the reference, correct variants, wrong ones; hand-ins.

``solutions/NAME/variants.py`` and ``solutions/NAME/wrong_answers.py`` are divided into cells, each
the whole answer cell of a question::

    # %% q1: the set's name, or the mistake
    # feedback: a part of the message that a wrong answer must get
    # files: qat.tflite=other.tflite

The last line is for assignments with files: it hands in ``solutions/NAME/handed_in/other.tflite``
under another name; nothing after ``=`` hands in no such file. Imports above the first cell belong
to every cell.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from exercises import course_config

CELL_MARK = re.compile(r"^# %% (q\d+): (.+)\n", re.MULTILINE)
NOTE = re.compile(r"# (feedback|files): (.*)\n")
SOLUTION_MARK = re.compile(r"^ *### (BEGIN|END) SOLUTION\n?", re.MULTILINE)


class AnswersError(Exception):
    """Answers that cannot be used; the message says which and why."""


@dataclass(frozen=True)
class HandIn:
    """What a learner fills in and hands in.

    Attributes
    ----------
    cells
        Sources by the grade ids of answer cells; cells that are not named stay as released.
    files
        What is copied beside the notebook, by the name it gets there.
    """

    cells: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)

    def but(
        self, cells: dict[str, str], files: Mapping[str, Path | None] | None = None
    ) -> "HandIn":
        """Return the same with other sources in some cells, other files, or without some."""
        found = {**self.files, **(files or {})}
        return HandIn(self.cells | cells, {name: path for name, path in found.items() if path})


@dataclass(frozen=True)
class Learner:
    """Somebody whose points are known before grading: those of the questions in ``right``."""

    hand_in: HandIn
    right: frozenset[str]

    def submit(self, released: Path, folder: Path) -> None:
        """Write the hand-in into the folder of a submission."""
        hand_in(released, self.hand_in, folder)


@dataclass(frozen=True)
class WrongAnswer:
    """A mistake that learners make.

    Attributes
    ----------
    feedback
        A part of what the learner must be told.
    files
        Files that are handed in other than the reference's; None for one that is missing.
    """

    question: str
    title: str
    source: str
    feedback: str
    files: dict[str, Path | None]

    def put_into(self, reference: HandIn) -> HandIn:
        """Return the reference with this mistake."""
        return reference.but({f"{self.question}_answer": self.source}, self.files)


# ---- the instructor's notebook


def instructors(root: Path, assignment: str) -> nbformat.NotebookNode:
    """Return the notebook of an assignment as the instructor wrote it."""
    return nbformat.read(root / "solutions" / assignment / f"{assignment}.ipynb", as_version=4)


def grade_id(cell: Any) -> str:
    """Return the name that nbgrader knows a cell by, "" for a cell that is not its own."""
    return cell.metadata.get("nbgrader", {}).get("grade_id", "")


def is_answer(cell: Any) -> bool:
    """Tell whether a cell is one that learners fill in."""
    return cell.metadata.get("nbgrader", {}).get("solution", False)


def question_of(name: str) -> str:
    """Return the question of a cell by its grade id.

    Examples
    --------
    >>> question_of("q1_answer")
    'q1'
    """
    return name.partition("_")[0]


def question_points(root: Path, assignment: str) -> dict[str, float]:
    """Return what each question with tests is worth, in the notebook's order."""
    return {
        question_of(grade_id(cell)): cell.metadata.nbgrader.points
        for cell in instructors(root, assignment).cells
        if grade_id(cell).endswith("_tests")
    }


def reference(root: Path, assignment: str) -> HandIn:
    """Return the instructor's own answers, and what is in ``handed_in`` of the files asked for."""
    cells = {
        grade_id(cell): SOLUTION_MARK.sub("", cell.source)
        for cell in instructors(root, assignment).cells
        if is_answer(cell)
    }
    names = course_config(root).Grading.files.get(assignment, ())
    return HandIn(cells, {name: _file_to_hand_in(root, assignment, name) for name in names})


# ---- files of answers


def variants(root: Path, assignment: str) -> dict[str, HandIn]:
    """Return the correct answers in other styles, by the names of the sets.

    Raises
    ------
    AnswersError
        A set does not answer each question once.
    """
    path = root / "solutions" / assignment / "variants.py"
    given = reference(root, assignment)
    sets: dict[str, dict[str, str]] = {}
    files: dict[str, dict[str, Path | None]] = {}
    for question, title, source, notes in _read(path):
        cell = f"{question}_answer"
        if cell in sets.setdefault(title, {}):
            raise AnswersError(f"{path}: the set {title!r} answers {question} twice")
        sets[title][cell] = source
        files.setdefault(title, {}).update(_files(root, assignment, notes.get("files", "")))
    asked = {f"{question}_answer" for question in question_points(root, assignment)}
    for title, cells in sets.items():
        if asked != set(cells):
            raise AnswersError(
                f"{path}: the set {title!r} lacks, or has too many of, {asked ^ set(cells)}"
            )
    return {title: given.but(cells, files[title]) for title, cells in sets.items()}


def wrong_answers(root: Path, assignment: str) -> tuple[WrongAnswer, ...]:
    """Return the wrong answers to an assignment.

    Raises
    ------
    AnswersError
        One has no feedback, is for no question, or names a file that is not there.
    """
    path = root / "solutions" / assignment / "wrong_answers.py"
    questions, found = question_points(root, assignment), []
    for question, title, source, notes in _read(path):
        if question not in questions or not notes.get("feedback"):
            raise AnswersError(f"{path}: '{question}: {title}' has no feedback or no such question")
        files = dict(_files(root, assignment, notes.get("files", "")))
        found.append(WrongAnswer(question, title, source, notes["feedback"], files))
    return tuple(found)


def _read(path: Path) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """Yield (question, title, source, notes) of each cell."""
    head, *parts = CELL_MARK.split(path.read_text(encoding="utf-8"))
    imports = [line for line in head.splitlines() if line.startswith(("import ", "from "))]
    for question, title, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        notes = {}
        while note := NOTE.match(text):
            notes[note[1]] = note[2]
            text = text[note.end() :]
        yield question, title, "\n".join([*imports, text.strip("\n")]), notes


def _files(root: Path, assignment: str, note: str) -> Iterator[tuple[str, Path | None]]:
    for part in note.split():
        name, _, other = part.partition("=")
        yield name, _file_to_hand_in(root, assignment, other) if other else None


def _file_to_hand_in(root: Path, assignment: str, name: str) -> Path:
    path = root / "solutions" / assignment / "handed_in" / name
    if not path.is_file():
        raise AnswersError(f"{path} is to be handed in and is not there")
    return path


# ---- handing in


def hand_in(released: Path, what: HandIn, folder: Path) -> Path:
    """Write a released notebook with answers filled in, and the files beside it; return its path.

    Raises
    ------
    AnswersError
        The notebook has no cell for an answer.
    """
    notebook = nbformat.read(released, as_version=4)
    unknown = set(what.cells) - {grade_id(cell) for cell in notebook.cells if is_answer(cell)}
    if unknown:
        raise AnswersError(f"{released.name} has no answer cells {sorted(unknown)}")
    for cell in notebook.cells:
        cell.source = what.cells.get(grade_id(cell), cell.source)
    folder.mkdir(parents=True)
    for name, path in what.files.items():
        shutil.copyfile(path, folder / name)
    nbformat.write(notebook, folder / released.name)
    return folder / released.name
