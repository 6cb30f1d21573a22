"""CONV_2D."""

import numpy as np
import pytest
from flatmodel import Op, T, constant
from one_op import one_op, require_tflms_bits, run, window

from qutils.errors import UnsupportedOperatorError
from qutils.tflm import Model


def test_conv_sums_the_window():
    # Input scale 1, filter scale 1/2, output scale 1; zero points 1 and 10.
    # sum (x - 1) * w = 1*1 + 2*2 + 3*3 + 4*4 = 30; (30 + 4) / 2 + 10 = 27
    got = run(
        Op("CONV_2D", (0, 1, 2), (3,), window()),
        T((1, 2, 2, 1), scale=1.0, zero_point=1),
        constant(np.reshape([1, 2, 3, 4], (1, 2, 2, 1)), scale=0.5),
        constant([4], "INT32", scale=0.5),
        T((1, 1, 1, 1), scale=1.0, zero_point=10),
        inputs={0: [2, 3, 4, 5]},
    )
    assert got == [27]


def test_conv_padding_is_the_zero_point():
    # A 1x3 window over [5] with zero point 5 sees 0, 0, 0, whatever the filter.
    got = run(
        Op("CONV_2D", (0, 1), (2,), window(padding="SAME")),
        T((1, 1, 1, 1), scale=1.0, zero_point=5),
        constant(np.reshape([100, 100, 100], (1, 1, 3, 1)), scale=1.0),
        T((1, 1, 1, 1), scale=1.0, zero_point=-3),
        inputs={0: [5]},
    )
    assert got == [-3]


def test_conv_rounds_twice():
    # acc = 1, multiplier 1/4: 0.25 -> high product 0.5 rounds to 1 -> shifted 0.5 rounds to 1.
    got = run(
        Op("CONV_2D", (0, 1), (2,), window()),
        T((1, 1, 1, 1), scale=1.0),
        constant(np.reshape([1], (1, 1, 1, 1)), scale=0.25),
        T((1, 1, 1, 1), scale=1.0),
        inputs={0: [1]},
    )
    assert got == [1]


def test_conv_has_a_scale_for_each_channel():
    got = run(
        Op("CONV_2D", (0, 1), (2,), window()),
        T((1, 1, 1, 1), scale=1.0),
        constant(np.reshape([1, 1], (2, 1, 1, 1)), scale=[1.0, 0.5]),
        T((1, 1, 1, 2), scale=1.0),
        inputs={0: [8]},
    )
    assert got == [8, 4]


def test_conv_groups():
    # Two groups: each output channel sees one input channel.
    got = run(
        Op("CONV_2D", (0, 1), (2,), window()),
        T((1, 1, 1, 2), scale=1.0),
        constant(np.reshape([2, 3], (2, 1, 1, 1)), scale=1.0),
        T((1, 1, 1, 2), scale=1.0),
        inputs={0: [5, 7]},
    )
    assert got == [10, 21]


def test_conv_stride_and_dilation():
    # Dilation 2: taps at columns x and x + 2; stride 2: x = 0 and 2.
    got = run(
        Op("CONV_2D", (0, 1), (2,), window(stride_w=2, dilation_w=2)),
        T((1, 1, 5, 1), "FLOAT32"),
        constant(np.reshape([1, 10], (1, 1, 2, 1)), "FLOAT32"),
        T((1, 1, 2, 1), "FLOAT32"),
        inputs={0: [1, 2, 3, 4, 5]},
    )
    assert got == [31, 53]


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("NONE", [-20, 5, 30]), ("RELU", [0, 5, 30]), ("RELU6", [0, 5, 12])],
)
def test_fused_activation(activation, expected):
    # Output scale 1/2: 6 is the integer 12.
    got = run(
        Op("CONV_2D", (0, 1), (2,), window(activation=activation)),
        T((1, 1, 3, 1), scale=0.5),
        constant(np.reshape([1], (1, 1, 1, 1)), scale=1.0),
        T((1, 1, 3, 1), scale=0.5),
        inputs={0: [-20, 5, 30]},
    )
    assert got == expected


def point(weights, scale, source: T, target: T, *bias: T) -> tuple:
    """Return operator and tensors of a 1x1 filter over one pixel."""
    tensors = (source, constant(np.reshape(weights, (1, 1, 1, -1)), scale=scale), *bias, target)
    inputs = tuple(range(len(tensors) - 1))
    return (Op("CONV_2D", inputs, (len(inputs),), window()), *tensors)


WIDE = T((1, 1, 1, 1), "INT16", scale=1.0)


@pytest.mark.parametrize(
    ("bias", "expected"),
    [([], 0), ([constant([0], "INT64", scale=0.25)], 0), ([constant([0], "INT32", scale=0.25)], 1)],
    ids=["no bias", "INT64", "INT32"],
)
def test_16x8_rounds_once_unless_the_bias_is_int32(bias, expected):
    # acc = 1, multiplier 1/4. Once: 0.25 -> 0. Twice: 0.25 -> 0.5 of the first unit -> 1 -> 1.
    layer = point([1], 0.25, WIDE, WIDE, *bias)
    assert run(*layer, inputs={0: [1]}) == [expected]
    require_tflms_bits(*layer, inputs={0: [1]})


@pytest.mark.parametrize(("type", "expected"), [("INT64", 2048), ("INT32", -2048)])
def test_16x8_sums_are_as_wide_as_the_bias(type, expected):
    # 2**31 - 1 + 1 = 2**31, which int32 takes for -2**31; times 2**-20.
    layer = point([1], 2.0**-20, WIDE, WIDE, constant([2**31 - 1], type, scale=2.0**-20))
    assert run(*layer, inputs={0: [1]}) == [expected]
    require_tflms_bits(*layer, inputs={0: [1]})


@pytest.mark.parametrize("bias", ["INT64", "INT32"])
def test_16x8_ignores_zero_points(bias):
    # 7 * 2 = 14, were the zero points 5 and 3 counted: (7 - 5) * 2 + 3 = 7.
    source = T((1, 1, 1, 1), "INT16", scale=1.0, zero_point=5)
    target = T((1, 1, 1, 1), "INT16", scale=1.0, zero_point=3)
    layer = point([2], 1.0, source, target, constant([0], bias, scale=1.0))
    assert run(*layer, inputs={0: [7]}) == [14]
    require_tflms_bits(*layer, inputs={0: [7]})


def test_int4_weights_are_two_to_a_byte():
    # -8 * 1 + 7 * 10 + 1 * 100 = 162, times 1/2.
    operator = Op("CONV_2D", (0, 1), (2,), window())
    weights = constant(np.reshape([-8, 7, 1], (1, 1, 1, 3)), "INT4", scale=0.5)
    assert weights.data.tolist() == [0x78, 0x01]
    layer = (operator, T((1, 1, 1, 3), scale=1.0), weights, T((1, 1, 1, 1), scale=1.0))
    assert run(*layer, inputs={0: [1, 10, 100]}) == [81]
    # The arena holds the filter unpacked.
    require_tflms_bits(*layer, inputs={0: [1, 10, 100]})


def test_a_bias_of_another_type_is_refused():
    layer = point([1], 1.0, WIDE, WIDE, constant([0], "INT16", scale=1.0))
    with pytest.raises(UnsupportedOperatorError, match="Bias type INT16 not supported"):
        Model.from_bytes(one_op(*layer, inputs={0: [0]}))
