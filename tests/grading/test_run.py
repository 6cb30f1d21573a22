"""The life of a submission: honest work gets what it deserves, twice the same."""

import sys
from dataclasses import replace

import nbformat
import pytest

from answers import SOLUTION_MARK, grade_id, is_answer
from exercises import ROOT
from qutils.grading.job import Cell, Job, Limits
from qutils.grading.run import run, templates
from qutils.grading.sandbox import UNSAFE, probe
from sample_class import sample_learners

PENCIL = (
    Cell("imports", "locked", "import numpy as np\nlimit = 5\nprint('given')"),
    Cell(
        "q1", "learner", "def square(x):\n    print(x)\n    return x * x\nprint('mine')\nsquare(3)"
    ),
    Cell("q1_tests", "test", "assert square(4) == 16, 'the square is off'", 2.0),
    Cell("", "learner", "square = lambda x: 0\ncount = 1"),
    Cell("q2_tests", "test", "count\nassert square(2) == 4, f'off for {2}'", 3.0),
    Cell("q3_tests", "test", "square(1) + 0.5", 1.0),
    Cell("q4_tests", "test", "assert limit == 5 and square(1) == 0", 1.0, inside=True),
)


def job(*cells, **settings):
    return Job("week1", "week1", "ada", cells, seed=7, **settings)


@pytest.fixture(scope="module")
def pair():
    # These notebooks are our own: they may run where there is no sandbox.
    confinement = probe() if probe().sound else UNSAFE
    with templates(("numpy",), Limits(), confinement) as pair:
        yield pair


def test_a_notebook_for_a_pencil(pair):
    result = run(job(*PENCIL), pair)
    assert (result.status, result.reason, result.score) == ("graded", "", 3.5)
    assert [(c.grade_id, c.status, c.points, c.message) for c in result.cells] == [
        ("q1_tests", "passed", 2.0, ""),
        ("q2_tests", "failed", 0.0, "q2_tests: off for ..."),
        ("q3_tests", "partial", 0.5, ""),
        ("q4_tests", "passed", 1.0, ""),
    ]
    assert [c.assurance for c in result.cells] == ["apart", "apart", "apart", "inside"]
    assert [output.text for output in result.outputs] == ["given\n", "mine\n3\n9\n", *[""] * 5]


def test_two_runs_give_the_same_bytes(pair):
    draw = Cell("", "learner", "import random\n{str(n) for n in range(9)}, random.random()")
    hidden = Cell("q", "test", "float(rng.random() + np.random.rand()) / 2", 1.0)
    first, second = (run(job(*PENCIL, draw, hidden), pair) for _ in range(2))
    assert 0 < first.cells[-1].points < 1
    assert replace(first, seconds=0).to_bytes() == replace(second, seconds=0).to_bytes()
    other = run(replace(job(*PENCIL, hidden), seed=8), pair)
    assert other.cells[-1].points != first.cells[-1].points


def test_nothing_that_a_test_says_is_printed_by_a_later_cell(pair):
    cells = (
        Cell("q1", "learner", "seen = []\ndef f(x):\n    seen.append(x)\n    return x"),
        Cell("q1_tests", "test", "assert f(1234) == 1234", 1.0),
        Cell("", "learner", "print(seen)\nassert not seen, seen"),
        Cell("q2_tests", "test", "assert seen == [1234]", 1.0),
    )
    result = run(job(*cells), pair)
    assert [cell.status for cell in result.cells] == ["passed", "passed"]
    assert result.outputs[2].text == "[]\n"
    assert "1234" not in result.to_bytes().decode()


def test_an_error_of_a_cell_is_shown_with_the_learners_lines(pair):
    (output,) = run(job(Cell("q1", "learner", "x = 1\nx / 0")), pair).outputs
    assert output.error.startswith('Traceback (most recent call last):\n  File "<cell q1>", line 2')
    assert output.error.endswith("ZeroDivisionError: division by zero\n")


def test_what_all_cells_print_is_capped(pair):
    cells = [Cell("", "learner", "print('x' * 70)")] * 2
    result = run(job(*cells, limits=Limits(output_bytes=100)), pair)
    assert [output.text.count("x") for output in result.outputs] == [70, 29]


