"""Each operator on numbers that a pencil can check."""

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from one_op import run

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Model


def window(**changes):
    options = {"padding": "VALID", "stride_w": 1, "stride_h": 1}
    return {**options, **changes}


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


def test_depthwise_keeps_channels_apart():
    # Multiplier 2: channel 0 feeds outputs 0 and 1, channel 1 feeds 2 and 3.
    got = run(
        Op("DEPTHWISE_CONV_2D", (0, 1), (2,), window(depth_multiplier=2)),
        T((1, 1, 1, 2), scale=1.0),
        constant(np.reshape([1, 2, 3, 4], (1, 1, 1, 4)), scale=1.0),
        T((1, 1, 1, 4), scale=1.0),
        inputs={0: [10, -10]},
    )
    assert got == [10, 20, -30, -40]


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


@pytest.mark.parametrize(
    ("values", "expected"), [([1, 2], 2), ([-1, -2], -2), ([1, 0], 1), ([-1, 0], -1), ([2, 2], 2)]
)
def test_average_pool_rounds_half_away_from_zero(values, expected):
    options = window(filter_w=2, filter_h=1)
    a = T((1, 1, 2, 1), scale=1.0)
    got = run(
        Op("AVERAGE_POOL_2D", (0,), (1,), options),
        a,
        T((1, 1, 1, 1), scale=1.0),
        inputs={0: values},
    )
    assert got == [expected]


def test_average_pool_counts_only_what_is_inside():
    # SAME, window 3 over 2 columns: each output averages both values.
    options = window(padding="SAME", filter_w=3, filter_h=1)
    a = T((1, 1, 2, 1), scale=1.0)
    assert run(Op("AVERAGE_POOL_2D", (0,), (1,), options), a, a, inputs={0: [10, 20]}) == [15, 15]


def test_max_pool():
    options = window(filter_w=2, filter_h=2, stride_w=2)
    got = run(
        Op("MAX_POOL_2D", (0,), (1,), options),
        T((1, 2, 4, 1), scale=1.0),
        T((1, 1, 2, 1), scale=1.0),
        inputs={0: [1, 2, -5, -6, 3, 0, -7, -8]},
    )
    assert got == [3, -5]


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


def test_reshape_keeps_the_order():
    got = run(
        Op("RESHAPE", (0,), (1,)),
        T((1, 2, 3), scale=1.0),
        T((3, 2), scale=1.0),
        inputs={0: [1, 2, 3, 4, 5, 6]},
    )
    assert got == [1, 2, 3, 4, 5, 6]


A = T((1, 4, 4, 1), scale=1.0)
W = constant(np.ones((1, 1, 1, 1)), scale=1.0)
F = T((1, 4, 4, 1), "FLOAT32")
I32 = T((1, 1), "INT32")


@pytest.mark.parametrize(
    ("operator", "tensors", "complaint"),
    [
        (Op("CONV_2D", (0, 1), (2,), window(stride_w=0)), (A, W, A), "must be at least 1"),
        (Op("CONV_2D", (0, 1), (2,), window()), (A, W, T((1, 4, 3, 1), scale=1.0)), "has shape"),
        (
            Op("CONV_2D", (0, 1), (2,), window()),
            (A, constant(np.ones((1, 5, 1, 1)), scale=1.0), A),
            "larger than the input",
        ),
        (
            Op("CONV_2D", (0, 1), (2,), window()),
            (A, constant(np.ones((1, 1, 1, 2)), scale=1.0), A),
            "do not form groups",
        ),
        (
            Op("CONV_2D", (0, 1), (2,), window()),
            (A, constant(np.ones((1, 1, 1, 1)), scale=[1.0, 2.0]), A),
            "has 2 scales for 1 channels",
        ),
        (Op("CONV_2D", (0, 1), (2,), window()), (A, W, T((1, 4, 4, 1))), "has no scale"),
        (Op("CONV_2D", (0, 1), (2,), window()), (A, W, T(A.shape, scale=0.0)), "a scale of 0"),
        (
            Op("CONV_2D", (0, 1), (2,), window()),
            (A, W, T(A.shape, scale=1e-30)),
            "do not belong together",
        ),
        (
            Op("CONV_2D", (0, 1), (2,), window()),
            (T(A.shape, scale=1.0, zero_point=300), W, A),
            "of type INT8 has the zero point 300",
        ),
        (Op("CONV_2D", (0,), (1,), window()), (A, A), "has not 2 to 3 inputs"),
        (
            Op("FULLY_CONNECTED", (0, 1), (2,)),
            (T((1, 3), scale=1.0), constant([[1, 1]], scale=1.0), T((1, 1), scale=1.0)),
            "do not fit together",
        ),
        (Op("RESHAPE", (0,), (1,)), (A, T((1, 15), scale=1.0)), "16 elements into 15"),
        (
            Op("MAX_POOL_2D", (0,), (1,), window(filter_w=1, filter_h=1)),
            (A, T(A.shape, scale=2.0)),
            "cannot rescale",
        ),
        (
            Op("MEAN", (0, 1), (2,)),
            (A, constant([7], "INT32"), T((1, 1), scale=1.0)),
            r"axes \[7\] for 4 dimensions",
        ),
    ],
)
def test_what_makes_no_sense_is_an_invalid_model(operator, tensors, complaint):
    content = Graph(tensors, (operator,), (0,), (len(tensors) - 1,)).to_bytes()
    with pytest.raises(InvalidModelError, match=complaint):
        Model.from_bytes(content)


@pytest.mark.parametrize(
    ("operator", "tensors", "words"),
    [
        (
            Op("CONV_2D", (0, 1), (2,), window()),
            (F, W, F),
            "Hybrid models are not supported on TFLite Micro.",
        ),
        (
            Op("FULLY_CONNECTED", (0, 1), (2,)),
            (T((1, 1), "FLOAT32"), constant([[1]], scale=1.0), T((1, 1), "FLOAT32")),
            "Input type: FLOAT32 with filter type: INT8 not supported.",
        ),
        (
            Op("RELU", (0,), (1,)),
            (T((1, 1), "UINT8", scale=1.0), T((1, 1), "UINT8", scale=1.0)),
            "uint8 models are not supported",
        ),
        (
            Op("ADD", (0, 1), (2,)),
            (I32, constant([[1]], "INT32"), I32),
            r"operator 0 ADD \(INT32, INT32 -> INT32\): the emulator has no kernel",
        ),
        (
            Op("CONV_2D", (0, 1), (2,), window(activation="TANH")),
            (A, W, A),
            "no fused activation TANH",
        ),
    ],
)
def test_what_tflm_or_the_emulator_lacks_is_unsupported(operator, tensors, words):
    content = Graph(tensors, (operator,), (0,), (len(tensors) - 1,)).to_bytes()
    with pytest.raises(UnsupportedOperatorError, match=words):
        Model.from_bytes(content)


def test_all_unsupported_operators_are_named_at_once():
    a = T((1, 2), scale=1.0)
    operators = (
        Op("COS", (0,), (1,)),
        Op("RELU", (1,), (2,)),
        Op("CUSTOM:resize", (2,), (3,)),
        Op("RIGHT_SHIFT", (3, 3), (4,)),
    )
    with pytest.raises(UnsupportedOperatorError) as caught:
        Model.from_bytes(Graph((a, a, a, a, a), operators, (0,), (4,)).to_bytes())
    lines = str(caught.value).splitlines()
    assert [line.split(" (")[0] for line in lines] == [
        "operator 0 COS",
        "operator 2 CUSTOM:resize",
        "operator 3 RIGHT_SHIFT",
    ]
