"""The directive ``objectives``: what the reader of a chapter can do afterwards, each with a name.

A list in which every item starts with the name of the objective::

    :::{objectives}
    - `bound` bound an accumulator by its weights;
    - `requantize` compute one output by hand.
    :::

Questions and assignments name what they test (see ``questions``). An objective that nothing tests,
and a test of an unknown one, are warnings, which a strict build turns into failures. Below the
list stands the time that reading the chapter takes, counted from its text.
"""

import math

from course_pages import chapters, page_of
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)

# A reader who follows each step: measured for technical prose, chosen for the rest.
WORDS_PER_MINUTE = 180
CODE_LINES_PER_MINUTE = 15
MINUTES_PER_FIGURE = 0.5
MINUTES_PER_FORMULA = 0.3
SHORTEST, LONGEST = 15, 40


class ReadingTime(nodes.paragraph):
    """The sentence that tells how long the page takes; filled when the page is complete."""


class Objectives(SphinxDirective):
    """State the objectives of a page."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return a box with the list, whose items have become places to link to."""
        box = nodes.container(classes=["objectives"])
        box += nodes.paragraph(text="After this chapter you can")
        self.state.nested_parse(self.content, self.content_offset, box)
        known = page_of(self.env).objectives
        for item in box.findall(nodes.list_item):
            name = take_name(item)
            if name is None or name in known:
                raise self.error("each objective starts with a name of its own in backquotes")
            item["ids"].append(f"objective-{name}")
            known[name] = item.astext().strip().rstrip(";.")
        if not known:
            raise self.error("a list of objectives is missing")
        box += ReadingTime(classes=["reading-time"])
        return [box]


def take_name(item: nodes.list_item) -> str | None:
    """Remove the literal that an item starts with and return it, or None without one."""
    paragraph = item[0] if len(item) else None
    if not isinstance(paragraph, nodes.paragraph) or not isinstance(paragraph[0], nodes.literal):
        return None
    name = paragraph.pop(0).astext()
    if len(paragraph) and isinstance(paragraph[0], nodes.Text):
        paragraph[0] = nodes.Text(paragraph[0].lstrip())
    return name


def reading_minutes(document: nodes.document) -> float:
    """Return the minutes that a page takes: its prose, the code that shows, figures, formulas.

    Code that is folded away, what cells print and answers are left out.
    """
    code_lines = sum(
        block.astext().count("\n") + 1
        for block in document.findall(nodes.literal_block)
        if not _is_within(block, "tag_hide-input", "cell_output")
    )
    words = sum(
        len(text.split())
        for text in document.findall(nodes.Text)
        if not _is_within(text, "cell_output") and not isinstance(text.parent, _NOT_PROSE)
    )
    return (
        words / WORDS_PER_MINUTE
        + code_lines / CODE_LINES_PER_MINUTE
        + count_figures(document) * MINUTES_PER_FIGURE
        + len(list(document.findall(nodes.math_block))) * MINUTES_PER_FORMULA
    )


_NOT_PROSE = (nodes.literal_block, nodes.math_block, nodes.raw, nodes.comment)


def count_figures(document: nodes.document) -> int:
    """Return how many pictures a page shows."""
    return len(list(document.findall(nodes.image)))


def _is_within(node: nodes.Node, *classes: str) -> bool:
    while node := node.parent:
        if isinstance(node, nodes.Element) and set(classes) & set(node.get("classes", ())):
            return True
    return False


def measure(app: Sphinx, document: nodes.document) -> None:
    """Note figures and reading time of a complete page, and tell the reader."""
    page = page_of(app.env)
    if not page.objectives:
        return
    page.figures = count_figures(document)
    page.minutes = math.ceil(reading_minutes(document))
    if not SHORTEST <= page.minutes <= LONGEST:
        LOGGER.warning(
            "a chapter takes %s to %s minutes to read, this one %s",
            SHORTEST,
            LONGEST,
            page.minutes,
            location=app.env.docname,
            type="objectives",
        )
    for sentence in document.findall(ReadingTime):
        sentence += nodes.Text(f"Reading takes about {page.minutes} minutes.")


def check(_app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of objectives that nothing tests, and of tests of nothing."""
    for docname, page in chapters(env).items():
        for problem in page.problems():
            LOGGER.warning(problem, location=docname, type="objectives")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive and its checks with Sphinx."""
    app.setup_extension("course_pages")
    app.add_node(ReadingTime, html=(_open_paragraph, _close_paragraph))
    app.add_directive("objectives", Objectives)
    app.connect("doctree-read", measure)
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def _open_paragraph(writer: nodes.NodeVisitor, node: nodes.Element) -> None:
    writer.visit_paragraph(node)


def _close_paragraph(writer: nodes.NodeVisitor, node: nodes.Element) -> None:
    writer.depart_paragraph(node)
