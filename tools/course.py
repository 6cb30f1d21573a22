"""`make course`: the book, the learners' notebooks and a graded sample class, then a summary."""

import shutil
import sys
import time
from pathlib import Path

from rich.console import Console

from build_book import BookError, build_book
from exercises import ROOT, ExercisesError, assignments, differences, generate
from sample_class import (
    NO_SANDBOX,
    SampleClassError,
    example_feedback,
    grades_table,
    run_sample_class,
)


def update_exercises(root: Path) -> list[str]:
    """Write ``exercises/`` anew where it is not what ``solutions/`` generates.

    A file that is replaced may be somebody's work: it is kept below ``build/replaced/``. Files
    that nothing generates are left alone. Returns the names of the files that were written.
    """
    exercises, fresh = root / "exercises", root / "build" / "exercises"
    generate(fresh, root)
    changed = [name for name in differences(exercises, fresh) if (fresh / name).is_file()]
    keep = root / "build" / "replaced" / time.strftime("%Y-%m-%d_%H-%M-%S")
    for name in changed:
        if (exercises / name).is_file():
            (keep / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(exercises / name, keep / name)
        (exercises / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(fresh / name, exercises / name)
    return changed


def main() -> int:
    """Build everything; return the exit code."""
    console = Console(log_path=False)
    started = time.monotonic()
    try:
        console.log("the book: pages are executed where they, or what they use, have changed")
        site = build_book(ROOT / "book", ROOT / "build" / "book", console)
        console.log("the learners' notebooks")
        changed = update_exercises(ROOT)
        console.log("the sample class")
        report = run_sample_class(ROOT, ROOT / "build" / "class", console)
    except (BookError, ExercisesError, SampleClassError) as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; run the command again to go on.")
        return 130
    written = f"{len(changed)} replaced, kept in build/replaced" if changed else "unchanged"
    console.print(grades_table(report))
    if not report.sandboxed:
        console.print(NO_SANDBOX)
    console.print(f"The book        {site / 'index.html'}", soft_wrap=True)
    console.print(f"Exercises       {', '.join(assignments(ROOT))} ({written})", soft_wrap=True)
    console.print(f"One feedback    {example_feedback(report)}", soft_wrap=True)
    console.print(f"All this took   {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
