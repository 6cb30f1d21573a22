"""Every real model recorded against the real interpreter, where the folder of them is there.

What TFLM runs gives equal bits and an equal arena; what it refuses is refused for the same
reason.  Counts go to ``build/reports/shared_models.csv``.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
from batches import batches
from oracle import OracleError, ask

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Interpreter, Model, plan_arena

SHARED_MODELS = Path(__file__).resolve().parents[3] / "shared" / "models"

INVOCATIONS = 64
# What the real interpreter says of the models that it refuses, and with what we begin to say so.
REFUSED = {
    "ad01_hybrid_unsupported.tflite": "Input type: FLOAT32 with filter type: INT8 not supported.",
    "uint8_unsupported.tflite": "UINT8",
    "broken_segfaults_tflm.tflite": "tensor 0 names buffer 0 of 0",
}


def manifest() -> dict[str, dict[str, str]]:
    """Return the rows of the manifest by file, none where there is no manifest."""
    path = SHARED_MODELS / "MANIFEST.tsv"
    if not path.is_file():
        return {}
    with path.open() as file:
        return {row["file"]: row for row in csv.DictReader(file, delimiter="\t")}


ROWS = manifest()
RUNNING = [name for name, row in ROWS.items() if row["runs_on_TFLM"] == "yes"]


@pytest.fixture(scope="module")
def report(repository):
    """Collect a row for each model, and write them into the report."""
    rows: list[list] = []
    yield rows
    path = repository / "build" / "reports" / "shared_models.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "outputs", "different", "head_bytes", "head", "tail"])
        writer.writerows(rows)


def random_values(details: dict, rng: np.random.Generator) -> np.ndarray:
    """Draw an input over the whole range of its type."""
    dtype = np.dtype(details["dtype"])
    if dtype.kind == "f":
        return rng.normal(size=details["shape"]).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, details["shape"], dtype, endpoint=True)


def test_there_is_a_model_of_every_kind(shared_models: Path):
    assert len(RUNNING) + len(REFUSED) == len(ROWS)
    assert sorted(REFUSED) == sorted(set(ROWS) - set(RUNNING))


@pytest.mark.parametrize("name", RUNNING or ["any"])
def test_all_bits_and_the_arena_are_equal(name, shared_models, report):
    content = (shared_models / name).read_bytes()
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    rng = np.random.default_rng(0)
    details = interpreter.get_input_details()
    inputs = [[random_values(d, rng) for d in details] for _ in range(INVOCATIONS)]
    answer = ask(content, inputs)
    outputs = different = 0
    singly: list[list[np.ndarray]] = []
    for values, expected in zip(inputs, answer.outputs, strict=True):
        for detail, value in zip(details, values, strict=True):
            interpreter.set_tensor(detail["index"], value)
        interpreter.invoke()
        singly.append([])
        for detail, theirs in zip(interpreter.get_output_details(), expected, strict=True):
            ours = interpreter.get_tensor(detail["index"])
            assert ours.dtype == theirs.dtype
            outputs += ours.size
            different += int((ours.view(np.uint8) != theirs.view(np.uint8)).sum())
            singly[-1].append(ours)
    plan = plan_arena(interpreter.model)
    heads = (plan.head_bytes, answer.head_bytes, int(ROWS[name]["arena_head"]))
    tails = (plan.tail_bytes_x86_64, answer.tail_bytes, int(ROWS[name]["arena_tail_x86_64"]))
    report.append(
        [name, outputs, different, plan.head_bytes, len(set(heads)) == 1, len(set(tails)) == 1]
    )
    assert different == 0
    for batch, by_one in batches(interpreter, inputs, singly):
        np.testing.assert_array_equal(batch, by_one)
    assert len(set(heads)) == 1, heads
    assert len(set(tails)) == 1, tails


@pytest.mark.parametrize(("name", "words"), REFUSED.items())
def test_what_tflm_refuses_is_refused(name, words, shared_models, report):
    content = (shared_models / name).read_bytes()
    with pytest.raises((UnsupportedOperatorError, InvalidModelError), match=words):
        Model.from_bytes(content)
    with pytest.raises(OracleError):
        ask(content)
    report.append([name, "refused"])


def test_hybrid_models_are_refused_in_tflms_words(shared_models):
    with pytest.raises(UnsupportedOperatorError) as caught:
        Model.from_file(shared_models / "ad01_hybrid_unsupported.tflite")
    lines = str(caught.value).splitlines()
    assert len(lines) == 10
    for line in lines:
        assert "Input type: FLOAT32 with filter type: INT8 not supported." in line
        assert "Hybrid models are not supported on TFLite Micro." in line
