"""The journal keeps every whole line, whatever happens while it is written."""

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from qutils.grading.job import Cell, Job, Result
from qutils.grading.journal import JournalError, open_journal

JOB = Job("week1", "week1", "ada", (Cell("t", "test", "assert 1", 1.0),), submission="ab", seed=3)


def result_of(job, **changes):
    return Result(job.key, job.student, job.assignment, job.notebook, "graded", **changes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "private" / "week1.jsonl"


def test_a_result_is_found_again(path):
    other = replace(JOB, student="bob")
    with open_journal(path) as journal:
        journal.append(JOB, result_of(JOB))
        assert journal.find(JOB.key) == result_of(JOB)
        assert journal.find(other.key) is None
    with open_journal(path) as journal:
        journal.append(other, result_of(other, reason="µ\nline"))
        assert journal.find(JOB.key) == result_of(JOB)
    with open_journal(path) as journal:
        assert journal.find(other.key) == result_of(other, reason="µ\nline")
    assert path.read_bytes().count(b"\n") == 2


def test_the_later_of_two_results_counts(path):
    with open_journal(path) as journal:
        journal.append(JOB, result_of(JOB, reason="first"))
        journal.append(JOB, result_of(JOB, reason="second"))
    with open_journal(path) as journal:
        assert journal.find(JOB.key).reason == "second"


def test_a_fault_of_the_grader_is_noted_and_done_again(path):
    with open_journal(path) as journal:
        journal.append(JOB, replace(result_of(JOB), status="grader fault"))
        assert journal.find(JOB.key) is None
    with open_journal(path) as journal:
        assert journal.find(JOB.key) is None
    assert b"grader fault" in path.read_bytes()


def test_each_line_names_what_the_result_was_made_from(path):
    with open_journal(path) as journal:
        journal.append(JOB, result_of(JOB))
    audit = json.loads(path.read_bytes())["audit"]
    assert (audit["submission"], audit["seed"]) == ("ab", 3)
    assert audit["limits"]["cell_seconds"] == 30.0
    assert len(audit["tests"]) == 64


def test_a_line_cut_at_any_place_costs_that_line_alone(path):
    with open_journal(path) as journal:
        journal.append(JOB, result_of(JOB))
    whole = path.read_bytes()
    other = replace(JOB, student="bob")
    for cut in [1, 2, 30, len(whole) // 2, len(whole) - 2, len(whole) - 1]:
        path.write_bytes(whole + whole[:cut])
        with open_journal(path) as journal:
            assert journal.find(JOB.key) == result_of(JOB)
            journal.append(other, result_of(other))
        with open_journal(path) as journal:
            assert journal.find(other.key) == result_of(other)


def test_one_run_at_a_time(path):
    with open_journal(path), pytest.raises(JournalError, match="another run"), open_journal(path):
        pass


def test_a_full_disk_cuts_a_line_and_the_next_run_goes_on(path):
    with open_journal(path) as journal:
        journal.append(JOB, result_of(JOB))
    other = replace(JOB, student="bob")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_journal(path) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, hard))
        try:
            with pytest.raises(JournalError, match="cannot write"):
                journal.append(other, result_of(other))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with open_journal(path) as journal:
        assert journal.find(JOB.key) is not None
        assert journal.find(other.key) is None
        journal.append(other, result_of(other))
    with open_journal(path) as journal:
        assert journal.find(other.key) is not None


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from dataclasses import replace
from test_journal import JOB, open_journal, result_of
with open_journal(Path(sys.argv[2])) as journal:
    for number in range(100_000):
        job = replace(JOB, seed=number)
        journal.append(job, result_of(job, reason="x" * 1000))
        print(number, flush=True)
"""


def test_what_was_told_is_there_after_kill_9(path):
    command = [sys.executable, "-c", KILLED, os.path.dirname(__file__), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told = [int(process.stdout.readline()) for _ in range(20)]
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout if line.endswith("\n")]
    with open_journal(path) as journal:
        for number in told:
            assert journal.find(replace(JOB, seed=number).key) is not None
