"""Two tables over all chapters: what each promises and what tests it, and what each consists of.

``course-objectives`` and ``course-status`` are filled when every page has been read.
"""

from collections.abc import Iterable, Sequence

from course_pages import chapters
from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

Cell = list[nodes.Node] | str | int


class Placeholder(nodes.General, nodes.Element):
    """Where a table will stand; ``kind`` says which."""


class CourseObjectives(SphinxDirective):
    """Print every objective with the questions and assignments that test it."""

    def run(self) -> list[nodes.Node]:
        """Return the place of the table."""
        return [Placeholder(kind="objectives")]


class CourseStatus(SphinxDirective):
    """Print what each chapter consists of, and how long it takes to read and to run."""

    def run(self) -> list[nodes.Node]:
        """Return the place of the table."""
        return [Placeholder(kind="status")]


class FillTables(SphinxPostTransform):
    """Replace the placeholders, before links are resolved."""

    default_priority = 5

    def run(self, **_options: object) -> None:
        """Fill in the tables of one page."""
        make = {"objectives": objectives_table, "status": status_table}
        for place in list(self.document.findall(Placeholder)):
            place.replace_self(make[place["kind"]](self.env))


def objectives_table(env: BuildEnvironment) -> nodes.table:
    """Return chapter, objective and what tests it, a row per objective."""
    rows: list[Sequence[Cell]] = []
    for docname, page in chapters(env).items():
        for name, text in page.objectives.items():
            chapter = [link(env, docname, env.titles[docname].astext())]
            promise = [link(env, docname, text, f"objective-{name}")]
            tests: list[nodes.Node] = []
            for task in page.testing(name):
                tests += [nodes.Text(", ")] if tests else []
                label = task.label.replace(" ", "\u00a0")
                tests.append(link(env, docname, label, task.anchor))
            rows.append([chapter, promise, tests])
    return table(["chapter", "after it you can", "tested by"], rows)


def status_table(env: BuildEnvironment) -> nodes.table:
    """Return what each page with code consists of, a row per page."""
    executed = {
        docname: data["exec_data"]
        for docname, data in NbMetadataCollector.get_doc_data(env).items()
        if "exec_data" in data
    }
    stated = chapters(env)
    rows: list[Sequence[Cell]] = []
    for docname in sorted({*stated, *executed}):
        title = [link(env, docname, env.titles[docname].astext())]
        page = stated.get(docname)
        counts: list[Cell] = ["", "", "", ""]
        if page:
            counts = [len(page.objectives), page.figures, page.questions, page.minutes]
        seconds = executed.get(docname, {}).get("runtime") or 0
        rows.append([title, *counts, round(seconds)])
    header = ["page", "objectives", "figures", "questions", "minutes to read", "seconds to run"]
    return table(header, rows)


def link(env: BuildEnvironment, docname: str, text: str, anchor: str = "") -> nodes.reference:
    """Return a link to a page, or to a place on it."""
    uri = env.app.builder.get_relative_uri(env.docname, docname)
    return nodes.reference("", text, internal=True, refuri=f"{uri}#{anchor}" if anchor else uri)


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> nodes.table:
    """Return a docutils table."""
    group = nodes.tgroup(cols=len(header))
    group += [nodes.colspec(colwidth=1) for _ in header]
    group += nodes.thead("", _row(header))
    group += nodes.tbody("", *(_row(row) for row in rows))
    return nodes.table("", group, classes=["colwidths-auto"])


def _row(cells: Sequence[Cell]) -> nodes.row:
    row = nodes.row()
    for cell in cells:
        inline = [nodes.Text(str(cell))] if isinstance(cell, str | int) else cell
        row += nodes.entry("", nodes.paragraph("", "", *inline))
    return row


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives with Sphinx."""
    app.setup_extension("course_pages")
    app.add_node(Placeholder)
    app.add_directive("course-objectives", CourseObjectives)
    app.add_directive("course-status", CourseStatus)
    app.add_post_transform(FillTables)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
