"""Tests of an ordinary course, with the learner's names as proxies, in one process."""

import importlib
import socket
import sys
import threading

import pytest

from qutils.grading.checker import Checker
from qutils.grading.learner import Notebook, withhold
from qutils.grading.proxy import (
    LearnerError,
    LearnerFunction,
    LearnerGoneError,
    Link,
    NotPlainDataError,
    UndefinedNameError,
)
from qutils.grading.wire import Channel, Ref, pack

LEARNER = """
import math
from collections import namedtuple
import numpy as np

answer = 42
table = {"a": np.arange(3)}
Pair = namedtuple("Pair", "low high")

class Model:
    def __init__(self, weight):
        self.weight = weight
    def __array__(self, dtype=None, copy=None):
        return np.array([self.weight])

class TooSmall(ValueError):
    pass

def square(x):
    return x * x

def limits(values, *, margin=0):
    return Pair(min(values) - margin, max(values) + margin)

def predict(model, x):
    return model.weight * x

def raises(kind):
    if kind == "too small":
        raise TooSmall("it is small")
    raise {"value": ValueError("hidden 7"), "exit": SystemExit(0), "stop": KeyboardInterrupt(),
           "unicode": UnicodeDecodeError("utf-8", b"x", 0, 1, "why")}[kind]

def sort(values):
    values.sort()
    return values

def count(n):
    yield from range(n)

def adder(n):
    return lambda x: x + n
"""


class Session:
    """A checker whose questions a notebook in this process answers."""

    def __init__(self, stream):
        self.notebook = Notebook(1000, 0, 1 << 20)
        self.checker = Checker(Link(frozenset({"math", "numpy"})))
        self.checker.link.meet(Channel(stream))

    def learner(self, source):
        return self.notebook.do_run(source, "cell", 1)

    def test(self, source, points=1.0):
        return self.checker.do_test(source, "q1", points, 5)

    def passes(self, source):
        return self.test(source) == {"status": "passed", "points": 1.0, "message": ""}

    def value(self, source):
        """Return what the tests see of an expression, or raise what they get."""
        return eval(source, self.checker.space)


