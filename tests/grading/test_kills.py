"""SIGKILL at every step, a full disk, a locked gradebook: the next run goes on from there.

All of it runs in the outer sandbox, where the grader sees no process but its own.
"""

import contextlib
import importlib
import os
import signal
import sqlite3
import threading
import time
from pathlib import Path

import nbformat
import outer
import pytest
from attacks import classroom
from attacks.assignment import FULL, NAME, POINTS, RIGHT, WRONG, fill_in

DESERVED = {"ada": FULL, "bea": 0.0, "cid": 0.0, "dan": FULL}
CLASS_BOUNDS = outer.Bounds(wall_seconds=500, cpu_seconds=400, processes=1000, disk_bytes=1 << 30)
BOUNDS = outer.Bounds(wall_seconds=90, cpu_seconds=60, disk_bytes=32 << 20)

# Where the writing process is killed: a function, whether before or after, and at which call.
STEPS = [
    (function, moment, call)
    for function in (
        "qutils.grading.run:run",
        "qutils.grading.journal:Journal.append",
        "qutils.grading.gradebook:GradebookWriter.write",
        "qutils.grading.classroom:_replace",
        "os:fsync",
    )
    for moment in ("before", "after")
    for call in (1, 3)
]
# Which process is killed while a class is graded: a template, or what it has forked.
PROCESSES = [(entry, depth) for entry in ("learner", "checker") for depth in (1, 2, 3)]


# ---- what runs inside


def hand_in_class(prepared: str) -> None:
    """Have four hand-ins: two right, one wrong, one that is no notebook."""
    classroom.unpack(prepared)
    for learner, deserved in DESERVED.items():
        answers = RIGHT if deserved else WRONG
        notebook = nbformat.writes(fill_in(classroom.released(), answers))
        classroom.hand_in(learner, b"{" if learner == "cid" else notebook.encode())


def state() -> dict[str, object]:
    """Return scores, and the number of rows, notebooks and pages."""
    uri = f"file:{classroom.ROOT / 'gradebook.db'}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as database:
        (rows,) = database.execute("select count(*) from grade").fetchone()
    found = {"scores": classroom.scores(), "rows": rows}
    for step in ("autograded", "feedback"):
        found[step] = len(list((classroom.ROOT / step).glob(f"*/{NAME}/{NAME}.*")))
    return found


EXPECTED = {"scores": DESERVED, "rows": len(POINTS) * len(DESERVED), "autograded": 4, "feedback": 4}


def others() -> list[int]:
    """Return the processes beside process 1 and those that are here anyway."""
    ours = {1, os.getpid(), os.getppid()}
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in ours]


def patch(function: str, moment: str, call: int) -> None:
    """Have this process killed at one call of a function."""
    module, path = function.split(":")
    *parents, name = path.split(".")
    owner = importlib.import_module(module)
    for parent in parents:
        owner = getattr(owner, parent)
    original, calls = getattr(owner, name), iter(range(1, 1000))

    def fatal(*arguments, **options):
        number = next(calls)
        if number == call and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        value = original(*arguments, **options)
        if number == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return value

    setattr(owner, name, fatal)
    if function == "qutils.grading.run:run":
        importlib.import_module("qutils.grading.classroom").run = fatal


def killed_at(order: list) -> dict[str, object]:
    """Grade, be killed at a step, grade again; return how it ended and what is there."""
    prepared, *step = order
    hand_in_class(prepared)
    child = os.fork()
    if child == 0:
        patch(*step)
        classroom.grade()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    deadline = time.monotonic() + 10
    while others() and time.monotonic() < deadline:
        time.sleep(0.05)
    left = others()
    classroom.grade()
    return state() | {"killed": os.WIFSIGNALED(status), "left": left}


def with_process_killed(order: list) -> dict[str, object]:
    """Grade while one process of the grader's is killed; return what is there."""
    prepared, entry, depth = order
    hand_in_class(prepared)
    killed: list[int] = []
    threading.Thread(target=_kill_one, args=[entry, depth, killed], daemon=True).start()
    classroom.grade()
    return state() | {"killed": len(killed)}


