"""Classes drawn by lot get the points that they should: right, wrong and broken hand-ins.

`make proof` grades whole classes, `make test` a part of each.
"""

import os
from pathlib import Path

import pytest

from answers import question_points
from exercises import assignments
from generated_class import generated_class
from sample_class import grade_class

# nbgrader's own use of its database makes SQLAlchemy warn.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

ROOT = Path(__file__).resolve().parents[2]
NAMES = assignments(ROOT)
WHOLE = 12, 100  # with files beside the notebook, and without
SHARE = float(os.environ.get("CLASS_SHARE", "0.12"))
SEED = 1


@pytest.mark.parametrize("name", NAMES)
def test_everybody_gets_the_points_of_right_answers(name, tmp_path, monkeypatch):
    # nbgrader starts "alembic" by name when it makes a gradebook.
    monkeypatch.setenv("PATH", f"{ROOT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}")
    size = max(4, round(SHARE * WHOLE[name < "04"]))
    learners = generated_class(ROOT, name, size, SEED)
    hand_ins = {name: {who: learner.submit for who, learner in learners.items()}}
    grades = grade_class(ROOT, tmp_path, hand_ins, advance=lambda now: None)
    points = question_points(ROOT, name)
    expected = {who: sum(points[q] for q in learner.right) for who, learner in learners.items()}
    assert {grade.learner: grade.score for grade in grades} == expected
    assert len(grades) == size


def test_a_class_is_mixed_and_the_same_for_the_same_seed():
    learners = generated_class(ROOT, NAMES[0], 100, SEED)
    again = generated_class(ROOT, NAMES[0], 100, SEED)
    assert learners == again != generated_class(ROOT, NAMES[0], 100, SEED + 1)
    questions = frozenset(question_points(ROOT, NAMES[0]))
    counts = [len(learner.right) for learner in learners.values()]
    assert min(counts) == 0 < max(counts) == len(questions)
    assert len({type(learner) for learner in learners.values()}) == 2
