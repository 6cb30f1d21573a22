"""Attacks on the course's own grader: the same class, the same judge as in the control."""

import importlib
from dataclasses import asdict, replace

import outer

from attacks import classroom
from attacks.attack import Attack
from attacks.suite import ATTACKS

BOUNDS = outer.Bounds(wall_seconds=150, cpu_seconds=60)


def verdicts(order: tuple[list[str], str]) -> dict[str, dict[str, bool]]:
    """Return what each attack achieves on a class, each in a sandbox of its own."""
    importlib.import_module("qutils.grading.classroom")  # once, for all branches
    names, prepared = order
    return {name: outer.branch("attacks.ours:attack", [name, prepared], BOUNDS) for name in names}


def controls(order: tuple[list[str], str]) -> dict[str, dict[str, bool]]:
    """Return what each attack achieves where the defence against it is taken out."""
    names, prepared = order
    return {name: _control(ATTACKS[name], prepared) for name in names}


def _control(one: Attack, prepared: str) -> dict[str, bool]:
    """Return what one attack achieves; a grader that hangs or dies has lost the row."""
    file, defence, nothing = one.without
    path = outer.REPOSITORY / file
    text = path.read_text(encoding="utf-8")
    if defence not in text:
        raise ValueError(f"{file} has changed: {defence!r} is not there, see {one.name}")
    try:
        changed = {path: text.replace(defence, nothing)}
        return outer.branch("attacks.ours:attack", [one.name, prepared], BOUNDS, changed)
    except outer.OuterError:
        return asdict(classroom.Verdict(points_stolen=False, secret_read=False, row_lost=True))


def attack(order: tuple[str, str]) -> dict[str, bool]:
    """Grade a class with one attack in it; return what the attack achieved."""
    name, prepared = order
    one = replace(ATTACKS[name], in_feedback=True)
    with classroom.at_work(one, prepared):
        classroom.grade()
        return asdict(classroom.judge(one))
