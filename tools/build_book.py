"""Build the book strictly: a warning or a failing cell is an error.

Pages are executed again only when they, or what they use, have changed (see execution_cache).
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console

from execution_cache import forget_changed_pages

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path("build") / "jupyter-cache"  # as in _config.yml, below the root
COLOR = re.compile(r"\x1b\[[0-9;]*m")
KERNEL = "[IPKernelApp]"  # its notes on transport are no problem of the book
EXECUTING = re.compile(r"(\w+)\.(?:md|ipynb): Executing notebook")


class BookError(Exception):
    """The book could not be built; the message names the first problems."""


def build_book(
    source: Path, out: Path, console: Console, root: Path = ROOT, builder: str = "html"
) -> Path:
    """Build the pages in ``source`` and return the folder of the finished site.

    Sphinx' builder ``linkcheck`` writes no site: it follows the links to other sites, and one that
    leads nowhere is an error.

    Raises
    ------
    BookError
        With Sphinx' warnings and cell errors, when there are any, or with the broken links.
    """
    forget_changed_pages(root, root / CACHE)
    out.mkdir(parents=True, exist_ok=True)
    log_file = out / "build.log"
    jupyter_book = Path(sys.executable).with_name("jupyter-book")
    command = [str(jupyter_book), "build", str(source), "--all"]
    command += ["--config", str(root / "_config.yml"), "--path-output", str(out)]
    command += ["-W", "-n", "--keep-going", "--builder", builder]
    shutil.rmtree(out / "_build" / "html", ignore_errors=True)
    started = time.monotonic()
    with console.status("reading pages") as status, log_file.open("w") as log:
        process = subprocess.Popen(
            command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                log.write(line)
                if match := EXECUTING.search(line):
                    status.update(f"executing {match[1]}")
                    console.log(f"executing {match[1]}")
                elif "writing output" in line:
                    status.update("writing pages")
        except BaseException:
            process.terminate()
            raise
        finally:
            process.wait()
    forget_changed_pages(root, root / CACHE)  # what was edited during the build counts as old
    site = out / "_build" / "html"  # whatever the builder
    if process.returncode != 0:
        broken = broken_links(site) if builder == "linkcheck" else []
        raise BookError("\n".join(broken) or summarize(log_file))
    console.log(f"book built in {time.monotonic() - started:.0f} s")
    return site


def broken_links(folder: Path) -> list[str]:
    """Return where each broken link stands, from the report of Sphinx' builder ``linkcheck``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     line = '{"status": "broken", "filename": "a.md", "lineno": 3, "uri": "https://b.c"}'
    ...     _ = Path(folder, "output.json").write_text(line)
    ...     broken_links(Path(folder))
    ['a.md:3: https://b.c leads nowhere']
    """
    report = folder / "output.json"
    lines = report.read_text(encoding="utf-8").splitlines() if report.is_file() else []
    links = [link for link in map(json.loads, lines) if link["status"] == "broken"]
    return [f"{link['filename']}:{link['lineno']}: {link['uri']} leads nowhere" for link in links]


def summarize(log_file: Path) -> str:
    """Return the warnings and errors of a build's log, and where the rest is."""
    lines = COLOR.sub("", log_file.read_text()).splitlines()
    problems = [
        line
        for line in lines
        if re.search(r"\b(WARNING|ERROR)\b|\w*(Error|Exception):", line) and KERNEL not in line
    ]
    return "\n".join([*(problems or lines)[-15:], f"The book was not built; log: {log_file}"])


def main() -> int:
    """Build the book from the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="default: build/book, for links build/links")
    parser.add_argument("--links", action="store_true", help="follow links to other sites instead")
    arguments = parser.parse_args()
    console = Console(stderr=True, log_path=False)
    builder, name = ("linkcheck", "links") if arguments.links else ("html", "book")
    out = arguments.out or ROOT / "build" / name
    try:
        site = build_book(ROOT / "book", out.resolve(), console, builder=builder)
    except BookError as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 130
    print("Every link leads somewhere." if arguments.links else f"The book: {site / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
