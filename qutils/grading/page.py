"""The feedback page of a learner: one HTML file without scripts that needs no other file."""

from collections.abc import Iterator
from functools import cache
from html import escape
from importlib import resources
from string import Template
from textwrap import dedent
from typing import Any

from qutils.grading.assignment import SourceNotebook
from qutils.grading.feedback import NOTE, finding
from qutils.grading.gradebook import NO_RESPONSE, Rows
from qutils.grading.job import CellResult, Result
from qutils.grading.notebook import SourceCell

Notebook = dict[str, Any]


def feedback_page(source: SourceNotebook, notebook: Notebook, rows: Rows, result: Result) -> str:
    """Return the page of a graded notebook: points, what each test found, and the work itself.

    Everything is shown as text: a learner's Markdown and HTML do nothing here.
    """
    graded = [cell for cell in source.cells if cell.is_graded]
    notes = [dedent(cell["source"]) for cell in notebook["cells"] if cell["id"] == NOTE]
    if rows.late_penalty:
        notes.append(f"Handed in late: {rows.late_penalty:g} points are taken off.")
    if waiting := sum(cell.points for cell in graded if cell.grade_id in rows.waiting):
        notes.append(f"A person has still to give up to {waiting:g} points.")
    return _template().substitute(
        name=escape(source.name),
        score=f"{sum(rows.scores.values()) - rows.late_penalty:.1f}",
        max_score=f"{sum(cell.points for cell in graded):.1f}",
        notes="\n".join(f'<p class="lost">{escape(note)}</p>' for note in notes),
        table="\n".join(_table(graded, rows, result)),
        cells="\n".join(_cells(notebook, rows)),
    )


@cache
def _template() -> Template:
    page = resources.files("qutils").joinpath("assets", "feedback.html")
    return Template(page.read_text("utf-8"))


def _table(graded: list[SourceCell], rows: Rows, result: Result) -> Iterator[str]:
    tests = {test.grade_id: test for test in result.cells}
    for cell in graded:
        name, most = cell.grade_id, cell.points
        if name in rows.waiting:
            points, kind, words = f"- / {most:g}", "quiet", "Not graded yet."
        else:
            test, score = tests.get(name), rows.scores[name]
            points = f"{score:g} / {most:g}" if most else ""
            is_full = score >= most if most or not test else test.status == "passed"
            kind, words = "full" if is_full else "lost", _words(test, rows.comments.get(name))
        yield (
            f'<tr><td><a href="#{escape(name)}">{escape(name)}</a></td>'
            f'<td class="number">{points}</td><td class="{kind}">{escape(words)}</td></tr>'
        )


def _words(test: CellResult | None, comment: str | None) -> str:
    """Return what became of a cell: what its test found, or that a person graded it."""
    if test is None:
        return "Not answered." if comment == NO_RESPONSE else "Graded by hand."
    return finding(test, test.message.removeprefix(f"{test.grade_id}: "))


def _name(cell: Notebook) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def _cells(notebook: Notebook, rows: Rows) -> Iterator[str]:
    for cell in notebook["cells"]:
        name, nbgrader = _name(cell), cell["metadata"].get("nbgrader", {})
        anchor = f' id="{escape(name)}"' if name in rows.scores else ""
        if cell["cell_type"] == "code":
            yield f"<pre{anchor}><code>{escape(cell['source'])}</code></pre>"
            if said := _text_of(cell["outputs"]):
                yield f'<pre class="output">{escape(said)}</pre>'
        elif nbgrader.get("solution"):
            yield f"<pre{anchor}>{escape(cell['source'])}</pre>"
        elif cell["id"] != NOTE:
            yield from _headings(cell["source"])
        if comment := rows.comments.get(name):
            yield f"<p><b>Comment:</b> {escape(comment)}</p>"


def _headings(markdown: str) -> Iterator[str]:
    """Yield the headings of a text that the learner has in the notebook."""
    for line in markdown.splitlines():
        if line.startswith("#"):
            yield f"<h2>{escape(line.lstrip('#').strip())}</h2>"


def _text_of(outputs: list[Notebook]) -> str:
    return "\n".join(
        output.get("text") or "\n".join(output.get("traceback", [])) for output in outputs
    ).strip()
