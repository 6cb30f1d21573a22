"""Functions that become tables: when, and with the same outputs."""

import numpy as np
import pytest
from flatmodel import Op, T
from one_op import every, output_of

from qutils.tflm.kernels import activations, elementwise, quantize, sigmoid
from qutils.tflm.kernels.tables import tabulated


class Counted:
    """A function that counts the elements it computes."""

    def __init__(self, function):
        self.function, self.elements = function, 0

    def __call__(self, *inputs):
        output = self.function(*inputs)
        self.elements += output.size
        return output


def test_one_int8_input_is_looked_up_from_the_first_call_on():
    square = Counted(lambda x: x.astype(np.int16) ** 2)
    function = tabulated(square, "INT8")
    assert square.elements == 0
    assert function(np.int8([-128, -3, 127])).tolist() == [16384, 9, 16129]
    assert square.elements == 256
    function(np.zeros(1000, np.int8))
    assert square.elements == 256


def test_int16_is_computed_until_that_has_cost_as_much_as_the_table():
    # A call counts for 1,000 elements more than it has: 65,536 are used up in the third one.
    negative = Counted(np.negative)
    function = tabulated(negative, "INT16")
    for _ in range(2):
        assert function(np.full(30_000, -3, np.int16))[0] == 3
    assert negative.elements == 60_000
    assert function(np.full(30_000, -3, np.int16))[0] == 3
    assert negative.elements == 60_000 + 65_536


def test_two_int8_inputs_broadcast_into_their_table():
    difference = Counted(lambda a, b: a.astype(np.int16) - b)
    function = tabulated(difference, "INT8", "INT8")
    a, b = every("INT8")[:, np.newaxis], every("INT8")
    np.testing.assert_array_equal(function(a, b), difference.function(a, b))
    assert difference.elements == 65536
    assert function(a[:3], np.int8([5])).tolist() == [[-133], [-132], [-131]]
    assert difference.elements == 65536


def test_what_has_too_many_inputs_is_computed_in_blocks():
    add = Counted(lambda a, b: a + b.astype(np.int64))
    function = tabulated(add, "INT16", "INT8")
    a, b = np.arange(20_000, dtype=np.int16).reshape(1, -1), np.int8([[1], [2], [3]])
    np.testing.assert_array_equal(function(a, b), add.function(a, b))
    assert add.elements == 60_000


def near(type: str, scale: float = 0.05) -> T:
    return T((), type, scale=scale / 256 if type == "INT16" else scale)


ONE_INPUT = [
    (activations, Op("RELU", (0,), (1,)), near("INT8"), near("INT8", 0.04)),
    (activations, Op("RELU", (0,), (1,)), near("INT16"), near("INT16", 0.04)),
    (activations, Op("LEAKY_RELU", (0,), (1,), {"alpha": 0.3}), near("INT8"), near("INT8")),
    (activations, Op("LEAKY_RELU", (0,), (1,), {"alpha": 0.3}), near("INT16"), near("INT16")),
    (activations, Op("HARD_SWISH", (0,), (1,)), near("INT8"), near("INT8")),
    (sigmoid, Op("LOGISTIC", (0,), (1,)), near("INT8"), T((), scale=1 / 256, zero_point=-128)),
    (sigmoid, Op("LOGISTIC", (0,), (1,)), near("INT16"), T((), "INT16", scale=1 / 32768)),
    (sigmoid, Op("TANH", (0,), (1,)), near("INT8"), T((), scale=1 / 128)),
    (sigmoid, Op("TANH", (0,), (1,)), near("INT16"), T((), "INT16", scale=1 / 32768)),
    (quantize, Op("QUANTIZE", (0,), (1,)), near("INT8"), near("INT16")),
    (quantize, Op("QUANTIZE", (0,), (1,)), near("INT16"), near("INT8")),
    (quantize, Op("DEQUANTIZE", (0,), (1,)), near("INT16"), T((), "FLOAT32")),
]


@pytest.mark.parametrize(("module", "operator", "source", "target"), ONE_INPUT)
def test_table_and_plain_kernel_agree_on_every_input(module, operator, source, target, monkeypatch):
    values = every(source.type)
    tensors = [
        T(values.shape, t.type, scale=t.scale, zero_point=t.zero_point) for t in (source, target)
    ]
    looked_up = output_of(operator, *tensors, inputs={0: values})
    monkeypatch.setattr(module, "tabulated", lambda plain, *types: plain)
    np.testing.assert_array_equal(looked_up, output_of(operator, *tensors, inputs={0: values}))


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL"])
def test_table_and_plain_kernel_agree_on_every_pair(name, monkeypatch):
    tensors = (
        T((256, 1), scale=0.05, zero_point=7),
        T((256,), scale=0.02, zero_point=-9),
        T((256, 256), scale=0.06, zero_point=3),
    )
    inputs = {0: every("INT8"), 1: every("INT8")}
    looked_up = output_of(Op(name, (0, 1), (2,)), *tensors, inputs=inputs)
    monkeypatch.setattr(elementwise, "tabulated", lambda plain, *types: plain)
    plain = output_of(Op(name, (0, 1), (2,)), *tensors, inputs=inputs)
    np.testing.assert_array_equal(looked_up, plain)