@pytest.fixture
def session(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        session = Session(theirs)
        channel = Channel(ours)

        def answer():
            try:
                while True:
                    channel.send(session.notebook.answer(channel.receive()))
            except EOFError:
                pass

        thread = threading.Thread(target=answer)
        thread.start()
        assert session.learner(LEARNER) == {"text": "", "error": ""}
        yield session
        theirs.shutdown(socket.SHUT_RDWR)
        thread.join()


# Ordinary tests


@pytest.mark.parametrize(
    "source",
    [
        "assert square(3) == 9",
        "assert square(x=3) == 9",
        "assert answer == 42",
        "import numpy as np\nnp.testing.assert_allclose(square(np.array([2., 3.])), [4, 9])",
        "import numpy as np\nassert square(np.float32(3)).dtype == np.float32",
        "low, high = limits([3, 1], margin=1)\nassert (low, high) == (0, 4)",
        "assert tuple(limits([3, 1])) == (1, 3)",
        "assert isinstance(limits([1]), tuple)",
        "assert table['a'].sum() == 3",
        "assert math.sqrt(4) == 2",
        "assert callable(square)",
        "assert list(count(3)) == [0, 1, 2]",
        "assert adder(2)(3) == 5",
        "assert predict(Model(3), 4) == 12",
        "import numpy as np\nassert np.array_equal(Model(3), [3])",
        "def _check(x):\n    return square(x)\nassert _check(2) == 4",
        "try:\n    raises('value')\nexcept ValueError as e:\n    assert 'hidden 7' in str(e)",
        "try:\n    raises('too small')\nexcept ValueError as e:\n    assert 'small' in str(e)",
        "a = rng.normal()\nassert 0 <= a * a",
    ],
)
def test_an_ordinary_test_passes(session, source):
    assert session.passes(source)


@pytest.mark.parametrize(
    ("source", "status", "message"),
    [
        ("assert square(3) == 8", "failed", "q1: a test failed (AssertionError)"),
        ("assert square(3) == 8, 'the square is off'", "failed", "q1: the square is off"),
        (
            "hint = 'off'\nassert square(3) == 8, hint",
            "failed",
            "q1: a test failed (AssertionError)",
        ),
        ("assert square(3) == 8, f'wrong for {3}: {9}!'", "failed", "q1: wrong for ...: ...!"),
        (
            "def _check(x, hint):\n    assert not square(x), 'off: ' + hint\n_check(3, 'odd ones')",
            "failed",
            "q1: off: odd ones",
        ),
        (
            "import numpy as np\nnp.testing.assert_equal(square(3), 8)",
            "failed",
            "q1: a test failed",
        ),
        ("raises('value')", "error", "q1: your code raised ValueError when a test called it"),
        ("raises('too small')", "error", "q1: your code raised ValueError when a test called it"),
        ("raises('exit')", "error", "q1: your code raised Exception when a test called it"),
        ("raises('stop')", "error", "q1: your code raised Exception when a test called it"),
        ("raises('unicode')", "error", "q1: your code raised UnicodeDecodeError when"),
        ("missing(1)", "error", "q1: the notebook does not define missing"),
        ("raise RuntimeError(f'{square(3)}')", "error", "q1: a test failed (RuntimeError)"),
        ("assert Model(1) == 3", "error", "q1: the code returned an object that is no plain data"),
        ("[][1]", "error", "q1: a test failed (IndexError)"),
    ],
)
def test_a_failing_test_tells_no_value(session, source, status, message):
    verdict = session.test(source)
    assert (verdict["status"], verdict["points"]) == (status, 0.0)
    assert verdict["message"].startswith(message)


@pytest.mark.parametrize(
    ("credit", "status", "points"),
    [("1.5", "partial", 1.5), ("2", "passed", 2.0), ("0", "partial", 0.0), ("True", "passed", 2.0)]
    + [("'text'", "passed", 2.0), ("None", "passed", 2.0), ("1.5;", "passed", 2.0)]
    + [(bad, "error", 0.0) for bad in ("float('nan')", "float('inf')", "-1", "2.5", "10**400")],
)  # fmt: skip
def test_partial_credit_is_the_last_value(session, credit, status, points):
    verdict = session.test(f"square(2)\n{credit}", points=2.0)
    assert (verdict["status"], verdict["points"]) == (status, points)


# What a learner could try


@pytest.mark.parametrize(
    "source",
    [
        "def sum(values): return 0\ndef isinstance(*a): return True",
        "def _helper(x): return 4",
        "np = None",
    ],
)
def test_names_of_the_tests_and_built_in_functions_are_not_the_learners(session, source):
    session.checker.do_run("import numpy as np\ndef _helper(x):\n    return x", "imports", 1)
    session.learner(source)
    assert session.passes(
        "assert sum([1, 2]) == 3 and not isinstance(1, str)\nassert _helper(5) == 5\nnp.zeros(1)"
    )


def test_a_cell_that_fails_keeps_the_names_it_would_have_bound(session):
    session.learner("def reference(x): return square(x)")
    session.checker.do_run("square(None)\ndef reference(x):\n    return 0", "locked", 1)
    assert session.test("assert square(3) == reference(3)")["points"] == 0


def test_arrays_of_a_test_stay_its_own(session):
    session.learner("def cheat(x):\n    x[:] = 0\n    return x.copy()")
    source = (
        "import numpy as np\nx = np.array([3., 4.])\ny = cheat(x)\nassert np.array_equal(y, x / 2)"
    )
    assert session.test(source)["points"] == 0


def test_a_test_sees_that_its_argument_was_changed(session):
    source = (
        "values = [3, 1, 2]\nassert sort(values)[0] == 1\nassert values == [3, 1, 2], 'changed'"
    )
    assert session.test(source) == {"status": "failed", "points": 0.0, "message": "q1: changed"}
    assert session.passes("values = [3, 1, 2]\nassert sort(values) == [1, 2, 3]")
    assert session.passes("values = [1, 2]\nsort(values)\nassert values == [1, 2]")


def test_a_test_sees_that_an_array_within_its_argument_was_changed(session):
    session.learner("def first(pair):\n    pair[0][0] = 7\n    return 7")
    source = (
        "import numpy as np\npair = np.zeros(1), 1\nassert first(pair) == 7\n"
        "assert pair[0][0] == 0, 'changed'"
    )
    assert session.test(source)["message"] == "q1: changed"


def test_generators_and_functions_of_a_test_cannot_be_passed(session):
    for argument in ("print", "lambda x: x", "(i for i in range(3))", "object()"):
        with pytest.raises(NotPlainDataError, match="cannot be passed to the learner's process"):
            session.value(f"square({argument})")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("raises('value')", ValueError),
        ("raises('exit')", LearnerError),
        ("raises('unicode')", LearnerError),
        ("Model(1).weight", NotPlainDataError),
        ("bool(Model(1))", NotPlainDataError),
        ("nothing", UndefinedNameError),
        ("sys.path", UndefinedNameError),
    ],
)
def test_errors_have_the_types_that_tests_expect(session, source, kind):
    with pytest.raises(kind) as caught:
        session.value(source)
    assert "<cell q1>" not in str(caught.value.__cause__)


