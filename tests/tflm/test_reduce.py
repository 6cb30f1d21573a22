"""MEAN and SUM."""

import numpy as np
import pytest
from flatmodel import Op, T, constant
from one_op import require_tflms_bits, run


def test_mean_of_integers_is_rescaled():
    # (3 + 5 + 9 + 7) / 4 = 6, minus zero point 2 is 4; scale 1 -> 1/2 makes 8, plus -1.
    got = run(
        Op("MEAN", (0, 1), (2,)),
        T((1, 2, 2, 1), scale=1.0, zero_point=2),
        constant([1, 2], "INT32"),
        T((1, 1), scale=0.5, zero_point=-1),
        inputs={0: [3, 5, 9, 7]},
    )
    assert got == [7]


def test_mean_over_a_negative_axis():
    got = run(
        Op("MEAN", (0, 1), (2,), {"keep_dims": True}),
        T((1, 2, 2), "FLOAT32"),
        constant([-1], "INT32"),
        T((1, 2, 1), "FLOAT32"),
        inputs={0: [1, 2, 3, 6]},
    )
    assert got == [1.5, 4.5]


def test_sum_of_integers_is_rescaled():
    # 3 + 5 + 9 + 7 = 24, minus four zero points of 2 is 16; scale 1 -> 2 makes 8, plus -1.
    layer = (
        Op("SUM", (0, 1), (2,)),
        T((1, 2, 2, 1), scale=1.0, zero_point=2),
        constant([1, 2], "INT32"),
        T((1, 1), scale=2.0, zero_point=-1),
    )
    assert run(*layer, inputs={0: [3, 5, 9, 7]}) == [7]
    require_tflms_bits(*layer, inputs={0: [3, 5, 9, 7]})


@pytest.mark.parametrize(("count", "expected"), [(2**16 + 2, 2), (2**16 + 3, -2)])
def test_int16_sums_wrap_in_32_bits(count, expected):
    # 2**16 + 2 times 2**15 - 1 is 2**31 - 2, one more of them passes 2**31: about -2 * 2**30.
    layer = (
        Op("SUM", (0, 1), (2,), {"keep_dims": True}),
        T((1, count), "INT16", scale=1.0),
        constant([1], "INT32"),
        T((1, 1), "INT16", scale=2.0**30),
    )
    values = {0: np.full(count, 32767)}
    assert run(*layer, inputs=values) == [expected]
    require_tflms_bits(*layer, inputs=values)


@pytest.mark.parametrize("name", ["MEAN", "SUM"])
@pytest.mark.parametrize("type", ["INT8", "INT16", "FLOAT32"])
def test_axes_in_any_order_and_twice(name, type):
    quantization = {} if type == "FLOAT32" else {"scale": 1.0}
    layer = (
        Op(name, (0, 1), (2,)),
        T((2, 3, 2), type, **quantization),
        constant([-1, 0, 2], "INT32"),
        T((3,), type, **quantization),
    )
    # Columns: 0 + 1 + 6 + 7, 2 + 3 + 8 + 9, 4 + 5 + 10 + 11.
    sums = [14, 22, 30]
    means = [3.5, 5.5, 7.5] if type == "FLOAT32" else [4, 6, 8]
    assert run(*layer, inputs={0: range(12)}) == (sums if name == "SUM" else means)
    require_tflms_bits(*layer, inputs={0: range(12)})
