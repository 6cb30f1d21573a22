"""The directive ``recorded-table``: a file of comma-separated values with a header for readers.

The first line of the file has names for programs; `header` says the same for people::

    ```{recorded-table} ../reference/results/attacks.csv
    :header: attack, control succeeds, points stolen
    ```

Words that are joined by underscores are taken apart; False and True become no and yes.
"""

import csv
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from overview import table
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class RecordedTable(SphinxDirective):
    """Print the rows of a file."""

    required_arguments = 1
    option_spec: ClassVar = {"header": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        path = Path(self.env.doc2path(self.env.docname)).parent / self.arguments[0]
        self.env.note_dependency(str(path))
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        header = [name.strip() for name in self.options["header"].split(",")]
        if len(header) != len(names):
            raise self.error(f"{path.name} has {len(names)} columns, not {len(header)}")
        return [table(header, [[in_words(value) for value in row] for row in rows])]


def in_words(value: str) -> str:
    """Return a value as readers see it.

    Examples
    --------
    >>> in_words("kill_parent"), in_words("True"), in_words("0")
    ('kill parent', 'yes', '0')
    """
    return {"True": "yes", "False": "no"}.get(value, value.replace("_", " "))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive with Sphinx."""
    app.add_directive("recorded-table", RecordedTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
