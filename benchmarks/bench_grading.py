"""Time `qutils grade` against plain nbgrader and otter-grader, in one run on the same hand-ins.

End to end: reading, running, database rows, graded notebooks and feedback. The floor is a plain
exec of the same cells in a process that has imported everything. nbgrader grades one hand-in after
the other, so its time per hand-in does not depend on their number; ours is measured on more of
them, with the start of the command in it. otter-grader runs from an environment of its own, named
in OTTER_BIN, and is left out otherwise:

    python -m venv DIR && DIR/bin/pip install otter-grader ipykernel
    OTTER_BIN=DIR/bin/otter make bench

The hand-ins are right answers, each with another comment, so that none is like another.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from rich.console import Console
from rich.table import Table

NAME = "bench"
WORKERS = 2
COMMANDS = Path(sys.executable).parent
SETTINGS = """
c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = "bench"
c.CourseDirectory.db_url = "sqlite:///{root}/gradebook.db"
c.Grading.folder = {root!r}
c.Grading.preload = {{"bench": {preload!r}}}
c.ExecutePreprocessor.timeout = 300
"""


@dataclass(frozen=True)
class Question:
    """An answer and its test."""

    name: str
    answer: str
    test: str
    points: float = 2.0


@dataclass(frozen=True)
class Assignment:
    """What is graded: a locked cell of imports, and questions."""

    title: str
    imports: str
    questions: tuple[Question, ...]
    preload: tuple[str, ...]
    ours: int
    nbgrader: int
    otter: int = 0


NUMPY = Assignment(
    "5 graded NumPy cells",
    "import numpy as np",
    (
        Question(
            "softmax",
            "def softmax(x):\n    e = np.exp(x - x.max(-1, keepdims=True))\n"
            "    return e / e.sum(-1, keepdims=True)",
            "p = softmax(np.arange(12.0).reshape(3, 4))\nnp.testing.assert_allclose(p.sum(-1), 1)",
        ),
        Question(
            "moving_mean",
            "def moving_mean(x, n):\n    return np.convolve(x, np.ones(n) / n, 'valid')",
            "np.testing.assert_allclose(moving_mean(np.arange(5.0), 2), [0.5, 1.5, 2.5, 3.5])",
        ),
        Question(
            "one_hot",
            "def one_hot(labels, n):\n    return np.eye(n)[labels]",
            "assert one_hot(np.array([1, 0]), 3).tolist() == [[0, 1, 0], [1, 0, 0]]",
        ),
        Question(
            "quantize",
            "def quantize(x, scale):\n"
            "    return np.clip(np.round(x / scale), -128, 127).astype(np.int8)",
            "assert quantize(np.array([1.0, 99.0]), 0.5).tolist() == [2, 127]",
        ),
        Question(
            "least_squares",
            "def least_squares(a, b):\n    return np.linalg.lstsq(a, b, rcond=None)[0]",
            "np.testing.assert_allclose(least_squares(np.eye(2), np.ones(2)), np.ones(2))",
        ),
    ),
    preload=("numpy",),
    ours=100,
    nbgrader=6,
    otter=3,
)
TENSORFLOW = Assignment(
    "2 graded TensorFlow cells",
    "import tensorflow as tf",
    (
        Question(
            "dense",
            "def dense(x, w):\n    return (tf.constant(x) @ tf.constant(w)).numpy()",
            "assert dense([[1.0, 2.0]], [[1.0], [1.0]]).tolist() == [[3.0]]",
        ),
        Question(
            "gradient",
            "def gradient(x):\n    v = tf.Variable(x)\n    with tf.GradientTape() as tape:\n"
            "        y = v * v\n    return float(tape.gradient(y, v))",
            "assert gradient(3.0) == 6.0",
        ),
    ),
    preload=("numpy", "tensorflow"),
    ours=16,
    nbgrader=2,
)


@dataclass(frozen=True)
class Quarter:
    """A quarter of a large class: the memory is that of the process that writes."""

    hand_ins: int
    seconds: float
    peak_bytes: int


# ---- the course


def instructor_notebook(assignment: Assignment) -> nbformat.NotebookNode:
    """Return the notebook with answers and tests."""
    cells = [_cell("imports", assignment.imports, locked=True)]
    for question in assignment.questions:
        head, body = question.answer.split("\n", 1)
        marked = f"{head}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
        cells.append(_cell(question.name, marked, solution=True))
        hidden = f"### BEGIN HIDDEN TESTS\n{question.test}\n### END HIDDEN TESTS"
        cells.append(_cell(f"test_{question.name}", hidden, locked=True, points=question.points))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _cell(
    grade_id: str,
    source: str,
    *,
    locked: bool = False,
    solution: bool = False,
    points: float | None = None,
) -> nbformat.NotebookNode:
    marks = {"grade_id": grade_id, "locked": locked, "solution": solution, "task": False}
    marks |= {"grade": points is not None, "schema_version": 3}
    marks |= {} if points is None else {"points": points}
    cell = new_code_cell(source, metadata={"nbgrader": marks})
    cell["id"] = grade_id.replace("_", "-")
    return cell


def make_class(assignment: Assignment, root: Path, hand_ins: int) -> None:
    """Make a course folder with an assignment, its gradebook and right answers."""
    source = root / "source" / NAME / f"{NAME}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(instructor_notebook(assignment), source)
    settings = SETTINGS.format(root=str(root), preload=assignment.preload)
    (root / "nbgrader_config.py").write_text(settings)
    run(["nbgrader", "generate_assignment", NAME], root)
    notebook = nbformat.read(root / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    for number in range(hand_ins):
        path = root / "submitted" / f"learner{number:05}" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        for question in assignment.questions:
            for cell in notebook.cells:
                if cell.metadata.nbgrader.grade_id == question.name:
                    cell.source = f"# {number}\n{question.answer}"
        nbformat.write(notebook, path)


def run(command: list[str], root: Path) -> float:
    """Run a command of the environment in a folder; return its wall seconds."""
    environment = os.environ | {"PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}"[-3000:])
    return time.perf_counter() - started


def check_class(root: Path, assignment: Assignment, hand_ins: int) -> None:
    """Compare rows and files with what right answers deserve."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{root}/gradebook.db", "bench") as book:
        scores = [submission.score for submission in book.assignment_submissions(NAME)]
    assert scores == [sum(q.points for q in assignment.questions)] * hand_ins
    for step, ending in (("autograded", "ipynb"), ("feedback", "html")):
        assert len(list(root.glob(f"{step}/*/{NAME}/{NAME}.{ending}"))) == hand_ins


