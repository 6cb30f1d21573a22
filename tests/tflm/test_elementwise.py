"""ADD, SUB, MUL, MAXIMUM and MINIMUM."""

import numpy as np
import pytest
from flatmodel import Op, T, constant
from hypothesis import given, settings
from hypothesis import strategies as st
from one_op import every, one_op, require_tflms_bits, run

from qutils.errors import InvalidModelError, UnsupportedOperatorError
from qutils.tflm import Model


def operator(name: str, **options) -> Op:
    return Op(name, (0, 1), (2,), options)


def test_add_brings_both_to_one_scale():
    # 2 * 0.5 + (5 - 1) * 0.25 = 2.0, at scale 0.1 and zero point 3: 23.
    got = run(
        operator("ADD"),
        T((1, 1), scale=0.5),
        T((1, 1), scale=0.25, zero_point=1),
        T((1, 1), scale=0.1, zero_point=3),
        inputs={0: [2], 1: [5]},
    )
    assert got == [23]


def test_sub_takes_the_second_from_the_first():
    # 6 * 0.5 - (5 - 1) * 0.25 = 2.0, at scale 0.1 and zero point 3: 23.
    got = run(
        operator("SUB"),
        T((1, 1), scale=0.5),
        T((1, 1), scale=0.25, zero_point=1),
        T((1, 1), scale=0.1, zero_point=3),
        inputs={0: [6], 1: [5]},
    )
    assert got == [23]


def test_mul_of_integers_is_rescaled():
    # (4 - 1) * 0.5 * (5 + 1) * 0.25 = 2.25, at scale 0.25 and zero point -2: 9 - 2.
    got = run(
        operator("MUL"),
        T((1, 1), scale=0.5, zero_point=1),
        T((1, 1), scale=0.25, zero_point=-1),
        T((1, 1), scale=0.25, zero_point=-2),
        inputs={0: [4], 1: [5]},
    )
    assert got == [7]


@pytest.mark.parametrize(
    ("name", "expected"),
    # 3000 * 0.01 = 30 and 500 * 0.02 = 10; at scale 0.01: 40, 20 and 300.
    [("ADD", 4000), ("SUB", 2000), ("MUL", 30000)],
)
def test_int16(name, expected):
    got = run(
        operator(name),
        T((1, 1), "INT16", scale=0.01),
        T((1, 1), "INT16", scale=0.02),
        T((1, 1), "INT16", scale=0.01),
        inputs={0: [3000], 1: [500]},
    )
    assert got == [expected]


def test_operands_broadcast_from_the_last_axis_on():
    got = run(
        operator("ADD"),
        T((1, 2, 2), "FLOAT32"),
        constant([10, 20], "FLOAT32"),
        T((1, 2, 2), "FLOAT32"),
        inputs={0: [1, 2, 3, 4]},
    )
    assert got == [11, 22, 13, 24]


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("NONE", [-8, 0.5, 8]),
        ("RELU", [0, 0.5, 8]),
        ("RELU_N1_TO_1", [-1, 0.5, 1]),
        ("RELU6", [0, 0.5, 6]),
    ],
)
@pytest.mark.parametrize("type", ["INT8", "INT16", "FLOAT32"])
def test_fused_activation(activation, expected, type):
    # Steps of 0.5; times 1.
    scale = {} if type == "FLOAT32" else {"scale": 0.5}
    steps = 1 if type == "FLOAT32" else 2
    tensor = T((3,), type, **scale)
    one = T((1,), type, **scale)
    got = run(
        operator("MUL", activation=activation),
        tensor,
        one,
        tensor,
        inputs={0: np.array([-8, 0.5, 8]) * steps, 1: [steps]},
    )
    assert got == [x * steps for x in expected]


def test_maximum_and_minimum_compare_integers_whatever_their_scales():
    tensors = (T((3,), scale=1.0), T((3,), scale=9.0), T((3,)))
    inputs = {0: [-5, 3, 7], 1: [-4, 3, -7]}
    assert run(operator("MAXIMUM"), *tensors, inputs=inputs) == [-4, 3, 7]
    assert run(operator("MINIMUM"), *tensors, inputs=inputs) == [-5, 3, -7]


