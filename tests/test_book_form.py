"""The form of a chapter: its parts in order, and the directives that check its promises."""

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
CHAPTERS = sorted(BOOK.glob("[01][0-9]_*.md"))
PARTS = ("{objectives}", "What can go wrong", "The budget", "Summary", "Further reading")

OBJECTIVES = ":::{objectives}\n- `clip` clip a value;\n- `round` round one.\n:::\n"
QUESTION = """
:::{{question}}
:objective: {objective}

Which {{math}}`q`?

127
: **{verdict}** It stops there.

128
: **Wrong.** It would wrap.
:::
"""
ASSIGNMENT = ":::{assignment} 00_name\n:objective: round\n\nYou round.\n:::\n"


def question(objective: str, verdict: str = "Right.") -> str:
    return QUESTION.format(objective=objective, verdict=verdict)


TABLES = "```{course-objectives}\n```\n\n```{course-status}\n```\n"
BOTH = OBJECTIVES + question("clip, round")
# Chapters that break the form, and what the build says of each.
BROKEN = {
    "untested": (OBJECTIVES + question("clip"), "nothing tests objective 'round'"),
    "unknown": (
        BOTH.replace("clip, round", "clip, round, wrap"),
        "Question 1 tests 'wrap', which is no objective",
    ),
    "long": (BOTH + "word " * 6000, "a chapter takes 15 to 40 minutes to read, this one 51"),
    "all_wrong": (
        OBJECTIVES + question("clip, round", verdict="Wrong."),
        "needs a right choice and a wrong one",
    ),
    "no_verdict": (OBJECTIVES + question("clip", verdict="Yes."), "an answer starts with one of"),
    "no_option": (
        BOTH.replace(":objective: clip, round\n", ""),
        "a question names the objective that it tests",
    ),
    "no_name": (BOTH.replace("- `clip` ", "- "), "starts with a name of its own"),
    "twice": (BOTH.replace("- `clip`", "- `round`"), "starts with a name of its own"),
}


def build(folder: Path, pages: dict[str, str]) -> subprocess.CompletedProcess:
    """Build pages strictly; each is long enough to take the fifteen minutes of a chapter."""
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(BOOK / '_ext')!r})\n"
        "extensions = ['myst_nb', 'objectives', 'questions', 'overview']\n"
        "myst_enable_extensions = ['colon_fence', 'deflist']\n"
    )
    for name, page in pages.items():
        head = "" if name == "index" else "---\norphan: true\n---\n\n"
        (folder / f"{name}.md").write_text(f"{head}# Page\n\n{page}\n\n{'word ' * 3000}\n")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-n", "--keep-going", "-b", "html"]
    return subprocess.run(
        [*command, str(folder), str(folder / "out")], capture_output=True, text=True, check=False
    )


def test_objectives_questions_and_the_tables_of_both(tmp_path):
    done = build(tmp_path, {"index": OBJECTIVES + question("clip") + ASSIGNMENT + TABLES})
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "out" / "index.html").read_text()
    assert '<li id="objective-clip"><p>clip a value;</p>' in html
    assert "Reading takes about 17 minutes." in html
    assert '<div class="question" id="question-1">' in html
    assert '<details class="choice right">' in html
    assert html.count('<details class="choice wrong">') == 1
    assert "<summary>128</summary>" in html
    rows = re.findall(r"<tr.*?</tr>", html, re.DOTALL)
    cells = [re.sub(r"<[^>]*>", "", row).split() for row in rows]
    assert cells[1] == ["Page", "clip", "a", "value", "Question", "1"]
    assert cells[2] == ["Page", "round", "one", "Assignment", "00_name"]
    assert cells[4] == ["Page", "2", "0", "1", "17"]
    assert 'href="#question-1"' in html


