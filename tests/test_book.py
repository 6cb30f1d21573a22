"""The book's sources: claims with their sources, pages in the contents, figures with words."""

import ast
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

BOOK = Path(__file__).resolve().parent.parent / "book"
PAGES = sorted(page for page in BOOK.rglob("*.md") if page.name != "README.md")
CODE_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INCLUDE = re.compile(
    r"^```\{(?:literalinclude|function-source)\} (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
LINK = re.compile(r"\]\(([^)\s]+)\)")

BIB = "@misc{key,\n author = {Author, Ann},\n title = {A table},\n year = {2020}\n}\n"
ENTRY = {"value": 0.9, "text": "{value} pJ", "source": "key", "where": "table 1"}


def name_of(page: Path) -> str:
    return str(page.relative_to(BOOK))


def build(folder: Path, page: str, claims: dict) -> subprocess.CompletedProcess:
    """Build a book of one page strictly, with these claims."""
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(BOOK / '_ext')!r})\n"
        "extensions = ['myst_parser', 'claims']\n"
        "bibtex_bibfiles = ['references.bib']\nclaims_file = 'claims.yml'\n"
    )
    (folder / "references.bib").write_text(BIB)
    (folder / "claims.yml").write_text(yaml.safe_dump(claims))
    (folder / "index.md").write_text(f"# Page\n\n{page}\n\n```{{bibliography}}\n:all:\n```\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", "--keep-going", "-b", "html"]
    return subprocess.run(
        [*command, str(folder), str(folder / "out")], capture_output=True, text=True, check=False
    )


def test_a_claim_is_printed_with_its_place_and_its_source(tmp_path):
    done = build(tmp_path, "It takes {claim}`add`.", {"add": ENTRY})
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "out" / "index.html").read_text()
    assert '<abbr class="claim" title="table 1">0.9 pJ</abbr>' in html
    assert "Author. A table. 2020." in html


def test_a_large_number_has_commas_where_its_claim_asks_for_them(tmp_path):
    entry = ENTRY | {"value": "237582", "text": "{value:,} bytes"}
    done = build(tmp_path, "It takes {claim}`add`.", {"add": entry})
    assert done.returncode == 0, done.stderr
    assert ">237,582 bytes</abbr>" in (tmp_path / "out" / "index.html").read_text()


def test_a_bare_claim_leaves_the_citation_to_the_page(tmp_path):
    done = build(tmp_path, "By {cite:t}`key`, it takes {bare-claim}`add`.", {"add": ENTRY})
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "out" / "index.html").read_text()
    assert 'title="table 1">0.9 pJ</abbr>.</p>' in html


@pytest.mark.parametrize(
    ("page", "claims", "complaint"),
    [
        ("{claim}`add` {claim}`mul`", {"add": ENTRY}, "unknown claim 'mul'"),
        ("{claim}`add`", {"add": ENTRY, "mul": ENTRY}, "claim 'mul' of claims.yml is printed"),
        (
            "{claim}`add` {claim}`double`",
            {"add": ENTRY, "double": ENTRY | {"value": 1.9, "check": "2 * add"}},
            "2 * add gives 1.8, not 1.9",
        ),
        (
            "{claim}`add`",
            {"add": ENTRY | {"check": "__import__('os').getpid()"}},
            "a check may hold numbers",
        ),
        ("{claim}`add`", {"add": ENTRY | {"text": "0.8 pJ"}}, "text must contain {value}"),
        ("{claim}`add`", {"add": ENTRY | {"text": "{value} of {all}"}}, "cannot be printed"),
        ("{claim}`add`", {"add": {"value": 1, "text": "{value}"}}, "lacks source, where"),
        ("{claim}`add`", {"add": ENTRY | {"source": "nobody"}}, "nobody"),
        ("{bare-claim}`add`", {"add": ENTRY}, "the page does not cite 'key'"),
    ],
    ids=[
        "unknown",
        "unused",
        "false check",
        "no arithmetic",
        "typed twice",
        "another name in the text",
        "no source",
        "no key",
        "uncited",
    ],
)
def test_a_wrong_claim_fails_the_strict_build(tmp_path, page, claims, complaint):
    done = build(tmp_path, page, claims)
    assert done.returncode != 0
    assert complaint in done.stderr


