"""Build the book a second time, every page executed anew, and compare it with the first.

Two builds must give the same text: a value that depends on the hour, on chance or on another job
of the machine has no place in a page. Only the seconds on the status page differ. What is compared
is the text of each page and the figures as they are drawn.
"""

import difflib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from rich.console import Console

from build_book import ROOT, BookError, build_book

BESIDE = ("_config.yml", "requirements.txt", "exercises", "qutils")
SECONDS = "section#seconds"
SHOWN_LINES = 40


def differences(first: Path, second: Path) -> list[str]:
    """Return in which lines of text and which figures two sites differ.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
    ...     _ = Path(one, "a.html").write_text("<article><p>2 kB</p></article>")
    ...     _ = Path(other, "a.html").write_text("<article><p>3 kB</p></article>")
    ...     differences(Path(one), Path(other))
    ['a.html: -2 kB', 'a.html: +3 kB']
    """
    found = []
    names = {name for site in (first, second) for name in _compared(site)}
    for name in sorted(names):
        one, other = first / name, second / name
        missing = [str(site) for site in (first, second) if not (site / name).is_file()]
        if missing:
            found.append(f"{name}: not in {missing[0]}")
        elif name.endswith(".html"):
            lines = difflib.unified_diff(text(one), text(other), n=0, lineterm="")
            changed = [line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")]
            found += [f"{name}: {line}" for line in changed]
        elif one.read_bytes() != other.read_bytes():
            found.append(f"{name}: another picture")
    return found


def _compared(site: Path) -> Iterator[str]:
    for pattern in ("*.html", "_images/*"):
        for path in site.rglob(pattern):
            if "_static" not in path.parts:
                yield path.relative_to(site).as_posix()


def text(page: Path) -> list[str]:
    """Return the lines of a page's own text, without the seconds that it took to run."""
    whole = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    article = whole.find("article") or whole
    for seconds in article.select(SECONDS):
        seconds.decompose()
    return [line for line in article.get_text("\n", strip=True).splitlines() if line.strip()]


def main() -> int:
    """Build twice and compare; return the exit code."""
    console = Console(stderr=True, log_path=False)
    try:
        first = build_book(ROOT / "book", ROOT / "build" / "book", console)
        with tempfile.TemporaryDirectory(prefix="again-", dir=ROOT / "build") as folder:
            copy = Path(folder)
            shutil.copytree(ROOT / "book", copy / "book")
            for name in BESIDE:
                (copy / name).symlink_to(ROOT / name)
            second = build_book(copy / "book", copy / "build" / "book", console, root=copy)
            found = differences(first, second)
    except BookError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        return 130
    for line in found[:SHOWN_LINES]:
        print(line)
    pages = sum(1 for name in _compared(first) if name.endswith(".html"))
    print(f"{len(found)} differences in {pages} pages and their figures.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
