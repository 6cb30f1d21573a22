"""Files that are handed in beside the notebook: they lie there, and nothing else does."""

import contextlib
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from course_of_two import NAME, RIGHT, SmallCourse, run_plainly
from nbgrader.apps.zipcollectapp import ZipCollectApp
from nbgrader.coursedir import CourseDirectory

from exercises import ROOT, course_config
from qutils.grading.files import SubmissionError, read_beside, read_bytes
from qutils.grading.job import Cell, File, Job, Limits
from qutils.grading.run import run, templates
from qutils.grading.sandbox import UNSAFE, probe
from qutils.grading.settings import SettingsError

FILE = "net.tflite"


# Reading what was handed in


def test_a_file_of_each_kind(tmp_path):
    folder = tmp_path / "ada"
    folder.mkdir()
    (folder / "good").write_bytes(b"TFL3")
    (folder / "empty").touch()
    (folder / "large").write_bytes(bytes(101))
    (folder / "link").symlink_to(folder / "good")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    names = ["good", "empty", "large", "link", "folder", "pipe", "missing"]
    files = read_beside(folder, tmp_path, names, Limits(file_bytes=100))
    assert [file.content for file in files] == [b"TFL3", *[b""] * 6]
    assert [file.fault for file in files] == [
        "",
        "",
        "large is larger than 0.0 MB.",
        "link is a link: hand in the file itself.",
        "folder is no ordinary file.",
        "pipe is no ordinary file.",
        "missing was not handed in. Found: empty, folder, good, large, link; keep the name.",
    ]


def test_all_files_together_leave_half_of_the_disk(tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(bytes(20))
    found = read_beside(tmp_path, tmp_path, ["a", "b", "c"], Limits(disk_bytes=80))
    assert [bool(file.fault) for file in found] == [False, False, True]


def test_a_linked_folder_is_not_followed(tmp_path):
    below = tmp_path / "submitted"
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / FILE).write_bytes(b"secret")
    below.mkdir()
    (below / "ada").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SubmissionError, match="is a link"):
        read_bytes(below / "ada" / FILE, below, 100)


def test_a_job_with_files_travels():
    job = Job("week1", "week1", "ada", (), files=(File.of(FILE, bytes(range(256))), File("b")))
    assert Job.from_bytes(job.to_bytes()) == job
    assert job.files[0].content == bytes(range(256))
    other = replace(job, files=(File.of(FILE, bytes(256)),))
    assert other.key != job.key


# Running


@pytest.fixture(scope="module")
def pair():
    # These notebooks are our own: they may run where there is no sandbox.
    with templates(("numpy",), Limits(), probe() if probe().sound else UNSAFE) as pair:
        yield pair


def test_every_process_has_a_copy_of_its_own(pair):
    cells = (
        Cell("q1", "learner", f"first = open({FILE!r}, 'rb').read()\nprint(first)"),
        Cell("", "learner", f"open({FILE!r}, 'wb').write(b'changed')"),
        Cell("q1_tests", "test", "assert first == b'TFL3'", 1.0),
        Cell("", "learner", "import os\nos._exit(1)"),
        Cell("q2_tests", "test", f"assert open({FILE!r}, 'rb').read() == b'TFL3'", 1.0),
        Cell("q3_tests", "test", "assert first == b'TFL3'", 1.0),
    )
    job = Job("week1", "week1", "ada", cells, files=(File.of(FILE, b"TFL3"),))
    result = run(job, pair)
    assert [cell.points for cell in result.cells] == [1, 1, 1]
    assert result.outputs[0].text == "b'TFL3'\n"
    assert run(replace(job, files=()), pair).score == 0


def test_a_file_that_is_missing_costs_what_needs_it(pair):
    cells = (
        Cell("q1", "learner", f"def size():\n    return len(open({FILE!r}, 'rb').read())"),
        Cell("q1_tests", "test", "assert size() == 4", 1.0),
        Cell("q2", "learner", "def double(x):\n    return 2 * x"),
        Cell("q2_tests", "test", "assert double(2) == 4", 1.0),
    )
    fault = f"{FILE} is a link: hand in the file itself."
    result = run(Job("week1", "week1", "ada", cells, files=(File(FILE, fault=fault),)), pair)
    assert (result.status, result.reason) == ("graded", fault)
    assert [cell.points for cell in result.cells] == [0, 1]
    assert result.cells[0].message == (
        "q1_tests: your code raised FileNotFoundError when a test called it"
    )


