"""The instructor's way in a real browser: formgrader grades, shows and explains a hand-in."""

import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import nbformat
import pytest
from playwright.sync_api import sync_playwright

from answers import grade_id, hand_in
from exercises import ROOT
from qutils.grading.sandbox import probe
from sample_class import sample_learners

ASSIGNMENT = "01_fp32_cost"
LEARNER = "half-right"
WAIT = 60_000  # ms, for what takes a second on an idle machine
HAND_IN = sample_learners(ROOT, ASSIGNMENT)[LEARNER].hand_in
ANSWER = HAND_IN.cells["q2_answer"].splitlines()[-1].strip()
COMMENT = "Well explained."
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")
FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")

pytestmark = pytest.mark.skipif(
    not probe().sound, reason="no sound sandbox here; `qutils doctor` says why"
)


@pytest.fixture
def course(tmp_path):
    """Return a copy of the course with one hand-in of the sample class, and its environment."""
    ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for name in ("solutions", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    folder = tmp_path / "class"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    settings = {name: str(tmp_path / "jupyter") for name in FOLDERS}
    environment = os.environ | settings | {"PATH": path, "COURSE_CLASS_DIR": str(folder)}
    folder.mkdir()
    _nbgrader(tmp_path, environment, "generate_assignment", ASSIGNMENT)
    notebook = f"{ASSIGNMENT}.ipynb"
    submitted = folder / "submitted" / LEARNER / ASSIGNMENT
    hand_in(tmp_path / "exercises" / ASSIGNMENT / notebook, HAND_IN, submitted)
    return tmp_path, environment


def _nbgrader(root, environment, *arguments):
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def served(root, environment):
    """Serve a course on the loopback interface; yield the address of its formgrader."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--allow-root"]
    options += ["--ServerApp.port_retries=0", "--IdentityProvider.token=", "--no-browser"]
    log = root / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *options],
            cwd=root,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            address = f"http://127.0.0.1:{port}/formgrader/"
            _wait_for(address, server, log)
            yield address
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_for(address, server, log):
    for _ in range(WAIT // 200):
        assert server.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=10).close()
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text())


def hidden_lines():
    """Return the lines of the hidden tests, as the instructor wrote them."""
    path = ROOT / "solutions" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    found = set()
    for cell in nbformat.read(path, as_version=4).cells:
        if grade_id(cell) and HIDDEN[0] in cell.source:
            hidden = cell.source.split(HIDDEN[0])[1].split(HIDDEN[1])[0]
            found |= {line.strip() for line in hidden.splitlines() if len(line.strip()) > 20}
    return found


def test_an_instructor_grades_in_formgrader(course, chromium):
    """Press the buttons; no page shows a hidden test, and the export has the score."""
    root, environment = course
    feedback = root / "class" / "feedback" / LEARNER / ASSIGNMENT / f"{ASSIGNMENT}.html"
    with served(root, environment) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page()
        page.route(re.compile("^https:"), lambda route: route.abort())
        page.set_default_timeout(WAIT)
        score = _autograde(page, address)
        shown = [_open_and_comment(page, address)]
        feedback.unlink()
        _press(page, address, "generate-feedback")
        page.goto(feedback.as_uri())
        shown.append(page.locator("html").text_content())
        browser.close()
    hidden = hidden_lines()
    assert hidden
    for text in shown:
        assert ANSWER in text
        assert [line for line in hidden if line in text] == []
    assert COMMENT in shown[1]
    _nbgrader(root, environment, "export", "--to", str(root / "grades.csv"))
    with (root / "grades.csv").open() as file:
        (row,) = csv.DictReader(file)
    points, maximum = float(row["score"]), float(row["max_score"])
    assert 0 < points < maximum
    assert score == f"{points:g} / {maximum:g}"


def _press(page, address, button):
    """Press the button of the only hand-in; nbgrader opens a box when it is done."""
    page.goto(f"{address}manage_submissions/{ASSIGNMENT}")
    page.locator(f"td.{button} a").click()
    box = page.locator("#success-modal, #error-modal")
    box.wait_for()
    assert box.get_attribute("id") == "success-modal", box.text_content()


def _autograde(page, address):
    """Grade by formgrader's button; return the score that the table then shows."""
    page.goto(f"{address}manage_submissions/{ASSIGNMENT}")
    status = page.locator("td.status .label")
    status.wait_for()
    assert status.text_content() == "needs autograding"
    _press(page, address, "autograde")
    page.locator("td.status .label-success, td.status .label-info").wait_for()
    return page.locator("td.score").text_content()


def _open_and_comment(page, address):
    """Open the hand-in as for grading by hand, and write a comment; return the page's text."""
    page.goto(f"{address}gradebook/{ASSIGNMENT}/{ASSIGNMENT}")
    page.locator("td a", has_text="Submission #1").click()
    box = page.locator("textarea.comment[placeholder]").first
    with page.expect_response(lambda r: "/api/comment/" in r.url and r.request.method == "PUT"):
        box.fill(COMMENT)
        box.blur()
    return page.locator("html").text_content()