def test_a_check_is_rounded_to_the_decimals_that_are_printed(tmp_path):
    third = ENTRY | {"value": "0.30", "check": "add / 3"}
    done = build(tmp_path, "{claim}`add` {claim}`third`", {"add": ENTRY, "third": third})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("value", "check", "holds"),
    [
        ("4", "32 / 8", True),
        ("75", "100 - 100 * 8 / 32", True),
        ("6.02", "20 * log10(2)", True),
        ("11", "32 / 8", False),  # 45 MB do not become 4 MB by 8 bits
        ("30", "(3.7 + 0.9) / (0.2 + 0.03)", False),  # of an addition, not of a multiply-add
    ],
)
def test_arithmetic_of_quantization(monkeypatch, value, check, holds):
    monkeypatch.syspath_prepend(str(BOOK / "_ext"))
    claims = importlib.import_module("claims")
    entries = {"ratio": ENTRY | {"value": value, "check": check}}
    if holds:
        assert claims.parse_claims(entries)["ratio"].text == f"{value} pJ"
    else:
        with pytest.raises(claims.ClaimError, match=f"'ratio': .* not {value}"):
            claims.parse_claims(entries)


def test_every_page_is_in_the_contents_once():
    contents = yaml.safe_load((BOOK / "_toc.yml").read_text())
    listed = [contents["root"]]
    for part in contents["parts"]:
        for chapter in part["chapters"]:
            listed += [entry["file"] for entry in (chapter, *chapter.get("sections", ()))]
    pages = {name_of(page).removesuffix(".md") for page in PAGES}
    assert sorted(listed) == sorted(pages - {"404"})


# Not for use from outside: the operators, and what runs in the grader's sandbox.
INTERNAL = re.compile(
    r"\b_|^qutils(\.cli|\.tflm\.(kernels|schema)\b.*|\.grading\.(checker|commands|execution|files|"
    r"learner|magics|nbgrader_engine|processes|proxy|sandbox|template|wire)\b.*)?$"
)


def test_every_public_module_is_described_once():
    root = BOOK.parent
    modules = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for path in (root / "qutils").rglob("*.py")
    }
    text = "".join(page.read_text() for page in (BOOK / "reference" / "api").glob("*.md"))
    described = re.findall(r"^\.\. automodule:: (\S+)$", text, re.MULTILINE)
    assert sorted(described) == sorted(name for name in modules if not INTERNAL.search(name))


def test_pages_for_instructors_have_a_part_of_their_own_and_no_link_from_outside():
    contents = yaml.safe_load((BOOK / "_toc.yml").read_text())
    for part in contents["parts"]:
        places = {chapter["file"].startswith("instructors/") for chapter in part["chapters"]}
        assert places == {part["caption"] == "For instructors"}
    for page in PAGES:
        if "instructors" not in page.parts:
            assert "instructors/" not in page.read_text(), name_of(page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_figure_has_words_for_those_who_do_not_see_it(page):
    text = page.read_text()
    for cell in CODE_CELL.findall(text):
        if "plt.subplots" in cell:
            head = cell.split("---\n")[1] if cell.startswith("---\n") else ""
            assert yaml.safe_load(head)["mystnb"]["image"]["alt"], cell
            assert "title" in cell, cell
    for directive in re.findall(r"^[`:]{3,}\{(?:figure|image)\}.*?^[`:]{3,}$", text, re.M | re.S):
        assert re.search(r"^:alt: \S", directive, re.MULTILINE), directive
    assert not re.search(r"!\[\]\(", text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_included_functions_exist(page):
    for path, options in INCLUDE.findall(page.read_text()):
        names = re.findall(r"^:pyobject: (\S+)$", options, re.MULTILINE)
        assert len(names) == 1, f"{path}: an inclusion names its object"
        tree = ast.parse((page.parent / path).resolve().read_text())
        for part in names[0].split("."):
            tree = next(node for node in tree.body if getattr(node, "name", None) == part)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_name_files(page):
    for target in LINK.findall(CODE_CELL.sub("", page.read_text())):
        path = target.partition("#")[0]
        if path and not path.startswith("https://"):
            assert (page.parent / path).is_file(), target


@pytest.fixture
def without_docstring(monkeypatch):
    """Return the function of the book's extension that shortens what pages include."""
    monkeypatch.syspath_prepend(str(BOOK / "_ext"))
    from function_source import without_docstring

    return without_docstring


def test_an_included_function_loses_its_docstring_only(without_docstring):
    source = 'def f(x):\n    """Say.\n\n    More.\n    """\n\n    # why\n    return "x"\n'
    assert without_docstring(source) == 'def f(x):\n    # why\n    return "x"\n'


def test_an_included_method_starts_at_the_margin(without_docstring):
    assert without_docstring("    def f(self):\n        return 1\n") == (
        "def f(self):\n    return 1\n"
    )


@pytest.mark.parametrize("name", ["claims", "function_source"])
def test_examples_in_the_extensions(monkeypatch, name):
    monkeypatch.syspath_prepend(str(BOOK / "_ext"))
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0