def test_a_module_beside_the_notebook_is_imported(pair):
    cells = (
        Cell("q1", "learner", "from helper import double"),
        Cell("q1_tests", "test", "assert double(2) == 4", 1.0),
    )
    helper = File.of("helper.py", b"def double(x):\n    return 2 * x\n")
    assert run(Job("week1", "week1", "ada", cells, files=(helper,)), pair).score == 1


# A class


@pytest.fixture
def small(tmp_path):
    small = SmallCourse(tmp_path)
    small.config.Grading.files = {NAME: [FILE]}
    return small


@contextlib.contextmanager
def noting(jobs):
    with run_plainly() as run_one:
        yield lambda job: jobs.append(job) or run_one(job)


def test_work_is_graded_again_when_only_the_file_changed(small):
    path = small.hand_in("ada", RIGHT).with_name(FILE)
    (path.with_name("other.txt")).write_text("not asked for")
    jobs = []
    for content in (b"one", b"one", b"two"):
        path.write_bytes(content)
        small.grade(lambda: noting(jobs))
    path.unlink()
    small.grade(lambda: noting(jobs))
    assert [[file.content for file in job.files] for job in jobs] == [[b"one"], [b"two"], [b""]]
    lines = (small.root / "private" / "journal" / f"{NAME}.jsonl").read_text().splitlines()
    files = [json.loads(line)["audit"]["files"] for line in lines]
    assert [len(found.get(FILE, "")) for found in files] == [64, 64, 0]


@pytest.mark.parametrize("name", ["../week2", "a/b", "..", "", ".hidden", "/etc/passwd", "a\n"])
def test_names_that_are_paths_are_refused(small, name):
    small.config.Grading.files = {NAME: [name]}
    small.hand_in("ada", RIGHT)
    with pytest.raises(SettingsError, match=r"c\.Grading\.files"):
        small.grade()


def test_a_limit_that_does_not_exist_is_named(small):
    small.config.Grading.limits = {"minutes": 3}
    small.hand_in("ada", RIGHT)
    with pytest.raises(SettingsError, match="no limit minutes"):
        small.grade()


@pytest.mark.skipif(not probe().sound, reason="no sound sandbox here; `qutils doctor` says why")
def test_autograde_has_the_file_and_feedback_says_where_it_is_not(small):
    small.config.Autograde.exporter_class = "qutils.grading.nbgrader_engine.GradingExporter"
    answers = RIGHT | {"q1": f"def double(x):\n    open({FILE!r}).close()\n    return 2 * x"}
    small.hand_in("ada", answers).with_name(FILE).touch()
    small.hand_in("bob", answers)
    small.hand_in("eve", answers).with_name(FILE).symlink_to("/etc/passwd")
    for student in ("ada", "bob", "eve"):
        result = small.api.autograde(NAME, student)
        assert result["success"], result
    points = {name: (row["q1_tests"], row["q2_tests"]) for name, row in small.rows().items()}
    assert points == {"ada": (2, 2), "bob": (0, 2), "eve": (0, 2)}
    for student, words in (("bob", "was not handed in"), ("eve", "is a link")):
        assert f"{FILE} {words}" in small.path("feedback", student, f"{NAME}.html").read_text()


def test_zip_files_are_collected_with_the_files_in_them(tmp_path):
    config = course_config(ROOT, tmp_path)
    assignment, names = next(iter(config.Grading.files.items()))
    archive = tmp_path / "downloaded" / assignment / "archive"
    archive.mkdir(parents=True)
    with zipfile.ZipFile(archive / "all.zip", "w") as packed:
        packed.writestr(f"ada_{assignment}.ipynb", "{}")
        packed.writestr(f"ada_{names[0]}", b"TFL3")
        packed.writestr("ada_photo.jpg", b"")
    (archive / f"bob_{names[0]}").write_bytes(b"TFL3")
    config.CourseDirectory.assignment_id = assignment
    ZipCollectApp(config=config, coursedir=CourseDirectory(config=config)).start()
    found = {str(p.relative_to(tmp_path)) for p in (tmp_path / "submitted").rglob("*.*")}
    folder = Path("submitted")
    assert {name for name in found if "timestamp" not in name} == {
        str(folder / "ada" / assignment / f"{assignment}.ipynb"),
        str(folder / "ada" / assignment / names[0]),
        str(folder / "bob" / assignment / names[0]),
    }
