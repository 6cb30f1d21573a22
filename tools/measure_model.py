"""Measure a model that somebody handed in: what it needs, and how often it is right.

Its bytes may hold anything. A process of its own reads them, with bounds on memory and time, so
that a model made to do harm costs its own row and no more.
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from qutils.affine import QuantParams, quantize
from qutils.data import load_fashion_mnist
from qutils.errors import NoTimingDataError, QutilsError
from qutils.tflm import Interpreter, Model, estimate, plan_arena

SECONDS = 120
MEMORY_BYTES = 2 << 30


class MeasureError(Exception):
    """Why a model could not be measured; the message is for whoever handed it in."""


@dataclass(frozen=True)
class Measured:
    """What the emulator says of a model.

    Attributes
    ----------
    arena_bytes
        The least arena.
    ms_low, ms_high
        The estimated time of one inference; None where nobody has published what it needs.
    correct, total
        Test images, answered as labelled and in all.
    """

    model_bytes: int
    arena_bytes: int
    ms_low: float | None
    ms_high: float | None
    correct: int
    total: int


def measure(content: bytes, board: str, library: str) -> Measured:
    """Return what a model needs, and how many of the test images it answers as labelled.

    Raises
    ------
    MeasureError
        It does not take one int8 picture of the data set and return ten int8 numbers.
    QutilsError
        It is no whole model, has an operator that TFLite Micro lacks, or an arena that the board
        does not have.
    """
    model = Model.from_bytes(content)
    ends = [(t.type, t.shape) for t in (*model.main.inputs, *model.main.outputs)]
    if ends != [("INT8", (1, 28, 28, 1)), ("INT8", (1, 10))]:
        raise MeasureError("it does not turn one int8 picture of 28 x 28 into ten int8 numbers")
    interpreter = Interpreter(model_content=model, board=board)
    interpreter.allocate_tensors()
    try:
        ms = estimate(model, board, library).ms
    except NoTimingDataError:
        ms = None
    images, labels = load_fashion_mnist("test")
    source = model.main.inputs[0]
    codes = quantize(images, QuantParams(source.scale, source.zero_point))
    correct = int((interpreter.predict(codes).argmax(axis=1) == labels).sum())
    return Measured(
        model.size_bytes,
        plan_arena(model).min_arena_bytes,
        ms.low if ms else None,
        ms.high if ms else None,
        correct,
        len(labels),
    )


def measure_apart(
    content: bytes, board: str, library: str, seconds: float = SECONDS, memory: int = MEMORY_BYTES
) -> Measured:
    """Do the same in a process of its own.

    Raises
    ------
    MeasureError
        The emulator refuses the model, or it takes more time or bytes of memory than that.
    """
    command = [sys.executable, __file__, board, library, str(memory)]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    folder = Path(__file__).resolve().parent.parent  # where qutils is, installed or not
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, cwd=folder, env=environment,
            timeout=seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise MeasureError(f"the emulator was not done with it after {seconds:g} s") from error
    if done.returncode:
        raise MeasureError("the emulator ended without a result: does it need too much memory?")
    found = json.loads(done.stdout)
    if "refused" in found:
        raise MeasureError(found["refused"])
    return Measured(**found)


def main() -> int:
    """Read a model from standard input; print what was measured, or why it was refused."""
    board, library, memory = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = asdict(measure(sys.stdin.buffer.read(), board, library))
    except (QutilsError, MeasureError) as error:
        answer = {"refused": str(error).partition("\n")[0]}
    except MemoryError:
        answer = {"refused": "the emulator needs too much memory for it"}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
