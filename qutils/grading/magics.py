"""IPython's additions to Python, for processes that have no IPython.

Magics that only time or capture keep the code they apply to; all others, shell commands and help
do nothing: a grader has no shell, no network and no screen.
"""

import ast
import re

_CELL_MAGIC = re.compile(r"\s*%%(\w+)[^\n]*")
# The code stands where it stood; `capture` and `prun` of a line are left out: nobody writes them.
_KEEP_CODE = {"time", "timeit", "capture", "prun"}
# A long string is matched whole, so that a line in it is not taken for a magic.
_MAGIC_LINE = re.compile(
    r"""
    \"{3} (?:\\.|[^\\])*? \"{3} | '{3} (?:\\.|[^\\])*? '{3}
    | ^ (?P<indent>[ \t]*)
      (?: %time(?:it)? [ \t]+ (?P<timed>[^\s-][^\n]*)
        | (?P<other>[%!?][^\n]* | [\w.]+\?{1,2}[ \t]*) ) $
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


def plain(source: str) -> str:
    r"""Return a cell's source as plain Python, with as many lines.

    What Python itself can read is returned untouched.

    Examples
    --------
    >>> plain("%matplotlib inline\nx = 1 % 2")
    'pass  # %matplotlib inline\nx = 1 % 2'
    >>> plain("%%time\nx = f(3)")
    'pass  # %%time\nx = f(3)'
    """
    if _is_python(source):
        return source
    if magic := _CELL_MAGIC.match(source):
        if magic[1] not in _KEEP_CODE:
            return ""
        body = source[magic.end() :]
        return f"pass  # {magic[0].strip()}" + (body if _is_python(body) else _plain_lines(body))
    return _plain_lines(source)


def _plain_lines(source: str) -> str:
    return _MAGIC_LINE.sub(_plain_line, source)


def _plain_line(match: re.Match[str]) -> str:
    if match["timed"]:
        return match["indent"] + match["timed"]
    if match["other"]:
        return f"{match['indent']}pass  # {match['other'].strip()}"
    return match[0]


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
