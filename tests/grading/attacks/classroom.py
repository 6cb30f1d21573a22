"""A class of attackers and one honest classmate, made and judged inside the sandbox.

Everything a grader can write is below ``/tmp``; what leaks is found by reading all of it.
"""

import base64
import contextlib
import io
import os
import shutil
import socket
import sqlite3
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import nbformat
from traitlets.config import Config

from attacks.assignment import (
    CLASSMATE,
    FULL,
    NAME,
    RIGHT,
    SECRET,
    fill_in,
    instructor_notebook,
)
from attacks.attack import SLEPT_SECONDS, Attack

ROOT, OTHER_COURSE, HOME = Path("/tmp/class"), Path("/tmp/other/gradebook.db"), Path("/tmp")
NUMBERS = {
    "hidden test": "314159265",
    "hidden input": "271800",
    "neighbour": "161803398",
    "service": "141421356",
    "environment": "173205080",
    "home": "223606797",
    "other course": "264575131",
}
SETTINGS = f"""
c = get_config()
c.CourseDirectory.root = {str(ROOT)!r}
c.CourseDirectory.course_id = "attacked"
c.CourseDirectory.db_url = "sqlite:///{ROOT / "gradebook.db"}"
c.Grading.folder = {str(ROOT)!r}
c.Grading.withheld = {{{NAME!r}: ["numpy.square"]}}
c.Grading.limits = {{"cell_seconds": 6.0, "total_seconds": 60.0, "memory_bytes": 512 << 20}}
"""
LEAVE_BEHIND = """

import tempfile
for folder in (tempfile.gettempdir(), "."):
    with open(folder + "/notes", "w") as file:
        file.write("{note}")
"""


@dataclass(frozen=True)
class Verdict:
    """What an attack achieved."""

    points_stolen: bool
    secret_read: bool
    row_lost: bool


def config(cell_seconds: float = 5.0) -> Config:
    """Return plain nbgrader's settings for the class."""
    c = Config()
    c.CourseDirectory.root = str(ROOT)
    c.CourseDirectory.course_id = "attacked"
    c.CourseDirectory.db_url = f"sqlite:///{ROOT / 'gradebook.db'}"
    c.ExecutePreprocessor.timeout = int(cell_seconds)
    return c


def prepare(_: None) -> str:
    """Make the class folder with its gradebook; return it packed, as text, and remove it."""
    from nbgrader.apps.api import NbGraderAPI

    source = ROOT / "source" / NAME / f"{NAME}.ipynb"
    source.parent.mkdir(parents=True)
    nbformat.write(instructor_notebook(SECRET + NUMBERS["hidden test"]), source)
    result = NbGraderAPI(config=config()).generate_assignment(NAME)
    if not result["success"]:
        raise RuntimeError(result["log"])
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        tar.add(ROOT, ".")
    shutil.rmtree(ROOT)
    return base64.b64encode(content.getvalue()).decode()


def unpack(prepared: str) -> None:
    """Put the class folder in place."""
    with tarfile.open(fileobj=io.BytesIO(base64.b64decode(prepared))) as tar:
        tar.extractall(ROOT, filter="data")


def released() -> nbformat.NotebookNode:
    """Return the notebook that learners get."""
    return nbformat.read(ROOT / "release" / NAME / f"{NAME}.ipynb", as_version=4)


def hand_in(learner: str, content: bytes) -> Path:
    """Put the bytes of a notebook where a learner's submission lies; return its folder."""
    folder = ROOT / "submitted" / learner / NAME
    folder.mkdir(parents=True)
    (folder / f"{NAME}.ipynb").write_bytes(content)
    return folder


def hand_in_honest() -> None:
    """Hand in the classmate's right answers; her notebook leaves a file behind."""
    note = SECRET + NUMBERS["neighbour"]
    notebook = fill_in(released(), RIGHT | {"add": RIGHT["add"] + LEAVE_BEHIND.format(note=note)})
    hand_in(CLASSMATE, nbformat.writes(notebook).encode())