def test_a_cell_that_prints_too_much_says_where_it_was_cut(pair):
    flood = Cell("", "learner", "print('x' * 300)")
    (output,) = run(job(flood, limits=Limits(output_bytes=100)), pair).outputs
    assert output.text == "x" * 100 + "\n[output cut here]\n"


def test_a_withheld_name_is_named(pair):
    answer = Cell("q1", "learner", "import numpy as np\ndef f(x):\n    return np.linalg.inv(x)")
    test = Cell("q1_tests", "test", "import numpy as np\nf(np.eye(2))", 1.0)
    assert run(job(answer, test), pair).score == 1
    result = run(job(answer, test, withheld=("numpy.linalg.inv",)), pair)
    assert result.score == 0
    assert result.cells[0].message == (
        "q1_tests: this question is to be solved without numpy.linalg.inv"
    )


@pytest.mark.skipif(
    "namespaces" not in probe().active or sys.prefix.startswith("/tmp/"),
    reason="only namespaces give a folder another name, where Python is not below it",
)
def test_the_temporary_folder_has_its_usual_name(pair):
    write = "open('/tmp/x', 'w').write('mine')\nimport os\nos.path.samefile('/tmp/x', 'x')"
    (output,) = run(job(Cell("", "learner", write)), pair).outputs
    assert (output.text, output.error) == ("True\n", "")


def test_submissions_leave_nothing_behind(pair):
    leave = "import builtins, os, sys, numpy as np\nbuiltins.left = sys.left = np.left = 1\n"
    leave += "os.environ['LEFT'] = '1'\nopen('left', 'w').close()\nnp.random.seed(3)"
    run(job(Cell("", "learner", leave)), pair)
    look = (
        "import os, sys, builtins, numpy as np\nhasattr(builtins, 'left'), hasattr(sys, 'left'), "
    )
    look += "hasattr(np, 'left'), 'LEFT' in os.environ, os.path.exists('left')"
    (output,) = run(job(Cell("", "learner", look)), pair).outputs
    assert output.text == "(False, False, False, False, False)\n"


# The course's own assignments; what nbgrader gives is in tests/test_assignments.py


def assignment(name, answers):
    """Return the job of a learner who wrote these answers."""
    source = nbformat.read(ROOT / "solutions" / name / f"{name}.ipynb", as_version=4)
    released = nbformat.read(ROOT / "exercises" / name / f"{name}.ipynb", as_version=4)
    untouched = {grade_id(cell): cell.source for cell in released.cells}
    cells = []
    for cell in source.cells:
        if cell.cell_type != "code":
            continue
        about = cell.metadata.get("nbgrader", {})
        if is_answer(cell):
            text = answers.get(grade_id(cell), untouched[grade_id(cell)])
            cells.append(Cell(grade_id(cell), "learner", SOLUTION_MARK.sub("", text)))
        elif about.get("grade"):
            cells.append(Cell(grade_id(cell), "test", cell.source, float(about["points"])))
        else:
            cells.append(Cell(grade_id(cell), "locked" if about else "learner", cell.source))
    return job(*cells)


NAMES = ["01_fp32_cost", "02_int8_mapping"]


@pytest.mark.parametrize("learner", sorted(sample_learners(ROOT, NAMES[0])))
@pytest.mark.parametrize("name", NAMES)
def test_each_learner_of_the_sample_class_gets_their_points(pair, name, learner):
    expected = sample_learners(ROOT, name)[learner]
    result = run(assignment(name, expected.hand_in.cells), pair)
    assert result.status == "graded"
    points = {
        cell.grade_id.removesuffix("_tests"): (cell.points, cell.max_points)
        for cell in result.cells
        if cell.grade_id.endswith("_tests")
    }
    assert points == {
        q: (most if q in expected.right else 0, most) for q, (_, most) in points.items()
    }
    if learner == "perfect":
        assert all(not output.error for output in result.outputs)
        assert result.outputs[-1].text.count("\n") > 3
