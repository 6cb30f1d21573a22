"""RELU, RELU6, LEAKY_RELU, LOGISTIC, TANH and HARD_SWISH."""

import numpy as np
import pytest
from flatmodel import Op, T
from one_op import every, one_op, output_of, require_tflms_bits, run
from oracle import ask

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Model


def operator(name: str, **options) -> Op:
    return Op(name, (0,), (1,), options)


def test_relu_is_relative_to_the_zero_point():
    got = run(
        operator("RELU"),
        T((1, 3), scale=1.0, zero_point=10),
        T((1, 3), scale=0.5, zero_point=-4),
        inputs={0: [5, 10, 12]},
    )
    assert got == [-4, -4, 0]


def test_relu6_only_clamps():
    # Zero is 10 and six is 10 + 6 / 0.5; the output's scale plays no part.
    got = run(
        operator("RELU6"),
        T((1, 3), scale=0.5, zero_point=10),
        T((1, 3), scale=0.5, zero_point=10),
        inputs={0: [5, 15, 100]},
    )
    assert got == [10, 15, 22]


@pytest.mark.parametrize("type", ["INT8", "INT16"])
def test_leaky_relu_scales_what_is_negative(type):
    # -8 * 0.5 * 0.25 = -1 and 8 * 0.5 = 4, at scale 0.5.
    tensor = T((2,), type, scale=0.5)
    got = run(operator("LEAKY_RELU", alpha=0.25), tensor, tensor, inputs={0: [-8, 8]})
    assert got == [-2, 8]


def test_leaky_relu_with_a_negative_slope():
    # -8 * 0.5 * -0.25 = 1.
    tensor = T((2,), scale=0.5)
    got = run(operator("LEAKY_RELU", alpha=-0.25), tensor, tensor, inputs={0: [-8, 8]})
    assert got == [2, 8]


def test_logistic():
    # 1 / (1 + exp(-1)) = 0.731: 187 / 256 and 23955.6 / 32768; at 0 it is 1/2.
    int8 = T((3,), scale=1.0), T((3,), scale=1 / 256, zero_point=-128)
    assert run(operator("LOGISTIC"), *int8, inputs={0: [0, 1, 100]}) == [0, 187 - 128, 127]
    int16 = T((3,), "INT16", scale=1 / 4096), T((3,), "INT16", scale=1 / 32768)
    got = run(operator("LOGISTIC"), *int16, inputs={0: [0, 4096, 32767]})
    assert got == [16384, 23956, 32757]


def test_tanh():
    # tanh(1) = 0.7616: 97.5 / 128 and 24956 / 32768; the function is odd.
    int8 = T((3,), scale=1.0), T((3,), scale=1 / 128)
    assert run(operator("TANH"), *int8, inputs={0: [0, 1, -1]}) == [0, 97, -97]
    int16 = T((3,), "INT16", scale=1 / 4096), T((3,), "INT16", scale=1 / 32768)
    assert run(operator("TANH"), *int16, inputs={0: [0, 4096, -4096]}) == [0, 24956, -24956]


@pytest.mark.parametrize("type", ["INT8", "FLOAT32"])
def test_hard_swish_is_zero_below_minus_3_and_straight_above_3(type):
    # 1 * (1 + 3) / 6 = 0.667: 10.7 / 16.
    scale = {} if type == "FLOAT32" else {"scale": 1 / 16}
    tensor = T((3,), type, **scale)
    values = np.array([-4, 1, 4]) * (1 if type == "FLOAT32" else 16)
    got = run(operator("HARD_SWISH"), tensor, tensor, inputs={0: values})
    assert got == ([0, float(np.float32(4) / 6), 4] if type == "FLOAT32" else [0, 11, 64])


OUTPUTS = {
    ("LOGISTIC", "INT8"): {"scale": 1 / 256, "zero_point": -128},
    ("LOGISTIC", "INT16"): {"scale": 1 / 32768},
    ("TANH", "INT8"): {"scale": 1 / 128},
    ("TANH", "INT16"): {"scale": 1 / 32768},
}
OPERATORS = [
    (name, type)
    for name in ("RELU", "RELU6", "LEAKY_RELU", "LOGISTIC", "TANH", "HARD_SWISH")
    for type in ("INT8", "INT16")
    if (name, type) != ("HARD_SWISH", "INT16")
]
# From one step that saturates at once to steps that all round to the same.
SCALES = [1000, 20, 5, 1, 0.3, 0.0613, 1 / 32, 0.0123, 1 / 4096, 1 / 2048, 3e-4, 1e-5, 1e-8]


