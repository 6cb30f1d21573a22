"""The journal: every result is on the disk before anything else is told of it.

One JSON line a result, with the hashes of what it was made from. A line that a crash or a full
disk cut short is skipped and made again; of two results with one key the later counts.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from qutils.errors import QutilsError
from qutils.grading.job import Job, Result, sha256, stable_bytes


class JournalError(QutilsError, OSError):
    """The journal is in use by another run, or cannot be written."""


@contextmanager
def open_journal(path: Path) -> Iterator["Journal"]:
    """Open the journal of one assignment for one run at a time; make it where there is none.

    Raises
    ------
    JournalError
        Another run holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalError(f"another run is grading into {path}: wait until it ends") from error
        yield Journal(path, file)


class Journal:
    """An open journal. Only places are kept in memory, so that a class may have any size."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._places: dict[str, int] = {}
        self._index()

    def find(self, key: str) -> Result | None:
        """Return the result of a job, None where the grader has none yet."""
        if key not in self._places:
            return None
        self._file.seek(self._places[key])
        return Result.from_json(json.loads(self._file.readline())["result"])

    def append(self, job: Job, result: Result) -> None:
        """Write the result of a job and wait until the disk has it.

        Raises
        ------
        JournalError
            The disk is full or broken.
        """
        place = self._file.seek(0, os.SEEK_END)
        line = stable_bytes({"audit": _audit(job), "result": asdict(result)}) + b"\n"
        try:
            while line:  # unbuffered: what a full disk refuses must not be written later
                line = line[os.write(self._file.fileno(), line) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise JournalError(f"cannot write {self._path}: {error.strerror}") from error
        self._note(result.key, result.status, place)

    def _index(self) -> None:
        self._file.seek(0)
        place, line = 0, b"\n"
        for line in self._file:
            try:
                result = json.loads(line)["result"]
                self._note(result["key"], result["status"], place)
            except (ValueError, TypeError, KeyError):
                pass  # cut short
            place += len(line)
        if not line.endswith(b"\n"):
            os.write(self._file.fileno(), b"\n")

    def _note(self, key: str, status: str, place: int) -> None:
        # A fault of the grader stands in the journal, and the job is still to be done.
        if status != "grader fault":
            self._places[key] = place


def _audit(job: Job) -> dict[str, Any]:
    tests = [asdict(cell) for cell in job.cells if cell.kind != "learner"]
    return {
        "submission": job.submission,
        "files": {file.name: sha256(file.content) for file in job.files if not file.fault},
        "tests": sha256(stable_bytes(tests)),
        "environment": job.environment,
        "seed": job.seed,
        "limits": asdict(job.limits),
    }
