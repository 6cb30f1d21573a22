"""No attack gains a point, reads a secret or loses a row; each succeeds where the defence is off.

Every attack and every control runs in the outer sandbox.
"""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import outer
import pytest
from attacks.plain import INNOCENT
from attacks.suite import ATTACKS

GAINS = {"points": "points_stolen", "secret": "secret_read", "row": "row_lost"}
NOTHING = dict.fromkeys(GAINS.values(), False)
GOALS = {name: GAINS[attack.goal] for name, attack in ATTACKS.items()} | {"zip_slip": "row_lost"}
BOUNDS = outer.Bounds(
    wall_seconds=1800, cpu_seconds=900, memory_bytes=8 << 30, processes=2000, disk_bytes=1 << 30
)
# Some controls only wait, so that three at a time keep two cores busy.
AT_ONCE = 3

Verdicts = dict[str, dict[str, bool]]


@pytest.fixture(scope="module")
def innocent(prepared_class) -> dict[str, Any]:
    """What honest work achieves on plain nbgrader, and how long it takes on this machine."""
    return outer.call("attacks.plain:innocent", prepared_class, BOUNDS)


@pytest.fixture(scope="module")
def found(prepared_class, innocent) -> tuple[Verdicts, Verdicts]:
    """What attacks achieve without the defence; and on the course's grader, in one class."""
    own = [name for name, attack in ATTACKS.items() if attack.without]
    plain = [name for name in ATTACKS if name not in own]
    parts = [("attacks.ours:controls", own)]
    parts += [("attacks.plain:verdicts", plain[start::AT_ONCE]) for start in range(AT_ONCE)]
    with ThreadPoolExecutor(len(parts)) as pool:
        calls = [
            pool.submit(outer.call, function, [names, prepared_class, innocent["seconds"]], BOUNDS)
            for function, names in parts
        ]
        controls = {name: verdict for call in calls for name, verdict in call.result().items()}
    verdicts = outer.call("attacks.ours:verdicts", prepared_class, BOUNDS)
    for found, naively in ((controls, True), (verdicts, False)):
        lost = outer.call("attacks.zip_slip:reaches_the_gradebook", [prepared_class, naively])
        found["zip_slip"] = NOTHING | {"row_lost": lost}
    return controls, verdicts


def test_there_are_at_least_sixty_of_all_kinds():
    assert len(GOALS) >= 60
    assert set(GOALS.values()) == set(GAINS.values())


@pytest.mark.parametrize("name", INNOCENT)
def test_honest_work_achieves_nothing_without_the_defence(innocent, name):
    assert innocent["verdicts"][name] == NOTHING


@pytest.mark.parametrize("name", GOALS)
def test_the_attack_succeeds_without_the_defence(found, name):
    assert found[0][name][GOALS[name]]


@pytest.mark.parametrize("name", GOALS)
def test_the_attack_achieves_nothing(found, name):
    assert found[1][name] == NOTHING


def table(controls: Verdicts, verdicts: Verdicts) -> str:
    """Return the results as comma-separated values."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["attack", "control_succeeded", *GAINS.values()])
    for name, goal in GOALS.items():
        gained = [int(verdicts[name][gain]) for gain in GAINS.values()]
        writer.writerow([name, controls[name][goal], *gained])
    return text.getvalue()


def test_the_recorded_table_is_this_one(found, repository: Path):
    text = table(*found)
    report = repository / "build" / "reports" / "attacks.csv"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(text)
    assert (repository / "book" / "reference" / "results" / "attacks.csv").read_text() == text
