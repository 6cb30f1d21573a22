"""Write the public side of the course: the book and the learner notebooks.

The instructors' part, the solutions and the hidden tests stay behind. The site is built beside
its place and moved there when it is whole.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from rich.console import Console

from build_book import ROOT, BookError, build_book

INSTRUCTORS = "instructors"
MARKER = ".nojekyll"  # also keeps GitHub Pages from hiding folders such as _static


class PublishError(Exception):
    """Why nothing was published."""


def copy_public_book(root: Path, stage: Path) -> Path:
    """Copy the book without its instructors' part below ``stage``; return the copy's folder.

    The pages refer to ``../qutils`` and ``../exercises``, which are linked beside the copy.
    """
    book = stage / "book"
    shutil.copytree(root / "book", book, ignore=shutil.ignore_patterns(INSTRUCTORS, "_build"))
    contents = book / "_toc.yml"
    contents.write_text(yaml.safe_dump(without_instructors(yaml.safe_load(contents.read_text()))))
    for name in ("qutils", "exercises"):
        (stage / name).symlink_to(root / name)
    return book


def without_instructors(contents: dict) -> dict:
    """Return a table of contents without the parts whose pages are for instructors.

    >>> without_instructors({"root": "intro", "parts": [
    ...     {"chapters": [{"file": "one"}]}, {"chapters": [{"file": "instructors/index"}]}]})
    {'root': 'intro', 'parts': [{'chapters': [{'file': 'one'}]}]}
    """

    def is_public(part: dict) -> bool:
        return not any(c["file"].startswith(f"{INSTRUCTORS}/") for c in part["chapters"])

    return {**contents, "parts": [part for part in contents["parts"] if is_public(part)]}


def check_target(out: Path, root: Path) -> None:
    """Raise PublishError where ``out`` is a folder that publishing must not replace."""
    if out == root or out in root.parents:
        raise PublishError(f"{out} holds the project: name a folder for the site.")
    if out.exists() and not (out / MARKER).is_file() and (out.is_file() or any(out.iterdir())):
        raise PublishError(f"{out} exists and is no earlier site: name another folder.")


def publish(out: Path, console: Console, root: Path = ROOT) -> None:
    """Build the public side of the course in ``root`` into the folder ``out``.

    Raises
    ------
    PublishError
        When ``out`` must not be replaced, or ``exercises/`` is out of date.
    BookError
        When the book has a warning or a failing cell.
    """
    check_target(out, root)
    up_to_date = subprocess.run(
        [sys.executable, str(root / "tools" / "exercises.py"), "--check"], cwd=root, check=False
    )
    if up_to_date.returncode != 0:
        raise PublishError("The learner notebooks are not what solutions/ generates.")
    stage = root / "build" / "publish"
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    site = build_book(copy_public_book(root, stage), stage / "out", console, root)
    shutil.copytree(root / "exercises", site / "exercises")
    (site / MARKER).touch()
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out, ignore_errors=True)
    shutil.move(site, out)
    shutil.rmtree(stage)


def main() -> int:
    """Publish from the command line; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the site")
    out = parser.parse_args().out.resolve()
    try:
        publish(out, Console(stderr=True, log_path=False))
    except (PublishError, BookError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"The public site: {out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
