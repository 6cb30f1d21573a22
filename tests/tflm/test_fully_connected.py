"""FULLY_CONNECTED."""

import pytest
from flatmodel import Op, T, constant
from one_op import one_op, require_tflms_bits, run

from qutils.errors import UnsupportedOperatorError
from qutils.tflm import Model


def test_fully_connected():
    # (2 - 1) * 3 + (4 - 1) * -1 + 5 = 5, times 2 * 0.5 / 0.25 = 4
    got = run(
        Op("FULLY_CONNECTED", (0, 1, 2), (3,)),
        T((1, 2), scale=2.0, zero_point=1),
        constant([[3, -1]], scale=0.5),
        constant([5], "INT32", scale=1.0),
        T((1, 1), scale=0.25),
        inputs={0: [2, 4]},
    )
    assert got == [20]


def test_a_scale_for_each_channel():
    layer = (
        Op("FULLY_CONNECTED", (0, 1), (2,)),
        T((1, 1), scale=1.0),
        constant([[1], [1]], scale=[1.0, 0.5]),
        T((1, 2), scale=1.0),
    )
    assert run(*layer, inputs={0: [8]}) == [8, 4]
    require_tflms_bits(*layer, inputs={0: [8]})


@pytest.mark.parametrize(("bias_type", "expected"), [("INT64", 3), ("INT32", 4)])
def test_16x8_counts_zero_points(bias_type, expected):
    # ((7 - 5) * 3 - 5) * 1/4 + 3: one rounding takes 0.25 to 0, two take it to 1.
    layer = (
        Op("FULLY_CONNECTED", (0, 1, 2), (3,)),
        T((1, 1), "INT16", scale=1.0, zero_point=5),
        constant([[3]], scale=0.25),
        constant([-5], bias_type, scale=0.25),
        T((1, 1), "INT16", scale=1.0, zero_point=3),
    )
    assert run(*layer, inputs={0: [7]}) == [expected]
    require_tflms_bits(*layer, inputs={0: [7]})


def int4_layer(*scales: float) -> tuple:
    return (
        Op("FULLY_CONNECTED", (0, 1), (2,)),
        T((1, 2), scale=1.0),
        constant([[1, -2], [3, -4]], "INT4", scale=list(scales)),
        T((1, 2), scale=1.0),
    )


def test_int4_weights():
    # 1 * 10 - 2 * 1 and 3 * 10 - 4 * 1.
    assert run(*int4_layer(1.0), inputs={0: [10, 1]}) == [8, 26]
    require_tflms_bits(*int4_layer(1.0), inputs={0: [10, 1]})


def test_int4_weights_have_one_scale():
    with pytest.raises(UnsupportedOperatorError, match="no int4 filter with a scale for each"):
        Model.from_bytes(one_op(*int4_layer(1.0, 2.0), inputs={0: [0, 0]}))
