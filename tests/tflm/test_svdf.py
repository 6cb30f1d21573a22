"""SVDF."""

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from oracle import ask

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Interpreter, Model


def layer(
    state: T, feature=((1,),), time=((1, 10),), bias=(0,), rank=1, target=None, **changes
) -> bytes:
    """Return a model whose input is (1, 1); int8 unless the state is float."""
    is_float = state.type == "FLOAT32"
    kinds = ("FLOAT32",) * 3 if is_float else ("INT8", state.type, "INT32")
    quantization = {} if is_float else {"scale": 1.0}
    constants = [
        constant(values, kind, **quantization)
        for values, kind in zip((feature, time, bias), kinds, strict=True)
    ]
    source = T((1, 1), kinds[0], **quantization)
    target = target or T((1, len(feature) // max(rank, 1)), kinds[0], **quantization)
    options = {"rank": rank, **changes}
    operator = Op("SVDF", (0, 1, 2, 3, 4), (5,), options)
    return Graph((source, *constants, state, target), (operator,), (0,), (5,)).to_bytes()


def memory(length: int, type: str = "INT8", **quantization) -> T:
    quantization = {} if type == "FLOAT32" else {"scale": 1.0, **quantization}
    return T((1, length), type, is_variable=True, **quantization)


def outputs(content: bytes, *values: float) -> list[list[float]]:
    """Run a model on one value after the other, here and in the real interpreter."""
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    dtype = interpreter.get_input_details()[0]["dtype"]
    inputs = [np.array([[value]], dtype) for value in values]
    got = []
    for x in inputs:
        interpreter.set_tensor(0, x)
        interpreter.invoke()
        got.append(interpreter.get_tensor(5).ravel().tolist())
    assert got == [
        answer[0].ravel().tolist() for answer in ask(content, [[x] for x in inputs]).outputs
    ]
    return got


@pytest.mark.parametrize("type", ["INT8", "INT16", "FLOAT32"])
def test_it_remembers(type):
    # The newest input counts ten times, the one before once.
    assert outputs(layer(memory(2, type)), 1, 2, 3) == [[10], [21], [32]]


def test_clearing_the_variables_forgets():
    interpreter = Interpreter(model_content=layer(memory(2)))
    interpreter.allocate_tensors()
    interpreter.set_tensor(0, np.int8([[1]]))
    first = []
    for _ in range(2):
        interpreter.reset_all_variables()
        interpreter.invoke()
        first.append(interpreter.get_tensor(5).item())
    assert first == [10, 10]


def test_a_unit_adds_its_filters():
    # Rank 2: (1 + 2) * 5 and (3 + 4) * 5, plus biases.
    content = layer(memory(4), feature=[[1], [2], [3], [4]], time=[[1]] * 4, bias=[1, 2], rank=2)
    assert outputs(content, 5) == [[16, 37]]


def test_the_state_is_clamped_and_then_wraps():
    # 2 * 100 is clamped to 127, and with the zero point 3 becomes -126; (-126 - 3) * 1 / 3.
    content = layer(
        memory(1, zero_point=3),
        feature=[[2]],
        time=[[1]],
        target=T((1, 1), scale=3.0),
    )
    assert outputs(content, 100) == [[-43]]


def test_the_activation_counts_for_floats_alone():
    assert outputs(layer(memory(2, "FLOAT32"), activation="RELU"), -1) == [[0]]
    assert outputs(layer(memory(2), activation="RELU"), -1) == [[-10]]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"state": memory(3)}, "has shape"),
        ({"state": T((1, 2), scale=1.0)}, "before any operator has written it"),
        ({"state": memory(2), "rank": 0}, "1 filters of rank 0"),
        ({"state": memory(2, scale=1.1)}, "the scale of its bias is not 1.1"),
    ],
)
def test_what_makes_no_sense_is_an_invalid_model(changes, complaint):
    with pytest.raises(InvalidModelError, match=complaint):
        Model.from_bytes(layer(**changes))


def test_other_types_are_refused():
    with pytest.raises(UnsupportedOperatorError, match="no kernel for these types"):
        Model.from_bytes(layer(memory(2, "INT32")))
