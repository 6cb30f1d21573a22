"""What is to be graded and what came of it, as plain values that travel as bytes.

A job holds all that its result depends on, so that any process on any machine can run it.
"""

import base64
import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

Kind = Literal["learner", "locked", "test"]
CellStatus = Literal["passed", "partial", "failed", "error", "timeout", "crashed", "not run"]
Assurance = Literal["apart", "inside"]
Status = Literal["graded", "learner fault", "grader fault"]


def stable_bytes(value: Any) -> bytes:
    """Return a JSON value as bytes: the same value always gives the same ones.

    Examples
    --------
    >>> stable_bytes({"b": 1, "a": [2.5, None]})
    b'{"a":[2.5,null],"b":1}'
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def sha256(content: bytes) -> str:
    """Return the SHA-256 of bytes as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes
    ----------
    cell_seconds, total_seconds
        Wall-clock seconds of one cell, and of all cells together.
    processes
        Processes and threads at one time.
    output_bytes
        Text that a learner's cells may print, all together; the rest is cut off.
    frame_bytes
        One message between the learner's process and the checker's.
    file_bytes
        The notebook that is handed in, and each file beside it.
    """

    cell_seconds: float = 30.0
    total_seconds: float = 120.0
    memory_bytes: int = 2 << 30
    processes: int = 32
    disk_bytes: int = 64 << 20
    output_bytes: int = 1 << 20
    frame_bytes: int = 64 << 20
    file_bytes: int = 16 << 20


@dataclass(frozen=True)
class Cell:
    """A code cell of a job.

    Attributes
    ----------
    grade_id
        The name nbgrader knows it by; "" for a cell that the learner added.
    kind
        ``learner``: untrusted source, from the submission. ``locked``: a read-only cell, and
        ``test``: a graded test with its hidden part; both from the instructor.
    points
        Maximum of a test; 0 for the others.
    inside
        The test runs in the learner's process, because it needs the objects themselves.
    """

    grade_id: str
    kind: Kind
    source: str
    points: float = 0.0
    inside: bool = False


@dataclass(frozen=True)
class File:
    """A file that was handed in beside the notebook.

    Attributes
    ----------
    base64
        What it holds.
    fault
        Why there is none, in words for the learner; "" where there is one.
    """

    name: str
    base64: str = ""
    fault: str = ""

    @classmethod
    def of(cls, name: str, content: bytes) -> Self:
        """Return a file with a content.

        Examples
        --------
        >>> File.of("net.tflite", b"TFL3").content
        b'TFL3'
        """
        return cls(name, base64.b64encode(content).decode("ascii"))

    @property
    def content(self) -> bytes:
        """What it holds, as bytes."""
        return base64.b64decode(self.base64)


@dataclass(frozen=True)
class Job:
    """All that decides the result of one notebook of one learner.

    Attributes
    ----------
    cells
        In the order in which they run.
    submission
        SHA-256 of the file that was handed in.
    seed
        Seed of the tests' random inputs: the same for a learner and an assignment each time.
    withheld
        Dotted names that the learner's process must do without, such as ``numpy.linalg.inv``.
    preload
        Modules that both processes import before they start.
    environment
        SHA-256 of what the cells run in: Python and the installed packages.
    files
        What lies in the working folder of both processes.
    """

    assignment: str
    notebook: str
    student: str
    cells: tuple[Cell, ...]
    submission: str = ""
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    withheld: tuple[str, ...] = ()
    preload: tuple[str, ...] = ("numpy",)
    environment: str = ""
    files: tuple[File, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the job as JSON in ASCII.

        Examples
        --------
        >>> job = Job("week1", "week1", "ada", (Cell("f", "learner", "f = 1"),), seed=7)
        >>> Job.from_bytes(job.to_bytes()) == job
        True
        """
        return stable_bytes(asdict(self))

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Return the job that `to_bytes` wrote."""
        values = json.loads(content)
        return cls(
            **values
            | {
                "cells": tuple(Cell(**cell) for cell in values["cells"]),
                "limits": Limits(**values["limits"]),
                "withheld": tuple(values["withheld"]),
                "preload": tuple(values["preload"]),
                "files": tuple(File(**file) for file in values["files"]),
            }
        )

    @cached_property
    def key(self) -> str:
        """SHA-256 of the whole job: the same key, the same result."""
        return sha256(self.to_bytes())


@dataclass(frozen=True)
class CellResult:
    """What became of one test.

    Attributes
    ----------
    points
        None where the grader failed, which is not a 0.
    message
        For the learner: what went wrong. Never the hidden test, its inputs or expected values.
    assurance
        ``apart``: judged by a process that the learner's code never ran in. ``inside``: judged
        in the learner's process, which could have cheated.
    """

    grade_id: str
    points: float | None
    max_points: float
    status: CellStatus
    message: str = ""
    assurance: Assurance = "apart"


@dataclass(frozen=True)
class Output:
    """What a cell printed, with the value of its last expression, and its error; both capped."""

    text: str = ""
    error: str = ""


@dataclass(frozen=True)
class Result:
    """What came of a job.

    Attributes
    ----------
    key
        `Job.key`.
    cells
        One for each test of the job, in its order.
    outputs
        One for each cell of the job, in its order; empty for tests.
    status
        ``learner fault``: the submission as a whole could not be run, and ``reason`` tells the
        learner why. ``grader fault``: nothing was found out about it; to be run again.
    sandbox
        The layers that held the learner's code, or "unsafe".
    seconds
        Wall-clock time; the only value that differs between two runs.
    """

    key: str
    student: str
    assignment: str
    notebook: str
    status: Status
    cells: tuple[CellResult, ...] = ()
    outputs: tuple[Output, ...] = ()
    reason: str = ""
    sandbox: str = ""
    seconds: float = 0.0

    def to_bytes(self) -> bytes:
        """Return the result as JSON in ASCII, without a line break.

        Examples
        --------
        >>> result = Result("0f", "ada", "week1", "week1", "grader fault", reason="no memory")
        >>> Result.from_bytes(result.to_bytes()) == result
        True
        """
        return stable_bytes(asdict(self))

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Return the result that `to_bytes` wrote."""
        return cls.from_json(json.loads(content))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the result of a JSON object with its fields."""
        return cls(
            **values
            | {
                "cells": tuple(CellResult(**cell) for cell in values["cells"]),
                "outputs": tuple(Output(**output) for output in values["outputs"]),
            }
        )

    @property
    def score(self) -> float | None:
        """Points of all tests together; None where the grader failed."""
        points = [cell.points for cell in self.cells]
        if self.status == "grader fault" or any(p is None for p in points):
            return None
        return sum(p for p in points if p is not None)
