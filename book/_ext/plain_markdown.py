"""A page's Markdown as a notebook program shows it: without the roles and directives of the book.

Jupyter and Colab know neither ``{glue:text}`` nor ``:::{question}``. Here each becomes what it
shows in the book, as plain Markdown or, for a question's choices, as HTML that opens and closes.
"""

import re
from collections.abc import Callable, Mapping

ROLE = re.compile(r"\{([\w:]+)\}`([^`]+)`")
FORMULA = re.compile(r"\n\$\$ \(([\w-]+)\)")
LABEL = re.compile(r"^\([\w-]+\)=\n", re.MULTILINE)
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)([^)\s]*?)\.md(#[^)\s]*)?\)")
FENCE = re.compile(r"^(:::+|```+)\{([\w:-]+)\}([^\n]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"\A(?::([\w-]+):([^\n]*)\n)")
CHOICE = re.compile(r"^(?P<choice>\S[^\n]*)\n: (?P<answer>(?:[^\n]+\n)+)", re.MULTILINE)

Role = Callable[[str], str]
Directive = Callable[[str, Mapping[str, str], str], str]


def term(text: str) -> str:
    """Return the words that a link to the glossary shows.

    >>> term("scales <Scale>"), term("Arena")
    ('scales', 'Arena')
    """
    return re.sub(r"\s*<[^>]*>$", "", text)


def objectives(_argument: str, _options: Mapping[str, str], body: str) -> str:
    r"""Return the list of objectives without their names.

    >>> print(objectives("", {}, "- `clip` clip a value;\n"))
    After this chapter you can
    <BLANKLINE>
    - clip a value;
    <BLANKLINE>
    """
    return "After this chapter you can\n\n" + re.sub(r"^- `\w+` ", "- ", body, flags=re.MULTILINE)


def question(_argument: str, _options: Mapping[str, str], body: str) -> str:
    r"""Return a question whose choices open below their texts.

    >>> print(question("", {}, "Which?\n\nOne\n: **Right.** It is.\n"))
    **Question.** Which?
    <BLANKLINE>
    <details><summary>One</summary>
    <BLANKLINE>
    **Right.** It is.
    <BLANKLINE>
    </details>
    <BLANKLINE>
    """
    shown = CHOICE.sub(
        lambda m: f"<details><summary>{m['choice']}</summary>\n\n{m['answer']}\n</details>\n", body
    )
    return f"**Question.** {shown.lstrip()}"


def boxed(argument: str, _options: Mapping[str, str], body: str) -> str:
    r"""Return the text of a box below its title.

    >>> boxed("The rule", {}, "Round.\n")
    '**The rule**\n\nRound.\n'
    """
    return f"**{argument}**\n\n{body}" if argument else body


def plain_markdown(
    text: str,
    roles: Mapping[str, Role],
    directives: Mapping[str, Directive],
    formula_number: Callable[[str], str],
    address: Callable[[str], str | None],
) -> str:
    r"""Return Markdown in which no role and no directive of the book is left.

    Parameters
    ----------
    text
        Markdown of a cell.
    roles, directives
        What each shows, given its text, or its argument, options and body. Unknown ones keep their
        text.
    formula_number
        The number of a formula with this label.
    address
        Where a page of the book is published; None where it is not.

    Examples
    --------
    >>> page = "(here)=\n{term}`Scales <Scale>` in [chapter 2](02.md), {eq}`eq-a`.\n"
    >>> numbers = {"eq-a": "2.1"}.get
    >>> roles = {"eq": lambda label: f"({numbers(label)})", "term": term}
    >>> plain_markdown(page, roles, {}, numbers, lambda page: None)
    'Scales in chapter 2, (2.1).\n'
    """

    def directive(match: re.Match[str]) -> str:
        _, name, argument, body = match.groups()
        options = {}
        while option := OPTION.match(body):
            options[option[1]] = option[2].strip()
            body = body[option.end() :]
        return directives.get(name, boxed)(argument.strip(), options, body.lstrip("\n")).rstrip()

    def link(match: re.Match[str]) -> str:
        target = address(match[2])
        return f"[{match[1]}]({target}{match[3] or ''})" if target else match[1]

    text = FENCE.sub(directive, LABEL.sub("", text))
    text = FORMULA.sub(lambda match: f" \\tag{{{formula_number(match[1])}}}\n$$", text)
    text = ROLE.sub(lambda match: roles.get(match[1], str)(match[2]), text)
    return LINK.sub(link, text)
