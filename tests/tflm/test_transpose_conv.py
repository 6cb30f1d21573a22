"""TRANSPOSE_CONV."""

import numpy as np
import pytest
from flatmodel import Op, T, constant
from one_op import one_op, output_of, require_tflms_bits, run, window

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Model


def layer(weights, source: T, target: T, *bias: T, scale=1.0, **options) -> tuple:
    """Return operator and tensors of a filter (1, 1, n, 1)."""
    kind = "FLOAT32" if source.type == "FLOAT32" else "INT8"
    quantization = {} if kind == "FLOAT32" else {"scale": scale}
    tensors = (
        constant(target.shape, "INT32"),
        constant(np.reshape(weights, (1, 1, -1, 1)), kind, **quantization),
        source,
        *bias,
        target,
    )
    inputs = tuple(range(len(tensors) - 1))
    return (Op("TRANSPOSE_CONV", inputs, (len(inputs),), window(**options)), *tensors)


def row(length: int, type: str = "INT8", zero_point: int = 0) -> T:
    quantization = {} if type == "FLOAT32" else {"scale": 1.0, "zero_point": zero_point}
    return T((1, 1, length, 1), type, **quantization)


def test_each_input_adds_its_multiple_of_the_filter():
    # Stride 2: 1 * [1, 10, 100] from 0 on, 2 * [1, 10, 100] from 2 on.
    small = layer([1, 10, 100], row(2, "FLOAT32"), row(5, "FLOAT32"), stride_w=2)
    assert run(*small, inputs={2: [1, 2]}) == [1, 10, 102, 20, 200]
    require_tflms_bits(*small, inputs={2: [1, 2]})


def test_same_padding_cuts_the_first_outputs():
    # Output 2 of stride 1: padding (3 - 1) // 2 = 1 cuts one column at either side.
    small = layer([1, 10, 100], row(2), row(2), padding="SAME")
    assert run(*small, inputs={2: [1, 1]}) == [11, 110]
    require_tflms_bits(*small, inputs={2: [1, 1]})


def test_what_no_input_reaches_is_the_bias():
    # Stride 3 and a filter of 1; (4 - 1) * 2 + 3, (0 + 3) and (0 + 3), zero points 1 and -1.
    small = layer(
        [2],
        row(1, zero_point=1),
        row(3, zero_point=-1),
        constant([3], "INT32", scale=1.0),
        stride_w=3,
    )
    assert run(*small, inputs={2: [4]}) == [8, 2, 2]
    require_tflms_bits(*small, inputs={2: [4]})


@pytest.mark.parametrize("bias_type", ["INT64", "INT16"])
def test_16x8(bias_type):
    # 1000 * 10 + 6 = 10006, times 1/4: 2501.5 rounds up.
    bias = constant([6], bias_type, scale=0.25)
    small = layer([10], row(1, "INT16"), row(1, "INT16"), bias, scale=0.25)
    assert run(*small, inputs={2: [1000]}) == [2502]
    require_tflms_bits(*small, inputs={2: [1000]})


def test_inputs_beyond_a_short_output_are_dropped():
    small = layer([1, 1], row(4), row(2), stride_w=2)
    assert output_of(*small, inputs={2: [5, 6, 7, 8]}).ravel().tolist() == [5, 5]
    require_tflms_bits(*small, inputs={2: [5, 6, 7, 8]})


@pytest.mark.parametrize(
    ("tensors", "options", "complaint"),
    [
        ((row(2), T((1, 1, 4, 2), scale=1.0)), {}, "has shape"),
        ((row(2), row(4)), {"stride_w": 0}, "stride"),
        ((T((1, 2, 1), scale=1.0), row(4)), {}, "4 dimensions"),
    ],
)
def test_what_makes_no_sense_is_an_invalid_model(tensors, options, complaint):
    with pytest.raises(InvalidModelError, match=complaint):
        Model.from_bytes(one_op(*layer([1], *tensors, **options), inputs={2: []}))


def test_int4_weights_are_refused():
    operator, shape, _, *rest = layer([1], row(1), row(1))
    packed = constant(np.ones((1, 1, 1, 1)), "INT4", scale=1.0)
    with pytest.raises(UnsupportedOperatorError, match="TRANSPOSE_CONV"):
        Model.from_bytes(one_op(operator, shape, packed, *rest, inputs={2: []}))