def test_a_question_on_what_readers_know_already_needs_no_objective(tmp_path):
    asked = question("clip").replace(":objective: clip", ":self-test:")
    done = build(tmp_path, {"index": asked + "```{course-runs}\n```\n"})
    assert done.returncode == 0, done.stderr
    html = (tmp_path / "out" / "index.html").read_text()
    assert '<div class="question" id="question-1">' in html
    assert '<p>all pages</p></td>\n<td class="text-right"><p>0.0</p>' in html


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    """Everything that a strict build says of all broken chapters."""
    pages = {name: page for name, (page, _) in BROKEN.items()}
    done = build(tmp_path_factory.mktemp("broken"), {"index": "Nothing.", **pages})
    assert done.returncode != 0
    return done.stderr.splitlines()


@pytest.mark.parametrize("name", BROKEN)
def test_a_chapter_that_breaks_the_form_is_a_warning(complaints, name):
    lines = [line for line in complaints if f"{name}.md" in line]
    assert any(BROKEN[name][1] in line for line in lines), lines


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_has_every_part(page):
    text = page.read_text()
    places = [text.find(part) for part in PARTS]
    assert min(places) > 0, f"missing: {PARTS[places.index(-1)]}"
    assert places == sorted(places)
    assert text.count("**The problem.**") >= 2
    assert text.count("**By hand.**") >= 2
    assert text.index("**The problem.**") < text.index("**By hand.**") < text.index("```{function")
    assert 2 <= text.count(":::{question}") <= 4
    assert "plt.subplots" in text
    assert f"budget_{page.stem[:2]}\n:doc: reference/budget.md" in text


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_every_displayed_formula_has_a_number(page):
    text = page.read_text()
    assert len(re.findall(r"^\$\$$", text, re.MULTILINE)) == len(
        re.findall(r"^\$\$ \(eq-[\w-]+\)$", text, re.MULTILINE)
    )


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_an_assignment_exists(page):
    for name in re.findall(r"^:+\{assignment\} (\S+)$", page.read_text(), re.MULTILINE):
        assert (ROOT / "solutions" / name).is_dir()
        assert name == page.stem


@pytest.mark.parametrize(
    "name", ["assignment_questions", "course_pages", "course_site", "plain_markdown"]
)
def test_examples_in_the_extensions(monkeypatch, name):
    monkeypatch.syspath_prepend(str(BOOK / "_ext"))
    done = doctest.testmod(importlib.import_module(name))
    assert done.attempted > 0
    assert done.failed == 0


TERM = re.compile(r"\{term\}`(?:[^`<]*<([^`>]+)>|([^`]+))`")
NO_WORDS = re.compile(
    r"\A---\n.*?\n---\n|^(`{3,})\{.*?^\1$|^#+ .*?$|\$\$.*?\$\$|\$[^$]+\$|`[^`\n]*`"
    r"|\[[^\]]*\]\([^)]*\)",
    re.MULTILINE | re.DOTALL,
)


def glossary() -> list[str]:
    """Return the names of all entries."""
    text = (BOOK / "reference" / "glossary.md").read_text()
    return re.findall(r"^(\w[^\n]*)\n    \S", text, re.MULTILINE)


def unlinked(text: str, names: list[str]) -> list[str]:
    """Return the names whose first use in the prose of a page does not link to the glossary."""
    links: dict[str, int] = {}

    def blank(match: re.Match[str]) -> str:
        links.setdefault((match[1] or match[2]).strip().lower(), match.start())
        return " " * len(match[0])

    prose = NO_WORDS.sub(lambda match: " " * len(match[0]), TERM.sub(blank, text))
    found = []
    for name in names:
        words = r"\s+".join(map(re.escape, name.split()))
        used = re.search(rf"\b{words}s?\b", prose, re.IGNORECASE)
        if used and links.get(name.lower(), len(prose)) > used.start():
            found.append(name)
    return found


def test_a_term_without_a_link_at_its_first_use_is_found():
    names = ["Scale", "Zero point", "Arena"]
    late = "A scale, then a {term}`scale <Scale>`, {term}`zero points <Zero point>`, a zero point."
    assert unlinked(late + " `arena` $arena$", names) == ["Scale"]


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_terms_are_linked_where_they_are_first_used(page):
    assert unlinked(page.read_text(), glossary()) == []
