"""The two processes of a submission, seen from the grader's own, which believes neither."""

import contextlib
import socket
import time
from typing import Any

from qutils.errors import QutilsError
from qutils.grading.execution import CUT, seed_from
from qutils.grading.job import Cell, Job, Limits, Output
from qutils.grading.template import Template
from qutils.grading.wire import Channel, WireError, pack, send_socket, unpack

__all__ = ["CheckerProcess", "GraderError", "LearnerProcess", "NotRunError"]

REPLAYS = 4
# A checker whose learner has just been stopped still has to say so.
_GRACE_SECONDS = 5.0


class GraderError(QutilsError, RuntimeError):
    """The grader itself failed; nothing was found out about the submission."""


class NotRunError(Exception):
    """Why the rest of a notebook is not run."""


class EndedError(Exception):
    """A process has ended, or is of no more use: in a word why."""


def in_words(ended: EndedError, limits: Limits) -> str:
    """Return what code did that ended its process, for the learner who wrote it."""
    return {
        "timeout": f"ran longer than {limits.cell_seconds:g} s and was stopped",
        "cpu": f"used more than {limits.total_seconds:g} s of processor time",
        "memory": f"needed more than {limits.memory_bytes >> 20} MB of memory",
        "disk": f"wrote more than {limits.disk_bytes >> 20} MB of files",
        "threads": f"ran more than {limits.processes} threads",
        "finished": "ended Python itself (exit, os._exit or the like)",
        "signal": "crashed Python (as a segmentation fault does)",
    }.get(str(ended), "broke the connection to the grader")


class _Process:
    """A confined process that answers one frame with another."""

    def __init__(
        self, template: Template, order: dict[str, Any], first: socket.socket | None = None
    ) -> None:
        self._child = template.fork()
        self._channel = Channel(self._child.socket, order["frame_bytes"])
        if first is not None:
            self.give(first)
        self._channel.send(pack(order), time.monotonic() + _GRACE_SECONDS)

    def exchange(self, frame: bytes, deadline: float) -> bytes:
        """Send a frame and return the answer, of which only the length has been checked."""
        try:
            self._channel.send(frame, deadline)
            return self._channel.receive(deadline)
        except TimeoutError:
            raise EndedError("timeout") from None
        except WireError:
            raise EndedError("nonsense") from None
        except (EOFError, OSError):
            raise EndedError(self.how_it_ended()) from None

    def give(self, end: socket.socket) -> None:
        """Give it one more socket."""
        send_socket(self._child.socket, end)

    def close(self) -> None:
        """Kill it and all it has started."""
        self._child.__exit__(None, None, None)

    def how_it_ended(self) -> str:
        """Return in a word why it no longer answers."""
        try:
            end = self._child.wait(_GRACE_SECONDS)
        except TimeoutError:
            return "nonsense"  # it closed its socket and runs on
        if end.kind in ("killed", "refused"):
            raise GraderError(f"a process was {end.kind}: {end.detail}")
        return end.kind


class LearnerProcess:
    """Runs the learner's cells; one that ends the process is left out and the others run again.

    Parameters
    ----------
    left_out
        Cells that are known to end the process: their places in the job, and why in words.

    Attributes
    ----------
    starts
        How many processes there have been.
    way_in
        The socket on which this one answers calls.
    """

    def __init__(self, template: Template, job: Job, left_out: dict[int, str]) -> None:
        self.left_out = dict(left_out)
        self._template = template
        self._job = job
        self._process: _Process | None = None
        self.starts = 0
        self._ran: list[int] = []
        self._end = time.monotonic() + job.limits.total_seconds
        self._over = ""

    def ready(self) -> float:
        """Have a process in which all has run so far; return by when the next cell must be done.

        Raises
        ------
        NotRunError
            There is no time left, or the process has ended too often.
        """
        now = time.monotonic()
        if now >= self._end:
            self._over = f"all cells together ran longer than {self._job.limits.total_seconds:g} s"
        elif self._process is None and self.starts > REPLAYS:
            self._over = f"the notebook's code ended Python {self.starts} times"
        if self._over:
            raise NotRunError(self._over)
        if self._process is None:
            ran, self._ran = self._ran, []
            self._start()
            for place in ran:
                self.run(place)
            return self.ready()
        return min(now + self._job.limits.cell_seconds, self._end)

    def run(self, place: int) -> Output:
        """Run a cell of the job; return what it printed, or why it was left out."""
        if place not in self.left_out:
            try:
                said = self._exchange(run_order(self._job, place))
                self._ran.append(place)
                return Output(str(said.get("text", "")), str(said.get("error", "")))
            except EndedError as ended:
                self.left_out[place] = in_words(ended, self._job.limits)
        return Output(error=f"left out: this cell {self.left_out[place]}")

    def test(self, place: int) -> dict[str, Any]:
        """Run a test in this process; the verdict that comes back may be the learner's own."""
        return self._exchange(judge_order(self._job, place))

    def ended(self, why: str) -> EndedError:
        """Return the error that says how the process ended, for one who asked it in vain."""
        if why == "ended" and self._process is not None:
            why = self._process.how_it_ended()
        self.close()
        return EndedError(why)

    def close(self) -> None:
        """End the process; it is started anew when it is needed."""
        if self._process is not None:
            self._process.close()
            self.way_in.close()
            self._process = None

    def _start(self) -> None:
        limits = self._job.limits
        order = {
            "frame_bytes": limits.frame_bytes,
            "output": limits.output_bytes,
            "withheld": self._job.withheld,
            "files": _files(self._job),
            "first_handle": self.starts << 32,
        }
        self.starts += 1
        self.way_in, inner = socket.socketpair()
        with inner:
            self._process = _Process(self._template, order, inner)

    def _exchange(self, order: dict[str, Any]) -> dict[str, Any]:
        """Return the texts and numbers of an answer, in which nothing else may stand."""
        deadline = self.ready()
        assert self._process is not None
        try:
            value = unpack(self._process.exchange(pack(order), deadline))["value"]
            if all(type(part) in (str, float) for part in value.values()):
                most = self._job.limits.output_bytes + len(CUT)
                return {k: v[:most] if isinstance(v, str) else v for k, v in value.items()}
        except EndedError:
            self.close()
            raise
        except (WireError, TypeError, KeyError, AttributeError):
            pass
        raise self.ended("nonsense")


