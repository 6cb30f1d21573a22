"""The notebook that a learner hands in: read without trusting it, joined with the instructor's.

The instructor's cells are the only authority: of what a learner hands in, only the source of
answers and of cells of their own is used.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qutils.grading.files import SubmissionError, read_bytes
from qutils.grading.job import Cell, Limits, sha256

MAX_CELLS = 5000


@dataclass(frozen=True)
class SubmittedCell:
    """A cell of a hand-in, reduced to what a grader needs; nothing in it is trusted."""

    cell_type: str
    source: str
    grade_id: str = ""
    attachments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SourceCell:
    """A cell of the instructor's notebook that nbgrader knows.

    Attributes
    ----------
    source
        Answers taken out, hidden tests in.
    released
        The cell as learners get it, as JSON of a notebook.
    """

    grade_id: str
    source: str
    released: dict[str, Any]
    points: float = 0.0
    inside: bool = False

    @property
    def is_code(self) -> bool:
        """Whether it is executed."""
        return bool(self.released["cell_type"] == "code")

    @property
    def is_answer(self) -> bool:
        """Whether learners write it."""
        return bool(self.released["metadata"]["nbgrader"]["solution"])

    @property
    def is_graded(self) -> bool:
        """Whether it has points, given by tests or by hand."""
        nbgrader = self.released["metadata"]["nbgrader"]
        return bool(nbgrader["grade"] or nbgrader.get("task"))

    @property
    def is_test(self) -> bool:
        """Whether its points are given by running it."""
        return self.is_code and self.is_graded and not self.is_answer


@dataclass(frozen=True)
class PlacedCell:
    """A cell of the joined notebook: the instructor's, the learner's, or an answer, both."""

    of_instructor: SourceCell | None
    of_learner: SubmittedCell | None

    @property
    def is_code(self) -> bool:
        """Whether it is executed; for an answer, the instructor says so."""
        if self.of_instructor:
            return self.of_instructor.is_code
        return self.of_learner is not None and self.of_learner.cell_type == "code"


# ---- reading a file


def read(path: Path, below: Path, limits: Limits) -> tuple[str, tuple[SubmittedCell, ...]]:
    """Return the SHA-256 and the cells of a notebook that was handed in.

    Parameters
    ----------
    below
        A folder that holds ``path``; on the way from there to the file no link is followed.

    Raises
    ------
    SubmissionError
        The file is missing, no ordinary file, too large, or no notebook.
    """
    content = read_bytes(path, below, limits.file_bytes)
    notebook = _parse(content, path.name)
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise SubmissionError(f"{path.name} is JSON, but no notebook: it has no list of cells.")
    if len(cells) > MAX_CELLS:
        raise SubmissionError(f"{path.name} has {len(cells)} cells; at most {MAX_CELLS} are read.")
    return sha256(content), tuple(_cell(cell) for cell in cells if isinstance(cell, dict))


def _parse(content: bytes, name: str) -> dict[str, Any]:
    if not content.strip():
        raise SubmissionError(f"{name} is empty: save it in Jupyter and hand it in again.")
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{name} is not text, so it is no notebook.") from error
    except json.JSONDecodeError as error:
        raise SubmissionError(
            f"{name} is no whole notebook: line {error.lineno} is not JSON. Open it in Jupyter, "
            "save it, and hand it in again."
        ) from error
    except (RecursionError, ValueError) as error:
        raise SubmissionError(f"{name} is no notebook: its JSON is nested too deeply.") from error
    if not isinstance(notebook, dict):
        raise SubmissionError(f"{name} is JSON, but no notebook.")
    version = notebook.get("nbformat")
    if version not in (1, 2, 3, 4):
        raise SubmissionError(
            f"{name} is no notebook of a known format (nbformat {version!r:.20})."
        )
    return notebook if version == 4 else _upgrade(notebook, name)


def _upgrade(notebook: dict[str, Any], name: str) -> dict[str, Any]:
    import nbformat

    try:
        return dict(nbformat.convert(nbformat.from_dict(notebook), 4))
    except Exception as error:  # it was not written for files that are made to break it
        raise SubmissionError(
            f"{name} has an old format and cannot be upgraded: open it in Jupyter and save it."
        ) from error


def _cell(cell: dict[str, Any]) -> SubmittedCell:
    metadata = cell.get("metadata")
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    attachments = cell.get("attachments")
    kind = cell.get("cell_type")
    return SubmittedCell(
        cell_type=kind if kind in ("code", "markdown", "raw") else "raw",
        source=_text(cell.get("source")),
        grade_id=grade_id if isinstance(grade_id, str) else "",
        attachments=_attachments(attachments) if isinstance(attachments, dict) else {},
    )


def _text(source: object) -> str:
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return text.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no text


def _attachments(attachments: dict[str, Any]) -> dict[str, Any]:
    return {
        _text(name): {_text(kind): _text(data) for kind, data in bundle.items()}
        for name, bundle in attachments.items()
        if isinstance(bundle, dict)
    }


# ---- joining it with the instructor's


def join(
    source: Iterable[SourceCell], submitted: Iterable[SubmittedCell]
) -> tuple[PlacedCell, ...]:
    """Put the learner's cells between the instructor's.

    Locked cells and tests stand in the instructor's order, whether they were handed in or not.
    Other cells keep their place after the locked cell or test that they followed; an answer
    stands no later than the instructor has it, and below tests that are missing above it.
    Of cells with one grade id the first is the answer, the others are the learner's own.
    """
    source, submitted = tuple(source), tuple(submitted)
    known = {cell.grade_id: cell for cell in source}
    latest = _latest_slots(source)
    locked = {cell.grade_id: latest[cell.grade_id] for cell in source if not cell.is_answer}
    deleted = {*locked.values()} - {locked.get(cell.grade_id) for cell in submitted}
    slots: list[list[PlacedCell]] = [[] for _ in range(max(latest.values(), default=0) + 1)]
    slot, seen = 0, set()
    for cell in submitted:
        found = None if cell.grade_id in seen else known.get(cell.grade_id)
        seen.add(cell.grade_id)
        if found and not found.is_answer:
            slot = latest[found.grade_id]
        elif found:
            while slot < latest[found.grade_id] and slot + 1 in deleted:
                slot += 1
            slots[min(slot, latest[found.grade_id])].append(PlacedCell(found, cell))
        elif cell.grade_id not in known or known[cell.grade_id].is_answer:
            slots[slot].append(PlacedCell(None, cell))
    placed = list(slots[0])
    for own in source:
        if not own.is_answer:
            placed += [PlacedCell(own, None), *slots[latest[own.grade_id]]]
    return tuple(placed)


def _latest_slots(source: tuple[SourceCell, ...]) -> dict[str, int]:
    """Count locked cells and tests from 1; an answer has the number of the one above it."""
    slots, slot = {}, 0
    for cell in source:
        slot += not cell.is_answer
        slots[cell.grade_id] = slot
    return slots


def job_cells(placed: Iterable[PlacedCell]) -> tuple[Cell, ...]:
    """Return the code cells of a joined notebook, in order, as a job has them."""
    return tuple(_job_cell(cell) for cell in placed if cell.is_code)


def _job_cell(placed: PlacedCell) -> Cell:
    match placed:
        case PlacedCell(SourceCell(is_test=True) as cell, None):
            return Cell(cell.grade_id, "test", cell.source, cell.points, cell.inside)
        case PlacedCell(SourceCell() as cell, None):
            return Cell(cell.grade_id, "locked", cell.source)
        case PlacedCell(cell, SubmittedCell(source=source)):
            return Cell(cell.grade_id if cell else "", "learner", source)
    raise ValueError("a placed cell is the instructor's or the learner's")
