"""From hand-ins to rows, notebooks and pages: nothing lost, nothing doubled, nothing told."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from course_of_two import NAME, RIGHT, SECRET, WRONG, SmallCourse, run_plainly

from qutils.grading import classroom
from qutils.grading.assignment import AssignmentError
from qutils.grading.gradebook import GradebookError, GradebookWriter
from qutils.grading.journal import Journal

SCORES = {
    "right": {"q1_tests": 2.0, "q2_tests": 2.0, "essay": 0.0},
    "wrong": {"q1_tests": 0.0, "q2_tests": 1.0, "essay": 0.0},
}


@pytest.fixture
def small(tmp_path):
    return SmallCourse(tmp_path)


@contextlib.contextmanager
def must_not_run():
    raise AssertionError("a job was run")
    yield


def test_scores_reach_the_gradebook(small):
    small.hand_in("right", RIGHT)
    small.hand_in("wrong", WRONG)
    small.hand_in("essay", {"essay": "Because."})
    results = small.grade(workers=2)
    assert {name: result.score for name, result in results.items()} == {
        "right": 4.0,
        "wrong": 1.0,
        "essay": 0.0,
    }
    # A person has to read the essay: no score, which is not a 0.
    essay = {"q1_tests": 0.0, "q2_tests": 0.0, "essay": None}
    assert small.rows() == SCORES | {"essay": essay}


def test_a_second_run_runs_nothing_and_changes_nothing(small):
    small.hand_in("right", RIGHT)
    first = small.grade()
    files = {path: path.read_bytes() for path in small.root.rglob("*.[ih]*") if path.is_file()}
    assert small.grade(must_not_run) == first
    assert {path: path.read_bytes() for path in files} == files


def test_two_classes_have_the_same_files(small, tmp_path_factory):
    other = SmallCourse(tmp_path_factory.mktemp("other"))
    for course in (small, other):
        (course.root / "private").mkdir()
        (course.root / "private" / "grading_secret").write_text("the same")
        course.hand_in("right", RIGHT)
        course.hand_in("wrong", WRONG)
        course.grade(workers=2)
    for step in ("autograded", "feedback"):
        files = sorted(path for path in (small.root / step).rglob("*") if path.is_file())
        assert len(files) == 2
        for path in files:
            assert path.read_bytes() == (other.root / path.relative_to(small.root)).read_bytes()


def test_new_work_is_graded_again_and_the_row_is_replaced(small):
    small.hand_in("ada", WRONG)
    small.grade()
    small.hand_in("ada", RIGHT)
    assert small.grade()["ada"].score == 4.0
    assert small.rows() == {"ada": SCORES["right"]}


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_text("{"), "no whole notebook"),
        (lambda path: path.unlink(), "not handed in"),
        (lambda path: path.rename(path.with_name("mine.ipynb")), "Found: mine.ipynb"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "is a link"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "no ordinary file"),
    ],
)
def test_what_cannot_be_read_leaves_a_row_with_a_reason(small, break_it, reason):
    break_it(small.hand_in("ada", RIGHT))
    small.hand_in("bob", RIGHT)
    results = small.grade()
    assert results["ada"].status == "learner fault"
    assert reason in results["ada"].reason
    assert small.rows() == {"ada": dict.fromkeys(SCORES["right"], 0.0), "bob": SCORES["right"]}
    for step, name in (("autograded", f"{NAME}.ipynb"), ("feedback", f"{NAME}.html")):
        assert reason in small.path(step, "ada", name).read_text()


def test_names_of_files_are_no_html(small):
    path = small.hand_in("ada", RIGHT)
    path.rename(path.with_name("<img src=x>.ipynb"))
    small.grade()
    page = small.path("feedback", "ada", f"{NAME}.html").read_text()
    assert "&lt;img src=x&gt;.ipynb" in page
    assert "<img" not in page
    note = json.loads(small.path("autograded", "ada").read_text())["cells"][0]
    assert note["cell_type"] == "markdown"
    assert note["source"].startswith("    ")  # shown as code


def test_a_deleted_answer_still_counts_in_the_maximum(small):
    small.hand_in("ada", RIGHT, change=lambda notebook: notebook.cells.pop())
    small.grade()
    page = small.path("feedback", "ada", f"{NAME}.html").read_text()
    assert "Score: 4.0 / 9.0" in page
    assert "Not answered." in page


@pytest.mark.parametrize("stamp", ["no date", "9" * 50, "\0", ""])
def test_a_time_stamp_that_cannot_be_read_counts_as_none(small, stamp):
    small.hand_in("ada", RIGHT).with_name("timestamp.txt").write_text(stamp)
    assert small.grade()["ada"].score == 4.0


def test_hidden_tests_are_in_no_file_for_learners(small):
    small.hand_in("right", RIGHT)
    small.hand_in("wrong", WRONG)
    small.grade()
    source = (small.root / "source" / NAME / f"{NAME}.ipynb").read_text()
    assert SECRET in source
    files = [
        path for step in ("autograded", "feedback") for path in (small.root / step).rglob("*.*")
    ]
    assert len(files) == 4
    for path in files:
        assert SECRET not in path.read_text()
        assert "large numbers" not in path.read_text()  # the stand-in for the checker says nothing


def test_a_fault_of_the_grader_is_no_zero_and_the_next_run_goes_on(small):
    small.hand_in("ada", RIGHT)

    @contextlib.contextmanager
    def broken():
        raise OSError("no process")
        yield

    assert small.grade(broken)["ada"].status == "grader fault"
    assert small.rows() == {"ada": dict.fromkeys(SCORES["right"])}
    assert small.grade()["ada"].score == 4.0
    assert small.rows() == {"ada": SCORES["right"]}
    small.grade(broken, force=True)
    assert small.rows() == {"ada": SCORES["right"]}


STEPS = ["append", "write", "graded_notebook", "feedback_page", "_replace"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_kill_9_at_every_step_loses_and_doubles_nothing(small, step, when):
    small.hand_in("right", RIGHT)
    small.hand_in("wrong", WRONG)
    script = (
        "import sys; sys.path[:0] = [sys.argv[1]]\n"
        "import test_class; test_class.killed(*sys.argv[2:])"
    )
    arguments = [os.path.dirname(__file__), str(small.root), step, when]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert {name: result.score for name, result in small.grade().items()} == {
        "right": 4.0,
        "wrong": 1.0,
    }
    assert small.rows() == SCORES
    assert all(small.path("feedback", name, f"{NAME}.html").is_file() for name in SCORES)
    small.grade(must_not_run)


def killed(root, step, when):
    """Grade, and kill this process at a step of the second hand-in."""
    course = SmallCourse.__new__(SmallCourse)
    course.open(root)
    owner = {"append": Journal, "write": GradebookWriter}.get(step, classroom)
    original, calls = getattr(owner, step), []

    def dying(*arguments):
        calls.append(step)
        if when == "before" and len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments)
        if when == "after" and len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, step, dying)
    course.grade()


def test_learners_have_seeds_of_their_own_that_stay(small):
    seeds = {}

    @contextlib.contextmanager
    def noting():
        with run_plainly() as run:
            yield lambda job: seeds.setdefault(job.student, []).append(job.seed) or run(job)

    for name in ("ada", "bob"):
        small.hand_in(name, RIGHT)
    small.grade(noting)
    small.grade(noting, force=True)
    assert [len(set(found)) for found in seeds.values()] == [1, 1]
    assert len(seeds["ada"]) == 2
    assert seeds["ada"] != seeds["bob"]
    assert (small.root / "private" / "grading_secret").stat().st_mode & 0o077 == 0


def test_settings_reach_the_jobs(small):
    small.config.Grading.limits = {"cell_seconds": 7.0}
    small.config.Grading.withheld = {NAME: ["numpy.dot"], "other": ["x"]}
    small.config.Grading.preload = {NAME: ["json"]}
    small.hand_in("ada", RIGHT)
    jobs = []

    @contextlib.contextmanager
    def noting():
        with run_plainly() as run:
            yield lambda job: jobs.append(job) or run(job)

    small.grade(noting)
    assert (jobs[0].limits.cell_seconds, jobs[0].withheld) == (7.0, ("numpy.dot",))
    assert jobs[0].preload == ("json",)


def test_what_is_missing_is_named(small):
    with pytest.raises(AssignmentError, match="nothing was handed in"):
        small.grade()
    small.hand_in("ada", RIGHT)
    with pytest.raises(AssignmentError, match=f"Assignments: {NAME}"):
        classroom.grade_assignment(small.course, "week2", run_plainly, print)
    (small.root / "gradebook.db").rename(small.root / "away.db")
    with pytest.raises(GradebookError, match="nbgrader generate_assignment"):
        small.grade()
    assert not (small.root / "gradebook.db").exists()


def test_an_assignment_that_changed_after_it_was_released_is_not_graded(small):
    small.hand_in("ada", RIGHT)
    path = small.root / "source" / NAME / f"{NAME}.ipynb"
    path.write_text(path.read_text().replace("double(21) == 42", "double(22) == 44"))
    with pytest.raises(GradebookError, match="has changed since"):
        small.grade()
    assert small.rows() == {}


def test_a_result_of_another_environment_is_not_reused(small, monkeypatch):
    small.hand_in("ada", RIGHT)
    first = small.grade()["ada"]
    monkeypatch.setattr("qutils.grading.assignment.environment", lambda: "newer packages")
    second = small.grade()["ada"]
    assert second == replace(first, key=second.key)
    assert second.key != first.key