def test_modules_that_tests_do_not_know_are_objects(session):
    session.learner("import os")
    with pytest.raises(NotPlainDataError):
        session.value("os.system('x')")


def test_an_error_says_where_the_learners_code_raised_it(session):
    session.learner("def broken():\n    return 1 / 0")
    with pytest.raises(ZeroDivisionError) as caught:
        session.value("broken()")
    assert 'File "<cell cell>", line 2, in broken' in str(caught.value.__cause__)
    assert "learner.py" not in str(caught.value.__cause__)


@pytest.mark.parametrize(
    "answer",
    [pack(a) for a in (None, 3, [], {}, {"value": 1}, {"value": ()}, {"raised": 3}, {"gone": 1})]
    + [pack([1])[:-1] + b"[", pack({"value": 1})[:-1]],
)  # fmt: skip
def test_nonsense_as_an_answer_is_no_value(answer):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(answer)
        ours.shutdown(socket.SHUT_WR)
        link = Link()
        link.meet(Channel(theirs))
        with pytest.raises(LearnerGoneError, match=r"nonsense|ended"):
            link.call(LearnerFunction(link, Ref(0, "callable")), (), {})


# The learner's side


@pytest.fixture
def statistics(monkeypatch):
    """Return a module of its own for this test, which may withhold what it likes."""
    monkeypatch.delitem(sys.modules, "statistics", raising=False)
    yield importlib.import_module("statistics")
    del sys.modules["statistics"]


def test_a_name_that_is_withheld(statistics):
    statistics.also_mean = statistics.mean
    withhold(["statistics.mean"])
    for function in (statistics.mean, statistics.also_mean):
        with pytest.raises(Exception, match=r"statistics\.mean is withheld"):
            function([1, 2])


def test_a_package_may_call_what_it_withholds(session, statistics):
    withhold(["statistics.fmean"])
    session.learner(
        "import statistics\ndef slope(x, y): return statistics.linear_regression(x, y).slope"
    )
    assert session.test("assert slope([1, 2, 3], [2, 4, 6]) == 2")["status"] == "passed"
    session.learner("same = statistics.fmean")
    assert "statistics.fmean" in session.test("same([1, 2])")["message"]


