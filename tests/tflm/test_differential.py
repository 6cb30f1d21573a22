"""Every operator against the real interpreter, on models drawn at random.

Each module of ``strategies`` has `CASES`: name -> a function that draws one small model, and may
have `BOUNDS`: name -> relative error that is allowed for float32; all else is equal bits.  The
environment variable ``DIFFERENTIAL_ELEMENTS`` sets how many output elements are compared in all;
``build/reports/differential.csv`` says how many were.
"""

import csv
import importlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from batches import batches
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import OracleError, ask

from qutils.errors import QutilsError
from qutils.tflm import Interpreter, Model, plan_arena

ELEMENTS = int(os.environ.get("DIFFERENTIAL_ELEMENTS", 1_000_000))
LEAST_MODELS = 8
MOST_ELEMENTS_OF_ONE_MODEL = 2500
MOST_INVOCATIONS = 400

MODULES = [
    importlib.import_module(f"strategies.{path.stem}")
    for path in sorted((Path(__file__).parent / "strategies").glob("*.py"))
]
CASES = {name: draw for module in MODULES for name, draw in module.CASES.items()}
BOUNDS = {
    name: bound for module in MODULES for name, bound in getattr(module, "BOUNDS", {}).items()
}


@dataclass
class Tally:
    """What was compared of one case."""

    models: int = 0
    elements: int = 0
    mismatches: int = 0
    other_heads: int = 0
    other_tails: int = 0
    refused: int = 0


@pytest.fixture(scope="module")
def tallies(repository):
    """Collect one tally for each case, and write them into the report."""
    table: dict[str, Tally] = {}
    yield table
    report = repository / "build" / "reports" / "differential.csv"
    report.parent.mkdir(parents=True, exist_ok=True)
    with report.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["case", *Tally.__dataclass_fields__])
        writer.writerows([name, *vars(tally).values()] for name, tally in table.items())


def random_values(details: dict, rng: np.random.Generator) -> np.ndarray:
    """Draw from the whole range of an input's type."""
    dtype = np.dtype(details["dtype"])
    if dtype.kind == "f":
        return rng.normal(0, 10.0 ** rng.uniform(-1, 1), details["shape"]).astype(dtype)
    if dtype.kind == "b":
        return rng.random(details["shape"]) < 0.5
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, details["shape"], dtype, endpoint=True)


def differences(got: np.ndarray, expected: np.ndarray, bound: float) -> int:
    """Count elements that differ in a bit, or for float32 by more than a relative bound."""
    assert (got.dtype, got.shape) == (expected.dtype, expected.shape)
    if got.dtype != np.float32:
        return int((got != expected).sum())
    same = (got.view(np.uint32) == expected.view(np.uint32)) | (np.isnan(got) & np.isnan(expected))
    close = np.abs(np.float64(got) - expected) <= bound * np.abs(np.float64(expected))
    return int((~(same | close)).sum())


def run(interpreter: Interpreter, inputs: list[list[np.ndarray]]) -> list[list[np.ndarray]]:
    """Return the outputs of every invocation."""
    outputs = []
    for values in inputs:
        for details, value in zip(interpreter.get_input_details(), values, strict=True):
            interpreter.set_tensor(details["index"], value)
        interpreter.invoke()
        outputs.append(
            [interpreter.get_tensor(d["index"]) for d in interpreter.get_output_details()]
        )
    return outputs


def compare(content: bytes, seed: int, elements: int, bound: float, tally: Tally) -> None:
    """Run one model in both interpreters until it has put out enough elements, and count."""
    tally.models += 1
    try:
        model = Model.from_bytes(content)
        interpreter = Interpreter(model_content=model)
        interpreter.allocate_tensors()
    except QutilsError:
        # What we refuse, TFLM has to refuse.
        with pytest.raises(OracleError):
            ask(content)
        tally.refused += 1
        return
    rng = np.random.default_rng(seed)
    size = sum(int(np.prod(d["shape"])) for d in interpreter.get_output_details())
    count = min(MOST_INVOCATIONS, -(-elements // max(1, size)))
    details = interpreter.get_input_details()
    inputs = [[random_values(d, rng) for d in details] for _ in range(count)]
    answer = ask(content, inputs)
    got = run(interpreter, inputs)
    for ours, theirs in zip(got, answer.outputs, strict=True):
        for output, expected in zip(ours, theirs, strict=True):
            tally.elements += output.size
            tally.mismatches += differences(output, expected, bound)
    for batch, singly in batches(interpreter, inputs, got):
        tally.mismatches += differences(batch, singly, 0.0)
    plan = plan_arena(model)
    tally.other_heads += plan.head_bytes != answer.head_bytes
    tally.other_tails += plan.tail_bytes_x86_64 != answer.tail_bytes


@pytest.mark.parametrize("name", CASES)
def test_case(name, tallies):
    tally = tallies.setdefault(name, Tally())
    budget = ELEMENTS // len(CASES)
    elements = min(MOST_ELEMENTS_OF_ONE_MODEL, budget // LEAST_MODELS)
    examples = -(-budget // elements)

    @settings(
        deadline=None,
        max_examples=examples,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 2**32 - 1))
    def check(seed: int) -> None:
        before = tally.mismatches + tally.other_heads
        content = CASES[name](np.random.default_rng(seed))
        compare(content, seed, elements, BOUNDS.get(name, 0.0), tally)
        assert tally.mismatches + tally.other_heads == before

    check()
    assert tally.elements > 0
