"""The real TFLite Micro interpreter, in a process of its own because it can crash.

The Python package ``tflite-micro`` has wheels for Linux on x86-64 alone; elsewhere
`require_oracle` skips.  One process serves many jobs.
"""

import atexit
import contextlib
import os
import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

ARENA_BYTES = 32_000_000


class OracleError(Exception):
    """The real interpreter refused a model, or died; the message is what it printed."""


@dataclass(frozen=True)
class Answer:
    """What the real interpreter made of a model.

    Attributes
    ----------
    outputs
        One list for each invocation, with one array for each output.
    head_bytes, tail_bytes
        The arena as recorded.
    """

    outputs: list[list[NDArray[Any]]]
    head_bytes: int
    tail_bytes: int


def require_oracle() -> None:
    """Skip the test where there is no tflite-micro."""
    if find_spec("tflite_micro") is None:
        pytest.skip("no tflite-micro: it has wheels for Linux on x86-64 only")


def ask(
    model: bytes,
    inputs: Sequence[list[NDArray[Any]] | None] | None = None,
    arena_bytes: int = ARENA_BYTES,
) -> Answer:
    """Run a model on lists of inputs, one list for each invocation; None resets its state."""
    require_oracle()
    kind, *values = server(__file__).ask((model, inputs or [], arena_bytes))
    if kind != "answer":
        raise OracleError(*values)
    return Answer(*values)


def first_outputs(model: bytes, batch: NDArray[Any]) -> NDArray[Any]:
    """Run a model of one input and output on each element of a batch of whole inputs."""
    return np.stack([outputs[0] for outputs in ask(model, [[x] for x in batch]).outputs])


class _Server:
    """The other process, which runs a script; a new one is started where the last one died."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, job: Any) -> tuple[Any, ...]:
        if self.process is None:
            self.process = subprocess.Popen(
                [sys.executable, self.script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            pickle.dump(job, self.process.stdin)
            self.process.stdin.flush()
            return pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError, pickle.UnpicklingError):
            status = self.close()
            return "died", f"the interpreter's process ended with status {status}"

    def close(self) -> int | None:
        if self.process is None:
            return None
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate(timeout=10)
        status, self.process = self.process.returncode, None
        return status


@cache
def server(script: str) -> _Server:
    """Return the one process that runs `script`, which calls `serve`."""
    started = _Server(script)
    atexit.register(started.close)
    return started


def serve(run: Callable[..., tuple[Any, ...]]) -> None:
    """Answer jobs from standard input with what `run` makes of them, until there are no more.

    What `run` prints goes to standard error.
    """
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while True:
        try:
            job = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        pickle.dump(run(*job), replies)
        replies.flush()


def _run(model: bytes, invocations: list[Any], arena_bytes: int) -> tuple[Any, ...]:
    from tflite_micro.python.tflite_micro import runtime

    with tempfile.TemporaryFile() as log, _standard_error_to(log.fileno()):
        try:
            interpreter = runtime.Interpreter.from_bytes(model, arena_size=arena_bytes)
            outputs = []
            for values in invocations:
                if values is None:
                    interpreter.reset()
                    continue
                for i, value in enumerate(values):
                    interpreter.set_input(value, i)
                interpreter.invoke()
                outputs.append(_outputs(interpreter))
            interpreter.print_allocations()
        except Exception as error:
            log.seek(0)
            return "error", f"{log.read().decode(errors='replace')}{error}"
        log.seek(0)
        text = log.read().decode(errors="replace")
    sizes = dict(re.findall(r"Arena allocation (head|tail) (\d+) bytes", text))
    return "answer", outputs, int(sizes["head"]), int(sizes["tail"])


def _outputs(interpreter: Any) -> list[NDArray[Any]]:
    outputs: list[NDArray[Any]] = []
    while True:
        try:
            outputs.append(interpreter.get_output(len(outputs)))
        except (IndexError, RuntimeError, ValueError):
            return outputs


@contextlib.contextmanager
def _standard_error_to(descriptor: int):
    saved = os.dup(2)
    os.dup2(descriptor, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


if __name__ == "__main__":
    serve(_run)
