"""The assignments: what learners get, and what nbgrader gives them for it."""

import ast
import csv
import io
import re
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from rich.console import Console

import sample_class
from answers import (
    AnswersError,
    HandIn,
    grade_id,
    hand_in,
    instructors,
    question_points,
    reference,
    variants,
    wrong_answers,
)
from exercises import assignments, check, differences
from sample_class import (
    ClassReport,
    Grade,
    SampleClassError,
    example_feedback,
    run_sample_class,
    sample_learners,
)

# nbgrader's own use of its database makes SQLAlchemy warn.
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")

ROOT = Path(__file__).resolve().parent.parent
NAMES = assignments(ROOT)
POINTS = {name: question_points(ROOT, name) for name in NAMES}
LEARNERS = {name: sample_learners(ROOT, name) for name in NAMES}
# 1 to 3 also run in a browser's Python.
NUMPY_ALONE = [name for name in NAMES if name < "04"]


def read(folder: str, name: str):
    return nbformat.read(ROOT / folder / name / f"{name}.ipynb", as_version=4)


def marked(source: str, mark: str) -> str:
    """Return what stands between a BEGIN and an END mark, "" without them."""
    found = re.search(rf"### BEGIN {mark}\n(.*?)\n\s*### END {mark}", source, re.DOTALL)
    return found[1] if found else ""


def is_graded_by_hand(cell) -> bool:
    about = cell.metadata.get("nbgrader", {})
    return about.get("grade", False) and about.get("solution", False)


# The notebooks


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", ["solutions", "exercises"])
def test_notebooks_are_stored_clean(folder, name):
    notebook = read(folder, name)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


@pytest.mark.parametrize("name", NAMES)
def test_each_question_has_its_four_parts(name):
    cells = {cell.id: cell for cell in read("solutions", name).cells}
    for question, points in POINTS[name].items():
        text, tests = cells[f"{question}_text"], cells[f"{question}_tests"]
        assert re.match(rf"## Question {question[1:]}: .*\({points} points\)\n", text.source)
        answer = marked(cells[f"{question}_answer"].source, "SOLUTION")
        assert 1 <= len(answer.splitlines()) <= 15
        assert "assert" in cells[f"{question}_check"].source
        # Graded, if only with 0 points: `nbgrader validate` looks at no other cells.
        assert cells[f"{question}_check"].metadata.nbgrader.grade
        assert cells[f"{question}_check"].metadata.nbgrader.points == 0
        assert "assert" in marked(tests.source, "HIDDEN TESTS")
        assert tests.metadata.nbgrader.points == points
        assert tests.metadata.nbgrader.locked
        assert tests.metadata.nbgrader.grade
    title = cells["title"].source
    by_hand = [c.metadata.nbgrader.points for c in cells.values() if is_graded_by_hand(c)]
    assert f"{sum(POINTS[name].values()) + sum(by_hand)} points" in title
    assert f"`{name}`" in title


@pytest.mark.parametrize("name", NUMPY_ALONE)
def test_notebooks_need_numpy_only(name):
    # What is hidden runs where the grader is.
    cells = [c.source for c in read("solutions", name).cells if c.cell_type == "code"]
    source = "\n".join(cell.partition("### BEGIN HIDDEN TESTS")[0] for cell in cells)
    imported = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert imported <= {"numpy", "importlib", "qutils.tflm"}


def test_energies_are_those_of_the_books_claims():
    claims = yaml.safe_load((ROOT / "book" / "reference" / "claims.yml").read_text())
    cells = {cell.id: cell for cell in read("solutions", "01_fp32_cost").cells}
    energies = ast.literal_eval(cells["q6_given"].source.partition("=")[2].strip())
    names = {
        "float32 multiplication": "horowitz_fp32_mul",
        "float32 addition": "horowitz_fp32_add",
        "int8 multiplication": "horowitz_int8_mul",
        "int32 addition": "horowitz_int32_add",
        "word from 8 KB": "horowitz_sram_8kb",
        "word from 1 MB": "horowitz_sram_1mb",
        "word from DRAM": "horowitz_dram",
    }
    assert energies == {what: float(claims[claim]["value"]) for what, claim in names.items()}
    for value in energies.values():
        assert f"| {value:g} |" in cells["q6_text"].source