@contextlib.contextmanager
def at_work(prepared: str, attacks: Mapping[str, Attack]) -> Iterator[None]:
    """Have everybody's work in place, and beside it services and variables with secrets.

    Parameters
    ----------
    attacks
        By the learner who hands them in.
    """
    unpack(prepared)
    hand_in_honest()
    for learner, attack in attacks.items():
        attack.place(hand_in(learner, attack.submission(released())))
    for place, name in {HOME / ".netrc": "home", OTHER_COURSE: "other course"}.items():
        place.parent.mkdir(exist_ok=True)
        place.write_text(SECRET + NUMBERS[name])
    os.environ["LEARNING_PLATFORM_TOKEN"] = SECRET + NUMBERS["environment"]
    with socket.create_server(("127.0.0.1", 8765)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind("\0service")
        unix.listen()
        for listener in (tcp, unix):
            threading.Thread(target=_serve, args=[listener], daemon=True).start()
        yield


def _serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall((SECRET + NUMBERS["service"]).encode())


def grade(pattern: str = "*", workers: int = 1) -> None:
    """Grade with the course's own grader."""
    from qutils.grading.classroom import Course, grade_assignment, sandboxed
    from qutils.grading.sandbox import require

    (ROOT / "nbgrader_config.py").write_text(SETTINGS)
    course = Course.open(ROOT)
    start = sandboxed(course, NAME, require())
    grade_assignment(course, NAME, start, lambda *_: None, pattern=pattern, workers=workers)


def scores() -> dict[str, float | None]:
    """Return the score of each learner who has a row; None for a grade that is missing."""
    query = """
        select student_id, sum(coalesce(manual_score, auto_score)),
               sum(coalesce(manual_score, auto_score) is null), sum(coalesce(extra_credit, 0))
        from submitted_assignment as work
        join submitted_notebook as notebook on notebook.assignment_id = work.id
        join grade on grade.notebook_id = notebook.id
        group by student_id
    """
    uri = f"file:{ROOT / 'gradebook.db'}?mode=ro"
    with sqlite3.connect(uri, uri=True, timeout=10) as database:
        rows = database.execute(query).fetchall()
    return {learner: None if missing else score + extra for learner, score, missing, extra in rows}


def judge(attacks: Mapping[str, Attack]) -> dict[str, Verdict]:
    """Return what each attack achieved, by learner, once what it left behind had its time.

    What lies in no learner's folder counts against every attack; so does the classmate's row.
    """
    time.sleep(max(attack.wait_seconds for attack in attacks.values()))
    places = list(leaks())
    try:
        found = scores()
    except sqlite3.Error:
        found = {}
    verdicts = {}
    for learner, attack in attacks.items():
        others = {*attacks} - {learner}
        read = any(others.isdisjoint(place.parts) for place in places)
        read |= attack.in_feedback and shown(learner)
        read |= attack.by_time and time_shown(learner)
        got = found.get(learner)
        lost = got is None or got < attack.deserved or found.get(CLASSMATE) != FULL
        stolen = got is not None and got > attack.deserved
        verdicts[learner] = Verdict(points_stolen=stolen, secret_read=read, row_lost=lost)
    return verdicts


def leaks() -> Iterator[Path]:
    """Yield the files in which a secret stands reversed."""
    marks = [(SECRET + number)[::-1].encode() for number in NUMBERS.values()]
    for path in Path("/tmp").rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size:
            content = path.read_bytes()
            if any(mark in content for mark in marks):
                yield path


def time_shown(learner: str) -> bool:
    """Tell whether a learner gets back how long a test took."""
    for path in (ROOT / "autograded" / learner).rglob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            stamps = cell.metadata.get("execution", {}).values()
            times = [datetime.fromisoformat(stamp) for stamp in stamps]
            if times and max(times) - min(times) >= timedelta(seconds=SLEPT_SECONDS):
                return True
    return False


def shown(learner: str) -> bool:
    """Tell whether a hidden test stands in what a learner gets back."""
    mark = (SECRET + NUMBERS["hidden test"]).encode()
    folders = (ROOT / step / learner for step in ("autograded", "feedback"))
    files = (path for folder in folders for path in folder.rglob("*.*") if path.is_file())
    return any(mark in path.read_bytes() for path in files)
