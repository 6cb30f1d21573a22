"""Real models recorded against the real interpreter, where the folder of them is there."""

import csv
from pathlib import Path

import numpy as np
import pytest
from oracle import ask

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Interpreter, Model, plan_arena

SUPPORTED = ["ad01_float", "ad01_int8", "hello_world_int8", "kws_int8", "sine_float"]


def manifest(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "MANIFEST.tsv").open() as file:
        return {row["file"]: row for row in csv.DictReader(file, delimiter="\t")}


def random_inputs(details: dict, count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    shape = (count, *details["shape"])
    if details["dtype"] == np.int8:
        return rng.integers(-128, 128, shape).astype(np.int8)
    return rng.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("name", SUPPORTED)
def test_the_arena_is_the_recorded_one(shared_models, name):
    row = manifest(shared_models)[f"{name}.tflite"]
    plan = plan_arena(Model.from_file(shared_models / f"{name}.tflite"))
    assert plan.head_bytes == int(row["arena_head"])
    assert plan.tail_bytes_x86_64 == int(row["arena_tail_x86_64"])


@pytest.mark.parametrize("name", SUPPORTED)
def test_all_bits_are_equal(shared_models, name):
    content = (shared_models / f"{name}.tflite").read_bytes()
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    batch = random_inputs(interpreter.get_input_details()[0], 200)
    answer = ask(content, [[x] for x in batch])
    expected = np.stack([outputs[0] for outputs in answer.outputs])
    np.testing.assert_array_equal(interpreter.predict(batch), expected)
    assert plan_arena(interpreter.model).head_bytes == answer.head_bytes


def test_every_other_model_is_refused_by_name(shared_models):
    """The one_op files have int16 activations, which the emulator does not run yet."""
    refused = 0
    for file in manifest(shared_models):
        if file.removesuffix(".tflite") in SUPPORTED:
            continue
        with pytest.raises((UnsupportedOperatorError, InvalidModelError)) as caught:
            Model.from_file(shared_models / file)
        if file.startswith("one_op/"):
            assert caught.type is UnsupportedOperatorError
            assert "operator 0" in str(caught.value)
        refused += 1
    assert refused == len(manifest(shared_models)) - len(SUPPORTED)


def test_hybrid_models_are_refused_in_tflms_words(shared_models):
    with pytest.raises(UnsupportedOperatorError) as caught:
        Model.from_file(shared_models / "ad01_hybrid_unsupported.tflite")
    lines = str(caught.value).splitlines()
    assert len(lines) == 10
    for line in lines:
        assert "Input type: FLOAT32 with filter type: INT8 not supported." in line
        assert "Hybrid models are not supported on TFLite Micro." in line


def test_uint8_models_are_refused(shared_models):
    with pytest.raises(UnsupportedOperatorError, match=r"SPLIT \(INT32, UINT8"):
        Model.from_file(shared_models / "uint8_unsupported.tflite")


def test_the_file_that_crashes_tflm_is_explained(shared_models):
    with pytest.raises(InvalidModelError, match="tensor 0 names buffer 0 of 0"):
        Model.from_file(shared_models / "broken_segfaults_tflm.tflite")
