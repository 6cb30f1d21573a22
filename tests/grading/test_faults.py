"""Code that ends its process costs one question; all of it runs in the outer sandbox."""

from dataclasses import asdict

import outer
import pytest

GOOD = "def good(x):\n    return x + 1"
# What a learner's code does -> what the learner is told that it did.
FAULTS = {
    "endless": ("while True:\n        pass", "ran longer than 10 s and was stopped"),
    "stubborn": (
        "while 1:\n        try:\n            while 1: pass\n        except BaseException: pass",
        "ran longer than 10 s and was stopped",
    ),
    "exit": ("import os; os._exit(0)", "ended Python itself (exit, os._exit or the like)"),
    "segfault": (
        "import ctypes; ctypes.string_at(0)",
        "crashed Python (as a segmentation fault does)",
    ),
    "closes": ("import os; os.closerange(3, 50)", "ended Python itself"),
    "talks": ("import os; os.write(3, b'x' * 50), os.write(4, b'x' * 50)", "broke the connection"),
}


def grade(sources):
    """Grade [kind, source] cells in a sandbox within the sandbox; return the result's values."""
    from qutils.grading.job import Cell, Job, Limits
    from qutils.grading.run import run, templates
    from qutils.grading.sandbox import probe

    cells = [
        Cell(f"{kind}{place}", kind, source, float(kind == "test"))
        for place, (kind, source) in enumerate(sources)
    ]
    limits = Limits(cell_seconds=10.0, memory_bytes=512 << 20)
    with templates(("numpy",), limits, probe()) as pair:
        return asdict(run(Job("week1", "week1", "ada", tuple(cells), limits=limits), pair))


def graded(*sources):
    result = outer.call("test_faults:grade", sources, outer.Bounds(wall_seconds=300))
    assert result["status"] == "graded"
    return result


@pytest.mark.parametrize("fault", FAULTS)
def test_a_call_that_ends_the_process_costs_one_question(fault):
    body, why = FAULTS[fault]
    result = graded(
        ("learner", f"{GOOD}\ndef bad():\n    {body}"),
        ("test", "assert good(1) == 2"),
        ("test", "try:\n    bad()\nexcept BaseException:\n    pass"),
        ("test", "assert good(2) == 3"),
    )
    assert [cell["points"] for cell in result["cells"]] == [1, 0, 1]
    assert result["cells"][1]["status"] == ("timeout" if "longer" in why else "crashed")
    assert why in result["cells"][1]["message"]


@pytest.mark.parametrize("fault", ["endless", "exit", "segfault"])
def test_a_cell_that_ends_the_process_is_left_out(fault):
    body, why = FAULTS[fault]
    result = graded(
        ("learner", GOOD),
        ("learner", f"def lost(): return 1\nif True:\n    {body}"),
        ("learner", "print(good(1))"),
        ("test", "assert good(1) == 2"),
        ("test", "assert lost() == 1"),
    )
    assert [cell["points"] for cell in result["cells"]] == [1, 0]
    assert result["reason"] == f"learner1 was left out: it {why}"
    assert result["outputs"][1]["error"] == f"left out: this cell {why}"
    assert result["outputs"][2]["text"] == "2\n"
    assert result["cells"][1]["message"] == (
        "test4: the notebook does not define lost (left out before: learner1)"
    )


def test_a_test_that_takes_too_long_costs_itself():
    result = graded(
        ("learner", "def endless(): return 1"),
        ("test", "_kept = 3\nassert endless() == 1"),
        ("test", "while endless(): pass"),
        ("test", "assert _kept == 3 and endless() == 1"),
    )
    assert [cell["status"] for cell in result["cells"]] == ["passed", "timeout", "passed"]


def test_memory_and_output_have_an_end():
    result = graded(
        ("learner", f"{GOOD}\ndef bad(): return bytes(1 << 30)\ndef flood(): print('x' * 10**7)"),
        ("learner", "for _ in range(100): print('x' * 10**5)"),
        ("test", "bad()"),
        ("test", "flood()\nassert good(1) == 2"),
    )
    assert [cell["points"] for cell in result["cells"]] == [0, 1]
    assert 1 << 20 <= len(result["outputs"][1]["text"]) < (1 << 20) + 100


def test_a_notebook_that_ends_python_again_and_again_is_given_up():
    bad = [("learner", "import os; os._exit(1)")] * 6
    result = graded(("learner", GOOD), *bad, ("test", "assert good(1) == 2"))
    assert result["cells"][0]["points"] in (0, 1)
    assert result["outputs"][6]["error"] == "not run: the notebook's code ended Python 5 times"