# ---- the ways to grade


def by_ours(assignment: Assignment, root: Path) -> float:
    """Return the seconds that a hand-in takes with `qutils grade`."""
    make_class(assignment, root, assignment.ours)
    seconds = run(["qutils", "grade", NAME, "--workers", str(WORKERS)], root)
    check_class(root, assignment, assignment.ours)
    return seconds / assignment.ours


def by_nbgrader(assignment: Assignment, root: Path) -> float:
    """Return the seconds that a hand-in takes with plain nbgrader."""
    make_class(assignment, root, assignment.nbgrader)
    seconds = run(["nbgrader", "autograde", NAME], root)
    seconds += run(["nbgrader", "generate_feedback", NAME], root)
    check_class(root, assignment, assignment.nbgrader)
    return seconds / assignment.nbgrader


def floor(assignment: Assignment) -> float:
    """Return the seconds that a plain exec of the cells takes once all is imported."""
    cells = [assignment.imports]
    for question in assignment.questions:
        cells += [question.answer, question.test]
    codes = [compile(cell, "cell", "exec") for cell in cells]

    def once() -> float:
        space: dict[str, object] = {}
        started = time.perf_counter()
        for code in codes:
            exec(code, space)
        return time.perf_counter() - started

    return min(once() for _ in range(10))


def by_otter(assignment: Assignment, root: Path, otter: Path) -> float:
    """Return the seconds that a hand-in takes with `otter run`, two at a time."""
    root.mkdir()
    tests = root / "tests"
    tests.mkdir()
    for question in assignment.questions:
        (tests / f"{question.name}.py").write_text(_otter_test(question))
    archive = root / "autograder"
    archive.mkdir()
    shutil.copytree(tests, archive / "tests")
    (archive / "otter_config.json").write_text('{"zips": false, "show_stdout": false}')
    (archive / "requirements.txt").write_text("")
    (archive / "run_autograder").write_text("")
    packed = shutil.make_archive(str(root / "autograder"), "zip", archive)
    cells = [new_code_cell("import otter\ngrader = otter.Notebook()")]
    cells.append(new_code_cell(assignment.imports))
    for question in assignment.questions:
        cells.append(new_code_cell(question.answer))
        cells.append(new_code_cell(f'grader.check("{question.name}")'))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}

    def one(number: int) -> None:
        folder = root / f"learner{number}"
        folder.mkdir()
        shutil.copytree(tests, folder / "tests")
        path = folder / f"{NAME}.ipynb"
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)
        command = [str(otter), "run", str(path), "-a", packed, "-o", str(folder), "--no-logo"]
        run(command, folder)
        assert (folder / "results.json").is_file()

    started = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, range(assignment.otter)))
    return (time.perf_counter() - started) / assignment.otter


def _otter_test(question: Question) -> str:
    lines = "\n".join(f">>> {line}" for line in question.test.splitlines())
    case = {"code": lines, "hidden": False, "locked": False}
    suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    test = {"name": question.name, "points": question.points, "suites": [suite]}
    return f"OK_FORMAT = True\n\ntest = {test!r}\n"


# ---- where the time goes, and how it grows


