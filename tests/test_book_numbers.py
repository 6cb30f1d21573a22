"""No number about our own results is typed into prose: it is computed, or it has a source.

What looks like a result is a digit with a unit. Outside figures are printed by the ``claim`` role,
our own by ``glue``; what is left must stand in ``typed_numbers.yml`` with its reason.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "book").rglob("*.md"))
ALLOWED = yaml.safe_load((ROOT / "tests" / "typed_numbers.yml").read_text(encoding="utf-8"))

UNITS = r"%|percent\b|percentage|points|x|times|[kKM]?B|bytes|ms|mJ|pJ|dB|MACs"
RESULT = re.compile(rf"\d+(?:[.,]\d+)*[\s\u00a0-]?(?:{UNITS})(?!\w)")
NO_PROSE = re.compile(
    r"\A---\n.*?\n---\n"  # front matter
    r"|^(`{3,})\{(?:code-cell|function-source|literalinclude|glue:\w+)\}.*?^\1$"
    r"|^```\w*\n.*?^```$"
    r"|\$\$.*?\$\$|\$[^$]+\$"
    r"|\{(?:glue:\w+|(?:bare-)?claim|eq|cite:\w)\}`[^`]*`"
    r"|`[^`\n]*`"
    r"|\]\([^)]*\)",
    re.MULTILINE | re.DOTALL,
)


def typed_results(text: str, allowed: Iterable[str] = ()) -> list[str]:
    """Return every digit with a unit that stands in the prose of a page, outside these phrases."""
    prose = NO_PROSE.sub(" ", text)
    for phrase in allowed:
        prose = prose.replace(phrase, " ")
    return RESULT.findall(prose)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT / "book"))


@pytest.mark.parametrize(
    "sentence",
    [
        "It has 88.1 % on the test images.",
        "It is 3.9x smaller.",
        "The file has 64,952 B.",
        "It takes 65\u00a0kB of flash.",
        "We measured 12 ms.",
        "It takes 3.5 mJ.",
        "The SQNR is 31.2 dB.",
        "It loses 2.5 points.",
        ":::{note}\nIt loses 20 percentage points.\n:::",
        "It has 922,336 MACs.",
        "A multiplication takes 3.7 pJ.",
        "(It became 4-times smaller.)",
    ],
)
def test_a_typed_result_is_found(sentence):
    assert len(typed_results(sentence)) == 1


@pytest.mark.parametrize(
    "sentence",
    [
        "It has {glue:text}`a_int8:.1f` % on the test images.",
        "It takes {claim}`horowitz_dram`.",
        "It takes {bare-claim}`horowitz_sram_8kb`.",
        "By hand, $6.02\\,b$ dB, and $2$ x $3$.",
        "```{code-cell} python3\nprint('88 %')\n```",
        "An input of 28 pixels, 8 bits, 3 layers, 2 mainboards.",
        "`--arena 96 kB`",
        "$$\n4 \\times 10\\text{ ms}\n$$ (eq-time)",
    ],
)
def test_what_is_computed_or_no_result_passes(sentence):
    assert typed_results(sentence) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_result_is_typed(page):
    phrases = [entry["phrase"] for entry in ALLOWED if entry["page"] in ("any", name_of(page))]
    assert typed_results(page.read_text(), phrases) == []


@pytest.mark.parametrize("entry", ALLOWED, ids=lambda entry: f"{entry['page']}: {entry['phrase']}")
def test_an_exception_is_needed_and_has_a_reason(entry):
    assert entry["reason"].strip()
    assert typed_results(entry["phrase"])
    pages = [page for page in PAGES if entry["page"] in ("any", name_of(page))]
    assert any(entry["phrase"] in page.read_text() for page in pages)