def _kill_one(entry: str, depth: int, killed: list[int]) -> None:
    """Kill the first process of a template that is so far below this one."""
    while not killed:
        for process in others():
            with contextlib.suppress(OSError, ValueError):
                line = Path(f"/proc/{process}/cmdline").read_text()
                if f"grading.{entry}:main" in line and _depth(process) == depth:
                    os.kill(process, signal.SIGKILL)
                    killed.append(process)
                    return
        time.sleep(0.001)


def _depth(process: int) -> int:
    depth = 0
    while process not in (os.getpid(), 0):
        stat = Path(f"/proc/{process}/stat").read_text()
        process, depth = int(stat.rpartition(")")[2].split()[1]), depth + 1
    return depth


def on_full_disk(order: list) -> dict[str, object]:
    """Grade on a disk with little room, then with enough; return what is there."""
    prepared, room_bytes = order
    hand_in_class(prepared)
    ballast, free = Path("/tmp/ballast"), os.statvfs("/tmp")
    with ballast.open("wb") as file:
        left = free.f_bavail * free.f_frsize - room_bytes
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
    error = _error_of_grading()
    ballast.unlink()
    classroom.grade()
    return state() | {"error": error}


def on_locked_gradebook(order: list) -> dict[str, object]:
    """Grade while somebody holds the gradebook; return what is there."""
    prepared, held_seconds, patience_seconds = order
    importlib.import_module("qutils.grading.gradebook").LOCKED_SECONDS = patience_seconds
    hand_in_class(prepared)
    classroom.grade(pattern="ada")
    child = os.fork()
    if child == 0:
        database = sqlite3.connect(classroom.ROOT / "gradebook.db")
        database.execute("begin immediate")
        time.sleep(held_seconds)
        os._exit(0)
    time.sleep(0.3)
    error = _error_of_grading()
    os.waitpid(child, 0)
    classroom.grade()
    return state() | {"error": error}


def _error_of_grading() -> str:
    try:
        classroom.grade()
    except OSError as error:  # so are the errors of the journal and of the gradebook
        return str(error)
    return ""


def branches(order: list) -> list:
    """Run functions of this module, each in a sandbox of its own."""
    importlib.import_module("qutils.grading.classroom")
    return [outer.branch(f"test_kills:{name}", argument, BOUNDS) for name, argument in order]


def run_inside(function: str, orders: list[list]) -> list[dict]:
    return outer.call("test_kills:branches", [[function, order] for order in orders], CLASS_BOUNDS)


# ---- the tests


@pytest.fixture(scope="module")
def after_kills(prepared_class) -> dict[tuple, dict]:
    """What is there when the writer was killed at each step, and the class graded again."""
    found = run_inside("killed_at", [[prepared_class, *step] for step in STEPS])
    return dict(zip(STEPS, found, strict=True))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: "-".join(map(str, step)))
def test_no_row_is_lost_or_doubled_when_the_writer_is_killed(after_kills, step):
    assert after_kills[step] == EXPECTED | {"killed": True, "left": []}


@pytest.fixture(scope="module")
def after_loss(prepared_class) -> dict[tuple, dict]:
    """What is there when a process was killed while the class was graded."""
    found = run_inside("with_process_killed", [[prepared_class, *which] for which in PROCESSES])
    return dict(zip(PROCESSES, found, strict=True))


@pytest.mark.parametrize("which", PROCESSES, ids=lambda which: f"{which[0]}-{which[1]}")
def test_a_process_that_is_killed_costs_nobody_points(after_loss, which):
    assert after_loss[which] == EXPECTED | {"killed": 1}


@pytest.mark.parametrize("room_bytes", [0, 40_000])
def test_a_full_disk_is_named_and_the_next_run_goes_on(prepared_class, room_bytes):
    (found,) = run_inside("on_full_disk", [[prepared_class, room_bytes]])
    assert found.pop("error")
    assert found == EXPECTED


def test_a_short_lock_is_waited_for(prepared_class):
    (found,) = run_inside("on_locked_gradebook", [[prepared_class, 2, 60]])
    assert found == EXPECTED | {"error": ""}


def test_a_long_lock_is_named_and_the_next_run_goes_on(prepared_class):
    (found,) = run_inside("on_locked_gradebook", [[prepared_class, 12, 1]])
    assert "locked" in found.pop("error")
    assert found == EXPECTED
