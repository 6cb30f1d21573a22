"""The directive ``assignment-questions``: every graded question and what proves its tests.

Titles, points and objectives stand in the learners' notebooks, the figures in a recorded table::

    ```{assignment-questions}
    :proof: reference/results/assignments.csv
    ```

A question that names no objective of its chapter is a warning, which a strict build turns into a
failure.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from course_pages import Page, chapters
from docutils import nodes
from docutils.parsers.rst import directives
from overview import Cell, link, table
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)

HEADING = re.compile(r"^## Question (\d+): (.+) \((\d+) points\)$", re.MULTILINE)
OBJECTIVES = re.compile(r"^\*Objectives?:\* (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class GradedQuestion:
    """A question of an assignment, as its notebook states it."""

    assignment: str
    name: str
    title: str
    points: int
    objectives: tuple[str, ...]


def questions_in(assignment: str, texts: list[str]) -> Iterator[GradedQuestion]:
    r"""Yield the questions in the text cells of a notebook.

    Examples
    --------
    >>> text = "## Question 2: Ties (3 points)\n\nRound.\n\n*Objective:* `map`, `rounding`"
    >>> list(questions_in("02", ["# Title", text]))[0].objectives
    ('map', 'rounding')
    """
    for text in texts:
        if heading := HEADING.search(text):
            named = OBJECTIVES.search(text)
            number, title, points = heading.groups()
            objectives = tuple(re.findall(r"`([\w-]+)`", named[1])) if named else ()
            yield GradedQuestion(assignment, f"q{number}", title, int(points), objectives)


def read_notebook(path: Path) -> list[GradedQuestion]:
    """Return the questions of a learners' notebook."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    return list(questions_in(path.stem, texts))


class QuestionsPlace(nodes.General, nodes.Element):
    """Where the table will stand, when all chapters are known."""


class AssignmentQuestions(SphinxDirective):
    """Print the table of all graded questions."""

    option_spec: ClassVar = {"proof": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the place of the table, with what is read from files."""
        book = Path(self.env.srcdir)
        proof = book / self.options["proof"]
        notebooks = sorted((book.parent / "exercises").glob("*/*.ipynb"))
        for path in (proof, *notebooks):
            self.env.note_dependency(str(path))
        with proof.open(encoding="utf-8", newline="") as file:
            proved = {(row["assignment"], row["question"]): row for row in csv.DictReader(file)}
        questions = [question for path in notebooks for question in read_notebook(path)]
        return [QuestionsPlace(questions=questions, proved=proved)]


class FillTable(SphinxPostTransform):
    """Replace the placeholder, before links are resolved."""

    default_priority = 5

    def run(self, **_options: object) -> None:
        """Fill in the table."""
        for place in list(self.document.findall(QuestionsPlace)):
            place.replace_self(questions_table(self.env, place["questions"], place["proved"]))


def questions_table(
    env: BuildEnvironment,
    questions: list[GradedQuestion],
    proved: dict[tuple[str, str], dict[str, str]],
) -> nodes.table:
    """Return a row per question: chapter, question, points, objectives, what proves its tests."""
    known = chapters(env)
    rows: list[list[Cell]] = []
    for question in questions:
        page = known.get(question.assignment, Page())
        for problem in problems_of(question, page):
            LOGGER.warning(problem, location=env.docname, type="objectives")
        promises: list[nodes.Node] = []
        for name in question.objectives:
            promises += [nodes.Text(", ")] if promises else []
            promises.append(link(env, question.assignment, name, f"objective-{name}"))
        chapter = [link(env, question.assignment, question.assignment.partition("_")[0])]
        title = f"{question.name}: {question.title}"
        row = proved.get((question.assignment, question.name))
        rows.append([chapter, title, question.points, promises, *proof_cells(row)])
    header = ["chapter", "question", "points", "objectives", "wrong", "mutants", "right"]
    return table(header, rows)


def problems_of(question: GradedQuestion, page: Page) -> Iterator[str]:
    """Yield what is wrong with the objectives of a question.

    Examples
    --------
    >>> page = Page({"clip": "clip a value"})
    >>> list(problems_of(GradedQuestion("02", "q1", "Ties", 2, ("round",)), page))
    ["02, q1 tests 'round', which is no objective of its chapter"]
    >>> list(problems_of(GradedQuestion("02", "q1", "Ties", 2, ()), page))
    ['02, q1 names no objective']
    """
    where = f"{question.assignment}, {question.name}"
    if not question.objectives:
        yield f"{where} names no objective"
    for name in question.objectives:
        if name not in page.objectives:
            yield f"{where} tests '{name}', which is no objective of its chapter"


def proof_cells(row: dict[str, str] | None) -> list[Cell]:
    """Return how many wrong answers, mutants and right answers were told apart, of how many.

    Examples
    --------
    >>> found = dict(wrong_answers="9", caught="9", mutants="40", killed="39")
    >>> " ".join(proof_cells(found | dict(variants="5", passed="5"))).split()
    ['9', 'of', '9', '39', 'of', '40', '5', 'of', '5']
    >>> proof_cells(None)
    ['by hand', '', '']
    """
    if row is None:
        return ["by hand", "", ""]
    pairs = (("caught", "wrong_answers"), ("killed", "mutants"), ("passed", "variants"))
    return [f"{row[part]}\u00a0of\u00a0{row[whole]}" for part, whole in pairs]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.setup_extension("overview")
    app.add_node(QuestionsPlace)
    app.add_directive("assignment-questions", AssignmentQuestions)
    app.add_post_transform(FillTable)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