class CheckerProcess:
    """Runs the instructor's cells and passes their questions on to the learner's process."""

    def __init__(self, template: Template, job: Job, learner: LearnerProcess) -> None:
        self._template = template
        self._job = job
        self._learner = learner
        self._process: _Process | None = None
        self._starts = 0
        self._met = 0
        self._ran: list[int] = []

    def run(self, place: int) -> dict[str, Any]:
        """Run a cell of the job; return the verdict on a test, nothing for another cell.

        Raises
        ------
        EndedError
            The learner's process ended over it, or the time.
        """
        if self._process is None:
            self._start()
        deadline = self._learner.ready()
        self._meet(deadline)
        is_test = self._job.cells[place].kind == "test"
        order = (judge_order if is_test else run_order)(self._job, place)
        verdict = self._exchange(order | {"deadline": deadline}, deadline)
        self._ran.append(place)
        if "lost" in verdict:
            raise self._learner.ended(verdict["lost"])
        return verdict

    def _meet(self, deadline: float) -> None:
        """Give the checker's process the way to the learner's, where it has not met this one."""
        assert self._process is not None
        if self._met != self._learner.starts:
            self._met = self._learner.starts
            self._exchange({"do": "meet"}, deadline)
            self._process.give(self._learner.way_in)

    def _exchange(self, order: dict[str, Any], deadline: float) -> dict[str, Any]:
        assert self._process is not None
        try:
            said = unpack(self._process.exchange(pack(order), deadline + _GRACE_SECONDS))
            return dict(said)
        except EndedError as ended:
            self.close()
            if str(ended) in ("timeout", "cpu"):
                raise
            raise GraderError(f"the checker's process ended: {ended}") from None

    def _start(self) -> None:
        """Start a process, and bind there what the cells before have bound."""
        if self._starts > REPLAYS:
            raise NotRunError(f"{self._starts} tests took too long")
        self._starts += 1
        locked = [cell.source for cell in self._job.cells if cell.kind == "locked"]
        order = {
            "frame_bytes": self._job.limits.frame_bytes,
            "locked": locked,
            "files": _files(self._job),
        }
        self._process = _Process(self._template, order)
        self._met = 0
        ran, self._ran = self._ran, []
        for place in ran:
            with contextlib.suppress(EndedError):  # the verdict on it has been given
                self.run(place)

    def close(self) -> None:
        """End the process; it is started anew when it is needed."""
        if self._process is not None:
            self._process.close()
            self._process = None


def _files(job: Job) -> dict[str, bytes]:
    return {file.name: file.content for file in job.files if not file.fault}


def cell_name(cell: Cell, place: int) -> str:
    """Return how messages call a cell."""
    return cell.grade_id or f"cell {place + 1}"


def run_order(job: Job, place: int) -> dict[str, Any]:
    """Return the order to run a cell that is no test."""
    cell = job.cells[place]
    seed = seed_from(job.seed, "cell", place)
    return {"do": "run", "source": cell.source, "name": cell_name(cell, place), "seed": seed}


def judge_order(job: Job, place: int) -> dict[str, Any]:
    """Return the order to judge a test."""
    cell = job.cells[place]
    seed = seed_from(job.seed, "test", cell.grade_id)
    fields = {"source": cell.source, "name": cell.grade_id, "points": float(cell.points)}
    return {"do": "test", "seed": seed, **fields}
