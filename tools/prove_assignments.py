"""Prove that the hidden tests catch wrong answers and pass right ones; print what they do not.

Without options everything is proved. What was proved thoroughly is entered into the table in
build/reports/assignments.csv, assignment by assignment.
"""

import argparse
import contextlib
import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, fields
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from answers import AnswersError
from exercises import ROOT, assignments
from mutants import chosen_mutants, mutants_of
from proof import BRIEF, THOROUGH, Effort, Row, cases, prove
from qutils.files import write

REPORT = Path("build", "reports", "assignments.csv")
NAMES = [column.name for column in fields(Row)]


def record(report: Path, assignment: str, rows: Iterable[Row]) -> None:
    """Put the rows of an assignment in the place of those that a table has, if it has any."""
    table = []
    if report.is_file():
        with report.open(encoding="utf-8", newline="") as file:
            table = [row for row in csv.DictReader(file) if row["assignment"] != assignment]
    table += [asdict(row) | {"points": f"{row.points:g}"} for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, NAMES, lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(table, key=lambda row: (row["assignment"], row["question"])))
    report.parent.mkdir(parents=True, exist_ok=True)
    write(str(report), text.getvalue().encode(), force=True)


def shown(rows: Iterable[Row]) -> Table:
    """Return the table as it is printed."""
    table = Table(*NAMES)
    for row in rows:
        table.add_row(*(f"{v:g}" if isinstance(v, float) else str(v) for v in asdict(row).values()))
    return table


@contextlib.contextmanager
def _progress(console: Console, total: int) -> Iterator[Callable[[str], None]]:
    now = TextColumn("{task.fields[now]}", markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), now)
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=total, now="")
        yield lambda now: progress.update(task, advance=1, now=now[:60])


def _prove_one(
    assignment: str, effort: Effort, questions: frozenset[str] | None, console: Console
) -> tuple[list[Row], int]:
    found = mutants_of(ROOT, assignment)
    total = len(cases(ROOT, assignment)) + len(chosen_mutants(found, effort.mutants))
    with _progress(console, total) as advance:
        proof = prove(ROOT, assignment, effort, advance, questions)
    console.print(shown(proof.rows))
    for fault in proof.faults:
        console.print(fault, markup=False, highlight=False, soft_wrap=True)
    return list(proof.rows), len(proof.faults)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("assignments", nargs="*", metavar="NAME", help="all, if none is named")
    parser.add_argument("--question", action="append", metavar="q3", help="of this one only")
    parser.add_argument("--brief", action="store_true", help="draw fewer inputs, and mutants")
    parser.add_argument("--no-mutants", action="store_true")
    return parser


def main() -> int:
    """Prove; return 1 where a test failed to do its duty."""
    arguments, console = _parser().parse_args(), Console(width=120)
    effort = BRIEF if arguments.brief else THOROUGH
    if arguments.no_mutants:
        effort = Effort(effort.reference, effort.variant, effort.wrong, mutants=0)
    questions = frozenset(arguments.question) if arguments.question else None
    faults = 0
    try:
        for assignment in arguments.assignments or assignments(ROOT):
            rows, wrong = _prove_one(assignment, effort, questions, console)
            faults += wrong
            if effort == THOROUGH and questions is None:
                record(ROOT / REPORT, assignment, rows)
                console.print(f"Recorded: {REPORT}")
    except AnswersError as error:
        console.print(str(error), markup=False)
        return 1
    console.print(f"{faults} faults" if faults else "Nothing speaks against the tests.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
