"""nbgrader stays the instructor's tool: its commands grade with this engine, and scores agree."""

import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from course_of_two import NAME, RIGHT, SECRET, WRONG, SmallCourse, config_of, path_of_commands

from exercises import ROOT
from qutils.grading.classroom import sandboxed
from qutils.grading.sandbox import UNSAFE, probe

PAGE = ROOT / "book" / "instructors" / "grading.md"
BLOCK = re.compile(r"^```\{code-block\} bash\n:name: ([\w-]+)\n\n(.*?)^```$", re.M | re.S)
ASSIGNMENT = "01_fp32_cost"

needs_sandbox = pytest.mark.skipif(
    not probe().sound, reason="no sound sandbox here; `qutils doctor` says why"
)


@pytest.fixture
def small(tmp_path):
    return SmallCourse(tmp_path)


@needs_sandbox
def test_autograde_uses_this_engine_and_feedback_tells_no_test(small):
    small.config.Autograde.exporter_class = "qutils.grading.nbgrader_engine.GradingExporter"
    small.hand_in("ada", WRONG | {"q2": RIGHT["q2"]})
    (small.hand_in("eve", {})).write_text("{")
    (small.path("submitted", "ada", "passwd")).symlink_to("/etc/passwd")
    api = small.api
    for student in ("ada", "eve"):
        result = api.autograde(NAME, student)
        assert result["success"], result
    assert small.rows()["ada"] == {"q1_tests": 0.0, "q2_tests": 2.0, "essay": 0.0}
    assert small.rows()["eve"] == dict.fromkeys(small.rows()["ada"], 0.0)
    assert not small.path("autograded", "ada", "passwd").exists()
    assert (small.root / "private" / "journal" / f"{NAME}.jsonl").is_file()
    result = api.generate_feedback(NAME, "ada", force=True)
    assert result["success"], result
    page = small.path("feedback", "ada", f"{NAME}.html").read_text()
    assert "nbgrader" in page
    assert "Score: 2.0 / 9.0" in page
    assert "large numbers" in page
    assert SECRET not in page


@needs_sandbox
def test_an_error_of_the_engine_is_nbgraders_error(small):
    small.config.Autograde.exporter_class = "qutils.grading.nbgrader_engine.GradingExporter"
    small.hand_in("ada", RIGHT)
    path = small.root / "source" / NAME / f"{NAME}.ipynb"
    path.write_text(path.read_text().replace("double(21) == 42", "double(22) == 44"))
    result = small.api.autograde(NAME, "ada")
    assert not result["success"]
    assert "nbgrader generate_assignment" in result["log"]


ANSWERS = {
    "right": "def {name}(x):\n    return {factor} * x",
    "wrong": "def {name}(x):\n    return {factor}",
    "raises": "def {name}(x):\n    raise ValueError(x)",
    "broken": "def {name}(x:",
}


def test_scores_agree_with_plain_nbgrader(tmp_path):
    """Grade all pairs of answers; a hand-in's own cells and prints change nothing."""
    plain, ours = SmallCourse(tmp_path / "plain"), SmallCourse(tmp_path / "ours")
    for first, second in itertools.product(ANSWERS, repeat=2):
        answers = {
            "q1": ANSWERS[first].format(name="double", factor=2),
            "q2": "print('hello')\n" + ANSWERS[second].format(name="triple", factor=3),
        }
        for course in (plain, ours):
            course.hand_in(f"{first}-{second}", answers)
    for name in ("missing", "missing-2"):
        for course in (plain, ours):
            course.hand_in(name, {})
    start = sandboxed(ours.course, NAME, probe() if probe().sound else UNSAFE)
    ours.grade(start, workers=2)
    path_of_commands()
    for name in ours.rows():
        result = plain.api.autograde(NAME, name)
        assert result["success"], result
    assert ours.rows() == plain.rows()
    assert len({tuple(row.values()) for row in ours.rows().values()}) >= 4


# The page for instructors


def commands() -> dict[str, str]:
    return dict(BLOCK.findall(PAGE.read_text()))


@needs_sandbox
def test_every_command_of_the_page_does_what_it_says(tmp_path):
    for name in ("solutions", "tools"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    folder = tmp_path / "my class"
    folder.mkdir()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {
        "COURSE_CLASS_DIR": str(folder),
        "PATH": path,
        "JUPYTER_CONFIG_DIR": str(tmp_path),
    }

    def run(command):
        done = subprocess.run(
            ["bash", "-ec", command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(f"nbgrader generate_assignment {ASSIGNMENT}")
    notebook = f"{ASSIGNMENT}.ipynb"
    for student in ("ada", "bob"):
        target = folder / "submitted" / student / ASSIGNMENT
        target.mkdir(parents=True)
        shutil.copy(tmp_path / "exercises" / ASSIGNMENT / notebook, target)
    found = commands()
    assert "can be graded" in run(found.pop("grade-doctor"))
    assert "2 graded" in run(found.pop("grade-class"))
    assert "1 graded" in run(found.pop("grade-one"))
    run(found.pop("grade-nbgrader"))
    assert (folder / "autograded" / "bob" / ASSIGNMENT / notebook).is_file()
    run(found.pop("grade-feedback"))
    assert (folder / "feedback" / "bob" / ASSIGNMENT / f"{ASSIGNMENT}.html").is_file()
    assert not found
    assert PAGE.read_text().count("```{code-block}") == len(commands())
    unsafe = run(f"qutils grade {ASSIGNMENT} --student bob --force --unsafe")
    assert "without a sandbox (--unsafe)" in unsafe
    assert (
        "--unsafe" in (folder / "feedback" / "bob" / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()
    )


def test_the_course_grades_with_this_engine():
    from exercises import course_config

    config = course_config(ROOT, Path("/nowhere"))
    assert config.Autograde.exporter_class == "qutils.grading.nbgrader_engine.GradingExporter"
    assert Path(config.Grading.folder).parts[:2] == ("/", "nowhere")
    assert "exporter_class" not in config_of(Path("/nowhere")).Autograde
