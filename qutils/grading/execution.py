"""Run one cell's source as a notebook's kernel does."""

import ast
import contextlib
import hashlib
import io
import linecache
import random
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from numpy.random import mtrand

from qutils.grading.magics import plain

__all__ = [
    "CUT",
    "CappedText",
    "execute",
    "lay_out",
    "learner_traceback",
    "output_to",
    "seed_from",
    "seed_globals",
]

CUT = "\n[output cut here]\n"
_CELL = "<cell "  # file names of cells in tracebacks begin so
_AWAIT = "this grader runs no `await` outside a function; call asyncio.run(...) in its place"


class CappedText(io.TextIOBase):
    """A text stream that keeps the first `limit` characters; the rest is cut with a note."""

    def __init__(self, limit: int) -> None:
        self.left = limit
        self._parts: list[str] = []
        self._cut = False

    def writable(self) -> bool:
        """Tell that this stream is for writing."""
        return True

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        self._cut |= len(text) > self.left
        kept = text[: self.left]
        if kept:
            self._parts.append(kept)
            self.left -= len(kept)
        return len(text)

    def getvalue(self) -> str:
        """Return what was kept."""
        return "".join(self._parts) + (CUT if self._cut else "")


@contextlib.contextmanager
def output_to(stream: io.TextIOBase) -> Iterator[None]:
    """Send what is printed, errors too, to a stream."""
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        yield


def lay_out(files: Mapping[str, bytes]) -> None:
    """Put files into the working folder, as they lie beside a notebook."""
    for name, content in files.items():
        Path(name).write_bytes(content)


def execute(source: str, name: str, space: dict[str, Any]) -> Any:
    r"""Run a cell in a namespace; return the value of its last expression, None without one.

    Parameters
    ----------
    source
        May hold magics, which do nothing.
    name
        What tracebacks call the cell.

    Raises
    ------
    BaseException
        What the cell raises. SyntaxError where it is no Python.

    Examples
    --------
    >>> execute("x = 2\nx + 1", "cell", {})
    3
    >>> execute("2 + 1;", "cell", {})
    """
    source = plain(source)
    filename = f"{_CELL}{name}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    try:
        tree = ast.parse(source, filename)
        last = _take_last_expression(tree, source)
        body = compile(tree, filename, "exec")
        shown = compile(last, filename, "eval") if last else None
    except SyntaxError as error:
        if "await" in str(error) or "'async" in str(error):
            error.msg = _AWAIT
        raise
    exec(body, space)
    return eval(shown, space) if shown else None


def _take_last_expression(tree: ast.Module, source: str) -> ast.Expression | None:
    """Cut off the last expression, whose value a notebook shows unless a semicolon follows."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr) or last.end_lineno is None:
        return None
    line = source.split("\n")[last.end_lineno - 1].encode()
    if line[last.end_col_offset :].lstrip().startswith(b";"):
        return None
    tree.body.pop()
    return ast.Expression(last.value)


def learner_traceback(error: BaseException) -> str:
    """Return an error as a notebook prints it, with the frames of cells alone."""
    report = traceback.TracebackException(type(error), error, error.__traceback__, limit=-50)
    entries: traceback.TracebackException | None = report
    while entries is not None:
        entries.stack = traceback.StackSummary.from_list(
            [frame for frame in entries.stack if frame.filename.startswith(_CELL)]
        )
        entries = entries.__cause__ or entries.__context__
    return "".join(report.format())


def seed_from(*parts: object) -> int:
    """Return 128 bits that depend on all parts and tell nothing about any.

    Examples
    --------
    >>> seed_from(7, "test", "q1") == seed_from(7, "test", "q1") != seed_from(7, "test", "q2")
    True
    """
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16])


def seed_globals(seed: int) -> None:
    """Seed the generators that code uses without naming one."""
    random.seed(seed)
    mtrand.seed(seed % 2**32)