@pytest.mark.parametrize(("name", "type"), OPERATORS)
@pytest.mark.parametrize("scale", SCALES)
def test_every_integer_against_tflm(name, type, scale):
    rng = np.random.default_rng(int(1 / scale))
    zero_point = int(rng.integers(-128, 128)) if type == "INT8" else 0
    output = OUTPUTS.get(
        (name, type), {"scale": scale * rng.uniform(0.3, 2), "zero_point": zero_point // 2}
    )
    values = every(type)
    options = {"alpha": float(rng.choice([0.01, 0.3, -0.2, 1.7]))}
    require_tflms_bits(
        operator(name, **(options if name == "LEAKY_RELU" else {})),
        T(values.shape, type, scale=scale, zero_point=zero_point),
        T(values.shape, type, **output),
        inputs={0: values},
    )


@pytest.mark.parametrize("name", ["RELU", "RELU6", "LOGISTIC", "TANH"])
@pytest.mark.parametrize("type", ["INT8", "INT16"])
def test_what_grows_never_falls(name, type):
    values = every(type)
    scale = 0.05 if type == "INT8" else 2e-4
    output = OUTPUTS.get((name, type), {"scale": scale})
    source, target = T(values.shape, type, scale=scale), T(values.shape, type, **output)
    got = output_of(operator(name), source, target, inputs={0: values})
    assert (np.diff(got.astype(np.int32)) >= 0).all()


FLOATS = np.float32([np.inf, -np.inf, np.nan, 0.0, -0.0, -9.0, -9.000001, 16.619047, 16.61905])


@pytest.mark.parametrize("name", ["RELU", "RELU6", "LEAKY_RELU", "HARD_SWISH"])
def test_floats_bit_for_bit(name):
    values = np.append(FLOATS, np.random.default_rng(0).normal(0, 4, 10_000)).astype(np.float32)
    tensor = T(values.shape, "FLOAT32")
    options = {"alpha": 0.1} if name == "LEAKY_RELU" else {}
    require_tflms_bits(operator(name, **options), tensor, tensor, inputs={0: values})


@pytest.mark.parametrize(("name", "bound"), [("LOGISTIC", 2.0**-23), ("TANH", 2.0**-22)])
def test_floats_that_take_exponentials_from_the_c_library(name, bound):
    """LOGISTIC has the C library's bits on most machines, TANH within its 2 units.

    ``exponential`` may differ from a C library by one unit, 2**-23; divided by a sum that is
    larger than itself, it does not grow.
    """
    spread = np.random.default_rng(1).normal(0, 1, 50_000) * np.exp2(np.arange(50_000) % 12 - 6)
    values = np.append(FLOATS, spread).astype(np.float32)
    tensor = T(values.shape, "FLOAT32")
    content = one_op(operator(name), tensor, tensor, inputs={0: values})
    expected = ask(content, [[values]]).outputs[0][0]
    got = output_of(operator(name), tensor, tensor, inputs={0: values})
    np.testing.assert_allclose(got, expected, rtol=bound, atol=0)


I8, I16 = T((2,), scale=0.1), T((2,), "INT16", scale=0.1)


@pytest.mark.parametrize(
    ("operator", "tensors", "error", "words"),
    [
        (operator("RELU"), (I8, T((3,), scale=0.1)), InvalidModelError, "has shape"),
        (operator("RELU"), (I8, I16), UnsupportedOperatorError, "no kernel for these types"),
        (
            operator("RELU"),
            (T((2,), "INT16", scale=0.1, zero_point=3), I16),
            UnsupportedOperatorError,
            "needs the zero point 0",
        ),
        (operator("LOGISTIC"), (I8, I8), UnsupportedOperatorError, "needs the zero point -128"),
        (operator("TANH"), (I16, I16), UnsupportedOperatorError, "scale 1/32768"),
        (
            operator("TANH"),
            (T((2,), "INT16", scale=3e5), T((2,), "INT16", scale=1 / 32768)),
            InvalidModelError,
            "too large a scale",
        ),
        (operator("HARD_SWISH"), (I16, I16), UnsupportedOperatorError, "no kernel for these"),
        (
            operator("HARD_SWISH"),
            (I8, T((2,), scale=1e-6)),
            UnsupportedOperatorError,
            "above 1/128",
        ),
        (
            operator("LEAKY_RELU", alpha=float("nan")),
            (I8, I8),
            InvalidModelError,
            "do not belong together",
        ),
    ],
)
def test_what_is_refused(operator, tensors, error, words):
    with pytest.raises(error, match=words):
        Model.from_bytes(one_op(operator, *tensors, inputs={0: 0}))
