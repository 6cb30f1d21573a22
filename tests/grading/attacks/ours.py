"""Attacks on the course's own grader: all in one class, judged as in the control."""

from dataclasses import asdict, replace

import outer

from attacks import classroom
from attacks.assignment import ATTACKER
from attacks.attack import Attack
from attacks.plain import hung_after
from attacks.suite import ATTACKS


def verdicts(prepared: str) -> dict[str, dict[str, bool]]:
    """Return what each attack achieves in a class of all of them, where each is a learner."""
    attacks = {name: replace(attack, in_feedback=True) for name, attack in ATTACKS.items()}
    with classroom.at_work(prepared, attacks):
        classroom.grade(workers=2)
        return {name: asdict(verdict) for name, verdict in classroom.judge(attacks).items()}


def controls(order: tuple[list[str], str, float]) -> dict[str, dict[str, bool]]:
    """Return what each attack achieves where the defence against it is taken out.

    The last of `order` is how many seconds plain nbgrader takes for honest work here.
    """
    names, prepared, seconds = order
    bounds = outer.Bounds(hung_after(seconds), cpu_seconds=60, memory_bytes=1 << 30)
    return {name: _control(ATTACKS[name], prepared, bounds) for name in names}


def _control(one: Attack, prepared: str, bounds: outer.Bounds) -> dict[str, bool]:
    """Return what one attack achieves; a grader that hangs or dies has lost the row."""
    file, instead = one.without
    path = outer.REPOSITORY / file
    text = path.read_text(encoding="utf-8")
    for defence, nothing in instead.items():
        if defence not in text:
            raise ValueError(f"{file} has changed: {defence!r} is not there, see {one.name}")
        text = text.replace(defence, nothing)
    try:
        return outer.branch("attacks.ours:attack", [one.name, prepared], bounds, {path: text})
    except outer.OuterError:
        return asdict(classroom.Verdict(points_stolen=False, secret_read=False, row_lost=True))


def attack(order: tuple[str, str]) -> dict[str, bool]:
    """Grade a class with one attack in it; return what the attack achieved."""
    name, prepared = order
    attacks = {ATTACKER: ATTACKS[name]}
    with classroom.at_work(prepared, attacks):
        classroom.grade()
        return asdict(classroom.judge(attacks)[ATTACKER])
