"""The directive ``function-source``: literalinclude of one function, without its docstring.

The page around it explains what the docstring says, in its own order; the reader sees the lines
that run. It takes literalinclude's options; ``:pyobject:`` names the function or class.
"""

import ast
from textwrap import dedent

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.directives.code import LiteralInclude


def without_docstring(source: str) -> str:
    r"""Return the source of one function or class without the docstrings in it.

    Examples
    --------
    >>> without_docstring('def f(x):\n    "Double."\n    return 2 * x\n')
    'def f(x):\n    return 2 * x\n'
    """
    source = dedent(source)
    lines = source.splitlines(keepends=True)
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, definitions) and ast.get_docstring(node) is not None:
            docstring = node.body[0]
            after = node.body[1].lineno - 1 if len(node.body) > 1 else docstring.end_lineno
            for number in range(docstring.lineno - 1, docstring.end_lineno):
                lines[number] = ""
            for number in range(docstring.end_lineno, after):
                if not lines[number].strip():
                    lines[number] = ""
    return "".join(lines)


class FunctionSource(LiteralInclude):
    """Include one object of a Python file as it stands, without its docstring."""

    def run(self) -> list[nodes.Node]:
        """Return literalinclude's nodes, their text shortened."""
        self.options.setdefault("language", "python")
        included = super().run()
        for node in included:
            for block in node.findall(nodes.literal_block):
                block.rawsource = without_docstring(block.astext())
                block.children = [nodes.Text(block.rawsource)]
        return included


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("function-source", FunctionSource)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
