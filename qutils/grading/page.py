"""The feedback page of a learner: one HTML file without scripts that needs no other file."""

from collections.abc import Iterator
from functools import cache
from html import escape
from importlib import resources
from string import Template
from textwrap import dedent
from typing import Any

from qutils.grading.assignment import SourceNotebook
from qutils.grading.feedback import NOTE
from qutils.grading.gradebook import Rows

Notebook = dict[str, Any]


def feedback_page(source: SourceNotebook, notebook: Notebook, rows: Rows) -> str:
    """Return the page of a graded notebook: points, what each test found, and the work itself.

    Everything is shown as text: a learner's Markdown and HTML do nothing here.
    """
    points = {cell.grade_id: cell.points for cell in source.cells if cell.is_graded}
    notes = [dedent(cell["source"]) for cell in notebook["cells"] if cell["id"] == NOTE]
    if rows.late_penalty:
        notes.append(f"Handed in late: {rows.late_penalty:g} points are taken off.")
    return _template().substitute(
        name=escape(source.name),
        score=f"{sum(rows.scores.values()) - rows.late_penalty:.1f}",
        max_score=f"{sum(points.values()):.1f}",
        notes="\n".join(f'<p class="lost">{escape(note)}</p>' for note in notes),
        table="\n".join(_table(notebook, points, rows)),
        cells="\n".join(_cells(notebook, rows)),
    )


@cache
def _template() -> Template:
    page = resources.files("qutils").joinpath("assets", "feedback.html")
    return Template(page.read_text("utf-8"))


def _table(notebook: Notebook, points: dict[str, float], rows: Rows) -> Iterator[str]:
    said = {_name(cell): _text_of(cell.get("outputs", [])) for cell in notebook["cells"]}
    for name, most in points.items():
        score = rows.scores[name]
        yield (
            f'<tr><td><a href="#{escape(name)}">{escape(name)}</a></td>'
            f'<td class="number">{score:g} / {most:g}</td>'
            f'<td class="{"full" if score >= most else "lost"}">'
            f"{escape(said.get(name, 'Not handed in.'))}</td></tr>"
        )


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
