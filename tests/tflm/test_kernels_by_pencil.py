"""Each operator on numbers that a pencil can check."""

import numpy as np
import pytest
from flatmodel import Graph, Op, T, constant
from one_op import run, window

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Model


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
            "the axis 7 for 4 dimensions",
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
            "the emulator has no fused activation TANH",
        ),
        # TFLM takes a stride of 2^16 for 0, and repeats the first output.
        (
            Op("CONV_2D", (0, 1), (2,), window(stride_h=2**16)),
            (T((1, 2**16 + 1, 1, 1), scale=1.0), W, T((1, 2, 1, 1), scale=1.0)),
            "TFLM keeps strides and dilations in 16 bits",
        ),
        (
            Op("DEPTHWISE_CONV_2D", (0, 1), (2,), window(dilation_h=2**15, depth_multiplier=1)),
            (A, W, A),
            "TFLM keeps strides and dilations in 16 bits",
        ),
        (
            Op("MAX_POOL_2D", (0,), (1,), window(padding="SAME", filter_w=1, filter_h=2**17)),
            (A, A),
            "TFLM keeps the padding in 16 bits",
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
