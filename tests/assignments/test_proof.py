"""The tests of every assignment catch its wrong answers and pass its right ones.

`make proof` grades more draws, and all mutants; what it found is recorded beside the book.
"""

import csv
import os
import re
import subprocess
from pathlib import Path

import pytest

from answers import question_points, variants, wrong_answers
from exercises import assignments
from proof import BRIEF, prove

ROOT = Path(__file__).resolve().parents[2]
NAMES = assignments(ROOT)
RECORDED = ROOT / "book" / "reference" / "results" / "assignments.csv"
COMMAND = re.compile(r"^```\{code-block\} bash\n:name: [\w-]+\n\n(.*?)^```$", re.M | re.S)
LEAST_WRONG_ANSWERS, LEAST_MESSAGES, LEAST_VARIANTS, LEAST_KILLED = 8, 5, 5, 0.95

with RECORDED.open(encoding="utf-8", newline="") as _file:
    ROWS = {(row["assignment"], row["question"]): row for row in csv.DictReader(_file)}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_speaks_against_the_tests(name):
    proof = prove(ROOT, name, BRIEF, advance=lambda now: None)
    assert "\n".join(proof.faults) == ""
    assert [row.question for row in proof.rows] == list(question_points(ROOT, name))


@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_proof_is_of_these_answers(name):
    right = len(variants(ROOT, name))
    wrong = [answer.question for answer in wrong_answers(ROOT, name)]
    assert right >= LEAST_VARIANTS
    for question, points in question_points(ROOT, name).items():
        row = ROWS[name, question]
        assert float(row["points"]) == points
        assert int(row["caught"]) == int(row["wrong_answers"]) == wrong.count(question)
        assert wrong.count(question) >= LEAST_WRONG_ANSWERS
        assert int(row["passed"]) == int(row["variants"]) == right


@pytest.mark.parametrize("name", NAMES)
def test_nearly_all_mutants_were_caught(name):
    # Those that were not are argued to be right answers, which the proof itself checks.
    rows = [row for (assignment, _), row in ROWS.items() if assignment == name]
    killed, mutants = (sum(int(row[column]) for row in rows) for column in ("killed", "mutants"))
    assert killed >= LEAST_KILLED * mutants > 0


def test_no_other_question_is_recorded():
    assert set(ROWS) == {
        (name, question) for name in NAMES for question in question_points(ROOT, name)
    }


@pytest.mark.parametrize("name", NAMES)
def test_mistakes_are_told_apart(name):
    for question in question_points(ROOT, name):
        said = {a.feedback for a in wrong_answers(ROOT, name) if a.question == question}
        assert len(said) >= LEAST_MESSAGES


def test_the_command_on_the_page(monkeypatch):
    page = (ROOT / "book" / "instructors" / "assignments.md").read_text(encoding="utf-8")
    (command,) = COMMAND.findall(page)
    monkeypatch.setenv("PATH", f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(
        ["bash", "-euc", command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing speaks against the tests." in done.stdout