def test_accuracies_of_question_8_are_those_that_were_recorded():
    cells = {cell.id: cell for cell in read("solutions", "07_qat").cells}
    given: dict = {}
    exec(cells["q8_given"].source, given)
    with (ROOT / "book" / "reference" / "results" / "ladder.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["net"], row["seed"]) == ("net_a", "0")]
    recorded = {
        (row["rung"], row["weight_bits"], row["granularity"]): float(row["accuracy"])
        for row in rows
        if row["split"] == "test"
    }
    assert given["PTQ_ACCURACY"] == recorded["ptq", "4", "per_tensor"]
    assert given["CONTROL_ACCURACY"] == recorded["control_4", "32", "none"]


# The learners' side


def test_exercises_are_what_solutions_generate():
    assert check(ROOT) == []


def test_differences_name_changed_missing_and_additional_files(tmp_path):
    left, right = tmp_path / "left", tmp_path / "right"
    contents = {
        left: {"same": "1", "changed": "1", "more": "", ".ipynb_checkpoints/same": "0"},
        right: {"same": "1", "changed": "2", "less": ""},
    }
    for folder, files in contents.items():
        (folder / "sub" / ".ipynb_checkpoints").mkdir(parents=True)
        for name, text in files.items():
            (folder / "sub" / name).write_text(text)
    assert differences(left, right) == ["sub/changed", "sub/less", "sub/more"]
    assert differences(left, left) == []
    assert differences(left, tmp_path / "nowhere") == ["sub/changed", "sub/more", "sub/same"]


def test_learners_folders_hold_their_notebook_only():
    found = {
        path.relative_to(ROOT / "exercises").as_posix()
        for path in (ROOT / "exercises").rglob("*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }
    assert found == {f"{name}/{name}.ipynb" for name in NAMES}


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A function that puts the files of a hand-in into the folder where cells run."""
    monkeypatch.chdir(tmp_path)

    def put(files):
        for name, path in files.items():
            shutil.copyfile(path, tmp_path / name)

    return put


def run_cells(cells, answers):
    """Run code cells as a notebook would; return the errors by cell id."""
    space: dict = {}
    errors = {}
    for cell in cells:
        if cell.cell_type == "code" and not cell.id.startswith(("real", "q5_demo")):
            try:
                exec(answers.get(grade_id(cell), cell.source), space)
            except Exception as error:
                errors[cell.id] = type(error)
    return errors


@pytest.mark.parametrize("name", NAMES)
def test_visible_tests_pass_with_answers_and_fail_without(name, desk):
    cells = read("exercises", name).cells
    checks = {f"{question}_check" for question in POINTS[name]}
    errors = run_cells(cells, {})
    assert checks <= errors.keys()
    # What is computed once and handed in as a file is missing where its cell was left as it is.
    missing = {NotImplementedError, NameError} if reference(ROOT, name).files else set()
    assert set(errors.values()) - missing <= {NotImplementedError}
    desk(reference(ROOT, name).files)
    assert run_cells(cells, reference(ROOT, name).cells) == {}


@pytest.mark.parametrize("name", NAMES)
def test_the_real_part_runs_with_the_reference(name, desk):
    space: dict = {}
    desk(reference(ROOT, name).files)
    answers, cells = reference(ROOT, name).cells, read("exercises", name).cells
    for cell in cells:
        if cell.cell_type == "code":
            exec(answers.get(grade_id(cell), cell.source), space)
    assert any(cell.id.startswith("real") for cell in cells)


# The sample class, through nbgrader


@pytest.fixture(scope="module")
def report() -> ClassReport:
    return run_sample_class(ROOT, ROOT / "build" / "test_class")


def question_scores(report: ClassReport, assignment: str, learner: str) -> dict[str, float]:
    from nbgrader.api import Gradebook

    url = f"sqlite:///{report.folder / 'gradebook.db'}"
    with Gradebook(url, "squeezing_brains") as gradebook:
        submission = gradebook.find_submission(assignment, learner)
        grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
        return {g.name.split("_")[0]: g.score for g in grades if g.name.endswith("_tests")}


@pytest.mark.parametrize("learner", LEARNERS[NAMES[0]])
@pytest.mark.parametrize("name", NAMES)
def test_grades_of_the_sample_class(report, name, learner):
    (grade,) = (g for g in report.grades if (g.learner, g.assignment) == (learner, name))
    by_hand = [
        c.metadata.nbgrader.points for c in instructors(ROOT, name).cells if is_graded_by_hand(c)
    ]
    assert grade.max_score == sum(POINTS[name].values()) + sum(by_hand)
    right = LEARNERS[name][learner].right
    assert grade.status == "graded"
    assert grade.by_hand in (0, sum(by_hand))  # nothing where nothing was answered
    assert question_scores(report, name, learner) == {
        question: points if question in right else 0 for question, points in POINTS[name].items()
    }
    assert grade.score == sum(POINTS[name][question] for question in right)
    page = (report.folder / grade.feedback).read_text()
    assert f"Score: {grade.score:.1f} / {grade.max_score:.1f}" in page


def test_the_whole_class_is_in_the_report(report):
    found = {(grade.learner, grade.assignment) for grade in report.grades}
    assert found == {(learner, name) for name in NAMES for learner in LEARNERS[name]}
    table = sample_class.grades_table(report)
    assert table.row_count == len(LEARNERS[NAMES[0]])
    narrow = Console(width=80, file=io.StringIO())
    narrow.print(table)
    shown = narrow.file.getvalue()
    assert "…" not in shown
    assert re.search(r"perfect +│ +26/26", shown)
    assert "10: 4 of the points are given by hand" in shown
    assert example_feedback(report).is_file()


def test_a_second_run_returns_the_recorded_report(report):
    again = run_sample_class(ROOT, report.folder)
    assert again.reused
    assert again.grades == report.grades


# The tool around it


@pytest.fixture
def small_course(tmp_path, monkeypatch):
    """A course whose grading is replaced: what is left is keeping and replacing folders."""
    for name in sample_class.INPUTS:
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)

    def grade(root, folder, classes, advance):
        for learner in classes[NAMES[0]]:
            (folder / "submitted" / learner).mkdir(parents=True)
        return (Grade("perfect", NAMES[0], 18.0, 18.0, "graded", None),)

    monkeypatch.setattr(sample_class, "grade_class", grade)
    return tmp_path


def test_the_class_is_made_again_when_an_answer_changes(small_course):
    folder = small_course / "build" / "class"
    assert not run_sample_class(small_course, folder).reused
    assert run_sample_class(small_course, folder).reused
    answers = small_course / "solutions" / NAMES[0] / "variants.py"
    answers.write_text(answers.read_text() + "\n")
    assert not run_sample_class(small_course, folder).reused
    assert [path.name for path in folder.parent.iterdir()] == ["class"]


def test_an_interrupted_run_leaves_the_old_class(small_course, monkeypatch):
    folder = small_course / "build" / "class"
    run_sample_class(small_course, folder)
    record = (folder / sample_class.RECORD).read_text()
    (small_course / "requirements.txt").write_text("changed\n")

    def interrupted(root, stage, classes, advance):
        (stage / "half").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sample_class, "grade_class", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_sample_class(small_course, folder)
    assert (folder / sample_class.RECORD).read_text() == record
    assert not (folder / "half").exists()
    assert not run_sample_class(small_course, folder).reused
    assert [path.name for path in folder.parent.iterdir()] == ["class"]


@pytest.mark.parametrize("what", ["submitted/ada/01_fp32_cost", "gradebook.db"])
def test_a_real_class_is_never_replaced(small_course, what):
    folder = small_course / "build" / "class"
    (folder / what).mkdir(parents=True)
    with pytest.raises(SampleClassError, match="COURSE_CLASS_DIR"):
        run_sample_class(small_course, folder)
    assert (folder / what).exists()


def test_answers_of_a_cell_that_is_not_there(tmp_path):
    released = ROOT / "exercises" / NAMES[0] / f"{NAMES[0]}.ipynb"
    with pytest.raises(AnswersError, match=r"no answer cells \['q99_answer'\]"):
        hand_in(released, HandIn({"q99_answer": ""}), tmp_path / "x")


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "wrong_answers.py",
            "# %% q1: no feedback\nx = 1\n",
            "has no feedback or no such question",
        ),
        ("wrong_answers.py", "# %% q77: none\n# feedback: x\nx = 1\n", "no such question"),
        ("wrong_answers.py", "# %% q1: a\n# feedback: x\n# files: a=b.bin\n", "b.bin is to be"),
        ("variants.py", "# %% q1: loops\nx = 1\n", "the set 'loops' lacks"),
        ("variants.py", "# %% q1: loops\nx = 1\n# %% q1: loops\nx = 2\n", "answers q1 twice"),
    ],
)
def test_files_of_answers_that_cannot_be_used(tmp_path, file, text, message):
    shutil.copytree(ROOT / "solutions" / NAMES[0], tmp_path / "solutions" / NAMES[0])
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    (tmp_path / "solutions" / NAMES[0] / file).write_text(text)
    with pytest.raises(AnswersError, match=message):
        (variants if file == "variants.py" else wrong_answers)(tmp_path, NAMES[0])