def test_private_functions_beside_a_withheld_name_are_withheld_too(statistics):
    variance = statistics.variance
    withhold(["statistics.mean"])
    with pytest.raises(Exception, match=r"statistics\._ss is withheld"):
        statistics._ss([1, 2])
    assert statistics.variance is variance
    assert statistics.variance([1, 2, 3]) == 1  # which calls it


def test_the_message_names_what_is_withheld(session, statistics):
    withhold(["statistics.mean"])
    session.learner("import statistics\ndef mean(x): return statistics.mean(x)")
    assert session.test("assert mean([1, 3]) == 2")["message"] == (
        "q1: this question is to be solved without statistics.mean"
    )


@pytest.mark.parametrize(
    ("source", "text", "error"),
    [
        ("print('a')\n1 + 1", "a\n2\n", ""),
        ("x = 1", "", ""),
        ("None", "", ""),
        ("1 + 1;", "", ""),
        ("%matplotlib inline\n'text'", "'text'\n", ""),
        ("display(1, 'a')", "1\n'a'\n", ""),
        ("import sys; print('b', file=sys.stderr)", "b\n", ""),
        ("await f()", "", "this grader runs no `await`"),
        ("def f(:\n", "", "SyntaxError"),
        ("exit()", "", "SystemExit"),
        ("print('x' * 2000)", "x" * 1000 + "\n[output cut here]\n", ""),
    ],
)
def test_what_a_cell_prints(session, source, text, error):
    said = session.learner(source)
    assert said["text"] == text
    assert error in said["error"]
    assert bool(error) == bool(said["error"])


def test_cells_draw_the_same_random_numbers_each_time(session):
    draw = "import random\nimport numpy as np\nrandom.random(), np.random.rand()"
    assert session.learner(draw) == session.learner(draw)


def test_lost_objects_are_known_as_lost(session):
    function = session.value("square")
    session.notebook.first_handle = 1 << 32  # as in a process that was started anew
    with pytest.raises(LookupError, match="lost when the notebook was started anew"):
        function(3)


# Forms of answers, through the proxy

FORMS = """
import numpy as np
def nothing(x): pass
def lazy(x): return (v for v in x)
def tensor(x): return Model(1)
def whole(x): return x
def part(x): return {"part": [x[1:]]}
def doubled(x):
    x *= 2
    return x.copy()
def fresh(x): return x + 1
number = 3
"""


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("expect.array(nothing(a), 'nothing')", "`nothing` returned None: is a `return` missing?"),
        ("expect.array(lazy(a), 'lazy')", "`lazy` returned a generator or the like, an array is"),
        ("expect.array(tensor(a), 'tensor')", "`tensor` returned an object that is no plain data"),
        ("expect.number(lazy, 'your `lazy`')", "your `lazy` is a function, a number is asked for"),
        ("expect.unchanged(doubled, a)", "`doubled` changed what it was given: work on a copy"),
        ("expect.unchanged(whole, a)", "`whole` returned its argument or a view of it, which"),
        ("expect.unchanged(part, x=a)", "`part` returned its argument or a view of it, which"),
        ("expect.unchanged(number, a)", "the answer is an int, a function is asked for"),
    ],
)
def test_the_form_of_an_answer_is_told(session, check, message):
    session.learner(FORMS)
    lines = "import numpy as np\nfrom qutils.grading import expect\na = np.arange(3.0)\n"
    verdict = session.test(lines + check)
    assert (verdict["status"], verdict["points"]) == ("failed", 0)
    assert verdict["message"].startswith(f"q1: {message}")


def test_an_answer_of_the_right_form_passes(session):
    session.learner(FORMS)
    assert session.passes(
        "import numpy as np\nfrom qutils.grading import expect\na = np.arange(3.0)\n"
        "assert np.array_equal(expect.array(expect.unchanged(fresh, a), 'fresh', (3,)), a + 1)\n"
        "whole(a)\nassert np.array_equal(expect.unchanged(fresh, x=a), a + 1)"
    )
