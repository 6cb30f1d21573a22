"""No attack gains a point, reads a secret or loses a row; each succeeds where the defence is off.

Every attack and every control runs in the outer sandbox.
"""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import outer
import pytest
from attacks.suite import ATTACKS

GAINS = {"points": "points_stolen", "secret": "secret_read", "row": "row_lost"}
BOUNDS = outer.Bounds(
    wall_seconds=900, cpu_seconds=900, memory_bytes=8 << 30, processes=2000, disk_bytes=1 << 30
)
AT_ONCE, IN_ONE_CALL = 3, 12

Verdicts = dict[str, dict[str, bool]]


def verdicts_of(function: str, names: list[str], prepared: str) -> Verdicts:
    """Return what attacks achieve, a few at a time: some of them only wait."""
    parts = [names[start : start + IN_ONE_CALL] for start in range(0, len(names), IN_ONE_CALL)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = pool.map(lambda part: outer.call(function, [part, prepared], BOUNDS), parts)
        return {name: verdict for part in found for name, verdict in part.items()}


@pytest.fixture(scope="module")
def controls(prepared_class) -> Verdicts:
    """What attacks achieve without the defence."""
    own = [name for name, attack in ATTACKS.items() if attack.without]
    plain = [name for name in ATTACKS if name not in own]
    return verdicts_of("attacks.plain:verdicts", plain, prepared_class) | verdicts_of(
        "attacks.ours:controls", own, prepared_class
    )


@pytest.fixture(scope="module")
def verdicts(prepared_class) -> Verdicts:
    """What attacks achieve on the course's grader, in one class with an honest learner."""
    return outer.call("attacks.ours:verdicts", prepared_class, BOUNDS)


def test_there_are_at_least_sixty_of_all_kinds():
    assert len(ATTACKS) >= 60
    assert {attack.goal for attack in ATTACKS.values()} == set(GAINS)


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_succeeds_without_the_defence(controls, name):
    assert controls[name][GAINS[ATTACKS[name].goal]]


@pytest.mark.parametrize("name", ATTACKS)
def test_the_attack_achieves_nothing(verdicts, name):
    assert verdicts[name] == {"points_stolen": False, "secret_read": False, "row_lost": False}


def table(controls: Verdicts, verdicts: Verdicts) -> str:
    """Return the results as comma-separated values."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["attack", "control_succeeded", *GAINS.values()])
    for name, attack in ATTACKS.items():
        gained = [int(verdicts[name][gain]) for gain in GAINS.values()]
        writer.writerow([name, controls[name][GAINS[attack.goal]], *gained])
    return text.getvalue()


def test_the_recorded_table_is_this_one(controls, verdicts, repository: Path):
    text = table(controls, verdicts)
    report = repository / "build" / "reports" / "attacks.csv"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(text)
    assert (repository / "book" / "reference" / "results" / "attacks.csv").read_text() == text
