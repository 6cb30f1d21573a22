"""Each question names the objective of its chapter that it tests; the chapter names the same."""

import re
from pathlib import Path

import pytest

from answers import question_points
from exercises import assignments

ROOT = Path(__file__).resolve().parents[2]
NAMES = assignments(ROOT)


@pytest.fixture
def read_notebook(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book" / "_ext"))
    from assignment_questions import read_notebook

    return read_notebook


@pytest.mark.parametrize("name", NAMES)
def test_questions_and_chapter_name_the_same_objectives(read_notebook, name):
    questions = read_notebook(ROOT / "exercises" / name / f"{name}.ipynb")
    graded = question_points(ROOT, name)
    assert {q.name: q.points for q in questions if q.name in graded} == graded
    assert all(question.objectives for question in questions)
    chapter = (ROOT / "book" / f"{name}.md").read_text(encoding="utf-8")
    stated = re.search(rf"^:+\{{assignment\}} {name}\n:objective: (.+)$", chapter, re.MULTILINE)
    assert stated, f"{name}.md does not lead to its assignment"
    tested = {objective for question in questions for objective in question.objectives}
    assert tested == set(re.split(r",\s*", stated[1]))
