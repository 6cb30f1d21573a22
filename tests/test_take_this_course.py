"""The commands of "How to take this course" and of the instructors' guide, run as they stand.

A learner and an instructor, each with a home folder of their own, share an exchange.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from answers import grade_id, question_points, reference

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```\{code-block\} bash\n:name: ([\w-]+)\n\n(.*?)^```$", re.M | re.S)
NAME = "01_fp32_cost"
MARK = "--- state ---"


def blocks(page: str) -> dict[str, str]:
    """Return the shell commands of a page by the name of their block, in order."""
    return dict(BLOCK.findall((ROOT / "book" / page).read_text()))


LEARNER = blocks("take_this_course.md")
INSTRUCTOR = blocks("instructors/index.md")


@dataclass
class Terminal:
    """A shell that remembers its folder and its environment from one block to the next."""

    folder: Path
    environment: dict[str, str]
    seen: list[str] = field(default_factory=list)

    def run(self, commands: dict[str, str], name: str) -> str:
        """Run a block, return all that it printed; fail where a command fails."""
        self.seen.append(name)
        script = f"set -e\n{commands[name]}\necho '{MARK}'\npwd\nenv -0\n"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stdout}"
        text, _, state = done.stdout.rpartition(MARK + "\n")
        folder, _, variables = state.partition("\n")
        self.folder = Path(folder)
        pairs = (entry.partition("=") for entry in variables.split("\0") if entry)
        self.environment = {key: value for key, _, value in pairs}
        return text


@dataclass(frozen=True)
class World:
    """The course in a folder of its own, and the two people around it."""

    course: Path
    learner: Terminal
    instructor: Terminal


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    place = tmp_path_factory.mktemp("course")
    course, exchange, jupyter = place / "course", place / "exchange", place / "jupyter"
    for name in ("solutions", "exercises", "tools"):
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        shutil.copytree(ROOT / name, course / name, ignore=ignored)
    shutil.copy(ROOT / "nbgrader_config.py", course)
    (course / ".venv").symlink_to(sys.prefix)
    exchange.mkdir(mode=0o777)
    exchange.chmod(0o777)
    jupyter.mkdir()
    # What whoever runs the shared machine sets up.
    (jupyter / "nbgrader_config.py").write_text(f"c.Exchange.root = {str(exchange)!r}\n")
    (jupyter / "jupyter_server_config.py").write_text(
        "c.ServerApp.open_browser = False\nc.ServerApp.allow_root = True\nc.ServerApp.port = 0\n"
    )

    def terminal(person: str) -> Terminal:
        home = place / person
        home.mkdir()
        kept = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
        settings = {
            "HOME": str(home),
            "JUPYTER_CONFIG_DIR": str(jupyter),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        }
        return Terminal(course, kept | settings)

    return World(course, terminal("ada"), terminal("teacher"))


def fill_in(notebook: Path, answers: dict[str, str]) -> None:
    """Answer a notebook as a learner would."""
    content = nbformat.read(notebook, as_version=4)
    for cell in content.cells:
        cell.source = answers.get(grade_id(cell), cell.source)
    nbformat.write(content, notebook)


def scores(world: World) -> dict[str, float]:
    from nbgrader.api import Gradebook

    folder = world.instructor.environment["COURSE_CLASS_DIR"]
    with Gradebook(f"sqlite:///{folder}/gradebook.db", "squeezing_brains") as gradebook:
        return {s.student.id: s.score for s in gradebook.assignment_submissions(NAME)}


def files_of(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def served(terminal: Terminal) -> Iterator[str]:
    """Yield the notebooks that running Jupyter servers offer, asked over HTTP."""
    for file in Path(terminal.environment["JUPYTER_RUNTIME_DIR"]).glob("jpserver-*.json"):
        server = json.loads(file.read_text())
        address = f"{server['url']}api/contents?token={server['token']}"
        with urllib.request.urlopen(address, timeout=10) as answer:
            yield from (entry["name"] for entry in json.load(answer)["content"])


def test_the_way_of_a_zip_file(world):
    learner, instructor = world.learner, world.instructor
    released = files_of(world.course / "exercises")

    learner.run(LEARNER, "take-environment")
    assert learner.environment["PATH"].startswith(str(Path(sys.prefix, "bin")))
    learner.run(LEARNER, "take-copy")
    notebook = learner.folder / f"{NAME}.ipynb"
    assert "NotImplementedError" in learner.run(LEARNER, "take-validate")
    fill_in(notebook, reference(ROOT, NAME).cells)
    assert "Success! Your notebook passes all the tests." in learner.run(LEARNER, "take-validate")
    learner.run(LEARNER, "take-zip")

    instructor.run(INSTRUCTOR, "teach-class")
    instructor.run(INSTRUCTOR, "teach-exercises")
    assert files_of(world.course / "exercises") == released
    instructor.run(INSTRUCTOR, "teach-generate")
    assert files_of(world.course / "exercises") == released
    instructor.run(INSTRUCTOR, "teach-archive")
    archive = Path(instructor.environment["COURSE_CLASS_DIR"], "downloaded", NAME, "archive")
    shutil.copy(learner.folder / "ada.zip", archive)
    instructor.run(INSTRUCTOR, "teach-zip")
    instructor.run(INSTRUCTOR, "teach-grade")
    assert scores(world) == {"ada": sum(question_points(ROOT, NAME).values())}


def test_the_way_through_the_exchange(world):
    from nbgrader.utils import get_username

    learner, instructor = world.learner, world.instructor
    # In the exchange, learners are known by their accounts.
    account = get_username()
    # A class of its own: release_feedback wants the time stamps that zip files lack.
    home = Path(instructor.environment["HOME"], "exchange-class")
    home.mkdir()
    instructor.environment["HOME"] = str(home)
    for block in ("teach-class", "teach-generate", "teach-release"):
        instructor.run(INSTRUCTOR, block)

    assert NAME in learner.run(LEARNER, "take-list")
    learner.run(LEARNER, "take-fetch")
    # Half of the questions are answered, the others left.
    answers = reference(ROOT, NAME).cells
    done = ("q1", "q2")
    some = {f"{question}_answer": answers[f"{question}_answer"] for question in done}
    fill_in(learner.folder / NAME / f"{NAME}.ipynb", some)
    learner.run(LEARNER, "take-submit")

    instructor.run(INSTRUCTOR, "teach-collect")
    instructor.run(INSTRUCTOR, "teach-grade")
    points = question_points(ROOT, NAME)
    score, most = sum(points[question] for question in done), sum(points.values())
    assert scores(world) == {account: score}
    instructor.run(INSTRUCTOR, "teach-feedback")
    instructor.run(INSTRUCTOR, "teach-return")
    instructor.run(INSTRUCTOR, "teach-export")
    table = Path(instructor.environment["COURSE_CLASS_DIR"], "grades.csv").read_text()
    assert re.search(rf"^{NAME},.*{account}.*,{score:.1f},", table, re.MULTILINE)

    learner.run(LEARNER, "take-feedback")
    (page,) = (learner.folder / NAME / "feedback").rglob("*.html")
    assert f"{score:.1f} / {most:.1f}" in page.read_text()


def test_jupyter_opens_the_notebook(world):
    learner = world.learner
    folder = Path(learner.environment["HOME"]) / "my-course" / NAME
    server = subprocess.Popen(
        ["bash", "-c", f"exec {LEARNER['take-open'].strip()}"],
        cwd=folder,
        env=learner.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        found: list[str] = []
        deadline = time.monotonic() + 120
        while not found and server.poll() is None and time.monotonic() < deadline:
            time.sleep(0.5)
            try:
                found = list(served(learner))
            except OSError:
                continue  # it has announced itself and does not answer yet
        assert f"{NAME}.ipynb" in found
    finally:
        server.terminate()
        server.wait(timeout=30)
    learner.seen.append("take-open")


def test_every_command_on_the_pages_was_run(world):
    assert set(world.learner.seen) == set(LEARNER)
    assert set(world.instructor.seen) == set(INSTRUCTOR)
    for page in ("take_this_course.md", "instructors/index.md"):
        fences = (ROOT / "book" / page).read_text().count("```{code-block}")
        assert fences == len(blocks(page))
