"""Attacks on the course's own grader: all in one class, judged as in the control."""

from dataclasses import asdict, replace

import outer

from attacks import classroom
from attacks.assignment import ATTACKER
from attacks.attack import Attack
from attacks.suite import ATTACKS

BOUNDS = outer.Bounds(wall_seconds=150, cpu_seconds=60)


def verdicts(prepared: str) -> dict[str, dict[str, bool]]:
    """Return what each attack achieves in a class of all of them, where each is a learner."""
    attacks = {name: replace(attack, in_feedback=True) for name, attack in ATTACKS.items()}
    with classroom.at_work(prepared, attacks):
        classroom.grade(workers=2)
        return {name: asdict(verdict) for name, verdict in classroom.judge(attacks).items()}


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
    attacks = {ATTACKER: ATTACKS[name]}
    with classroom.at_work(prepared, attacks):
        classroom.grade()
        return asdict(classroom.judge(attacks)[ATTACKER])
