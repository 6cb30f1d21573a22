"""The capstone's leaderboard, from a class that was graded into a real gradebook."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from nbgrader.coursedir import CourseDirectory

from answers import HandIn, Learner, reference
from exercises import course_config
from leaderboard import (
    ASSIGNMENT,
    MODEL,
    LeaderboardError,
    leaderboard,
    points_for_networks,
    pseudonym,
    requirements,
    with_result,
)
from leaderboard_page import csv_text, page
from measure_model import Measured, MeasureError, measure, measure_apart
from qutils.data import load_fashion_mnist
from qutils.grading.assignment import load
from qutils.grading.classroom import Course
from qutils.grading.gradebook import GradebookError
from ranking import Entry, Requirements, beats, ranked
from sample_class import grade_class

# nbgrader's own use of its database makes SQLAlchemy warn.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "solutions" / ASSIGNMENT / "handed_in"
PAGE = ROOT / "book" / "instructors" / "leaderboard.md"
BOARD = "l4r5zi", "tflm-cmsis-nn"


# Ranks and front


def entry(name: str, correct: int, size: int, keeps: bool = True) -> Entry:
    return Entry(name, name, keeps, Measured(size, 1000, 1.0, 2.0, correct, 100))


def test_equal_accuracies_share_a_rank_and_the_front_is_what_nothing_beats():
    found = ranked(
        [
            entry("large", 90, 300),
            entry("good", 90, 200),
            entry("small", 80, 100),
            entry("beaten", 79, 150),
            entry("twin", 80, 100),
        ]
    )
    assert [(e.network, e.rank, e.on_front) for e in found] == [
        ("good", 1, True),
        ("large", 1, False),
        ("small", 3, True),
        ("twin", 3, True),
        ("beaten", 5, False),
    ]


def test_what_misses_a_requirement_beats_nobody():
    found = ranked([entry("too slow", 99, 10, keeps=False), entry("fine", 50, 100)])
    assert [(e.network, e.rank, e.on_front) for e in found] == [
        ("fine", 1, True),
        ("too slow", None, False),
    ]


@pytest.mark.parametrize(("correct", "stays"), [(73, False), (74, True), (82, True)])
def test_an_accuracy_that_is_surely_too_low_has_no_rank(correct, stays):
    # Of 100: Wilson's interval ends at 0.807 for 73, at 0.816 for 74; 0.81 is required.
    wanted = Requirements(*BOARD, {}, 0.81)
    before = Entry("ada", "net", True)
    after = with_result(before, Measured(100, 5, 1.0, 2.0, correct, 100), wanted)
    assert after.is_eligible == stays
    assert ("below the required one" in after.remark) != stays


def test_equal_ones_do_not_beat_each_other():
    one = Measured(100, 5, 1.0, 2.0, 80, 100)
    assert not beats(one, replace(one, arena_bytes=9))
    assert beats(one, replace(one, model_bytes=101))
    assert beats(one, replace(one, correct=79))
    assert not beats(one, replace(one, correct=79, model_bytes=99))


# One model


def test_a_model_is_measured_as_the_real_interpreter_answers():
    from ai_edge_litert.interpreter import Interpreter

    content = (MODELS / MODEL).read_bytes()
    found = measure(content, *BOARD)
    assert found.model_bytes == len(content)
    assert found.total == 10_000
    assert 0 < found.ms_low < found.ms_high
    litert = Interpreter(model_content=content)
    litert.resize_tensor_input(0, (10_000, 28, 28, 1))
    litert.allocate_tensors()
    source, target = litert.get_input_details()[0], litert.get_output_details()[0]
    images, labels = load_fashion_mnist("test")
    scale, zero_point = source["quantization"]
    codes = (images / scale + zero_point).round().clip(-128, 127).astype("int8")
    litert.set_tensor(source["index"], codes)
    litert.invoke()
    correct = int((litert.get_tensor(target["index"]).argmax(axis=1) == labels).sum())
    # LiteRT rounds in another way, so that a near tie between two kinds may fall otherwise.
    assert abs(found.correct - correct) <= 20


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("truncated.tflite", "outside the file of 10000 bytes"),
        ("text.tflite", "not a .tflite file"),
        ("empty.tflite", "at least 8 bytes"),
        ("float32.tflite", "ten int8 numbers"),
        ("five_outputs.tflite", "ten int8 numbers"),
        ("flat_input.tflite", "ten int8 numbers"),
        ("unsupported_operator.tflite", "EXP"),
    ],
)
def test_what_is_no_such_model_is_refused_with_a_reason(file, message):
    with pytest.raises(MeasureError, match=message) as raised:
        measure_apart((MODELS / file).read_bytes(), *BOARD)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) > 20


def test_a_model_has_bounds_of_time_and_memory():
    content = (MODELS / MODEL).read_bytes()
    with pytest.raises(MeasureError, match=r"not done with it after 0\.1 s"):
        measure_apart(content, *BOARD, seconds=0.1)
    with pytest.raises(MeasureError, match="memory"):
        measure_apart(content, *BOARD, memory=150 << 20)
    assert measure_apart(content, *BOARD) == measure(content, *BOARD)


# A class


def learner(file: str | None) -> Learner:
    given = reference(ROOT, ASSIGNMENT)
    return Learner(HandIn(given.cells, {MODEL: MODELS / file} if file else {}), frozenset())


CLASS = {
    "ada": MODEL,
    "bob": "depthwise_separable.tflite",
    "cyd": MODEL,
    "dot": "too_large.tflite",
    "eve": "truncated.tflite",
    "fay": None,
    "gus": MODEL,
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> Course:
    """A class; after it was graded, one learner handed in anew and one for the first time."""
    folder = tmp_path_factory.mktemp("class")
    with pytest.MonkeyPatch.context() as patch:
        # nbgrader starts "alembic" by name when it makes a gradebook.
        patch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        submits = {name: learner(file).submit for name, file in CLASS.items()}
        grade_class(ROOT, folder, {ASSIGNMENT: submits}, lambda now: None)
    submitted = folder / "submitted"
    shutil.copytree(submitted / "ada" / ASSIGNMENT, submitted / "hal" / ASSIGNMENT)
    shutil.copy(MODELS / "untrained.tflite", submitted / "gus" / ASSIGNMENT / MODEL)
    config = course_config(ROOT, folder)
    return Course(config, CourseDirectory(config=config))


@pytest.fixture(scope="module")
def board(graded):
    return leaderboard(graded)


def test_ranks_follow_the_gradebook_and_the_emulator(board):
    entries, wanted = board
    found = {e.learner: e for e in entries}
    assert found.keys() == {*CLASS, "hal"}
    assert {name for name, e in found.items() if e.rank} == {"ada", "bob", "cyd"}
    for name in ("ada", "bob"):
        content = (MODELS / CLASS[name]).read_bytes()
        assert found[name].measured == measure(content, wanted.board, wanted.library)
    assert found["ada"].measured == found["cyd"].measured
    assert found["ada"].rank == found["cyd"].rank
    assert found["ada"].on_front
    assert found["cyd"].on_front
    best = max(e.measured.correct for e in entries if e.rank)
    assert entries[0].measured.correct == best


def test_who_has_no_rank_gets_a_reason(board):
    found = {e.learner: e for e in board[0]}
    assert found["dot"].remark == "0 of 7 points for it"
    assert found["dot"].measured.model_bytes == (MODELS / "too_large.tflite").stat().st_size
    assert "outside the file" in found["eve"].remark
    assert found["fay"].remark == "model.tflite was not handed in."
    for name in ("gus", "hal"):
        assert found[name].remark == "not graded yet, or handed in anew since"
    assert all(not e.on_front for e in found.values() if e.rank is None)


def test_requirements_are_those_of_the_notebook(graded, board):
    (source,) = load(graded.directory, graded.config, ASSIGNMENT)
    wanted = requirements(source)
    assert wanted == board[1]
    assert set(wanted.limits) == {"model_bytes", "arena_bytes", "ms"}
    for e in board[0]:
        if e.rank:
            assert e.measured.model_bytes <= wanted.limits["model_bytes"]
            assert e.measured.arena_bytes <= wanted.limits["arena_bytes"]
            assert e.measured.ms_high <= wanted.limits["ms"]


def test_the_table_holds_every_network(board):
    entries, _ = board
    lines = list(csv.DictReader(io.StringIO(csv_text(entries, names=True))))
    assert [line["learner"] for line in lines] == [e.learner for e in entries]
    for line, e in zip(lines, entries, strict=True):
        assert line["rank"] == str(e.rank or "")
        assert line["on_front"] == str(e.on_front)
        if e.measured:
            assert int(line["model_bytes"]) == e.measured.model_bytes
            low, share, high = (
                float(line[n]) for n in ("accuracy_low", "accuracy", "accuracy_high")
            )
            assert low < share < high
            assert share == e.measured.correct / 10_000


def test_names_are_shown_only_if_asked_for(board):
    entries, wanted = board
    for show in (csv_text, lambda e, names: page(e, wanted, names)):
        without, with_names = show(entries, names=False), show(entries, names=True)
        for e in entries:
            assert e.network in without
            assert not re.search(rf"\b{e.learner}\b", without)
            assert re.search(rf"\b{e.learner}\b", with_names)


def test_pseudonyms_differ_between_learners_and_classes():
    names = {pseudonym(secret, who) for secret in (b"1", b"2") for who in ("ada", "bob", "cyd")}
    assert len(names) == 6


def test_the_page_says_in_words_what_the_figure_shows(board):
    entries, wanted = board
    text = unescape(page(entries, wanted, names=False))
    (words,) = re.findall(r'<img [^>]*alt="([^"]+)"', text)
    for e in entries:
        if e.on_front:
            share = 100 * e.measured.correct / e.measured.total
            assert f"{e.measured.model_bytes:,} bytes with {share:.1f} %" in words
    assert "32,754 bytes and 82 %" in words
    assert "<script" not in text


def test_a_class_without_ranks_has_a_page_too(board):
    wanted = board[1]
    (hollow,) = ranked([entry("slow", 50, 100, keeps=False)])
    text = unescape(page([hollow], wanted, names=False))
    assert "On the front, from the smallest: none." in text
    assert "1 handed in, 0 with a rank" in text
    assert "0 handed in" in page([], wanted, names=False)
    assert csv_text([], names=False) == "network\n"


def test_what_learners_choose_is_shown_as_text(board):
    bad = Entry("<b>&", "net", False, remark='<img src=x onerror="1">')
    text = page([bad], board[1], names=True)
    assert "<b>" not in text
    assert "<img" not in text


def test_a_class_without_the_assignment_is_a_clear_error(graded, tmp_path, monkeypatch):
    config = course_config(ROOT, tmp_path)
    with pytest.raises(GradebookError, match="there is no gradebook"):
        leaderboard(Course(config, CourseDirectory(config=config)))
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr("leaderboard.ASSIGNMENT", "11_unknown")
    with pytest.raises(LeaderboardError, match="grade it with `qutils grade 11_unknown`"):
        points_for_networks(graded)


# The page for instructors


def test_every_command_of_the_page_does_what_it_says(graded, tmp_path):
    for name in ("solutions", "tools", "qutils", "Makefile", "nbgrader_config.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    class_folder = Path(graded.settings.folder).parent
    environment = os.environ | {"COURSE_CLASS_DIR": str(class_folder)}
    blocks = re.findall(
        r"^```\{code-block\} bash\n:name: ([\w-]+)\n\n(.*?)^```$", PAGE.read_text(), re.M | re.S
    )
    printed = {}
    for name, command in blocks:
        done = subprocess.run(
            ["bash", "-ec", command], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        printed[name] = done.stdout
    assert printed.keys() == {"leaderboard-make", "leaderboard-names"}
    assert "8 handed in, 3 with a rank" in printed["leaderboard-make"]
    assert "leaderboard.html" in printed["leaderboard-make"]
