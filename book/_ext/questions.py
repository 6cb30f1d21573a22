"""Directives for what the reader does: ``question`` and ``assignment``.

A question names the objectives that it tests and lists its choices; each answer starts with its
verdict and goes on with the reason::

    :::{question}
    :objective: bound

    How many products fit into 16 bits?

    One
    : **Right.** The largest product has ...

    Two
    : **Wrong.** ...
    :::

Choices are native ``details`` elements: they open by mouse and by keyboard, without a script.
A question that tests what readers know already has the option ``self-test`` and no objective.
An assignment names the notebook and says what the learner does in it::

    :::{assignment} 03_integer_arithmetic
    :objective: bound, requantize

    You write the output stage ...
    :::
"""

from typing import ClassVar

from course_pages import Task, page_of
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

VERDICTS = {"Right.": True, "Wrong.": False}


class Question(nodes.General, nodes.Element):
    """A prompt and its choices."""


class Choice(nodes.General, nodes.Element):
    """One choice: its text, and the answer that opens below it."""


class ChoiceText(nodes.General, nodes.TextElement):
    """What the reader chooses."""


def names(argument: str) -> tuple[str, ...]:
    """Split an option such as ``bound, requantize``."""
    return tuple(directives.unchanged_required(argument).replace(",", " ").split())


class QuestionDirective(SphinxDirective):
    """Ask a question with choices."""

    has_content = True
    option_spec: ClassVar = {"objective": names, "self-test": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the prompt and its choices, every answer with a verdict."""
        if not {"objective", "self-test"} & set(self.options):
            raise self.error("a question names the objective that it tests")
        page = page_of(self.env)
        page.questions += 1
        label, anchor = f"Question {page.questions}", f"question-{page.questions}"
        page.tasks.append(Task(label, anchor, self.options.get("objective", ())))
        question = Question(ids=[anchor])
        question += nodes.paragraph(text=label, classes=["question-title"])
        self.state.nested_parse(self.content, self.content_offset, question)
        choices = [self._choice(item) for item in question.findall(nodes.definition_list_item)]
        verdicts = [choice["right"] for choice in choices]
        if True not in verdicts or False not in verdicts:
            raise self.error("a question needs a right choice and a wrong one")
        for definitions in list(question.findall(nodes.definition_list)):
            question.remove(definitions)
        question += choices
        return [question]

    def _choice(self, item: nodes.definition_list_item) -> Choice:
        term, definition = item.children
        verdict = next(iter(definition.findall(nodes.strong)), None)
        if verdict is None or verdict.astext() not in VERDICTS:
            raise self.error(f"an answer starts with one of {', '.join(VERDICTS)}: {item.astext()}")
        choice = Choice(right=VERDICTS[verdict.astext()])
        choice += ChoiceText("", "", *term.children)
        choice += definition.children
        return choice


class AssignmentDirective(SphinxDirective):
    """Point to the chapter's notebook."""

    required_arguments = 1
    has_content = True
    option_spec: ClassVar = {"objective": names}

    def run(self) -> list[nodes.Node]:
        """Return a box with a title of its own."""
        if "objective" not in self.options:
            raise self.error("an assignment names the objectives that it tests")
        name = self.arguments[0]
        task = Task(f"Assignment {name}", "assignment", self.options["objective"])
        page_of(self.env).tasks.append(task)
        box = nodes.admonition(ids=["assignment"], classes=["assignment"])
        box += nodes.title("", "", nodes.Text("Assignment "), nodes.literal(text=name))
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


def _open_question(writer: nodes.NodeVisitor, node: Question) -> None:
    writer.body.append(writer.starttag(node, "div", CLASS="question"))


def _close_question(writer: nodes.NodeVisitor, _node: Question) -> None:
    writer.body.append("</div>\n")


def _open_choice(writer: nodes.NodeVisitor, node: Choice) -> None:
    verdict = "right" if node["right"] else "wrong"
    writer.body.append(writer.starttag(node, "details", CLASS=f"choice {verdict}"))


def _close_choice(writer: nodes.NodeVisitor, _node: Choice) -> None:
    writer.body.append("</details>\n")


def _open_choice_text(writer: nodes.NodeVisitor, node: ChoiceText) -> None:
    spoken = {} if _has_words(node) else {"aria-label": node.astext()}
    writer.body.append(writer.starttag(node, "summary", "", **spoken))


def _has_words(node: nodes.Element) -> bool:
    """Return whether there is text beside the formulas, which have no name for a screen reader."""
    return any(
        text.strip() and not isinstance(text.parent, nodes.math)
        for text in node.findall(nodes.Text)
    )


def _close_choice_text(writer: nodes.NodeVisitor, _node: ChoiceText) -> None:
    writer.body.append("</summary>\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directives and what they look like in HTML."""
    app.setup_extension("course_pages")
    app.add_node(Question, html=(_open_question, _close_question))
    app.add_node(Choice, html=(_open_choice, _close_choice))
    app.add_node(ChoiceText, html=(_open_choice_text, _close_choice_text))
    app.add_directive("question", QuestionDirective)
    app.add_directive("assignment", AssignmentDirective)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
