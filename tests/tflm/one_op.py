"""Models of one operator, run here and in the real interpreter."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from flatmodel import Graph, Op, T
from numpy.typing import NDArray
from oracle import ask

from qutils.tflm import Interpreter, plan_arena


def window(**changes: Any) -> dict[str, Any]:
    """Return the options of a window that slides by one, without padding."""
    return {"padding": "VALID", "stride_w": 1, "stride_h": 1, **changes}


def one_op(operator: Op, *tensors: T, inputs: Mapping[int, Any]) -> bytes:
    """Return a model of one operator whose only output is the last tensor."""
    return Graph(tensors, (operator,), tuple(inputs), (len(tensors) - 1,)).to_bytes()


def output_of(operator: Op, *tensors: T, inputs: Mapping[int, Any]) -> NDArray[Any]:
    """Run one operator; `inputs` are values by the number of their tensor."""
    interpreter = Interpreter(model_content=one_op(operator, *tensors, inputs=inputs))
    interpreter.allocate_tensors()
    for index, values in inputs.items():
        interpreter.set_tensor(index, _of(tensors[index], values))
    interpreter.invoke()
    return interpreter.get_tensor(len(tensors) - 1)


def run(operator: Op, *tensors: T, inputs: Mapping[int, Any]) -> list:
    """Run one operator; return its values as a flat list."""
    return output_of(operator, *tensors, inputs=inputs).ravel().tolist()


def require_tflms_bits(operator: Op, *tensors: T, inputs: Mapping[int, Any]) -> None:
    """Hold outputs and arena of one operator to the real interpreter."""
    content = one_op(operator, *tensors, inputs=inputs)
    answer = ask(content, [[_of(tensors[index], values) for index, values in inputs.items()]])
    expected = answer.outputs[0][0]
    got = output_of(operator, *tensors, inputs=inputs)
    assert got.dtype == expected.dtype
    if got.dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(got), np.signbit(expected))
    np.testing.assert_array_equal(got, expected)
    plan = plan_arena(Interpreter(model_content=content).model)
    assert (plan.head_bytes, plan.tail_bytes_x86_64) == (answer.head_bytes, answer.tail_bytes)


def every(type: str) -> NDArray[Any]:
    """Return all values of an integer type, ascending."""
    limits = np.iinfo(type.lower())
    return np.arange(limits.min, limits.max + 1).astype(type.lower())


def _of(tensor: T, values: Any) -> NDArray[Any]:
    return np.array(values, np.dtype(tensor.type.lower())).reshape(tensor.shape)
