"""Attacks on plain nbgrader, which has none of our defences: their positive control."""

import contextlib
import importlib
import time
from dataclasses import asdict
from typing import Any

import outer

from attacks import classroom
from attacks.assignment import ATTACKER, CLASSMATE, FULL, NAME, RIGHT, WRONG
from attacks.attack import Attack
from attacks.suite import ATTACKS

ZEROS = {"add": "def add(a, b):\n    return 0", "square": "def square(n):\n    return 0"}
INNOCENT = {
    "right": Attack("right", "All answers are right.", "row", answers=RIGHT, deserved=FULL),
    "wrong": Attack("wrong", "All answers are wrong.", "row"),
    "zero": Attack("zero", "Wrong answers that are numbers.", "row", answers=WRONG | ZEROS),
}
"""No attacks: where one of these achieves something, the controls of the others mean nothing."""


def hung_after(seconds: float) -> float:
    """Return the seconds after which a grader has hung, and lost every row.

    Parameters
    ----------
    seconds
        What it takes for honest work on this machine.
    """
    return 15.0 + 5.0 * seconds


def innocent(prepared: str) -> dict[str, Any]:
    """Return what honest work achieves, and the longest that its grading took, in seconds."""
    importlib.import_module("nbgrader.apps.api")
    found, longest = {}, 0.0
    for name in INNOCENT:
        started = time.monotonic()
        bounds = _bounds(120)
        found[name] = outer.branch("attacks.plain:attack", [name, prepared, 60, True], bounds)
        longest = max(longest, time.monotonic() - started)
    return {"verdicts": found, "seconds": longest}


def verdicts(order: tuple[list[str], str, float]) -> dict[str, dict[str, bool]]:
    """Return what each attack achieves on a class, each in a sandbox of its own."""
    for name in ("nbgrader.apps.api", "attacks.warm_kernel", "numpy.testing", "numpy.random"):
        importlib.import_module(name)  # once, for all branches
    names, prepared, seconds = order
    return {name: _verdict(name, prepared, seconds) for name in names}


def _verdict(name: str, prepared: str, seconds: float) -> dict[str, bool]:
    """Return what one attack achieves; a grader that hangs or dies has lost the row."""
    bounds = _bounds(hung_after(seconds))
    order = [name, prepared, max(5.0, seconds), ATTACKS[name].cold]
    try:
        return outer.branch("attacks.plain:attack", order, bounds)
    except outer.OuterError:
        return asdict(classroom.Verdict(points_stolen=False, secret_read=False, row_lost=True))


def _bounds(seconds: float) -> outer.Bounds:
    return outer.Bounds(seconds, cpu_seconds=25, memory_bytes=1 << 30, processes=64)


def attack(order: tuple[str, str, float, bool]) -> dict[str, bool]:
    """Grade a class with one attack in it by plain nbgrader; return what the attack achieved.

    The classmate is graded after the attacker; before, where her leftovers are wanted; and not
    at all where nothing depends on her, because each kernel takes its time.
    """
    from nbgrader.apps.api import NbGraderAPI

    name, prepared, cell_seconds, cold = order
    one = (ATTACKS | INNOCENT)[name]
    if not cold:
        importlib.import_module("attacks.warm_kernel").use()
    learners = [ATTACKER, CLASSMATE] if one.goal == "row" else [ATTACKER]
    if name == "read_leftovers":
        learners = [CLASSMATE, ATTACKER]
    with classroom.at_work(prepared, {ATTACKER: one}):
        config = classroom.config(cell_seconds)
        if not one.sanitized:
            config.Autograde.sanitize_preprocessors = []
        api = NbGraderAPI(config=config)
        for learner in learners:
            with contextlib.suppress(Exception):
                api.autograde(NAME, learner)
        if one.in_feedback:
            api.generate_feedback(NAME, ATTACKER)
        return asdict(classroom.judge({ATTACKER: one})[ATTACKER])
