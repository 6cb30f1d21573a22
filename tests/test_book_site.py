"""The files of the built book: markup, links, and what each page says of itself."""

import importlib
import json
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from justhtml import JustHTML
from matplotlib import image

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
SITE = ROOT / "build" / "book" / "_build" / "html"
PAGES = sorted(
    str(path.relative_to(SITE))
    for path in SITE.rglob("*.html")
    if path.parent != SITE or path.name != "index.html"  # a redirection
    if "_static" not in path.parts
)
WRITTEN = [page for page in PAGES if (BOOK / page).with_suffix(".md").is_file()]
EXECUTED = [
    page for page in WRITTEN if "{code-cell}" in (BOOK / page).with_suffix(".md").read_text()
]
VOID = {"br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# The theme has its search field twice on this page.
KNOWN = {"search.html": ["id 'search-input' stands 2 times"]}


@pytest.fixture(scope="module", autouse=True)
def built():
    """Skip where there is no book to look at."""
    if not PAGES:
        pytest.skip("the book is not built (make book)")


class Nesting(HTMLParser):
    """Tags that are open; Sphinx and the theme close every one, also where HTML need not."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.errors: list[str] = []
        self.feed(html)
        self.errors += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass  # <path/> in a picture

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> in line {self.getpos()[0]} closes something else")


def markup_errors(html: str) -> list[str]:
    """Return what a parser of HTML has to repair, tags left open, and ids that stand twice."""
    lines = html.splitlines()
    repaired = [
        f"{error.code}: {lines[error.line - 1][max(error.column - 60, 0) : error.column + 20]}"
        for error in JustHTML(html, collect_errors=True, sanitize=False).errors
    ]
    ids = Counter(node["id"] for node in BeautifulSoup(html, "html.parser").select("[id]"))
    twice = [f"id {name!r} stands {count} times" for name, count in ids.items() if count > 1]
    return repaired + Nesting(html).errors[:5] + twice


@pytest.mark.parametrize(
    "body",
    [
        "<p>one<div>two</div></p>",
        "<b><i>x</b></i>",
        '<p id="a"></p><p id="a"></p>',
        "<div>",
        "</p>",
    ],
)
def test_broken_markup_is_found(body):
    head = "<!DOCTYPE html><html><head><title>t</title></head><body>"
    assert markup_errors(f"{head}<p>sound</p></body></html>") == []
    assert markup_errors(f"{head}{body}</body></html>") != []


@pytest.mark.parametrize("name", PAGES)
def test_markup_is_sound(name):
    assert markup_errors((SITE / name).read_text()) == KNOWN.get(name, [])


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    html = (SITE / name).read_text()
    for target in re.findall(r'<a [^>]*href="([^"]+)"', html):
        parts = urlsplit(urljoin(name, target))
        if parts.scheme or not parts.path:
            continue
        goal = SITE / unquote(parts.path).lstrip("/")
        assert goal.is_file(), target
        if parts.fragment and goal.suffix == ".html":
            assert f'id="{unquote(parts.fragment)}"' in goal.read_text(), target


def test_citations_say_what_the_bibliography_is_labelled_with():
    soup = BeautifulSoup((SITE / "reference/bibliography.html").read_text(), "html.parser")
    labels = {
        c["id"]: c.select_one(".label").get_text().strip("[]") for c in soup.select(".citation")
    }
    assert len(set(labels.values())) == len(labels) > 0
    for name in WRITTEN:
        page = BeautifulSoup((SITE / name).read_text(), "html.parser")
        for link in page.select('article a[href*="bibliography.html#"]'):
            label = labels[link["href"].partition("#")[2]]
            assert label.endswith(link.get_text()), name  # all of it, or the year


@pytest.mark.parametrize("name", PAGES)
def test_no_line_can_begin_with_the_comma_behind_a_formula(name):
    html = (SITE / name).read_text()
    formulas = re.finditer(r'<span class="math[^>]*>[^<]*</span>[.,;:!?]', html)
    broken = [f[0] for f in formulas if not html.endswith('class="unbroken">', 0, f.start())]
    assert broken == []


@pytest.mark.parametrize("name", PAGES)
def test_no_output_names_an_address_in_memory(name):
    """Such as ``<Legend at 0x7f...>``, which also differs from build to build."""
    assert not re.search(r" at 0x[0-9a-f]{6}", (SITE / name).read_text())


def test_titles_and_descriptions_are_there_and_differ():
    titles, descriptions = Counter(), Counter()
    for name in WRITTEN:
        head = BeautifulSoup((SITE / name).read_text(), "html.parser").head
        titles[head.title.get_text()] += 1
        descriptions[head.select_one("meta[name=description]")["content"]] += 1
    assert titles.most_common(1)[0][1] == 1
    assert descriptions.most_common(1)[0][1] == 1
    assert all(40 <= len(text) <= 200 for text in descriptions), sorted(descriptions, key=len)
    assert all("Squeezing Brains into Silicon" in title for title in titles)


@pytest.mark.parametrize("name", EXECUTED)
def test_a_page_offers_its_executed_notebook(name):
    links = BeautifulSoup((SITE / name).read_text(), "html.parser").select(
        "a.btn-download-notebook-button"
    )
    (href,) = {link["href"] for link in links}
    notebook = nbformat.read(SITE / urljoin(name, href), as_version=4)
    nbformat.validate(notebook)
    assert any(cell.get("outputs") for cell in notebook.cells)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not re.search(r"\{[a-z]+(:\w+)?\}`|^[:`]{3,}\{", text, re.MULTILINE)


def test_the_text_of_a_notebook_shows_values_and_numbers():
    notebook = nbformat.read(SITE / "_sources" / "03_integer_arithmetic.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert "there is room\nfor 66,311 of them" in text  # int32 over 255 * 127
    assert "\\tag{3.2}" in text
    assert "<details><summary>One</summary>\n\n**Right.**" in text


def test_the_card_has_the_size_that_cards_are_shown_in():
    assert image.imread(SITE / "_static" / "card.png").shape[:2] == (630, 1200)


def test_without_addresses_there_is_nothing_that_needs_them():
    assert not (SITE / "sitemap.xml").exists()
    html = (SITE / "intro.html").read_text()
    for absent in ("og:image", 'rel="canonical"', "colab", "source-repository-button"):
        assert absent not in html


PAGE = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
myst:
  html_meta:
    description: What the page is about.
---

# Page

```{code-cell} python3
6 * 7
```
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Build a book of one page that has all addresses."""
    folder = tmp_path_factory.mktemp("published")
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    config["repository"]["url"] = "https://github.com/owner/course"
    config["html"]["baseurl"] = "https://owner.example/course"
    config["logo"] = ""
    config["html"]["favicon"] = ""
    config["bibtex_bibfiles"] = ["references.bib"]
    config["execute"]["cache"] = str(folder / "cache")
    wanted = ("claims", "course_site", "function_source", "notebooks", "social_card")
    config["sphinx"]["local_extensions"] = {name: str(BOOK / "_ext") for name in wanted}
    colab = "https://colab.research.google.com/github/owner/course/blob/pages/_sources"
    config["sphinx"]["config"]["colab_folder"] = colab
    source = folder / "book"
    source.mkdir()
    (source / "_toc.yml").write_text("format: jb-book\nroot: intro\nchapters:\n- file: more\n")
    (source / "more.md").write_text("# More\n\nText.\n")
    (source / "references.bib").touch()
    (source / "reference").mkdir()
    (source / "reference" / "claims.yml").touch()
    (source / "intro.md").write_text(PAGE)
    (source / "404.md").write_text("---\norphan: true\n---\n\n# Nothing\n\n[Start](intro.md)\n")
    (folder / "_config.yml").write_text(yaml.safe_dump(config))
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(source)]
    command += ["--config", str(folder / "_config.yml"), "--path-output", str(folder)]
    done = subprocess.run(
        [*command, "-W", "-n", "--keep-going"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1000:]
    return folder / "_build" / "html"


def test_an_address_brings_sitemap_card_and_canonical_link(published):
    places = ElementTree.parse(published / "sitemap.xml").findall(".//{*}loc")
    pages = {f"https://owner.example/course/{name}.html" for name in ("intro", "more")}
    assert {place.text for place in places} == pages
    head = BeautifulSoup((published / "intro.html").read_text(), "html.parser").head
    properties = {tag["property"]: tag["content"] for tag in head.select("meta[property]")}
    assert properties["og:image"] == "https://owner.example/course/_static/card.png"
    assert properties["og:description"] == "What the page is about."
    assert properties["og:url"] == "https://owner.example/course/intro.html"
    canonical = head.select_one("link[rel=canonical]")
    assert canonical["href"] == "https://owner.example/course/intro.html"
    assert (published / "_static" / "card.png").is_file()


def test_a_repository_brings_its_buttons_and_colab_opens_the_executed_notebook(published):
    links = BeautifulSoup((published / "intro.html").read_text(), "html.parser").select("a[href]")
    targets = {link["href"] for link in links}
    assert "https://github.com/owner/course" in targets
    assert "https://github.com/owner/course/edit/main/book/intro.md" in targets
    assert any(t.startswith("https://github.com/owner/course/issues/new?") for t in targets)
    colab = "https://colab.research.google.com/github/owner/course/blob/pages/_sources/intro.ipynb"
    assert colab in targets
    notebook = json.loads((published / "_sources" / "intro.ipynb").read_text())
    assert "git clone --quiet --depth 1 https://github.com/owner/course" in "".join(
        notebook["cells"][1]["source"]
    )
    assert notebook["cells"][-1]["outputs"][0]["data"]["text/plain"] == ["42"]


def test_the_page_for_missing_pages_works_from_any_folder(published):
    soup = BeautifulSoup((published / "404.html").read_text(), "html.parser")
    paths = [tag["href"] for tag in soup.select("link[rel=stylesheet], a.internal")]
    paths += [tag["src"] for tag in soup.select("script[src]")]
    assert len(paths) > 5
    assert [path for path in paths if not path.startswith(("/course/", "#", "https://"))] == []


@pytest.fixture
def extension(monkeypatch):
    """Return a module of the book's extensions."""
    monkeypatch.syspath_prepend(str(BOOK / "_ext"))
    return importlib.import_module


@pytest.mark.parametrize("address", ["course.example", "ftp://course.example", "https://"])
def test_an_address_that_is_none_is_refused_by_name(extension, address):
    apply = extension("course_site").apply
    config = SimpleNamespace(html_baseurl=address, html_theme_options={})
    with pytest.raises(Exception, match=re.escape(f"html: baseurl: {address!r} is no address")):
        apply(SimpleNamespace(), config)
