"""Tables over all pages, filled when every page has been read.

``course-objectives`` says what each chapter promises and what tests it, ``course-status`` what each
consists of, and ``course-runs`` how long each page took to run.
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
    """Print what each chapter consists of, and how long it takes to read."""

    def run(self) -> list[nodes.Node]:
        """Return the place of the table."""
        return [Placeholder(kind="status")]


class CourseRuns(SphinxDirective):
    """Print how many seconds each page with code took to run."""

    def run(self) -> list[nodes.Node]:
        """Return the place of the table."""
        return [Placeholder(kind="runs")]


class FillTables(SphinxPostTransform):
    """Replace the placeholders, before links are resolved."""

    default_priority = 5

    def run(self, **_options: object) -> None:
        """Fill in the tables of one page."""
        make = {"objectives": objectives_table, "status": status_table, "runs": runs_table}
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
                tests.append(link(env, docname, task.label, task.anchor))
            rows.append([chapter, promise, tests])
    return table(["chapter", "after it you can", "tested by"], rows)


def status_table(env: BuildEnvironment) -> nodes.table:
    """Return what each chapter consists of, a row per chapter."""
    rows: list[Sequence[Cell]] = []
    for docname, page in chapters(env).items():
        title = [link(env, docname, env.titles[docname].astext())]
        rows.append([title, len(page.objectives), page.figures, page.questions, page.minutes])
    return table(["chapter", "objectives", "figures", "questions", "minutes to read"], rows)


def runs_table(env: BuildEnvironment) -> nodes.table:
    """Return the seconds that each page with code took to run, and their sum."""
    seconds = {
        docname: data["exec_data"]["runtime"] or 0.0
        for docname, data in NbMetadataCollector.get_doc_data(env).items()
        if "exec_data" in data
    }
    rows: list[Sequence[Cell]] = [
        [[link(env, docname, env.titles[docname].astext())], f"{seconds[docname]:.1f}"]
        for docname in sorted(seconds)
    ]
    rows.append(["all pages", f"{sum(seconds.values()):.1f}"])
    return table(["page", "seconds to run"], rows)


def link(env: BuildEnvironment, docname: str, text: str, anchor: str = "") -> nodes.reference:
    """Return a link to a page, or to a place on it."""
    uri = env.app.builder.get_relative_uri(env.docname, docname)
    return nodes.reference("", text, internal=True, refuri=f"{uri}#{anchor}" if anchor else uri)


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> nodes.table:
    """Return a docutils table; columns of numbers are aligned right."""
    body = list(rows)
    numbers = [all(map(_is_number, column)) for column in zip(*body, strict=True)]
    group = nodes.tgroup(cols=len(header))
    group += [nodes.colspec(colwidth=1) for _ in header]
    group += nodes.thead("", _row(header, numbers))
    group += nodes.tbody("", *(_row(row, numbers) for row in body))
    return nodes.table("", group, classes=["colwidths-auto"])


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, str | int) and str(cell).replace(".", "", 1).isdecimal()


def _row(cells: Sequence[Cell], numbers: Sequence[bool]) -> nodes.row:
    row = nodes.row()
    for cell, number in zip(cells, numbers, strict=True):
        inline = [nodes.Text(str(cell))] if isinstance(cell, str | int) else cell
        classes = ["text-right"] if number else []
        row += nodes.entry("", nodes.paragraph("", "", *inline), classes=classes)
    return row


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives with Sphinx."""
    app.setup_extension("course_pages")
    app.add_node(Placeholder)
    app.add_directive("course-objectives", CourseObjectives)
    app.add_directive("course-status", CourseStatus)
    app.add_directive("course-runs", CourseRuns)
    app.add_post_transform(FillTables)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