def breakdown(assignment: Assignment, root: Path) -> dict[str, float]:
    """Return the seconds of one hand-in in each part of our pipeline, with one worker."""
    from qutils.grading import classroom
    from qutils.grading.gradebook import GradebookWriter
    from qutils.grading.journal import Journal
    from qutils.grading.sandbox import require

    make_class(assignment, root, assignment.ours)
    spent: dict[str, float] = {}

    def timed(name: str, function: Callable) -> Callable:
        def call(*arguments, **options):
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                spent[name] = spent.get(name, 0.0) + time.perf_counter() - started

        return call

    parts = {
        "read and join": (classroom, "read_hand_in"),
        "run in two processes": (classroom, "run"),
        "journal": (Journal, "append"),
        "gradebook rows": (GradebookWriter, "write"),
        "graded notebook": (classroom, "graded_notebook"),
        "feedback page": (classroom, "feedback_page"),
        "write files": (classroom, "_replace"),
    }
    originals = {name: getattr(owner, attribute) for name, (owner, attribute) in parts.items()}
    for name, (owner, attribute) in parts.items():
        setattr(owner, attribute, timed(name, originals[name]))
    try:
        course = classroom.Course.open(root)
        start = classroom.sandboxed(course, NAME, require())
        whole = timed("all, with the start of the templates", classroom.grade_assignment)
        whole(course, NAME, start, lambda *_: None, workers=1)
    finally:
        for name, (owner, attribute) in parts.items():
            setattr(owner, attribute, originals[name])
    return {name: seconds / assignment.ours for name, seconds in spent.items()}


def growth(assignment: Assignment, root: Path, hand_ins: int) -> Iterator[Quarter]:
    """Grade one large class; yield what each quarter of it took."""
    make_class(assignment, root, hand_ins)
    journal = root / "journal" / f"{NAME}.jsonl"
    command = [str(COMMANDS / "qutils"), "grade", NAME, "--workers", str(WORKERS)]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=root, stdout=log, stderr=log)
        started, peak, done = time.perf_counter(), 0, 0
        while process.poll() is None:
            time.sleep(0.2)
            peak = max(peak, memory_bytes(process.pid))
            rows = journal.read_bytes().count(b"\n") if journal.exists() else 0
            if rows - done >= hand_ins / 4:
                now = time.perf_counter()
                yield Quarter(rows - done, now - started, peak)
                started, peak, done = now, 0, rows
        if process.returncode:
            log.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{log.read().decode()[-3000:]}")
        if hand_ins > done:
            yield Quarter(hand_ins - done, time.perf_counter() - started, peak)
    check_class(root, assignment, hand_ins)


def memory_bytes(process: int) -> int:
    """Return the memory that a process has now, 0 where it has ended."""
    try:
        pages = Path(f"/proc/{process}/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


# ---- what is printed


def comparison(assignment: Assignment, otter: Path | None, root: Path) -> Table:
    """Time every way and return the table."""
    ways: dict[str, Callable[[], float]] = {
        f"qutils grade, {WORKERS} workers": lambda: by_ours(assignment, root / "ours"),
        "nbgrader autograde + generate_feedback": lambda: by_nbgrader(assignment, root / "plain"),
        "floor: plain exec of the cells": lambda: floor(assignment),
    }
    if otter and assignment.otter:
        ways[f"otter run, {WORKERS} at a time"] = lambda: by_otter(
            assignment, root / "otter", otter
        )
    times = {}
    for way, measure in ways.items():
        print(f"{assignment.title}: {way} ...", flush=True)
        times[way] = measure()
    ours = next(iter(times.values()))
    table = Table("way", "ms a hand-in", "times ours", title=assignment.title, title_justify="left")
    for way, seconds in times.items():
        table.add_row(way, f"{seconds * 1e3:.1f}", f"{seconds / ours:.3g}")
    return table


def large_class(assignment: Assignment, root: Path, hand_ins: int) -> Table:
    """Grade a large class and return its table: both columns stay as they are."""
    table = Table("hand-ins", "a second", "peak MB", title=f"{hand_ins:,} hand-ins, by quarters")
    root.mkdir()
    for quarter in growth(assignment, root, hand_ins):
        rate = quarter.hand_ins / quarter.seconds
        print(f"{quarter.hand_ins} more hand-ins in {quarter.seconds:.0f} s", flush=True)
        table.add_row(f"{quarter.hand_ins}", f"{rate:.1f}", f"{quarter.peak_bytes / 1e6:.0f}")
    return table


def main() -> None:
    """Print the tables."""
    # Plain nbgrader takes TensorFlow's notes on the error stream for errors.
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    warnings.filterwarnings("ignore", module="nbgrader")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=2000, help="size of the large class")
    parser.add_argument("--no-tensorflow", action="store_true")
    options = parser.parse_args()
    console = Console()
    otter = Path(os.environ["OTTER_BIN"]) if os.environ.get("OTTER_BIN") else None
    if otter is None:
        console.print("otter-grader is left out: OTTER_BIN names no program.")
    assignments = [NUMPY] if options.no_tensorflow else [NUMPY, TENSORFLOW]
    with tempfile.TemporaryDirectory() as folder:
        for assignment in assignments:
            root = Path(folder) / assignment.preload[-1]
            root.mkdir()
            console.print(comparison(assignment, otter, root))
            parts = Table("part", "ms a hand-in", title="Where it goes, one worker")
            for name, seconds in breakdown(assignment, root / "parts").items():
                parts.add_row(name, f"{seconds * 1e3:.2f}")
            console.print(parts)
        if options.submissions:
            console.print(large_class(NUMPY, Path(folder) / "large", options.submissions))


if __name__ == "__main__":
    main()
