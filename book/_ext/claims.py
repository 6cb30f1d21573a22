"""Figures from outside this book, printed only from one file and always with their source.

``{claim}`horowitz_fp32_add` `` prints the text of the entry ``horowitz_fp32_add`` of
``reference/claims.yml`` and the citation of its source. In a table, where the citation would stand
in every cell, ``{bare-claim}`` prints the text alone; the page must then cite the source itself. An
entry looks like this::

    horowitz_fp32_add:
      value: 0.9
      text: "{value} pJ"
      source: horowitz2014        # key in references.bib
      where: energy table, 45 nm, 0.9 V

``{value:,}`` prints commas between thousands. A derived figure has a ``check``, arithmetic and
``log10`` over other entries, which must give ``value`` when it is rounded to as many decimals as
``value`` has. An unknown name, a false check, a malformed entry, an entry that no page prints and a
bare claim whose source its page does not cite are warnings, which a strict build turns into
failures.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import log10
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole
from sphinxcontrib.bibtex.roles import CiteRole

LOGGER = logging.getLogger(__name__)

OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class ClaimError(ValueError):
    """An entry of the claims file that cannot be printed as it stands."""


@dataclass(frozen=True)
class Claim:
    """One outside figure: what is printed, where it was read, and how it follows from others."""

    value: Decimal
    text: str
    source: str
    where: str
    check: str | None = None


def parse_claims(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Claim]:
    """Turn the parsed YAML into claims; raise ClaimError for the first entry that is wrong.

    Examples
    --------
    >>> entry = {"value": 2, "text": "{value} nJ", "source": "key", "where": "table 1"}
    >>> parse_claims({"energy": entry})["energy"].text
    '2 nJ'
    """
    claims = {}
    for name, entry in entries.items():
        if missing := {"value", "text", "source", "where"} - set(entry):
            raise ClaimError(f"claim '{name}' lacks {', '.join(sorted(missing))}")
        if unknown := set(entry) - {"value", "text", "source", "where", "check"}:
            raise ClaimError(f"claim '{name}' has unknown keys: {', '.join(sorted(unknown))}")
        if "{value" not in entry["text"]:
            raise ClaimError(f"claim '{name}': text must contain {{value}}, so that they agree")
        value = Decimal(str(entry["value"]))
        try:
            text = entry["text"].format(value=value)
        except (LookupError, ValueError) as error:
            raise ClaimError(f"claim '{name}': {entry['text']!r} cannot be printed") from error
        claims[name] = Claim(value, text, entry["source"], entry["where"], entry.get("check"))
    for name, claim in claims.items():
        if claim.check:
            verify(name, claim, claims)
    return claims


def verify(name: str, claim: Claim, claims: Mapping[str, Claim]) -> None:
    """Raise ClaimError unless the claim's check gives its value to the decimals it is printed with.

    Examples
    --------
    >>> two = Claim(Decimal("2"), "2", "key", "here")
    >>> verify("half", Claim(Decimal("0.50"), "0.50", "key", "here", "1 / two"), {"two": two})
    """
    assert claim.check is not None
    decimals = -int(claim.value.as_tuple().exponent)
    result = evaluate(ast.parse(claim.check, mode="eval").body, claims)
    if round(result, decimals) != float(claim.value):
        raise ClaimError(f"claim '{name}': {claim.check} gives {result:.6g}, not {claim.value}")


def evaluate(node: ast.expr, claims: Mapping[str, Claim]) -> float:
    """Compute an arithmetic expression over numbers and the values of other claims.

    Examples
    --------
    >>> round(evaluate(ast.parse("20 * log10(2)", mode="eval").body, {}), 2)
    6.02
    """
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in claims:
            return float(claims[name].value)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return OPERATORS[type(op)](evaluate(left, claims), evaluate(right, claims))
        case ast.Call(func=ast.Name(id="log10"), args=[argument], keywords=[]):
            return log10(evaluate(argument, claims))
    raise ClaimError(
        f"a check may hold numbers, + - * /, log10 and known claims: {ast.unparse(node)}"
    )


class ClaimRole(SphinxRole):
    """Print a claim, with its citation or bare; note that this page uses it."""

    def __init__(self, *, cited: bool) -> None:
        self.cited = cited

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the figure; if it is cited here, also a space and the reference to its source."""
        claim = self.env.claims.get(self.text)
        if claim is None:
            LOGGER.warning(
                "unknown claim '%s': add it to %s",
                self.text,
                self.config.claims_file,
                location=self.get_location(),
                type="claims",
            )
            return [nodes.literal(text=self.text)], []
        self.env.note_dependency(self.config.claims_file)
        self.env.claims_used.setdefault(self.env.docname, set()).add(self.text)
        shown = nodes.abbreviation(
            self.rawtext, claim.text, explanation=claim.where, classes=["claim"]
        )
        if not self.cited:
            self.env.claims_bare.setdefault(self.env.docname, set()).add(self.text)
            return [shown], []
        citation, messages = CiteRole()(
            "cite:p", self.rawtext, claim.source, self.lineno, self.inliner
        )
        return [shown, nodes.Text("\u00a0"), *citation], messages


def load_claims(app: Sphinx, env: BuildEnvironment, _docnames: list[str]) -> None:
    """Read the claims before any page; a wrong file leaves none and says so."""
    env.claims_used = getattr(env, "claims_used", {})
    env.claims_bare = getattr(env, "claims_bare", {})
    path = Path(app.srcdir, app.config.claims_file)
    try:
        env.claims = parse_claims(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (ClaimError, OSError, SyntaxError, yaml.YAMLError) as error:
        env.claims = {}
        LOGGER.warning("%s: %s", app.config.claims_file, error, type="claims")


def forget_page(_app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Drop what a page used before it is read anew or when it is gone."""
    for kind in ("claims_used", "claims_bare"):
        getattr(env, kind, {}).pop(docname, None)


def report_unused(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of every claim that no page prints."""
    used = set().union(*env.claims_used.values())
    for name in sorted(set(env.claims) - used):
        LOGGER.warning(
            "claim '%s' of %s is printed nowhere",
            name,
            app.config.claims_file,
            type="claims",
        )


def report_uncited(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn of every bare claim on a page that does not cite its source."""
    cited = {
        (citation.docname, target.key)
        for citation in env.get_domain("cite").citation_refs
        for target in citation.targets
    }
    for docname, names in env.claims_bare.items():
        for name in sorted(names):
            if (docname, env.claims[name].source) not in cited:
                LOGGER.warning(
                    "bare claim '%s' of %s: the page does not cite '%s'",
                    name,
                    app.config.claims_file,
                    env.claims[name].source,
                    location=docname,
                    type="claims",
                )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the role and the checks with Sphinx."""
    app.setup_extension("sphinxcontrib.bibtex")
    app.add_config_value("claims_file", "reference/claims.yml", "env")
    app.add_role("claim", ClaimRole(cited=True))
    app.add_role("bare-claim", ClaimRole(cited=False))
    app.connect("env-before-read-docs", load_claims)
    app.connect("env-purge-doc", forget_page)
    app.connect("env-check-consistency", report_unused)
    app.connect("env-check-consistency", report_uncited)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
