"""Attacks on plain nbgrader, which has none of our defences: their positive control."""

import contextlib
import importlib
from dataclasses import asdict

import outer

from attacks import classroom
from attacks.assignment import ATTACKER, CLASSMATE, NAME
from attacks.suite import ATTACKS

# What takes longer has hung the batch, and with it lost every row.
BOUNDS = outer.Bounds(wall_seconds=30, cpu_seconds=25, memory_bytes=1 << 30, processes=64)


def verdicts(order: tuple[list[str], str]) -> dict[str, dict[str, bool]]:
    """Return what each attack achieves on a class, each in a sandbox of its own."""
    importlib.import_module("nbgrader.apps.api")  # once, for all branches
    names, prepared = order
    return {name: _verdict(name, prepared) for name in names}


def _verdict(name: str, prepared: str) -> dict[str, bool]:
    """Return what one attack achieves; a grader that hangs or dies has lost the row."""
    try:
        return outer.branch("attacks.plain:attack", [name, prepared], BOUNDS)
    except outer.OuterError:
        return asdict(classroom.Verdict(points_stolen=False, secret_read=False, row_lost=True))


def attack(order: tuple[str, str]) -> dict[str, bool]:
    """Grade a class with one attack in it by plain nbgrader; return what the attack achieved.

    The classmate is graded after the attacker; before, where her leftovers are wanted; and not
    at all where nothing depends on her, because each kernel takes a second.
    """
    from nbgrader.apps.api import NbGraderAPI

    name, prepared = order
    one = ATTACKS[name]
    learners = [ATTACKER, CLASSMATE] if one.goal == "row" else [ATTACKER]
    if name == "read_leftovers":
        learners = [CLASSMATE, ATTACKER]
    with classroom.at_work(prepared, {ATTACKER: one}):
        config = classroom.config()
        if not one.sanitized:
            config.Autograde.sanitize_preprocessors = []
        api = NbGraderAPI(config=config)
        for learner in learners:
            with contextlib.suppress(Exception):
                api.autograde(NAME, learner)
        if one.in_feedback:
            api.generate_feedback(NAME, ATTACKER)
        return asdict(classroom.judge({ATTACKER: one})[ATTACKER])
