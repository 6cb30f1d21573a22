"""No line begins with the comma behind a formula, and short code stays on one line.

A browser may end a line behind a formula, since it is a box to it and no word. In HTML a formula
and the punctuation behind it become one element, whose style (course.css) keeps them together.
Long code has to break anywhere on a phone; ``--out`` has not.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

SHORT = 20  # characters of code; a phone has room for about forty
PUNCTUATION = re.compile(r"[.,;:!?)\]\u2019\u201d]+")


class Unbroken(SphinxPostTransform):
    """Keep formulas in a sentence together with the punctuation behind them, and short code."""

    default_priority = 500
    formats = ("html",)

    def run(self) -> None:
        """Wrap formulas that have punctuation behind them, and mark short code."""
        for code in self.document.findall(nodes.literal):
            if len(code.astext()) <= SHORT:
                code["classes"].append("short")
        for formula in list(self.document.findall(nodes.math)):
            behind = formula.next_node(descend=False, siblings=True)
            if not isinstance(behind, nodes.Text):
                continue
            text = behind.astext()
            if marks := PUNCTUATION.match(text):
                whole = nodes.inline("", "", classes=["unbroken"])
                rest = nodes.Text(text[marks.end() :])
                behind.parent.replace(behind, rest)
                formula.replace_self(whole)
                whole += [formula, nodes.Text(marks[0])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transformation with Sphinx."""
    app.add_post_transform(Unbroken)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
