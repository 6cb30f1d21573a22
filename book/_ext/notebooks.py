"""Every page with code as an executed notebook: to download, and to open in Colab if that is set.

The notebook is what MyST-NB executed, with its outputs; its text is made readable outside the book
(see ``plain_markdown``), and a first cell says what it needs to run. ``colab_folder`` is the
address of the published site's folder ``_sources`` as Colab opens it; empty, there is no button.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from docutils import nodes
from function_source import without_docstring
from jupyter_cache import get_cache
from myst_nb.core.variables import format_plain_text
from plain_markdown import boxed, objectives, plain_markdown, question, term
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.pycode import ModuleAnalyzer

INTRODUCTION = (
    "*This is a page of {book}, executed. To run it yourself, open it in the folder "
    "`book/{folder}` of the course, with the course's environment.*"
)
COLAB_SETUP = """# On Colab: fetch the course and install what its pages use.
import sys

if "google.colab" in sys.modules:
    !git clone --quiet --depth 1 {repository} course
    %pip install --quiet -e "./course[course]"
    %cd course/book/{folder}"""


class Page:
    """What the roles and directives of one page show."""

    def __init__(self, env: BuildEnvironment, docname: str) -> None:
        """Take the page's name; its values are looked up when they are asked for."""
        self.env = env
        self.docname = docname
        self.folder = Path(env.srcdir, docname).parent

    def glued(self, page: str, name: str) -> Mapping[str, str]:
        """Return a value that a page has stored, by its media types."""
        stored = Path(self.env.mystnb_config.output_folder, f"{page}.glue.json")
        return json.loads(stored.read_text())[name]["data"]

    def docname_of(self, file: str) -> str:
        """Return the name of the page in a file, given as this page names it."""
        path = (self.folder / file).resolve().relative_to(Path(self.env.srcdir).resolve())
        return path.with_suffix("").as_posix()

    def glue_text(self, text: str) -> str:
        """Return a value as ``{glue:text}`file::name:format` `` prints it."""
        file, _, name = text.rpartition("::")
        name, _, form = name.partition(":")
        page = self.docname_of(file) if file else self.docname
        return format_plain_text(self.glued(page, name)["text/plain"], form)

    def glue_any(self, name: str, options: Mapping[str, str], _body: str) -> str:
        """Return an output of another page."""
        data = self.glued(self.docname_of(options["doc"]), name)
        return next(
            data[kind] for kind in ("text/markdown", "text/html", "text/plain") if kind in data
        )

    def claim(self, name: str) -> str:
        """Return an outside figure with the key of its source."""
        entry = self.env.claims[name]
        return f"{entry.text} [{entry.source}]"

    def formula_number(self, label: str) -> str:
        """Return the number of a formula as the book prints it."""
        docname, number = self.env.get_domain("math").equations[label]
        chapter = self.env.toc_secnumbers.get(docname, {}).get("", ())
        return ".".join(map(str, (*chapter[:1], number)))

    def source(self, path: str, options: Mapping[str, str], _body: str) -> str:
        """Return one function of a file as code."""
        file = (self.folder / path).resolve()
        _, first, last = ModuleAnalyzer.for_file(str(file), "").find_tags()[options["pyobject"]]
        lines = file.read_text().splitlines(keepends=True)[first - 1 : last]
        return f"```python\n{without_docstring(''.join(lines))}```"

    def address(self, file: str) -> str | None:
        """Return where another page is published."""
        site = self.env.config.html_baseurl
        return f"{site}{self.docname_of(f'{file}.md')}.html" if site else None

    def markdown(self, text: str) -> str:
        """Return a cell's text as any notebook program shows it."""
        roles = {
            "claim": self.claim,
            "cite:p": lambda keys: f"[{keys}]",
            "cite:t": lambda keys: f"[{keys}]",
            "eq": lambda label: f"({self.formula_number(label)})",
            "glue:text": self.glue_text,
            "term": term,
        }
        directives = {
            "assignment": lambda name, *rest: boxed(f"Assignment {name}", *rest),
            "function-source": self.source,
            "glue:any": self.glue_any,
            "objectives": objectives,
            "question": question,
        }
        return plain_markdown(text, roles, directives, self.formula_number, self.address)


def notebook_of(env: BuildEnvironment, docname: str) -> nbformat.NotebookNode | None:
    """Return a page as an executed notebook, or None where it has no code."""
    executed = Path(env.mystnb_config.output_folder, f"{docname}.ipynb")
    if "kernelspec" not in env.metadata[docname] or not executed.is_file():
        return None
    # What MyST-NB leaves in its folder has the page's cells; their outputs are in the cache.
    cache = get_cache(env.mystnb_config.execution_cache_path)
    _, notebook = cache.merge_match_into_notebook(nbformat.read(executed, as_version=4))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = Page(env, docname).markdown(cell.source)
    notebook.cells = [*first_cells(env, docname), *notebook.cells]
    return notebook


def first_cells(env: BuildEnvironment, docname: str) -> list[nbformat.NotebookNode]:
    """Return what a reader needs to run the page elsewhere."""
    repository = env.config.html_theme_options.get("repository_url")
    address = env.config.html_baseurl or repository
    title = env.config.html_title
    folder = docname.rpartition("/")[0]
    book = f"[{title}]({address})" if address else title
    cells = [
        nbformat.v4.new_markdown_cell(INTRODUCTION.format(book=book, folder=folder), id="about")
    ]
    if repository:
        setup = COLAB_SETUP.format(repository=repository, folder=folder)
        cells.append(nbformat.v4.new_code_cell(setup, id="colab"))
    return cells


def offer(
    app: Sphinx, page: str, _template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Write the page's notebook, and tell the theme's menus of it."""
    if doctree is None or (notebook := notebook_of(app.env, page)) is None:
        return
    target = Path(app.outdir, "_sources", f"{page}.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    context["ipynb_source"] = f"{page}.ipynb"
    if folder := app.config.colab_folder.rstrip("/"):
        context["header_buttons"].append(
            {
                "type": "link",
                "text": "",
                "tooltip": "Open in Colab",
                "label": "colab-button",
                "icon": "fas fa-rocket",
                "url": f"{folder}/{page}.ipynb",
            }
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the notebooks when the theme has its list of buttons, and not yet its menus."""
    app.add_config_value("colab_folder", "", "html")
    app.connect("html-page-context", offer, priority=500)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