EDGES = np.float32([np.inf, -np.inf, np.nan, 0.0, -0.0, 3e38, -3e38, 1e-45])


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
@pytest.mark.parametrize("activation", ["NONE", "RELU"])
def test_every_pair_of_floats_at_the_edge(name, activation):
    """An infinite sum is clamped to the largest float; a zero keeps its sign."""
    options = {"activation": activation} if name in ("ADD", "SUB", "MUL") else {}
    require_tflms_bits(
        operator(name, **options),
        T((8, 1), "FLOAT32"),
        T((8,), "FLOAT32"),
        T((8, 8), "FLOAT32"),
        inputs={0: EDGES, 1: EDGES},
    )


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL", "MAXIMUM", "MINIMUM"])
@pytest.mark.parametrize("seed", range(4))
def test_every_pair_of_int8(name, seed):
    rng = np.random.default_rng(seed)
    scales = np.exp(rng.uniform(-4, -1, 2))
    output_scale = scales.prod() * 60 if name == "MUL" else scales.sum() * rng.uniform(0.4, 1.2)
    zero_points = rng.integers(-128, 128, 3)
    shapes = [(256, 1), (256,), (256, 256)]
    tensors = [
        T(shape, scale=float(scale), zero_point=int(zero_point))
        for shape, scale, zero_point in zip(
            shapes, (*scales, output_scale), zero_points, strict=True
        )
    ]
    inputs = {0: every("INT8"), 1: every("INT8")}
    require_tflms_bits(operator(name), *tensors, inputs=inputs)


@pytest.mark.parametrize("name", ["ADD", "SUB", "MUL"])
@pytest.mark.parametrize("seed", range(4))
def test_every_int16_beside_random_ones(name, seed):
    rng = np.random.default_rng(seed)
    scales = np.exp(rng.uniform(-9, -6, 2))
    output_scale = scales.prod() * 15000 if name == "MUL" else scales.sum()
    tensors = [T((65536,), "INT16", scale=float(s)) for s in (*scales, output_scale)]
    inputs = {0: every("INT16"), 1: rng.permutation(every("INT16"))}
    require_tflms_bits(operator(name), *tensors, inputs=inputs)


@settings(deadline=None, max_examples=30, database=None)
@given(
    name=st.sampled_from(["ADD", "MUL", "MAXIMUM", "MINIMUM"]),
    type=st.sampled_from(["INT8", "INT16"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_operands_may_change_places(name, type, seed):
    rng = np.random.default_rng(seed)
    tensors = [T((500,), type, scale=float(s)) for s in rng.uniform(1e-4, 1e-2, 3)]
    a, b = (rng.choice(every(type), 500) for _ in range(2))
    forth = run(operator(name), *tensors, inputs={0: a, 1: b})
    back = run(operator(name), tensors[1], tensors[0], tensors[2], inputs={0: b, 1: a})
    assert forth == back


A = T((2, 2), scale=1.0)
I16 = T((2, 2), "INT16", scale=1.0)


@pytest.mark.parametrize(
    ("name", "tensors", "error", "words"),
    [
        ("ADD", (A, T((3, 1), scale=1.0), A), InvalidModelError, "do not broadcast"),
        ("SUB", (A, A, T((2, 3), scale=1.0)), InvalidModelError, "has shape"),
        ("SUB", (A, A, T((2, 2), scale=1e-9)), InvalidModelError, "do not belong together"),
        ("MUL", (A, A, T((2, 2), scale=1e-20)), InvalidModelError, "do not belong together"),
        ("MUL", (A, I16, A), UnsupportedOperatorError, "no kernel for these types"),
        ("MAXIMUM", (A, A, I16), UnsupportedOperatorError, "no kernel for these types"),
        (
            "MUL",
            (I16, T((2, 2), "INT16", scale=1.0, zero_point=1), I16),
            UnsupportedOperatorError,
            "needs the zero point 0",
        ),
    ],
)
def test_what_is_refused(name, tensors, error, words):
    with pytest.raises(error, match=words):
        Model.from_bytes(one_op(operator(name), *tensors, inputs={0: 0, 1: 0}))
